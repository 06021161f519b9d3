"""Classes of pictures."""

from __future__ import annotations

from typing import Any

from .base import Pipeline, as_array, picture
from .classification import ClassificationFunction, best, scores_of


class ImageClassificationPipeline(Pipeline):
    """The classes of a picture: [{"label", "score"}], best first.

    A call takes a picture (path, URL, base64, PIL, array) or a list of them; `top_k` (5),
    `function_to_apply` ("sigmoid", "softmax", "none"; by default what fits the model), `timeout`.
    """

    def _sanitize_parameters(
        self, top_k: int | None = None, function_to_apply: Any = None, timeout: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        after: dict[str, Any] = {}
        if top_k is not None:
            after["top_k"] = top_k
        if isinstance(function_to_apply, str):
            function_to_apply = ClassificationFunction(function_to_apply.lower())
        if function_to_apply is not None:
            after["function_to_apply"] = function_to_apply
        return ({} if timeout is None else {"timeout": timeout}), {}, after

    def __call__(self, images: Any, **kwargs: Any) -> Any:
        """The classes of a picture, or of several."""
        return super().__call__(images, **kwargs)

    def preprocess(self, inputs: Any, timeout: float | None = None) -> Any:
        """Pixels of a picture."""
        return self.image_processor(images=picture(inputs, timeout), return_tensors="np")

    def _forward(self, model_inputs: Any) -> Any:
        return self.model(**model_inputs)

    def postprocess(
        self, model_outputs: Any, function_to_apply: Any = None, top_k: int | None = 5
    ) -> list[dict[str, Any]]:
        """The classes of one picture."""
        logits = as_array(model_outputs["logits"])[0]
        return best(scores_of(logits, self.model.config, function_to_apply), top_k)
