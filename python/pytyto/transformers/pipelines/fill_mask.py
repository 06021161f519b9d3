"""Tokens for what is masked in a text."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from .base import Pipeline, PipelineException, as_array
from .classification import softmax

_log = logging.getLogger("pytyto")


class FillMaskPipeline(Pipeline):
    """What may stand where the tokenizer's mask does: [{"score", "token", "token_str",
    "sequence"}], best first; a list of such lists where there are several masks.

    A call takes a text or a list; `top_k` (5), `targets` (tokens that alone are scored),
    `tokenizer_kwargs`. `PipelineException` for a text without a mask.
    """

    def _sanitize_parameters(
        self, top_k: int | None = None, targets: Any = None, tokenizer_kwargs: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        after: dict[str, Any] = {}
        if targets is not None:
            after["target_ids"] = self.get_target_ids(targets, top_k)
        if top_k is not None:
            after["top_k"] = top_k
        if self.tokenizer.mask_token_id is None:
            raise self._refusal("the tokenizer has no mask token")
        before = {} if tokenizer_kwargs is None else {"tokenizer_kwargs": tokenizer_kwargs}
        return before, {}, after

    def _refusal(self, reason: str) -> PipelineException:
        return PipelineException("fill-mask", getattr(self.model, "base_model_prefix", ""), reason)

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Tokens for the masks of a text, or of several."""
        outputs = super().__call__(inputs, **kwargs)
        return outputs[0] if isinstance(inputs, list) and len(inputs) == 1 else outputs

    def preprocess(self, inputs: Any, tokenizer_kwargs: Any = None) -> Any:
        """Ids of a text that has a mask."""
        encoded = self.tokenizer(inputs, return_tensors="np", **(tokenizer_kwargs or {}))
        for row in as_array(encoded["input_ids"]):
            if not np.any(row == self.tokenizer.mask_token_id):
                raise self._refusal(f"the text has no mask, {self.tokenizer.mask_token}")
        return encoded

    def _forward(self, model_inputs: Any) -> Any:
        outputs = self.model(**model_inputs)
        return {"logits": outputs["logits"], "input_ids": model_inputs["input_ids"]}

    def postprocess(self, model_outputs: Any, top_k: int = 5, target_ids: Any = None) -> Any:
        """The tokens for each mask of one text."""
        ids = as_array(model_outputs["input_ids"])[0]
        masks = np.flatnonzero(ids == self.tokenizer.mask_token_id)
        scores = softmax(as_array(model_outputs["logits"])[0, masks])
        if target_ids is not None:
            scores = scores[:, target_ids]
        top_k = min(top_k, scores.shape[1]) if target_ids is not None else top_k
        if top_k > scores.shape[1]:
            raise RuntimeError(f"top_k: got {top_k}, required {scores.shape[1]} at most")
        single = len(masks) == 1
        rows = []
        for place, values in zip(masks, scores):
            order = np.argsort(-values, kind="stable")[:top_k]
            row = []
            for i in order:
                token = int(i if target_ids is None else target_ids[i])
                filled = ids.copy()
                filled[place] = token
                filled = filled[filled != self.tokenizer.pad_token_id]
                row.append(
                    {
                        "score": float(values[i]),
                        "token": token,
                        "token_str": self.tokenizer.decode([token]),
                        "sequence": self.tokenizer.decode(
                            filled.tolist(), skip_special_tokens=single
                        ),
                    }
                )
            rows.append(row)
        return rows[0] if single else rows

    def get_target_ids(self, targets: Any, top_k: int | None = None) -> Any:
        """Ids of tokens; what is no token of the vocabulary counts as the first of its own, with a
        warning. ValueError when nothing is left."""
        targets = [targets] if isinstance(targets, str) else targets
        vocabulary = self.tokenizer.get_vocab()
        found = set()
        for target in targets:
            token = vocabulary.get(target)
            if token is None:
                ids = self.tokenizer(
                    target, add_special_tokens=False, max_length=1, truncation=True
                )["input_ids"]
                if len(ids) == 0:
                    _log.warning("targets: %r is no token, and is left out", target)
                    continue
                token = ids[0]
                instead = self.tokenizer.convert_ids_to_tokens(token)
                _log.warning("targets: %r is no token, %r is taken for it", target, instead)
            found.add(int(token))
        if not found:
            raise ValueError("targets: got none that is in the vocabulary, required one")
        return np.array(list(found))
