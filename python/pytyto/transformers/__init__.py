"""The interface of the library transformers, version 4.37.2, for OWLv2 and Perceiver IO.

`from pytyto.transformers import …` has the names, signatures, defaults and results of the original
for what the engine runs. Nothing is imported until it is asked for, and torch never is unless the
program has done so.
"""

from __future__ import annotations

from ._lazy import lazy

__version__ = "4.37.2"

_EXPORTS: dict[str, str] = {
    "AddedToken": ".tokenization_utils_base",
    "AutoConfig": ".models.auto.configuration_auto",
    "AutoFeatureExtractor": ".models.auto.feature_extraction_auto",
    "AutoImageProcessor": ".models.auto.image_processing_auto",
    "AutoModel": ".models.auto.modeling_auto",
    "AutoModelForImageClassification": ".models.auto.modeling_auto",
    "AutoModelForMaskedLM": ".models.auto.modeling_auto",
    "AutoModelForPreTraining": ".models.auto.modeling_auto",
    "AutoModelForSequenceClassification": ".models.auto.modeling_auto",
    "AutoModelForZeroShotImageClassification": ".models.auto.modeling_auto",
    "AutoModelForZeroShotObjectDetection": ".models.auto.modeling_auto",
    "AutoProcessor": ".models.auto.processing_auto",
    "AutoTokenizer": ".models.auto.tokenization_auto",
    "BaseImageProcessor": ".image_processing_utils",
    "BatchEncoding": ".tokenization_utils_base",
    "BatchFeature": ".feature_extraction_utils",
    "CLIPTokenizer": ".models.clip.tokenization_clip",
    "CLIPTokenizerFast": ".models.clip.tokenization_clip_fast",
    "CharSpan": ".tokenization_utils_base",
    "FillMaskPipeline": ".pipelines.fill_mask",
    "ImageClassificationPipeline": ".pipelines.image_classification",
    "ImageProcessingMixin": ".image_processing_utils",
    "Owlv2Config": ".models.owlv2.configuration_owlv2",
    "Owlv2ForObjectDetection": ".models.owlv2.modeling_owlv2",
    "Owlv2ImageProcessor": ".models.owlv2.image_processing_owlv2",
    "Owlv2Model": ".models.owlv2.modeling_owlv2",
    "Owlv2PreTrainedModel": ".models.owlv2.modeling_owlv2",
    "Owlv2Processor": ".models.owlv2.processing_owlv2",
    "Owlv2TextConfig": ".models.owlv2.configuration_owlv2",
    "Owlv2TextModel": ".models.owlv2.modeling_owlv2",
    "Owlv2VisionConfig": ".models.owlv2.configuration_owlv2",
    "Owlv2VisionModel": ".models.owlv2.modeling_owlv2",
    "PerceiverConfig": ".models.perceiver.configuration_perceiver",
    "PerceiverFeatureExtractor": ".models.perceiver.feature_extraction_perceiver",
    "PerceiverForImageClassificationConvProcessing": ".models.perceiver.modeling_perceiver",
    "PerceiverForImageClassificationFourier": ".models.perceiver.modeling_perceiver",
    "PerceiverForImageClassificationLearned": ".models.perceiver.modeling_perceiver",
    "PerceiverForMaskedLM": ".models.perceiver.modeling_perceiver",
    "PerceiverForMultimodalAutoencoding": ".models.perceiver.modeling_perceiver",
    "PerceiverForOpticalFlow": ".models.perceiver.modeling_perceiver",
    "PerceiverForSequenceClassification": ".models.perceiver.modeling_perceiver",
    "PerceiverImageProcessor": ".models.perceiver.image_processing_perceiver",
    "PerceiverModel": ".models.perceiver.modeling_perceiver",
    "PerceiverPreTrainedModel": ".models.perceiver.modeling_perceiver",
    "PerceiverTokenizer": ".models.perceiver.tokenization_perceiver",
    "Pipeline": ".pipelines.base",
    "PreTrainedModel": ".modeling_utils",
    "PreTrainedTokenizer": ".tokenization_utils",
    "PreTrainedTokenizerBase": ".tokenization_utils_base",
    "PreTrainedTokenizerFast": ".tokenization_utils_fast",
    "PretrainedConfig": ".configuration_utils",
    "ProcessorMixin": ".processing_utils",
    "SpecialTokensMixin": ".tokenization_utils_base",
    "TensorType": ".utils.generic",
    "TextClassificationPipeline": ".pipelines.text_classification",
    "TokenSpan": ".tokenization_utils_base",
    "ZeroShotImageClassificationPipeline": ".pipelines.zero_shot_image_classification",
    "ZeroShotObjectDetectionPipeline": ".pipelines.zero_shot_object_detection",
    "is_flax_available": ".utils.import_utils",
    "is_tf_available": ".utils.import_utils",
    "is_torch_available": ".utils.import_utils",
    "is_vision_available": ".utils.import_utils",
    "logging": ".utils",
    "pipeline": ".pipelines.factory",
    "set_seed": ".trainer_utils",
}

_MODULES = (
    "configuration_utils",
    "feature_extraction_utils",
    "image_processing_utils",
    "image_transforms",
    "image_utils",
    "modeling_outputs",
    "modeling_utils",
    "models",
    "pipelines",
    "processing_utils",
    "tokenization_utils",
    "tokenization_utils_base",
    "tokenization_utils_fast",
    "trainer_utils",
    "utils",
)



def _absent(name: str) -> str | None:
    if name.startswith(("TF", "Flax")):
        return "there are no models of TensorFlow or Flax here; the one without that prefix runs"
    if name.startswith(("Trainer", "TrainingArguments")):
        return "models of this version compute, and don't learn"
    return None


__all__ = [*_EXPORTS]
__getattr__, __dir__ = lazy(__name__, _EXPORTS, _MODULES, _absent)
