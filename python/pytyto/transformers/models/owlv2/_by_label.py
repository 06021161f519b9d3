"""What outputs mean in a photo when each label counts by itself, as the pipeline has it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...._binding import call, options
from ...._tyto import ffi, lib
from ...image_utils import Array
from ._postprocess import BOXES, Photos, pointer


def detections_by_label(
    outputs: Any, threshold: float, target_sizes: Any, boxes: str
) -> list[tuple[float, int, list[int]]]:
    """(score, label's place, whole pixels) of all boxes of one photo for all labels above the
    threshold: best first, then by labels, then by the network's boxes."""
    photos = Photos(outputs, "pred_boxes", target_sizes, boxes)
    wanted = options("tyto_postprocess_options")
    wanted.threshold = threshold
    wanted.boxes = BOXES[boxes]
    wanted.multi_label = True

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

    scores, labels, found = (np.asarray(values) for values in photos.found(detect, 0))
    order = np.lexsort((labels, -scores))
    whole = found[order].astype(np.int64).tolist()
    return list(zip(scores[order].tolist(), labels[order].tolist(), whole))
