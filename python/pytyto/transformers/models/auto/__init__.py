"""Classes that find the right one for a checkpoint; names are imported when asked for."""

from __future__ import annotations

from ..._lazy import lazy

_EXPORTS: dict[str, str] = {
    "AutoConfig": ".configuration_auto",
    "AutoFeatureExtractor": ".feature_extraction_auto",
    "AutoImageProcessor": ".image_processing_auto",
    "AutoModel": ".modeling_auto",
    "AutoModelForImageClassification": ".modeling_auto",
    "AutoModelForMaskedLM": ".modeling_auto",
    "AutoModelForPreTraining": ".modeling_auto",
    "AutoModelForSequenceClassification": ".modeling_auto",
    "AutoModelForZeroShotImageClassification": ".modeling_auto",
    "AutoModelForZeroShotObjectDetection": ".modeling_auto",
    "AutoProcessor": ".processing_auto",
    "AutoTokenizer": ".tokenization_auto",
    "CONFIG_MAPPING_NAMES": ".configuration_auto",
    "TOKENIZER_MAPPING_NAMES": ".tokenization_auto",
}

_MODULES = (
    "configuration_auto",
    "feature_extraction_auto",
    "image_processing_auto",
    "modeling_auto",
    "processing_auto",
    "tokenization_auto",
)

__all__ = [*_EXPORTS]
__getattr__, __dir__ = lazy(__name__, _EXPORTS, _MODULES)
