"""Tasks in one call: `pipeline(task, model=…)`."""

from __future__ import annotations

from .._lazy import lazy

_EXPORTS: dict[str, str] = {
    "ClassificationFunction": ".classification",
    "FillMaskPipeline": ".fill_mask",
    "ImageClassificationPipeline": ".image_classification",
    "Pipeline": ".base",
    "PipelineException": ".base",
    "TextClassificationPipeline": ".text_classification",
    "ZeroShotImageClassificationPipeline": ".zero_shot_image_classification",
    "ZeroShotObjectDetectionPipeline": ".zero_shot_object_detection",
    "pipeline": ".factory",
}

_MODULES: tuple[str, ...] = (
    "base",
    "classification",
    "factory",
    "fill_mask",
    "image_classification",
    "text_classification",
    "zero_shot_image_classification",
    "zero_shot_object_detection",
)

__all__ = [*_EXPORTS]
__getattr__, __dir__ = lazy(__name__, _EXPORTS, _MODULES)
