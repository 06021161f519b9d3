"""Arrays in and out: numpy and torch, without copies where the memory is plain already."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from ._binding import encoded
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
    if torch() is None:
        return False
    for value in values:
        if type(value) is np.ndarray:
            continue
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
        if not tensor.is_cpu:
            tensor = tensor.cpu()
        if tensor.dtype == torch().bfloat16:
            return tensor.contiguous().view(torch().int16).numpy(), lib.TYTO_BF16
        value = tensor.contiguous().resolve_neg().numpy()
    if type(value) is np.ndarray and value.flags.c_contiguous:
        array = value
    else:
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
        content = encoded(text, "a name")
        if len(_names) > 4096:
            _names.clear()
        known = _names[text] = ffi.new("char[]", content)
    return known


def fill(tensor: Any, text: str, value: Any) -> list[Any]:
    """Makes a tyto_tensor a view of a value; returns what must live as long as that view."""
    array, code = plain(value)
    held = name(text)
    data = ffi.from_buffer(array) if array.size else ffi.NULL
    tensor.name = held
    tensor.dtype = code
    tensor.rank = array.ndim
    shape = tensor.shape
    for i, extent in enumerate(array.shape):
        shape[i] = extent
    tensor.data = data
    return [array, held, data]


def named(tensor: Any) -> tuple[str, np.ndarray[Any, Any]]:
    """The name of a tyto_tensor, and a copy of its numbers."""
    return ffi.string(tensor.name).decode(), copied(tensor)


def copied(tensor: Any) -> np.ndarray[Any, Any]:
    """A copy of a tyto_tensor's numbers; bfloat16 becomes float32."""
    code = tensor.dtype
    half = code == lib.TYTO_BF16
    out = np.empty(ffi.unpack(tensor.shape, tensor.rank), _NUMPY[lib.TYTO_U16 if half else code])
    if out.size:
        ffi.memmove(ffi.from_buffer(out, require_writable=True), tensor.data, out.nbytes)
    if half:
        # A scalar's shift is a number of numpy, not an array.
        return np.asarray(out.astype(np.uint32) << np.uint32(16), np.uint32).view(np.float32)
    return out


def like(array: np.ndarray[Any, Any], tensors: bool) -> Any:
    """The array itself, or a torch tensor of the same memory."""
    return torch().from_numpy(array) if tensors else array
