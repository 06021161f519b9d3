"""Pictures as programs have them: PIL, numpy, torch, files; and how their channels lie."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Iterable
from enum import IntEnum
from io import BytesIO
from typing import Any, Union

import numpy as np

from .. import _arrays
from .._binding import call, options
from .._tyto import ffi, lib
from .utils.constants import (
    IMAGENET_DEFAULT_MEAN,
    IMAGENET_DEFAULT_STD,
    IMAGENET_STANDARD_MEAN,
    IMAGENET_STANDARD_STD,
    OPENAI_CLIP_MEAN,
    OPENAI_CLIP_STD,
)
from .utils.generic import ExplicitEnum

Array = np.ndarray[Any, Any]
ImageInput = Any
"""A PIL picture, an array, a tensor, or a list of them."""


class ChannelDimension(ExplicitEnum):
    """Where a picture's channels lie: (channels, height, width) or (height, width, channels)."""

    FIRST = "channels_first"
    LAST = "channels_last"


class AnnotationFormat(ExplicitEnum):
    """How annotations of pictures are written."""

    COCO_DETECTION = "coco_detection"
    COCO_PANOPTIC = "coco_panoptic"


AnnotionFormat = AnnotationFormat
"""The older spelling of `AnnotationFormat`."""


class PILImageResampling(IntEnum):
    """Filters, by Pillow's numbers."""

    NEAREST = 0
    LANCZOS = 1
    BILINEAR = 2
    BICUBIC = 3
    BOX = 4
    HAMMING = 5


Format = Union[str, ChannelDimension]


def is_pil_image(img: Any) -> bool:
    """Whether it is a picture of Pillow's."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(img, module.Image)


def is_valid_image(img: Any) -> bool:
    """Whether it is one picture, or an array of them."""
    return isinstance(img, np.ndarray) or is_pil_image(img) or _arrays.is_tensor(img)


def valid_images(imgs: Any) -> bool:
    """Whether it is a picture, or lists that hold nothing else."""
    if isinstance(imgs, (list, tuple)):
        return all(valid_images(img) for img in imgs)
    return is_valid_image(imgs)


def is_batched(img: Any) -> bool:
    """Whether it is a list of pictures."""
    return isinstance(img, (list, tuple)) and len(img) > 0 and is_valid_image(img[0])


def is_scaled_image(image: Array) -> bool:
    """Whether all values lie in [0, 1]; bytes never count as that.

    >>> is_scaled_image(np.array([0.0, 0.5])), is_scaled_image(np.array([0, 1], np.uint8))
    (True, False)
    """
    if image.dtype == np.uint8:
        return False
    return bool(np.min(image) >= 0 and np.max(image) <= 1)


def make_list_of_images(images: Any, expected_ndims: int = 3) -> list[Any]:
    """A list of pictures, from one, from a list, or from an array of several.

    ValueError when it is nothing of this kind, or has another number of dimensions.
    """
    if is_batched(images):
        return list(images)
    if is_pil_image(images):
        return [images]
    if not is_valid_image(images):
        raise ValueError(
            f"got {type(images).__name__}, required a picture (PIL, numpy, torch) or a list of them"
        )
    if images.ndim == expected_ndims + 1:
        return list(images)
    if images.ndim == expected_ndims:
        return [images]
    raise ValueError(
        f"got a picture of {images.ndim} dimensions, required {expected_ndims}, or "
        f"{expected_ndims + 1} of several"
    )


def to_numpy_array(img: Any) -> Array:
    """A picture as an array, in whatever order its channels are. ValueError when it is none."""
    if _arrays.is_tensor(img):
        return np.asarray(img.detach().cpu().numpy())
    if not is_valid_image(img):
        raise ValueError(f"got {type(img).__name__}, required a picture (PIL, numpy, torch)")
    return np.asarray(img) if isinstance(img, np.ndarray) else np.array(img)


def infer_channel_dimension_format(
    image: Array, num_channels: int | tuple[int, ...] | None = None
) -> ChannelDimension:
    """Where the channels lie, by which side is as long as there are channels: 1 or 3, unless
    `num_channels` says otherwise. The first is preferred. ValueError when neither is.

    >>> infer_channel_dimension_format(np.zeros((3, 20, 30))).value
    'channels_first'
    """
    counts = (1, 3) if num_channels is None else num_channels
    counts = (counts,) if isinstance(counts, int) else counts
    if image.ndim not in (3, 4):
        raise ValueError(f"got a picture of {image.ndim} dimensions, required 3 or 4")
    first = image.ndim - 3
    if image.shape[first] in counts:
        return ChannelDimension.FIRST
    if image.shape[-1] in counts:
        return ChannelDimension.LAST
    raise ValueError(
        f"got a picture of shape {image.shape}: its channels can't be told from its sides; give "
        "input_data_format"
    )


def get_channel_dimension_axis(image: Array, input_data_format: Format | None = None) -> int:
    """The axis of the channels."""
    if input_data_format is None:
        input_data_format = infer_channel_dimension_format(image)
    if input_data_format == ChannelDimension.FIRST:
        return image.ndim - 3
    if input_data_format == ChannelDimension.LAST:
        return image.ndim - 1
    raise ValueError(f"got {input_data_format!r}, required channels_first or channels_last")


def get_image_size(image: Array, channel_dim: Format | None = None) -> tuple[int, int]:
    """Height and width.

    >>> get_image_size(np.zeros((20, 30, 3)))
    (20, 30)
    """
    if channel_dim is None:
        channel_dim = infer_channel_dimension_format(image)
    if channel_dim == ChannelDimension.FIRST:
        return image.shape[-2], image.shape[-1]
    if channel_dim == ChannelDimension.LAST:
        return image.shape[-3], image.shape[-2]
    raise ValueError(f"got {channel_dim!r}, required channels_first or channels_last")


def is_valid_annotation_coco_detection(annotation: Any) -> bool:
    """Whether it is COCO's annotation of one picture, with boxes."""
    if not isinstance(annotation, dict) or not {"image_id", "annotations"} <= annotation.keys():
        return False
    boxes = annotation["annotations"]
    return isinstance(boxes, (list, tuple)) and (not boxes or isinstance(boxes[0], dict))


