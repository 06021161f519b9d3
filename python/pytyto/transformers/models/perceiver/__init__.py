"""Perceiver IO; names are imported when somebody asks for them."""

from __future__ import annotations

from ..._lazy import lazy

_EXPORTS: dict[str, str] = {
    "PerceiverConfig": ".configuration_perceiver",
    "PerceiverTokenizer": ".tokenization_perceiver",
}

_MODULES = ("configuration_perceiver", "tokenization_perceiver")

__all__ = [*_EXPORTS]
__getattr__, __dir__ = lazy(__name__, _EXPORTS, _MODULES)
