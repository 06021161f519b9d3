"""Logits of classes as scores with labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..image_utils import Array
from ..utils.generic import ExplicitEnum


class ClassificationFunction(ExplicitEnum):
    """What makes scores of logits."""

    SIGMOID = "sigmoid"
    SOFTMAX = "softmax"
    NONE = "none"


def sigmoid(logits: Array) -> Array:
    """Each by itself, in (0, 1)."""
    return np.asarray(1.0 / (1.0 + np.exp(-logits)))


def softmax(logits: Array) -> Array:
    """Together 1, along the last axis."""
    powers = np.exp(logits - np.max(logits, axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def function_of(config: Any, function: Any) -> ClassificationFunction:
    """The function that was asked for, or else the one that fits a model's classes."""
    if function is not None:
        return ClassificationFunction(function)
    if config.problem_type == "multi_label_classification" or config.num_labels == 1:
        return ClassificationFunction.SIGMOID
    if config.problem_type == "single_label_classification" or config.num_labels > 1:
        return ClassificationFunction.SOFTMAX
    return ClassificationFunction.NONE


def scores_of(logits: Array, config: Any, function: Any) -> list[dict[str, Any]]:
    """[{"label", "score"}] of all classes, in the model's order."""
    kind = function_of(config, function)
    if kind == ClassificationFunction.SIGMOID:
        logits = sigmoid(logits)
    elif kind == ClassificationFunction.SOFTMAX:
        logits = softmax(logits)
    return [{"label": config.id2label[i], "score": float(one)} for i, one in enumerate(logits)]


def best(scores: list[dict[str, Any]], top_k: int | None) -> list[dict[str, Any]]:
    """The highest scores first, `top_k` of them; None: all."""
    scores = sorted(scores, key=lambda one: one["score"], reverse=True)
    return scores if top_k is None else scores[:top_k]
