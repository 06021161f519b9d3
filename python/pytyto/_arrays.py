"""Arrays in and out: numpy and torch, without copies where the memory is plain already."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from ._tyto import ffi, lib

_DTYPES: dict[np.dtype[Any], int] = {
    np.dtype("float32"): lib.TYTO_F32,
    np.dtype("float64"): lib.TYTO_F64,
    np.dtype("float16"): lib.TYTO_F16,
    np.dtype("int64"): lib.TYTO_I64,
    np.dtype("int32"): lib.TYTO_I32,
    np.dtype("int16"): lib.TYTO_I16,
    np.dtype("int8"): lib.TYTO_I8,
    np.dtype("uint64"): lib.TYTO_U64,
    np.dtype("uint32"): lib.TYTO_U32,
    np.dtype("uint16"): lib.TYTO_U16,
    np.dtype("uint8"): lib.TYTO_U8,
    np.dtype("bool"): lib.TYTO_BOOL,
}
_NUMPY: dict[int, np.dtype[Any]] = {code: dtype for dtype, code in _DTYPES.items()}
_RANK_MAX = 8


def torch() -> Any:
    """The module torch where the program has imported it, else None: nothing here imports it."""
    return sys.modules.get("torch")


def is_tensor(value: Any) -> bool:
    """Whether a value is a torch tensor."""
    module = torch()
    return module is not None and isinstance(value, getattr(module, "Tensor", ()))


def any_tensor(*values: Any) -> bool:
    """Whether any of some values, or of what they hold, is a torch tensor."""
    for value in values:
        if isinstance(value, Mapping):
            if any_tensor(*value.values()):
                return True
        elif isinstance(value, (list, tuple)):
            if any_tensor(*value):
                return True
        elif is_tensor(value):
            return True
    return False


def plain(value: Any) -> tuple[np.ndarray[Any, Any], int]:
    """A contiguous array in this machine's byte order, and the library's code for its type.

    bfloat16 of torch comes as its bits. Raises ValueError for what is no array of numbers.
    """
    if is_tensor(value):
        tensor = value.detach()
        if tensor.device.type != "cpu":
            tensor = tensor.cpu()
        if tensor.dtype == torch().bfloat16:
            return tensor.contiguous().view(torch().int16).numpy(), lib.TYTO_BF16
        value = tensor.contiguous().resolve_neg().numpy()
    array = np.ascontiguousarray(value).reshape(np.shape(value))
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    # numpy has two types of eight bytes (long, long long), which are the same here.
    code = _DTYPES.get(array.dtype)
    if code is None and array.dtype.kind in "iu":
        array = array.view(f"{array.dtype.kind}{array.dtype.itemsize}")
        code = _DTYPES.get(array.dtype)
    if code is None:
        raise ValueError(f"got an array of {array.dtype}, required real or whole numbers")
    if array.ndim > _RANK_MAX:
        raise ValueError(f"got {array.ndim} dimensions, required {_RANK_MAX} at most")
    return array, code


_names: dict[str, Any] = {}


def name(text: str) -> Any:
    """A name as the library takes it. Names of inputs and outputs are few, and kept."""
    known = _names.get(text)
    if known is None:
        if "\0" in text:
            raise ValueError("a name must not have a NUL character in it")
        if len(_names) > 4096:
            _names.clear()
        known = _names[text] = ffi.new("char[]", text.encode())
    return known


def fill(tensor: Any, text: str, value: Any) -> list[Any]:
    """Makes a tyto_tensor a view of a value; returns what must live as long as that view."""
    array, code = plain(value)
    held = name(text)
    data = ffi.from_buffer(array) if array.size else ffi.NULL
    tensor.name = held
    tensor.dtype = code
    tensor.rank = array.ndim
    for i, extent in enumerate(array.shape):
        tensor.shape[i] = extent
    tensor.data = data
    return [array, held, data]


def copied(tensor: Any) -> np.ndarray[Any, Any]:
    """A copy of a tyto_tensor's numbers; bfloat16 becomes float32."""
    shape = tuple(tensor.shape[0 : tensor.rank])
    code = tensor.dtype
    if code == lib.TYTO_BF16:
        bits = _read(tensor, shape, np.dtype("uint16"))
        # A scalar's shift is a number of numpy, not an array.
        return np.asarray(bits.astype(np.uint32) << np.uint32(16), np.uint32).view(np.float32)
    return _read(tensor, shape, _NUMPY[code])


def _read(tensor: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    out = np.empty(shape, dtype)
    if out.size:
        ffi.memmove(ffi.from_buffer(out, require_writable=True), tensor.data, out.nbytes)
    return out


def like(array: np.ndarray[Any, Any], tensors: bool) -> Any:
    """The array itself, or a torch tensor of the same memory."""
    return torch().from_numpy(array) if tensors else array
