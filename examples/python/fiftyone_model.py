"""A FiftyOne model: dataset.apply_model(TytoModel(["a cat", "a dog"]), label_field="found")

Needs the package fiftyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import fiftyone as fo
import fiftyone.core.models as fom

import pytyto


class TytoModel(fom.Model):
    """Finds what labels name; without labels, whatever looks like an object."""

    def __init__(
        self, labels: Sequence[str] | None = None, model: str | None = None, **options: Any
    ) -> None:
        self._model = pytyto.Model.open(model)
        # Encoded once for the whole dataset.
        self._vocabulary = None if labels is None else self._model.vocabulary(labels)
        self._options = options

    @property
    def media_type(self) -> str:
        return "image"

    @property
    def transforms(self) -> None:
        return None

    @property
    def preprocess(self) -> bool:
        return False

    @preprocess.setter
    def preprocess(self, value: bool) -> None:
        pass

    @property
    def ragged_batches(self) -> bool:
        return False

    def predict(self, arg: Any) -> fo.Detections:
        """arg: pixels (height, width, 3), RGB, as FiftyOne reads pictures."""
        return self.predict_all([arg])[0]

    def predict_all(self, args: Any) -> list[fo.Detections]:
        results = self._model.detect(list(args), self._vocabulary, **self._options)
        return [self._detections(found) for found in results]

    @staticmethod
    def _detections(found: pytyto.Results) -> fo.Detections:
        boxes = []
        for thing, (x0, y0, x1, y1) in zip(found.summary(), found.boxes.xyxyn.tolist()):
            boxes.append(
                fo.Detection(
                    label=thing["name"],
                    confidence=thing["confidence"],
                    bounding_box=[x0, y0, x1 - x0, y1 - y0],
                )
            )
        return fo.Detections(detections=boxes)
