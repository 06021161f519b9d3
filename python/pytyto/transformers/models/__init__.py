"""The families of models, each a package."""

from __future__ import annotations

from .._lazy import lazy

_MODULES = ("auto", "clip", "owlv2", "perceiver")

__all__: list[str] = []
__getattr__, __dir__ = lazy(__name__, {}, _MODULES)
