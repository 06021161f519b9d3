"""Enumerations that arguments are taken from."""

from __future__ import annotations

from enum import Enum
from typing import Any


class ExplicitEnum(str, Enum):
    """An enumeration of strings that names its values when it is given another.

    >>> TensorType("np") == "np"
    True
    """

    @classmethod
    def _missing_(cls, value: Any) -> Any:
        known = ", ".join(repr(member.value) for member in cls)
        raise ValueError(f"{cls.__name__}: got {value!r}, required one of {known}")


class TensorType(ExplicitEnum):
    """What arrays come as: `return_tensors`."""

    PYTORCH = "pt"
    TENSORFLOW = "tf"
    NUMPY = "np"
    JAX = "jax"


class PaddingStrategy(ExplicitEnum):
    """How texts are filled up: `padding`."""

    LONGEST = "longest"
    MAX_LENGTH = "max_length"
    DO_NOT_PAD = "do_not_pad"
