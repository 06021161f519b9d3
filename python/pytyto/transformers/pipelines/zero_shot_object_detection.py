"""What texts name, where it is in a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..image_utils import is_valid_image
from ..models.owlv2._by_label import detections_by_label
from .base import Pipeline, picture, picture_size


class ZeroShotObjectDetectionPipeline(Pipeline):
    """What `candidate_labels` name in a picture: [{"score", "label", "box": {"xmin", "ymin",
    "xmax", "ymax"}}], best first.

    A call takes a picture (path, URL, base64, PIL, array) with `candidate_labels`, a list or a text
    with commas, or dictionaries {"image": …, "candidate_labels": …}; `threshold` (.1), `top_k`
    (None: all), `timeout`, and `boxes`, as in `Owlv2ImageProcessor.post_process_object_detection`. Each
    label is scored by itself, so that one box may have several; the picture is looked at once.
    """

    def __call__(self, image: Any, candidate_labels: Any = None, **kwargs: Any) -> Any:
        """What is found in a picture, or in several."""
        if "text_queries" in kwargs:
            candidate_labels = kwargs.pop("text_queries")
        if isinstance(image, str) or is_valid_image(image):
            image = {"image": image, "candidate_labels": candidate_labels}
        elif isinstance(image, list) and candidate_labels is not None:
            image = [
                one
                if isinstance(one, Mapping)
                else {"image": one, "candidate_labels": candidate_labels}
                for one in image
            ]
        return super().__call__(image, **kwargs)

    def _sanitize_parameters(
        self, **kwargs: Any
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        before = {"timeout": kwargs["timeout"]} if "timeout" in kwargs else {}
        names = ("threshold", "top_k", "boxes")
        return before, {}, {name: kwargs[name] for name in names if name in kwargs}

    def preprocess(self, inputs: Any, timeout: float | None = None) -> dict[str, Any]:
        """Pixels of a picture, and ids of its labels."""
        image = picture(inputs["image"], timeout)
        labels = inputs["candidate_labels"]
        if labels is None:
            raise ValueError("candidate_labels: got None, required a list of texts")
        labels = labels.split(",") if isinstance(labels, str) else list(labels)
        if not labels:
            return {"target_size": picture_size(image), "candidate_labels": labels}
        return {
            "target_size": picture_size(image),
            "candidate_labels": labels,
            **self.tokenizer(labels, return_tensors="np", padding=True),
            **self.image_processor(image, return_tensors="np"),
        }

    def _forward(self, model_inputs: dict[str, Any]) -> dict[str, Any]:
        kept = {name: model_inputs.pop(name) for name in ("target_size", "candidate_labels")}
        if not kept["candidate_labels"]:
            return kept
        outputs = self.model(**model_inputs)
        return {**kept, "logits": outputs["logits"], "pred_boxes": outputs["pred_boxes"]}

    def postprocess(
        self,
        model_outputs: dict[str, Any],
        threshold: float = 0.1,
        top_k: int | None = None,
        boxes: str = "reference",
    ) -> list[dict[str, Any]]:
        """What is found in one picture."""
        labels = model_outputs["candidate_labels"]
        if not labels:
            return []
        rows = detections_by_label(
            model_outputs, threshold, [model_outputs["target_size"]], boxes
        )
        found = [
            {
                "score": score,
                "label": labels[label],
                "box": dict(zip(("xmin", "ymin", "xmax", "ymax"), box)),
            }
            for score, label, box in rows
            if score != 0.0
        ]
        return found[:top_k] if top_k else found
