"""Which of some texts fits a picture."""

from __future__ import annotations

from typing import Any

from .base import Pipeline, as_array, picture
from .classification import softmax


class ZeroShotImageClassificationPipeline(Pipeline):
    """How well each of `candidate_labels` fits a picture: [{"score", "label"}], best first, scores
    together 1.

    A call takes a picture (path, URL, base64, PIL, array) or a list of them, `candidate_labels`,
    and `hypothesis_template` ("This is a photo of {}."), into which the labels are put.
    """

    def _sanitize_parameters(
        self, **kwargs: Any
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        names = ("candidate_labels", "timeout", "hypothesis_template")
        return {name: kwargs[name] for name in names if name in kwargs}, {}, {}

    def __call__(self, images: Any, **kwargs: Any) -> Any:
        """The labels of a picture, or of several."""
        return super().__call__(images, **kwargs)

    def preprocess(
        self,
        inputs: Any,
        candidate_labels: Any = None,
        hypothesis_template: str = "This is a photo of {}.",
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Pixels of a picture, and ids of its labels."""
        if candidate_labels is None:
            raise ValueError("candidate_labels: got None, required a list of texts")
        if isinstance(candidate_labels, str):
            candidate_labels = candidate_labels.split(",")
        sequences = [hypothesis_template.format(label) for label in candidate_labels]
        return {
            "candidate_labels": candidate_labels,
            **self.image_processor(images=[picture(inputs, timeout)], return_tensors="np"),
            **self.tokenizer(sequences, return_tensors="np", padding=True),
        }

    def _forward(self, model_inputs: dict[str, Any]) -> dict[str, Any]:
        labels = model_inputs.pop("candidate_labels")
        outputs = self.model(**model_inputs)
        return {"candidate_labels": labels, "logits": outputs["logits_per_image"]}

    def postprocess(self, model_outputs: dict[str, Any]) -> list[dict[str, Any]]:
        """The labels of one picture."""
        scores = softmax(as_array(model_outputs["logits"])[0]).tolist()
        pairs = sorted(zip(scores, model_outputs["candidate_labels"]), key=lambda pair: -pair[0])
        return [{"score": score, "label": label} for score, label in pairs]
