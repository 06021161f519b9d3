"""Outputs that models of several families share. Arrays are numpy's or torch's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .utils.generic import ModelOutput


@dataclass
class BaseModelOutput(ModelOutput):
    """An encoder's: last_hidden_state [B,T,D], and states and attentions layer by layer."""

    last_hidden_state: Any = None
    hidden_states: tuple[Any, ...] | None = None
    attentions: tuple[Any, ...] | None = None


@dataclass
class BaseModelOutputWithPooling(ModelOutput):
    """A tower's: last_hidden_state [B,T,D], and pooler_output [B,D] of the token that stands for
    the whole."""

    last_hidden_state: Any = None
    pooler_output: Any = None
    hidden_states: tuple[Any, ...] | None = None
    attentions: tuple[Any, ...] | None = None


@dataclass
class BaseModelOutputWithCrossAttentions(ModelOutput):
    """An encoder's that attends to something else as well."""

    last_hidden_state: Any = None
    hidden_states: tuple[Any, ...] | None = None
    attentions: tuple[Any, ...] | None = None
    cross_attentions: tuple[Any, ...] | None = None


__all__ = ["BaseModelOutput", "BaseModelOutputWithCrossAttentions", "BaseModelOutputWithPooling"]
