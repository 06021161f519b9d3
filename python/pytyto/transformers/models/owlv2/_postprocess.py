"""What OWLv2's outputs mean in the photo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .... import _arrays
from ...._binding import call, options
from ...._detections import BOXES, rows
from ...._tyto import ffi, lib
from ...image_utils import Array

_SIDE_MAX = 2**31



class Photos:
    """Logits, boxes and sizes of a batch, as the library wants them."""

    def __init__(self, outputs: Any, boxes_name: str, target_sizes: Any, boxes: str) -> None:
        if boxes not in BOXES:
            raise ValueError(f"boxes: got {boxes!r}, required 'reference' or 'image'")
        self.boxes = boxes
        logits, pred_boxes = _member(outputs, "logits"), _member(outputs, boxes_name)
        self.tensors = _arrays.any_tensor(logits, pred_boxes)
        self.logits, self.pred_boxes = _floats(logits), _floats(pred_boxes)
        if self.logits.ndim != 3 or self.pred_boxes.shape != (*self.logits.shape[:2], 4):
            raise ValueError(
                f"got logits {self.logits.shape} and {boxes_name} {self.pred_boxes.shape}, "
                "required (photos, boxes, queries) and (photos, boxes, 4)"
            )
        self.sizes = _sizes(target_sizes)
        if self.sizes is not None and len(self.sizes) != len(self.logits):
            raise ValueError(
                f"target_sizes: got {len(self.sizes)}, required {len(self.logits)}, one a photo"
            )
        if self.sizes is not None and self.sizes.shape[1:] != (2,):
            raise ValueError(
                f"target_sizes: got shape {self.sizes.shape}, required (photos, 2): height, width"
            )

    def found(self, function: Callable[[Any, Any, Any, Any], None], photo: int) -> Any:
        """(scores, labels, boxes) of a photo, in the order of the network's boxes."""
        width = height = 0
        if self.boxes == "image" and self.sizes is not None:
            if not np.all(np.abs(self.sizes[photo]) < _SIDE_MAX):
                raise ValueError(f"target_sizes: got {self.sizes[photo]}, required sizes of photos")
            height, width = (int(side) for side in self.sizes[photo])
        detections = ffi.new("tyto_detections *")
        logits = np.ascontiguousarray(self.logits[photo])
        pred_boxes = np.ascontiguousarray(self.pred_boxes[photo])
        function(logits, pred_boxes, (width, height), detections)
        items = rows(detections)
        lib.tyto_detections_clear(detections)
        items = items[np.argsort(items["patch"], kind="stable")]
        boxes = items["box"].copy()
        if self.boxes == "reference" and self.sizes is not None:
            tall, wide = self.sizes[photo]
            boxes = boxes * np.array([wide, tall, wide, tall], np.float32)
        values = items["score"].copy(), items["label_index"].copy(), boxes
        return tuple(_arrays.like(value, self.tensors) for value in values)


def _member(outputs: Any, name: str) -> Any:
    if isinstance(outputs, Mapping):
        return outputs[name]
    return getattr(outputs, name)


def _floats(value: Any) -> Array:
    if _arrays.is_tensor(value):
        value = value.detach().cpu().float().numpy()
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise ValueError(f"got an array of {array.dtype}, required real numbers")
    return array.astype(np.float32, copy=False)


def _sizes(target_sizes: Any) -> Array | None:
    if target_sizes is None:
        return None
    if isinstance(target_sizes, (list, tuple)):
        rows = [[float(side) for side in size] for size in target_sizes]
        return np.array(rows, np.float32) if rows else np.empty((0, 2), np.float32)
    return _floats(target_sizes)


def pointer(array: Array) -> Any:
    return ffi.from_buffer("float[]", array)


def detector(
    threshold: float, boxes: str, multi_label: bool = False
) -> Callable[[Any, Any, Any, Any], None]:
    wanted = options("tyto_postprocess_options")
    wanted.threshold = threshold
    wanted.boxes = BOXES[boxes]
    wanted.multi_label = multi_label

    def detect(logits: Array, pred_boxes: Array, size: tuple[int, int], out: Any) -> None:
        call(
            lib.tyto_postprocess_object_detection,
            pointer(logits),
            pointer(pred_boxes),
            ffi.NULL,
            *logits.shape,
            *size,
            wanted,
            out,
        )

    return detect


def object_detections(
    outputs: Any, threshold: float, target_sizes: Any, boxes: str
) -> list[dict[str, Any]]:
    """`Owlv2ImageProcessor.post_process_object_detection`."""
    photos = Photos(outputs, "pred_boxes", target_sizes, boxes)
    detect = detector(float(threshold), boxes)
    names = ("scores", "labels", "boxes")
    return [dict(zip(names, photos.found(detect, i))) for i in range(len(photos.logits))]


def scaled_boxes(outputs: Any, target_sizes: Any) -> list[dict[str, Any]]:
    """`Owlv2ImageProcessor.post_process`: all boxes of each photo."""
    if target_sizes is None:
        raise ValueError("target_sizes: got None, required height and width of each photo")
    return object_detections(outputs, -1.0, target_sizes, "reference")


def image_guided_detections(
    outputs: Any, threshold: float, nms_threshold: float, target_sizes: Any, boxes: str
) -> list[dict[str, Any]]:
    """`Owlv2ImageProcessor.post_process_image_guided_detection`."""
    photos = Photos(outputs, "target_pred_boxes", target_sizes, boxes)
    wanted = ffi.new("tyto_postprocess_options *")
    lib.tyto_postprocess_options_init_guided(wanted, ffi.sizeof("tyto_postprocess_options"))
    wanted.threshold = threshold
    wanted.boxes = BOXES[boxes]
    wanted.nms = lib.TYTO_NMS_ALL if nms_threshold < 1.0 else lib.TYTO_NMS_OFF
    wanted.nms_iou = min(float(nms_threshold), 1.0)

    def detect(logits: Array, pred_boxes: Array, size: tuple[int, int], out: Any) -> None:
        call(
            lib.tyto_postprocess_image_guided_detection,
            pointer(logits),
            pointer(pred_boxes),
            *logits.shape,
            *size,
            wanted,
            out,
        )

    results = []
    for i, logits in enumerate(photos.logits):
        if logits.size == 0 or _is_nothing(logits.max()):
            continue
        scores, _, found = photos.found(detect, i)
        results.append({"scores": scores, "labels": None, "boxes": found})
    return results


def _is_nothing(logit: Any) -> bool:
    """Whether a score is 0 in float32."""
    with np.errstate(over="ignore"):
        return bool(np.float32(1) / (np.float32(1) + np.exp(-logit)) == 0)
