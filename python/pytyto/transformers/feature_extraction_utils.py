"""What processors of pictures return: a dictionary whose values are also attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import _arrays
from ._named import Named
from .utils.generic import TensorType


def import_torch(why: str) -> Any:
    """The module torch, which this imports; ImportError when it isn't installed."""
    try:
        import torch
    except ImportError:
        raise ImportError(f"{why} needs torch, which isn't installed (pip install torch)") from None
    return torch


def _numpy(value: Any) -> np.ndarray[Any, Any]:
    ragged = (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and isinstance(value[0], (list, tuple, np.ndarray))
        and len({len(one) for one in value}) > 1
    )
    if ragged:
        rows = np.empty(len(value), dtype=object)
        for i, one in enumerate(value):
            rows[i] = np.asarray(one)
        return rows
    return np.asarray(value)


def _pytorch(value: Any) -> Any:
    torch = import_torch('return_tensors="pt"')
    if isinstance(value, (list, tuple)) and len(value) > 0 and isinstance(value[0], np.ndarray):
        value = np.array(value)
    if isinstance(value, np.ndarray):
        return torch.from_numpy(np.ascontiguousarray(value).copy())
    return torch.tensor(value)


def tensor_functions(
    tensor_type: str | TensorType,
) -> tuple[Callable[[Any], bool], Callable[[Any], Any]]:
    """Whether a value is a tensor of this type already, and what makes one of it.

    ImportError for TensorFlow and JAX, which aren't supported, and for torch when it is missing.
    """
    kind = TensorType(tensor_type)
    if kind == TensorType.NUMPY:
        return lambda value: isinstance(value, np.ndarray), _numpy
    if kind == TensorType.PYTORCH:
        import_torch('return_tensors="pt"')
        return _arrays.is_tensor, _pytorch
    raise ImportError(
        f'return_tensors="{kind.value}": TensorFlow and JAX aren\'t supported, '
        'required "pt", "np" or None'
    )


class BatchFeature(Named):
    """A dictionary of arrays, such as {"pixel_values": …}, whose values are attributes too.

    `tensor_type`, "np" or "pt", makes arrays of what are lists. ValueError when rows of different
    lengths can't be one array, ImportError for a library that isn't there.

    >>> feature = BatchFeature({"input_values": [[1.0, 2.0]]}, tensor_type="np")
    >>> feature.input_values.shape
    (1, 2)
    """

    def __init__(
        self,
        data: dict[str, Any] | None = None,
        tensor_type: str | TensorType | None = None,
    ) -> None:
        super().__init__(data)
        self.convert_to_tensors(tensor_type=tensor_type)

    def __getitem__(self, item: Any) -> Any:
        if not isinstance(item, str):
            raise KeyError(f"got {item!r}, required a name such as 'pixel_values'")
        return self.data[item]

    def __getstate__(self) -> dict[str, Any]:
        return {"data": self.data}

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "data" in state:
            self.data = state["data"]

    def convert_to_tensors(self, tensor_type: str | TensorType | None = None) -> BatchFeature:
        """Makes arrays of a type of all values; None leaves them as they are."""
        if tensor_type is None:
            return self
        is_tensor, as_tensor = tensor_functions(tensor_type)
        for key, value in self.items():
            if is_tensor(value):
                continue
            try:
                self.data[key] = as_tensor(value)
            except (TypeError, ValueError, RuntimeError, IndexError) as error:
                raise ValueError(
                    f"{key}: no tensor can be made of it ({error}); rows of one length are "
                    "required, such as padding=True gives"
                ) from None
        return self

    def to(self, *args: Any, **kwargs: Any) -> BatchFeature:
        """Casts floating tensors and moves all, as `torch.Tensor.to` does with these arguments.

        Needs torch. A device comes first: `.to("cpu", torch.bfloat16)`, `.to(torch.float16)`.
        """
        torch = import_torch("BatchFeature.to")
        device = kwargs.get("device")
        if device is None and args:
            first = args[0]
            if isinstance(first, (str, int, torch.device)):
                device = first
            elif not isinstance(first, torch.dtype):
                raise ValueError(f"got {first!r}, required a device or a torch.dtype")
        moved = {}
        for key, value in self.items():
            if torch.is_floating_point(value):
                moved[key] = value.to(*args, **kwargs)
            else:
                moved[key] = value.to(device=device) if device is not None else value
        self.data = moved
        return self
