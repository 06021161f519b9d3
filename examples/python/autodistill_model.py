"""An autodistill base model, which labels a folder of pictures for training a smaller one:

    TytoModel(CaptionOntology({"a cat": "cat"})).label("photos", extension=".jpg")

Needs the package autodistill. What is asked for is the key, what it is called in the set the value.
"""

from __future__ import annotations

from typing import Any

import supervision as sv
from autodistill.detection import CaptionOntology, DetectionBaseModel

import pytyto


class TytoModel(DetectionBaseModel):
    """Finds the ontology's prompts."""

    def __init__(self, ontology: CaptionOntology, model: str | None = None, **options: Any) -> None:
        self.ontology = ontology
        self._model = pytyto.Model.open(model)
        self._vocabulary = self._model.vocabulary(ontology.prompts())
        self._options = options

    def predict(self, input: Any) -> sv.Detections:
        """input: a path, or pixels in BGR as OpenCV reads them."""
        picture = input if isinstance(input, str) else input[..., ::-1]
        found = self._model.detect(picture, self._vocabulary, **self._options)
        return sv.Detections.from_ultralytics(found)
