"""Steps that pictures go through, each by itself, on arrays whose channels come first or last."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Any

import numpy as np

from .. import _arrays
from .._binding import call
from .._network import engine
from .._tyto import ffi, lib
from .image_utils import (
    Array,
    ChannelDimension,
    Format,
    PILImageResampling,
    get_channel_dimension_axis,
    get_image_size,
    infer_channel_dimension_format,
    is_pil_image,
    to_numpy_array,
)
from .utils.generic import ExplicitEnum

# As many as the library's pictures have.
_PIXELS_MAX = 256_000_000


class PaddingMode(ExplicitEnum):
    """What a picture is surrounded with."""

    CONSTANT = "constant"
    REFLECT = "reflect"
    REPLICATE = "replicate"
    SYMMETRIC = "symmetric"


def _require_array(image: Any) -> None:
    if not isinstance(image, np.ndarray):
        raise ValueError(f"got {type(image).__name__}, required a numpy array")


def require_area(size: tuple[int, int]) -> None:
    """ValueError for a picture (height, width) of more pixels than the library's pictures have."""
    if size[0] * size[1] > _PIXELS_MAX:
        raise ValueError(
            f"got {size[0]}x{size[1]} pixels, required {_PIXELS_MAX} at most"
        )


def to_channel_dimension_format(
    image: Array, channel_dim: Format, input_channel_dim: Format | None = None
) -> Array:
    """The picture with its channels where `channel_dim` says; a view of it.

    >>> to_channel_dimension_format(np.zeros((3, 20, 30)), "channels_last").shape
    (20, 30, 3)
    """
    _require_array(image)
    if input_channel_dim is None:
        input_channel_dim = infer_channel_dimension_format(image)
    target = ChannelDimension(channel_dim)
    if input_channel_dim == target:
        return image
    return image.transpose((2, 0, 1) if target == ChannelDimension.FIRST else (1, 2, 0))


def _placed(image: Array, data_format: Format | None, input_data_format: Format | None) -> Array:
    if data_format is None:
        return image
    return to_channel_dimension_format(image, data_format, input_data_format)


def rescale(
    image: Array,
    scale: float,
    data_format: Format | None = None,
    dtype: Any = np.float32,
    input_data_format: Format | None = None,
) -> Array:
    """image · scale, as `dtype`.

    Whole numbers times a whole number are of the least type that holds both, and overflow as numpy 1
    has it; numpy 2 would refuse the number.
    """
    _require_array(image)
    factor: Any = scale
    if image.dtype.kind in "iu" and isinstance(scale, int):
        factor = np.asarray(scale, np.result_type(image.dtype, np.min_scalar_type(scale)))
    return _placed(image * factor, data_format, input_data_format).astype(dtype)


def normalize(
    image: Array,
    mean: float | Iterable[float],
    std: float | Iterable[float],
    data_format: Format | None = None,
    input_data_format: Format | None = None,
) -> Array:
    """(image − mean) / std by channels; whole numbers become float32. ValueError when there are as
    many means or deviations as the picture has no channels."""
    _require_array(image)
    if input_data_format is None:
        input_data_format = infer_channel_dimension_format(image)
    channels = image.shape[get_channel_dimension_axis(image, input_data_format)]
    if not np.issubdtype(image.dtype, np.floating):
        image = image.astype(np.float32)
    centre = _per_channel("mean", mean, channels, image.dtype)
    spread = _per_channel("std", std, channels, image.dtype)
    if input_data_format == ChannelDimension.LAST:
        image = (image - centre) / spread
    else:
        image = ((image.T - centre) / spread).T
    return _placed(image, data_format, input_data_format)


def _per_channel(name: str, value: Any, channels: int, dtype: Any) -> Array:
    if not isinstance(value, Iterable):
        value = [value] * channels
    if len(value) != channels:
        raise ValueError(
            f"{name}: got {len(value)} values, required {channels}, one a channel"
        )
    return np.array(value, dtype=dtype)


def pad(
    image: Array,
    padding: Any,
    mode: PaddingMode | str = PaddingMode.CONSTANT,
    constant_values: Any = 0.0,
    data_format: Format | None = None,
    input_data_format: Format | None = None,
) -> Array:
    """The picture with so many rows and columns around it.

    `padding` is ((above, below), (left, right)), one such pair for both, or one number for all
    four; `constant_values` likewise, for mode "constant". ValueError for other forms.
    """
    if input_data_format is None:
        input_data_format = infer_channel_dimension_format(image)

    def by_axis(values: Any) -> Any:
        if isinstance(values, (int, float)):
            values = ((values, values), (values, values))
        elif isinstance(values, tuple) and len(values) == 1:
            values = ((values[0], values[0]), (values[0], values[0]))
        elif isinstance(values, tuple) and len(values) == 2 and isinstance(values[0], int):
            values = (values, values)
        elif not (isinstance(values, tuple) and len(values) == 2 and isinstance(values[0], tuple)):
            raise ValueError(f"got {values!r}, required a number, a pair, or two pairs")
        first = input_data_format == ChannelDimension.FIRST
        values = ((0, 0), *values) if first else (*values, (0, 0))
        return ((0, 0), *values) if image.ndim == 4 else values

    widths = by_axis(padding)
    kind = PaddingMode(mode)
    if kind == PaddingMode.CONSTANT:
        image = np.pad(image, widths, constant_values=by_axis(constant_values))
    elif kind == PaddingMode.REFLECT:
        image = np.pad(image, widths, mode="reflect")
    elif kind == PaddingMode.REPLICATE:
        image = np.pad(image, widths, mode="edge")
    else:
        image = np.pad(image, widths, mode="symmetric")
    return _placed(image, data_format, input_data_format)


