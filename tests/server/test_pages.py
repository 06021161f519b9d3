"""Every block of docs/server.md, as it is written there: sh, Python, and JavaScript by Node."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT, SMALL

PAGE = (ROOT / "docs/server.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
PACKAGES = ("huggingface_hub", "tritonclient.http")


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_a_block_runs(server, number: int) -> None:
    kind, text = BLOCKS[number]
    for package in PACKAGES:
        if re.search(rf"^(from|import) {re.escape(package)}", text, re.M):
            pytest.importorskip(package)
    if kind == "sh" and not (shutil.which("curl") and shutil.which("jq")):
        pytest.skip("no curl or jq")
    if kind == "js" and not shutil.which("node"):
        pytest.skip("no node")
    if "/v1/video" in text and b"no videos" in server.post("/v1/video", {"video": "AAAA", "labels": ["a"]}).body:
        pytest.skip("built without videos")
    words = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"], "js": ["node", "-e"]}[kind]
    assert "localhost:8080" in text
    ran = subprocess.run([*words, text.replace("localhost:8080", f"{server.host}:{server.port}")], cwd=ROOT,
                         capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0 and not ran.stderr, ran.stderr
    assert ran.stdout or "curl -sf localhost:8080/v2/health/ready" in text


def test_options_are_those_of_the_command_with_their_defaults() -> None:
    manual = subprocess.run([*__import__("conftest").words("serve", "--help")], capture_output=True, text=True).stdout
    manual = re.sub(r"\s+", " ", manual)
    rows = re.findall(r"`(--[a-z-]+)` (\d+)", PAGE)
    assert len(rows) >= 10
    for option, value in rows:
        said = re.search(rf"{option} .*?\(default: (\d+)", manual)
        assert said and said[1] == value, option


def test_each_protocol_is_shown_in_each_language() -> None:
    parts = re.split(r"^## ", PAGE, flags=re.M)
    for title in ("What is in a photo", "Photos and vocabularies", "Videos", "Hugging Face", "The Open Inference"):
        part = next(p for p in parts if p.startswith(title))
        assert {kind for kind in re.findall(r"^```(\w+)", part, re.M)} == {"sh", "python", "js"}, title


def test_files_that_the_page_names_are_there() -> None:
    for path in re.findall(r"\]\(\.\./([\w./-]+)", PAGE):
        assert (ROOT / path).exists(), path
