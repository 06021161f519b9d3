"""OWLv2; names are imported when somebody asks for them."""

from __future__ import annotations

from ..._lazy import lazy

_EXPORTS: dict[str, str] = {
    "Owlv2Config": ".configuration_owlv2",
    "Owlv2ForObjectDetection": ".modeling_owlv2",
    "Owlv2ImageProcessor": ".image_processing_owlv2",
    "Owlv2Model": ".modeling_owlv2",
    "Owlv2PreTrainedModel": ".modeling_owlv2",
    "Owlv2Processor": ".processing_owlv2",
    "Owlv2TextConfig": ".configuration_owlv2",
    "Owlv2TextModel": ".modeling_owlv2",
    "Owlv2VisionConfig": ".configuration_owlv2",
    "Owlv2VisionModel": ".modeling_owlv2",
}

_MODULES: tuple[str, ...] = (
    "configuration_owlv2",
    "image_processing_owlv2",
    "modeling_owlv2",
    "processing_owlv2",
)

__all__ = [*_EXPORTS]
__getattr__, __dir__ = lazy(__name__, _EXPORTS, _MODULES)
