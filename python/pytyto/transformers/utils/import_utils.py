"""Which libraries there are, as the reference asks for them."""

from __future__ import annotations

import importlib.util


def is_torch_available() -> bool:
    """Whether torch is installed."""
    return importlib.util.find_spec("torch") is not None


def is_vision_available() -> bool:
    """Whether Pillow is installed."""
    return importlib.util.find_spec("PIL") is not None


def is_tf_available() -> bool:
    """False: TensorFlow isn't used."""
    return False


def is_flax_available() -> bool:
    """False: Flax isn't used."""
    return False


__all__ = ["is_flax_available", "is_tf_available", "is_torch_available", "is_vision_available"]