def center_crop(
    image: Array,
    size: tuple[float, float],
    data_format: Format | None = None,
    input_data_format: Format | None = None,
    return_numpy: bool | None = None,
) -> Any:
    """The middle (height, width) of a picture; what lies outside it is 0.

    `return_numpy=False` gives a picture of Pillow's where zeros were needed.
    """
    _require_array(image)
    if not isinstance(size, Iterable) or not isinstance(size, Sized) or len(size) != 2:
        raise ValueError(f"size: got {size!r}, required height and width")
    if input_data_format is None:
        input_data_format = infer_channel_dimension_format(image)
    output_format = input_data_format if data_format is None else data_format
    image = to_channel_dimension_format(image, ChannelDimension.FIRST, input_data_format)
    height, width = get_image_size(image, ChannelDimension.FIRST)
    wanted = int(size[0]), int(size[1])
    top, left = (height - wanted[0]) // 2, (width - wanted[1]) // 2
    if top >= 0 and left >= 0:
        image = image[..., top : top + wanted[0], left : left + wanted[1]]
        return to_channel_dimension_format(image, output_format, ChannelDimension.FIRST)

    # The picture in the middle of zeros, of which the middle is taken.
    whole = max(wanted[0], height), max(wanted[1], width)
    require_area(whole)
    padded = np.zeros_like(image, shape=(*image.shape[:-2], *whole))
    above, before = (whole[0] - height) // 2, (whole[1] - width) // 2
    padded[..., above : above + height, before : before + width] = image
    top, left = top + above, left + before
    bottom, right = min(whole[0], top + wanted[0]), min(whole[1], left + wanted[1])
    padded = padded[..., max(0, top) : bottom, max(0, left) : right]
    padded = to_channel_dimension_format(padded, output_format, ChannelDimension.FIRST)
    return to_pil_image(padded) if return_numpy is False else padded


# ---------------------------------------------------------------------------------- other sizes


def _tensor(array: Array) -> tuple[Any, list[Any]]:
    tensor = ffi.new("tyto_tensor *")
    return tensor, _arrays.fill(tensor, "image", array)


def _resized(function: Any, image: Array, size: tuple[int, int], argument: Any) -> Array:
    """The result of one of the library's calls for a picture (height, width, channels)."""
    height, width = size
    if height < 1 or width < 1:
        raise ValueError(f"size: got {height}x{width}, required 1 or more a side")
    out = np.empty((height, width, image.shape[2]), image.dtype.newbyteorder("="))
    source, held = _tensor(image)
    target, held_too = _tensor(out)
    call(function, source, argument, engine(), target)
    del held, held_too
    return out


def resize_antialiased(
    image: Array, size: tuple[int, int], sigma: tuple[float, float, float] | None = None
) -> Array:
    """The picture (height, width, channels) blurred by a gaussian and sampled linearly, as OWLv2's
    are. `sigma` is of rows, columns and channels; None: by how much the picture shrinks."""
    wanted = ffi.NULL if sigma is None else ffi.new("double[3]", list(sigma))
    return _resized(lib.tyto_resize_antialiased, image, size, wanted)


def _needs_rescale(image: Array) -> bool:
    """Whether values lie in [0, 1] rather than among the whole numbers to 255; ValueError when
    neither is so."""
    if image.dtype == np.uint8:
        return False
    whole = np.allclose(image, image.astype(int))
    highest = 255 if whole else 1
    if np.all(0 <= image) and np.all(image <= highest):
        return not whole
    raise ValueError(
        f"got values from {image.min()} to {image.max()}, required 0 to {highest}, so that they "
        "can become bytes"
    )


def _to_bytes(image: Array, do_rescale: bool) -> Array:
    return (rescale(image, 255) if do_rescale else image).astype(np.uint8)


def to_pil_image(
    image: Any, do_rescale: bool | None = None, input_data_format: Format | None = None
) -> Any:
    """A picture of Pillow's. `do_rescale`: values are multiplied by 255; None: when they are
    fractions in [0, 1]. ImportError without Pillow."""
    import PIL.Image

    if is_pil_image(image):
        return image
    if not isinstance(image, np.ndarray) and not _arrays.is_tensor(image):
        raise ValueError(f"got {type(image).__name__}, required a picture (PIL, numpy, torch)")
    array = to_channel_dimension_format(
        to_numpy_array(image), ChannelDimension.LAST, input_data_format
    )
    if array.shape[-1] == 1:
        array = np.squeeze(array, axis=-1)
    fractions = _needs_rescale(array) if do_rescale is None else do_rescale
    return PIL.Image.fromarray(_to_bytes(array, fractions))


