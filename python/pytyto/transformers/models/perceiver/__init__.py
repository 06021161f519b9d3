"""Perceiver IO; names are imported when somebody asks for them."""

from __future__ import annotations

from ..._lazy import lazy

_EXPORTS: dict[str, str] = {
    "PerceiverConfig": ".configuration_perceiver",
    "PerceiverFeatureExtractor": ".feature_extraction_perceiver",
    "PerceiverForImageClassificationConvProcessing": ".modeling_perceiver",
    "PerceiverForImageClassificationFourier": ".modeling_perceiver",
    "PerceiverForImageClassificationLearned": ".modeling_perceiver",
    "PerceiverForMaskedLM": ".modeling_perceiver",
    "PerceiverForMultimodalAutoencoding": ".modeling_perceiver",
    "PerceiverForOpticalFlow": ".modeling_perceiver",
    "PerceiverForSequenceClassification": ".modeling_perceiver",
    "PerceiverImageProcessor": ".image_processing_perceiver",
    "PerceiverModel": ".modeling_perceiver",
    "PerceiverPreTrainedModel": ".modeling_perceiver",
    "PerceiverTokenizer": ".tokenization_perceiver",
}

_MODULES = (
    "configuration_perceiver",
    "feature_extraction_perceiver",
    "image_processing_perceiver",
    "modeling_perceiver",
    "tokenization_perceiver",
)

__all__ = [*_EXPORTS]
__getattr__, __dir__ = lazy(__name__, _EXPORTS, _MODULES)
