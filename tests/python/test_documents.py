"""The pages' Python runs as printed."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path

import pytest

from support import ROOT


@pytest.mark.parametrize("page", ["README.md", "docs/python.md", "docs/transformers.md"])
def test_pages_run_as_printed(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.M | re.S)
    assert blocks
    for folder in ("assets", "models"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, page, "exec"), names)  # noqa: S102


def test_the_notebook_prints_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "docs")
    cells = json.loads((ROOT / "docs/python.ipynb").read_text())["cells"]
    names: dict[str, object] = {}
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("".join(cell["source"]), f"cell {number}", "exec"), names)  # noqa: S102
        shown = "".join(
            line
            for out in cell["outputs"]
            if out["output_type"] == "stream"
            for line in out["text"]
        )
        # Scores and places differ in their last digits between machines.
        assert re.sub(r"[\d.]+", "#", printed.getvalue()) == re.sub(r"[\d.]+", "#", shown)


def test_the_notebook_shows_a_picture() -> None:
    text = (ROOT / "docs/python.ipynb").read_text()
    assert "data:image/jpeg;base64," in text and len(text) < 400_000
