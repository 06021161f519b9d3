"""Draws what was found by supervision: python supervision_boxes.py PICTURE OUT.png LABEL...

Needs the package supervision, which takes `Results` as those of ultralytics.
"""

from __future__ import annotations

import sys

import numpy as np
import supervision as sv

import pytyto


def main(picture: str, out: str, *labels: str) -> sv.Detections:
    found = pytyto.Model.open().detect(picture, labels or None)
    detections = sv.Detections.from_ultralytics(found)
    assert found.orig_img is not None
    # supervision draws on BGR, as OpenCV has it.
    canvas = np.ascontiguousarray(found.orig_img[..., ::-1])
    canvas = sv.BoxAnnotator().annotate(canvas, detections)
    canvas = sv.LabelAnnotator().annotate(canvas, detections)
    with sv.ImageSink(".") as sink:
        sink.save_image(canvas, out)
    return detections


if __name__ == "__main__":
    print(main(*sys.argv[1:]))
