"""The interface of the library transformers, version 4.37.2, for OWLv2 and Perceiver IO.

`from pytyto.transformers import …` has the names, signatures, defaults and results of the original
for what the engine runs. Nothing is imported until it is asked for, and torch never is unless the
program has done so.
"""

from __future__ import annotations

from ._lazy import lazy

__version__ = "4.37.2"

_EXPORTS: dict[str, str] = {
    "AutoConfig": ".models.auto.configuration_auto",
    "BatchFeature": ".feature_extraction_utils",
    "Owlv2Config": ".models.owlv2.configuration_owlv2",
    "Owlv2ForObjectDetection": ".models.owlv2.modeling_owlv2",
    "Owlv2Model": ".models.owlv2.modeling_owlv2",
    "Owlv2PreTrainedModel": ".models.owlv2.modeling_owlv2",
    "Owlv2TextConfig": ".models.owlv2.configuration_owlv2",
    "Owlv2TextModel": ".models.owlv2.modeling_owlv2",
    "Owlv2VisionConfig": ".models.owlv2.configuration_owlv2",
    "Owlv2VisionModel": ".models.owlv2.modeling_owlv2",
    "PerceiverConfig": ".models.perceiver.configuration_perceiver",
    "PreTrainedModel": ".modeling_utils",
    "PretrainedConfig": ".configuration_utils",
    "TensorType": ".utils.generic",
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
    "utils",
)

__all__ = [*_EXPORTS]
__getattr__, __dir__ = lazy(__name__, _EXPORTS, _MODULES)
