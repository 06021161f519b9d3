"""The older name of the Perceiver's image processor."""

from __future__ import annotations

import warnings
from typing import Any

from .image_processing_perceiver import PerceiverImageProcessor


class PerceiverFeatureExtractor(PerceiverImageProcessor):
    """As `PerceiverImageProcessor`, with a warning."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            "PerceiverFeatureExtractor is deprecated: use PerceiverImageProcessor",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(*args, **kwargs)
