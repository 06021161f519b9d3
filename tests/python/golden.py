"""Reading the golden data: inputs, and what the reference computed of them in float64."""

from __future__ import annotations

import json
import pathlib
import struct
from typing import Any

import numpy as np

DATA = pathlib.Path(__file__).parent.parent / "golden" / "data"
_TYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "U8": "<u1", "BOOL": "?"}


def tensors(path: pathlib.Path) -> dict[str, np.ndarray[Any, Any]]:
    """The tensors of a .safetensors file."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    found = {}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        values = np.frombuffer(content[start:end], _TYPES[entry["dtype"]])
        found[name] = values.reshape(entry["shape"]).copy()
    return found


def case(folder: pathlib.Path) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """A case's inputs and expected outputs."""
    return tensors(folder / "inputs.safetensors"), tensors(folder / "expected.safetensors")


def flat(output: Any, prefix: str = "") -> dict[str, np.ndarray]:
    """An output's arrays by the names that golden files have."""
    found: dict[str, np.ndarray] = {}
    for key, value in output.items():
        if isinstance(value, dict):
            found.update(flat(value, f"{prefix}{key}."))
        elif isinstance(value, tuple):
            found.update({f"{prefix}{key}.{i}": one for i, one in enumerate(value)})
        elif value is not None:
            found[f"{prefix}{key}"] = value
    return {k: v.detach().numpy() if hasattr(v, "detach") else v for k, v in found.items()}


def memory(parameter: Any) -> np.ndarray:
    """A parameter's own memory, with torch or without."""
    return parameter.detach().numpy() if hasattr(parameter, "detach") else parameter


def compare(output: Any, expected: dict[str, np.ndarray], tolerance: float = 2e-5) -> None:
    """Every expected output is there, of that shape, and close in terms of the largest value."""
    found = flat(output)
    for key, value in expected.items():
        assert found[key].shape == value.shape, key
        scale = max(1.0, float(np.abs(value).max(initial=0.0)))
        assert np.abs(found[key] - value).max(initial=0.0) <= tolerance * scale, key
