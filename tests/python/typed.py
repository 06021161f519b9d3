"""What a type checker makes of a caller's lines: tools/test_python.sh has mypy read it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import pytyto


def one(model: pytyto.Model) -> list[pytyto.Results]:
    """One picture gives one result."""
    pixels = np.zeros((8, 8, 3), np.uint8)
    return [
        model.detect("photo.jpg", ["a cat"]),
        model.detect(Path("photo.jpg"), "a cat", threshold=0.2),
        model.detect(b"...", model.vocabulary(["a cat"])),
        model.detect(pixels),
        model.detect(model.encode(io.BytesIO())),
        model.match("photo.jpg", ("cup.jpg", (0, 0, 9, 9))),
    ]


def several(model: pytyto.Model, paths: Iterator[Path]) -> list[list[pytyto.Results]]:
    """Several give a list."""
    return [
        model.detect(["first.jpg", "second.jpg"], ["a cat"]),
        model.detect((Path("first.jpg"), model.encode("second.jpg"))),
        model.detect(paths),
        model.match(["first.jpg"], "cup.jpg"),
    ]