def is_valid_annotation_coco_panoptic(annotation: Any) -> bool:
    """Whether it is COCO's annotation of one picture, with segments."""
    needed = {"image_id", "segments_info", "file_name"}
    if not isinstance(annotation, dict) or not needed <= annotation.keys():
        return False
    segments = annotation["segments_info"]
    return isinstance(segments, (list, tuple)) and (not segments or isinstance(segments[0], dict))


def valid_coco_detection_annotations(annotations: Iterable[Any]) -> bool:
    """Whether all are annotations with boxes."""
    return all(is_valid_annotation_coco_detection(one) for one in annotations)


def valid_coco_panoptic_annotations(annotations: Iterable[Any]) -> bool:
    """Whether all are annotations with segments."""
    return all(is_valid_annotation_coco_panoptic(one) for one in annotations)


# --------------------------------------------------------------------------------- reading files


def load_image(image: Any, timeout: float | None = None) -> Any:
    """A picture in RGB, turned as its file says: of Pillow's where that is installed, otherwise an
    array (height, width, 3) of uint8.

    `image` is a path, an http(s) URL, base64 (with or without "data:image/…;base64,"), or a picture
    of Pillow's. `timeout` is of the URL's request, in seconds. ValueError for anything else.
    """
    if is_pil_image(image):
        return _upright(image)
    if isinstance(image, os.PathLike):
        image = os.fspath(image)
    if not isinstance(image, str):
        raise ValueError(
            f"got {type(image).__name__}, required a path, a URL, base64 or a picture of Pillow's"
        )
    if image.startswith(("http://", "https://")):
        return _decode(_download(image, timeout), image)
    if os.path.isfile(image):
        with open(image, "rb") as file:
            return _decode(file.read(), image)
    content = image.split(",", 1)[1] if image.startswith("data:image/") else image
    try:
        return _decode(base64.b64decode(content, validate=True), "base64")
    except Exception as error:
        raise ValueError(
            f"got {image[:80]!r}, which is no URL (http://, https://), no file, and no picture in "
            f"base64 ({error})"
        ) from None


def _download(url: str, timeout: float | None) -> bytes:
    from urllib.request import Request, urlopen

    with urlopen(Request(url, headers={"User-Agent": "pytyto"}), timeout=timeout) as reply:
        return bytes(reply.read())


def _upright(image: Any) -> Any:
    from PIL import ImageOps

    return ImageOps.exif_transpose(image).convert("RGB")


def _decode(content: bytes, name: str) -> Any:
    try:
        import PIL.Image
    except ImportError:
        return decode_array(content, name)
    return _upright(PIL.Image.open(BytesIO(content)))


def decode_array(content: bytes, name: str) -> Array:
    """A picture's file as an array (height, width, 3) of uint8; `name` is for messages."""
    picture = ffi.new("tyto_image *")
    wanted = options("tyto_image_options")
    call(lib.tyto_image_decode, content, len(content), name.encode(), wanted, picture)
    try:
        shape = (picture.height_px, picture.width_px, 3)
        pixels = ffi.buffer(picture.data, shape[0] * shape[1] * 3)
        return np.frombuffer(pixels, np.uint8).reshape(shape).copy()
    finally:
        lib.tyto_image_clear(picture)


__all__ = [
    "AnnotationFormat",
    "AnnotionFormat",
    "ChannelDimension",
    "IMAGENET_DEFAULT_MEAN",
    "IMAGENET_DEFAULT_STD",
    "IMAGENET_STANDARD_MEAN",
    "IMAGENET_STANDARD_STD",
    "ImageInput",
    "OPENAI_CLIP_MEAN",
    "OPENAI_CLIP_STD",
    "PILImageResampling",
    "decode_array",
    "get_channel_dimension_axis",
    "get_image_size",
    "infer_channel_dimension_format",
    "is_batched",
    "is_pil_image",
    "is_scaled_image",
    "is_valid_annotation_coco_detection",
    "is_valid_annotation_coco_panoptic",
    "is_valid_image",
    "load_image",
    "make_list_of_images",
    "to_numpy_array",
    "valid_coco_detection_annotations",
    "valid_coco_panoptic_annotations",
    "valid_images",
]
