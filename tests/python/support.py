"""Folders of this tree, and golden cases with their heads and tolerances."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from golden import DATA as GOLDEN
from golden import tensors

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = ROOT / "assets/photos"
SCENE = ROOT / "assets/scenes/seven.jpg"


def case(folder: str) -> tuple[str, dict[str, np.ndarray], dict[str, np.ndarray], dict[str, Any]]:
    """(head, inputs, expected outputs, tolerances) of a golden case."""
    place = GOLDEN / folder
    notes = json.loads((place / "errors.json").read_text())
    return (
        notes["head"],
        tensors(place / "inputs.safetensors"),
        tensors(place / "expected.safetensors"),
        notes["tensors"],
    )


def assert_near(name: str, got: np.ndarray, expected: np.ndarray, notes: dict[str, Any]) -> None:
    """As the engine's own golden tests: twice the reference's own float32 error, or 16 units."""
    assert got.shape == expected.shape, name
    bound = max(2 * notes["error"], 16 * 2.0**-23 * notes["max"])
    masked = np.abs(expected) > 1e5
    np.testing.assert_array_equal(got[masked], expected[masked].astype(got.dtype), err_msg=name)
    worst = np.abs(got[~masked].astype(np.float64) - expected[~masked]).max(initial=0)
    assert worst <= bound, f"{name}: {worst} > {bound}"
