"""Golden files, read without the library that is being tested."""

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
