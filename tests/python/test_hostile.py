"""Whatever is passed to the drop-in, and memory over many calls: programs of their own, so that a crash is
seen as one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support import ROOT


def run(program: str, count: int) -> None:
    """A program of this folder, which must end with 0."""
    # So that memory that glibc keeps for later isn't taken for lost.
    settings = {**os.environ, "MALLOC_ARENA_MAX": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, ROOT / "tests/python" / program, str(count)],
        capture_output=True,
        text=True,
        env=settings,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


def test_anything_gives_an_answer_or_a_usual_error() -> None:
    pytest.importorskip("hypothesis")
    run("anything.py", 20)


def test_a_thousand_calls_of_all_kinds_leak_nothing() -> None:
    run("leaks.py", 1000)
