"""The older name of `AutoImageProcessor`, which these models' feature extractors are."""

from __future__ import annotations

from .image_processing_auto import AutoImageProcessor


class AutoFeatureExtractor(AutoImageProcessor):
    """As `AutoImageProcessor`."""
