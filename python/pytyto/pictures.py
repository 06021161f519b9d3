"""Pictures of every kind that Python programs have, as the library takes them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from . import _arrays
from ._binding import call, take_bytes
from ._tyto import ffi, lib

Image = Union[str, "os.PathLike[str]", bytes, npt.NDArray[np.uint8], Any]
"""A path, a file's bytes, an array (height, width, 3) of uint8, a PIL image, or a torch tensor
(3, height, width) of uint8."""


class Picture:
    """Pixels, and the tyto_image that shows them to the library. Holds what it was made of."""

    def __init__(self, pixels: npt.NDArray[np.uint8], path: str | None = None) -> None:
        self.pixels = pixels
        self.path = path

    def fill(self, image: Any) -> Any:
        """Makes a tyto_image a view of the pixels; returns what must live as long as it."""
        held = ffi.from_buffer("uint8_t[]", self.pixels)
        image.height_px, image.width_px = self.pixels.shape[:2]
        image.data = held
        return held


def _is_pil(value: Any) -> bool:
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def is_one(images: Any) -> bool:
    """Whether a value is one picture, and not several."""
    if isinstance(images, (str, bytes, os.PathLike)) or _is_pil(images):
        return True
    if isinstance(images, np.ndarray) or _arrays.is_tensor(images):
        return bool(images.ndim <= 3)
    if isinstance(images, Iterable):
        return False
    raise TypeError(
        f"got {type(images).__name__}, required a picture: a path, bytes, an array, a PIL image "
        "or a tensor; or several of them"
    )


def taken(image: Any) -> npt.NDArray[np.uint8]:
    """The pixels of a tyto_image, which is released, as (height, width, 3)."""
    pixels = np.empty((image.height_px, image.width_px, 3), np.uint8)
    ffi.memmove(ffi.from_buffer(pixels, require_writable=True), image.data, pixels.nbytes)
    lib.tyto_image_clear(ffi.addressof(image))
    return pixels


def _from_array(value: Any) -> npt.NDArray[np.uint8]:
    tensor = _arrays.is_tensor(value)
    array: npt.NDArray[Any] = value.detach().cpu().numpy() if tensor else np.asarray(value)
    if array.dtype != np.uint8:
        raise ValueError(f"got a picture of {array.dtype}, required uint8")
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3:
        raise ValueError(f"got a picture of {array.ndim} dimensions, required (height, width, 3)")
    # Tensors have their channels first by custom, arrays last.
    first, last = array.shape[0] in (1, 3, 4), array.shape[2] in (1, 3, 4)
    if first and (tensor or not last):
        array = array.transpose(1, 2, 0)
    elif not last:
        raise ValueError(f"got a picture of shape {array.shape}, required (height, width, 3)")
    if not array.size:
        raise ValueError(f"got a picture of shape {array.shape}, which has no pixels")
    if array.shape[2] == 1:
        array = np.repeat(array, 3, axis=2)
    return np.ascontiguousarray(array[..., :3])


def load(image: Image) -> Picture:
    """One picture of any kind. Files are turned upright as their EXIF says; the rest is taken as it
    lies. Grey becomes RGB, and alpha is dropped.

    FileNotFoundError, or ValueError for what is no picture.
    """
    if isinstance(image, Picture):
        return image
    if isinstance(image, (str, os.PathLike)):
        path = os.fspath(image)
        read = ffi.new("tyto_image *")
        call(lib.tyto_image_load, os.fsencode(path), ffi.NULL, read)
        return Picture(taken(read[0]), os.fsdecode(path))
    if isinstance(image, (bytes, bytearray, memoryview)):
        content = bytes(image)
        read = ffi.new("tyto_image *")
        call(lib.tyto_image_decode, content, len(content), b"picture", ffi.NULL, read)
        return Picture(taken(read[0]))
    pil: Any = image if _is_pil(image) else None
    if pil is not None:
        return Picture(np.array(pil.convert("RGB")), getattr(pil, "filename", None) or None)
    if isinstance(image, np.ndarray) or _arrays.is_tensor(image) or isinstance(image, list):
        return Picture(_from_array(image))
    raise TypeError(
        f"got {type(image).__name__}, required a picture: a path, bytes, an array, a PIL image or "
        "a tensor"
    )


def save(path: str | os.PathLike[str], pixels: npt.NDArray[np.uint8]) -> None:
    """Writes .png, .jpg or .webp, by the name's ending."""
    view = ffi.new("tyto_image *")
    held = Picture(np.ascontiguousarray(pixels)).fill(view)
    call(lib.tyto_image_save, os.fsencode(path), view)
    del held


def encoded(pixels: npt.NDArray[np.uint8], name: str) -> bytes:
    """The file that `save` would write under that name, such as "found.png"."""
    view = ffi.new("tyto_image *")
    held = Picture(np.ascontiguousarray(pixels)).fill(view)
    out = ffi.new("tyto_bytes *")
    call(lib.tyto_image_encode, view, os.fsencode(name), out)
    del held
    return take_bytes(out[0])
