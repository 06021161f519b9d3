"""Pictures of every kind that Python programs have, as the library takes them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from . import _arrays
from ._binding import call, path_bytes, take_bytes
from ._tyto import ffi, lib

Image = Union[str, "os.PathLike[str]", bytes, npt.NDArray[np.uint8], Any]
"""A path, a file's bytes or an open file, an array (height, width, 3) of uint8, a PIL image, or a
torch tensor (3, height, width) of uint8."""


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


_RESIZED_MAX_PX = 16384
_BILINEAR = 2
_CONTENT = (bytes, bytearray, memoryview)


def _is_file(value: Any) -> bool:
    """Whether a value is an open file, such as an io.BytesIO."""
    return hasattr(value, "read")


def _is_pil(value: Any) -> bool:
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def is_one(images: Any) -> bool:
    """Whether a value is one picture, and not several."""
    if isinstance(images, (str, os.PathLike, *_CONTENT)) or _is_pil(images) or _is_file(images):
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
        call(lib.tyto_image_load, path_bytes(path), ffi.NULL, read)
        return Picture(taken(read[0]), os.fsdecode(path))
    if isinstance(image, _CONTENT) or _is_file(image):
        source: Any = image
        content = bytes(source.read() if _is_file(source) else source)
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


def reduced(pixels: npt.NDArray[np.uint8], side_px: int) -> npt.NDArray[np.uint8]:
    """The picture (height, width, 3), made smaller where a side is longer than side_px."""
    longest = max(pixels.shape[:2])
    if longest <= side_px:
        return pixels
    height, width = (max(1, round(side * side_px / longest)) for side in pixels.shape[:2])
    # What is longer than the library resizes is thinned out first.
    every = -(-longest // _RESIZED_MAX_PX)
    out = np.empty((height, width, 3), np.uint8)
    views = ffi.new("tyto_tensor[2]")
    held = [
        _arrays.fill(views[0], "image", pixels[::every, ::every]),
        _arrays.fill(views[1], "out", out),
    ]
    call(lib.tyto_resize_filtered, views + 0, _BILINEAR, ffi.NULL, views + 1)
    del held
    return out


def save(path: str | os.PathLike[str], pixels: npt.NDArray[np.uint8]) -> None:
    """Writes .png, .jpg or .webp, by the name's ending."""
    view = ffi.new("tyto_image *")
    held = Picture(np.ascontiguousarray(pixels)).fill(view)
    call(lib.tyto_image_save, path_bytes(path), view)
    del held


def encoded(pixels: npt.NDArray[np.uint8], name: str) -> bytes:
    """The file that `save` would write under that name, such as "found.png"."""
    view = ffi.new("tyto_image *")
    held = Picture(np.ascontiguousarray(pixels)).fill(view)
    out = ffi.new("tyto_bytes *")
    call(lib.tyto_image_encode, view, path_bytes(name), out)
    del held
    return take_bytes(out[0])
