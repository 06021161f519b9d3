"""The pages' Python runs as printed."""

from __future__ import annotations

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