def get_resize_output_image_size(
    input_image: Array,
    size: int | tuple[int, ...] | list[int],
    default_to_square: bool = True,
    max_size: int | None = None,
    input_data_format: Format | None = None,
) -> tuple[int, int]:
    """(height, width) that `size` means: a pair as it is; one number for a square, or else for the
    shorter side, where the longer one is at most `max_size`."""
    if isinstance(size, (tuple, list)):
        if len(size) == 2:
            return size[0], size[1]
        if len(size) != 1:
            raise ValueError(f"size: got {len(size)} numbers, required 1 or 2")
        size = size[0]
    if default_to_square:
        return size, size
    height, width = get_image_size(input_image, input_data_format)
    shorter, longer = size, int(size * max(height, width) / min(height, width))
    if max_size is not None:
        if max_size <= size:
            raise ValueError(f"max_size: got {max_size}, required more than size, {size}")
        if longer > max_size:
            shorter, longer = int(max_size * shorter / longer), max_size
    return (longer, shorter) if width <= height else (shorter, longer)


def resize(
    image: Any,
    size: tuple[int, int],
    resample: int | None = None,
    reducing_gap: int | None = None,
    data_format: Format | None = None,
    return_numpy: bool = True,
    input_data_format: Format | None = None,
) -> Any:
    """The picture in (height, width), as Pillow resizes it: fractions are bytes meanwhile.

    `resample` is a filter of `PILImageResampling`; None: bilinear. `reducing_gap` and
    `return_numpy=False` need Pillow.
    """
    kind = PILImageResampling.BILINEAR if resample is None else PILImageResampling(resample)
    if len(size) != 2:
        raise ValueError(f"size: got {len(size)} numbers, required height and width")
    if is_pil_image(image):
        image = np.array(image)
        image = image[..., None] if image.ndim == 2 else image
        input_data_format = input_data_format or ChannelDimension.LAST
    if input_data_format is None:
        input_data_format = infer_channel_dimension_format(image)
    fractions = _needs_rescale(image)
    array = _to_bytes(
        to_channel_dimension_format(image, ChannelDimension.LAST, input_data_format), fractions
    )
    if array.shape[-1] > 4:
        raise TypeError(f"got {array.shape[-1]} channels, required 1 to 4")
    if reducing_gap is None:
        array = _resized(lib.tyto_resize_filtered, array, (size[0], size[1]), int(kind))
    else:
        picture = to_pil_image(array, do_rescale=False, input_data_format=ChannelDimension.LAST)
        picture = picture.resize((size[1], size[0]), resample=kind, reducing_gap=reducing_gap)
        array = np.array(picture).reshape(size[0], size[1], -1)
    if not return_numpy:
        return to_pil_image(array, do_rescale=False, input_data_format=ChannelDimension.LAST)
    output_format = input_data_format if data_format is None else data_format
    array = to_channel_dimension_format(array, output_format, ChannelDimension.LAST)
    return rescale(array, 1 / 255) if fractions else array


# --------------------------------------------------------------------------- boxes and channels


def _columns(boxes: Any) -> tuple[Any, Any]:
    """The four coordinates of boxes, and what puts four together again."""
    if _arrays.is_tensor(boxes):
        return boxes.unbind(-1), lambda parts: _arrays.torch().stack(parts, dim=-1)
    if isinstance(boxes, np.ndarray):
        return np.moveaxis(boxes, -1, 0), lambda parts: np.stack(parts, axis=-1)
    raise ValueError(f"got {type(boxes).__name__}, required an array or a tensor of boxes")


def center_to_corners_format(bboxes_center: Any) -> Any:
    """Boxes (centre x, centre y, width, height) as (left, top, right, bottom).

    >>> center_to_corners_format(np.array([[0.5, 0.5, 0.2, 0.4]])).tolist()
    [[0.4, 0.3, 0.6, 0.7]]
    """
    (x, y, width, height), stack = _columns(bboxes_center)
    return stack([x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height])


def corners_to_center_format(bboxes_corners: Any) -> Any:
    """Boxes (left, top, right, bottom) as (centre x, centre y, width, height)."""
    (left, top, right, bottom), stack = _columns(bboxes_corners)
    return stack([(left + right) / 2, (top + bottom) / 2, right - left, bottom - top])


def convert_to_rgb(image: Any) -> Any:
    """A picture of Pillow's in RGB; anything else as it is."""
    return image.convert("RGB") if is_pil_image(image) else image


def flip_channel_order(
    image: Array, data_format: Format | None = None, input_data_format: Format | None = None
) -> Array:
    """RGB as BGR, and the other way; a view."""
    if input_data_format is None:
        input_data_format = infer_channel_dimension_format(image)
    last = get_channel_dimension_axis(image, input_data_format) == image.ndim - 1
    return _placed(image[..., ::-1] if last else image[::-1], data_format, input_data_format)
