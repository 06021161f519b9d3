"""Detections of the library as arrays, and arrays as detections."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ._tyto import ffi, lib

_FIELDS = {
    "box": (np.float32, 4),
    "score": np.float32,
    "label_index": np.int64,
    "patch": np.int64,
}

# tyto_detection, as numpy reads it.
DETECTION = np.dtype(
    {
        "names": list(_FIELDS),
        "formats": list(_FIELDS.values()),
        "offsets": [ffi.offsetof("tyto_detection", name) for name in _FIELDS],
        "itemsize": ffi.sizeof("tyto_detection"),
    }
)

BOXES = {"image": lib.TYTO_BOXES_IMAGE, "reference": lib.TYTO_BOXES_REFERENCE}


def rows(detections: Any) -> npt.NDArray[Any]:
    """A copy of a tyto_detections: (count,) with box (4), score, label_index and patch."""
    if not detections.count:
        return np.empty(0, DETECTION)
    content = ffi.buffer(detections.items, detections.count * DETECTION.itemsize)
    return np.frombuffer(bytes(content), DETECTION)
