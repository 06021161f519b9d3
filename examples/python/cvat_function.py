"""A function for CVAT's automatic annotation:

    cvat-cli task auto-annotate TASK --function-file examples/python/cvat_function.py \\
        -p labels=str:"a cat,a dog" --allow-unmatched-labels

Needs the package cvat_sdk, and cvat-cli for the command. The task has labels of the same names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cvat_sdk.auto_annotation as cvataa
import cvat_sdk.models as models

import pytyto


class TytoFunction:
    """What CVAT asks of a function: `spec` says its labels, `detect` annotates a picture."""

    def __init__(self, labels: str | Sequence[str], model: str | None = None) -> None:
        names = labels.split(",") if isinstance(labels, str) else list(labels)
        self._model = pytyto.Model.open(model)
        self._vocabulary = self._model.vocabulary(names)
        self._names = names

    @property
    def spec(self) -> cvataa.DetectionFunctionSpec:
        return cvataa.DetectionFunctionSpec(
            labels=[
                cvataa.label_spec(name, number, type="rectangle")
                for number, name in enumerate(self._names)
            ]
        )

    def detect(
        self, context: cvataa.DetectionFunctionContext, image: Any
    ) -> list[models.LabeledShapeRequest]:
        """image: a PIL image. The user's threshold is context.conf_threshold."""
        found = self._model.detect(image, self._vocabulary, threshold=context.conf_threshold)
        return [
            cvataa.rectangle(int(number), [float(side) for side in box])
            for number, box in zip(found.boxes.cls, found.boxes.xyxy)
        ]


def create(labels: str, model: str | None = None) -> TytoFunction:
    """What cvat-cli calls, with its -p as keywords."""
    return TytoFunction(labels, model)
