"""schemathesis: requests that /openapi.json allows and forbids, and whether the server keeps to what it says."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import GOLDEN, SMALL

pytest.importorskip("schemathesis")
HERE = Path(__file__).parent
EXAMPLES = 20


def run(server, folder, *options):
    ran = subprocess.run([shutil.which("schemathesis", path=str(Path(sys.executable).parent)), "--config-file",
                          str(HERE / "schemathesis.toml"), "run", f"{server.url}/openapi.json", "--checks", "all", "--seed",
                          "1", "--generation-deterministic", "--max-examples", str(EXAMPLES), "--no-color", *options],
                         cwd=folder, capture_output=True, text=True, timeout=400)
    assert ran.returncode == 0, "\n".join(line[:600] for line in ran.stdout.splitlines()) + ran.stderr
    assert server.alive()


def test_with_a_key(serve, tmp_path):
    run(serve("-m", SMALL, "--api-key", "secret", "--log", "none"), tmp_path, "-H", "Authorization: Bearer secret")


def test_several_models(serve, tmp_path):
    tasks = GOLDEN / "perceiver_tasks"
    run(serve("-m", f"text={tasks}/texts/model", "-m", f"mask={tasks}/fill_mask/model", "-m", f"photo={tasks}/pictures/model",
              "-m", f"owl={GOLDEN}/owlv2/odd/model", "--log", "none"), tmp_path)
