"""CLIP; names are imported when somebody asks for them."""

from __future__ import annotations

from ..._lazy import lazy

_EXPORTS: dict[str, str] = {
    "CLIPTokenizer": ".tokenization_clip",
    "CLIPTokenizerFast": ".tokenization_clip_fast",
}

_MODULES = ("tokenization_clip", "tokenization_clip_fast")

__all__ = [*_EXPORTS]
__getattr__, __dir__ = lazy(__name__, _EXPORTS, _MODULES)
