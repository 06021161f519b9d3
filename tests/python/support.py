"""Golden data of the tree, read without any other package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from pytyto import _arrays
from pytyto._binding import made, text
from pytyto._tyto import lib

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests/golden/data"
PHOTOS = ROOT / "assets/photos"
SCENE = ROOT / "assets/scenes/seven.jpg"


def tensors(path: Path) -> dict[str, np.ndarray]:
    """The tensors of a .safetensors file by their names."""
    file = made(
        "tyto_tensor_file",
        lib.tyto_tensor_file_open,
        str(path).encode(),
        destroy=lib.tyto_tensor_file_destroy,
    )
    found = (lib.tyto_tensor_file_at(file, i) for i in range(lib.tyto_tensor_file_count(file)))
    return {text(one.name): _arrays.copied(one) for one in found}


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
