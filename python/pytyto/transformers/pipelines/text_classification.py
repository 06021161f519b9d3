"""Classes of texts."""

from __future__ import annotations

import warnings
from typing import Any

from .base import Pipeline, as_array
from .classification import ClassificationFunction, best, scores_of


class TextClassificationPipeline(Pipeline):
    """The class of a text: [{"label", "score"}] for a text, one such dictionary each for a list.

    With `top_k` in the call (None: all) each text gives a list, best first. `function_to_apply` is
    "sigmoid", "softmax" or "none"; by default what fits the model. A pair of texts is given as
    {"text": …, "text_pair": …}. Other keywords go to the tokenizer.
    """

    return_all_scores = False
    function_to_apply = ClassificationFunction.NONE

    def _sanitize_parameters(
        self,
        return_all_scores: bool | None = None,
        function_to_apply: Any = None,
        top_k: Any = "",
        **tokenizer_kwargs: Any,
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        after: dict[str, Any] = {}
        if isinstance(top_k, int) or top_k is None:
            after.update(top_k=top_k, _legacy=False)
        elif return_all_scores is not None:
            warnings.warn(
                "return_all_scores is deprecated: use top_k=None for all, top_k=1 for the best",
                UserWarning,
                stacklevel=3,
            )
            after["top_k"] = None if return_all_scores else 1
        if isinstance(function_to_apply, str):
            function_to_apply = ClassificationFunction[function_to_apply.upper()]
        if function_to_apply is not None:
            after["function_to_apply"] = function_to_apply
        return tokenizer_kwargs, {}, after

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The class of a text, or of several."""
        result = super().__call__(inputs, *args, **kwargs)
        return [result] if isinstance(inputs, str) and "top_k" not in kwargs else result

    def preprocess(self, inputs: Any, **tokenizer_kwargs: Any) -> Any:
        """Ids of a text or a pair."""
        if isinstance(inputs, dict):
            return self.tokenizer(**inputs, return_tensors="np", **tokenizer_kwargs)
        if isinstance(inputs, list):
            if len(inputs) == 1 and isinstance(inputs[0], list) and len(inputs[0]) == 2:
                inputs = {"text": inputs[0][0], "text_pair": inputs[0][1]}
                return self.preprocess(inputs, **tokenizer_kwargs)
            raise ValueError('got a list in a list; a pair is {"text": …, "text_pair": …}')
        return self.tokenizer(inputs, return_tensors="np", **tokenizer_kwargs)

    def _forward(self, model_inputs: Any) -> Any:
        return self.model(**model_inputs)

    def postprocess(
        self,
        model_outputs: Any,
        function_to_apply: Any = None,
        top_k: int | None = 1,
        _legacy: bool = True,
    ) -> Any:
        """The classes of one text."""
        logits = as_array(model_outputs["logits"])[0]
        scores = scores_of(logits, self.model.config, function_to_apply)
        if _legacy:
            return best(scores, 1)[0] if top_k == 1 else scores
        return best(scores, top_k)
