"""What several parts of the interface use; names are imported when somebody asks for them."""

from __future__ import annotations

from .._lazy import lazy

_EXPORTS: dict[str, str] = {
    "ExplicitEnum": ".generic",
    "IMAGENET_DEFAULT_MEAN": ".constants",
    "IMAGENET_DEFAULT_STD": ".constants",
    "IMAGENET_STANDARD_MEAN": ".constants",
    "IMAGENET_STANDARD_STD": ".constants",
    "ModelOutput": ".generic",
    "OPENAI_CLIP_MEAN": ".constants",
    "OPENAI_CLIP_STD": ".constants",
    "PaddingStrategy": ".generic",
    "TensorType": ".generic",
    "is_flax_available": ".import_utils",
    "is_tf_available": ".import_utils",
    "is_torch_available": ".import_utils",
    "is_vision_available": ".import_utils",
}

_MODULES = ("constants", "generic", "import_utils", "logging")

__all__ = [*_EXPORTS]
__getattr__, __dir__ = lazy(__name__, _EXPORTS, _MODULES)
