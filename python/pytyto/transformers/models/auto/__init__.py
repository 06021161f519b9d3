"""Classes that find the right one for a checkpoint; names are imported when asked for."""

from __future__ import annotations

from ..._lazy import lazy

_EXPORTS: dict[str, str] = {
    "AutoConfig": ".configuration_auto",
    "AutoTokenizer": ".tokenization_auto",
    "CONFIG_MAPPING_NAMES": ".configuration_auto",
    "TOKENIZER_MAPPING_NAMES": ".tokenization_auto",
}

_MODULES = ("configuration_auto", "tokenization_auto")

__all__ = [*_EXPORTS]
__getattr__, __dir__ = lazy(__name__, _EXPORTS, _MODULES)
