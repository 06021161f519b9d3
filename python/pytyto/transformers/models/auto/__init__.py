"""Classes that find the right one for a checkpoint; names are imported when asked for."""

from __future__ import annotations

from ..._lazy import lazy

_EXPORTS: dict[str, str] = {
    "AutoConfig": ".configuration_auto",
    "AutoFeatureExtractor": ".feature_extraction_auto",
    "AutoImageProcessor": ".image_processing_auto",
    "AutoProcessor": ".processing_auto",
    "AutoTokenizer": ".tokenization_auto",
    "CONFIG_MAPPING_NAMES": ".configuration_auto",
    "TOKENIZER_MAPPING_NAMES": ".tokenization_auto",
}

_MODULES: tuple[str, ...] = (
    "configuration_auto",
    "feature_extraction_auto",
    "image_processing_auto",
    "processing_auto",
    "tokenization_auto",
)

__all__ = [*_EXPORTS]
__getattr__, __dir__ = lazy(__name__, _EXPORTS, _MODULES)
