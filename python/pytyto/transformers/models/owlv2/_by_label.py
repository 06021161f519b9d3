"""What outputs mean in a photo when each label counts by itself, as the pipeline has it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._postprocess import Photos, detector


def detections_by_label(
    outputs: Any, threshold: float, target_sizes: Any, boxes: str
) -> list[tuple[float, int, list[int]]]:
    """(score, label's place, whole pixels) of all boxes of one photo for all labels above the
    threshold: best first, then by labels, then by the network's boxes."""
    photos = Photos(outputs, "pred_boxes", target_sizes, boxes)
    detect = detector(threshold, boxes, multi_label=True)
    scores, labels, found = (np.asarray(values) for values in photos.found(detect, 0))
    order = np.lexsort((labels, -scores))
    whole = found[order].astype(np.int64).tolist()
    return list(zip(scores[order].tolist(), labels[order].tolist(), whole))
