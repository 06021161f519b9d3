"""Whole pictures of bytes through the engine's image processors, in one call each."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from .._binding import call, made, options
from .._network import engine
from .._tyto import ffi, lib
from .image_utils import Array, ChannelDimension, Format, infer_channel_dimension_format
from .image_transforms import to_channel_dimension_format

_SIDE_MAX = 16384
# Shorter sides may be taken for channels at some step: those go through the steps one by one.
_SIDE_LEAST = 4


def _side(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        return False
    return _SIDE_LEAST <= int(value) <= _SIDE_MAX


def sides(size: Any) -> tuple[int, int] | None:
    """(height, width) of a size that the engine takes; None for another."""
    if not isinstance(size, dict) or set(size) != {"height", "width"}:
        return None
    if not _side(size["height"]) or not _side(size["width"]):
        return None
    return int(size["height"]), int(size["width"])


def channels(value: Any) -> tuple[float, float, float] | None:
    """Three finite numbers, or None."""
    values = [value] * 3 if isinstance(value, (int, float)) else value
    if not isinstance(values, (list, tuple, np.ndarray)) or len(values) != 3:
        return None
    try:
        red, green, blue = (float(one) for one in values)
    except (TypeError, ValueError):
        return None
    return (red, green, blue) if all(map(math.isfinite, (red, green, blue))) else None


def takes(image: Array, input_data_format: Format, steps: dict[str, Any]) -> bool:
    """Whether the engine does with this picture what the steps one by one would."""
    if image.dtype != np.uint8 or image.ndim != 3:
        return False
    last = input_data_format == ChannelDimension.LAST
    height, width, count = image.shape if last else (*image.shape[1:], image.shape[0])
    if count != 3 or min(height, width) < _SIDE_LEAST:
        return False
    if infer_channel_dimension_format(image) != input_data_format:
        return False
    factor = steps["rescale_factor"]
    if not steps["do_rescale"] or not steps["do_resize"] or sides(steps["size"]) is None:
        return False
    if not isinstance(factor, float) or not math.isfinite(factor) or factor == 0.0:
        return False
    if not steps["do_normalize"]:
        return True
    spread = channels(steps["image_std"])
    return channels(steps["image_mean"]) is not None and spread is not None and 0.0 not in spread


def _switch(value: Any) -> int:
    return int(lib.TYTO_SWITCH_ON if value else lib.TYTO_SWITCH_OFF)


@lru_cache(maxsize=64)
def _processor(kind: str, steps: tuple[tuple[str, Any], ...]) -> Any:
    """The engine's processor of a class with all of its steps given."""
    given = dict(steps)
    wanted = options("tyto_image_processor_options")
    wanted.do_rescale = lib.TYTO_SWITCH_ON
    wanted.do_resize = lib.TYTO_SWITCH_ON
    wanted.do_normalize = _switch(given["do_normalize"])
    wanted.rescale_factor = given["rescale_factor"]
    wanted.height_px, wanted.width_px = given["size"]
    held = []
    if given["do_normalize"]:
        held = [ffi.new("double[3]", given["image_mean"]), ffi.new("double[3]", given["image_std"])]
        wanted.mean, wanted.std = held
    if "do_pad" in given:
        wanted.do_pad = _switch(given["do_pad"])
    if "resample" in given:
        resample = ffi.new("int *", given["resample"])
        held.append(resample)
        wanted.resample = resample
        wanted.do_center_crop = _switch(given["do_center_crop"])
        if given["do_center_crop"]:
            wanted.crop_height_px, wanted.crop_width_px = given["crop_size"]
    return made(
        "tyto_image_processor",
        lib.tyto_image_processor_create,
        kind.encode(),
        wanted,
        destroy=lib.tyto_image_processor_destroy,
    )


def run(kind: str, image: Array, input_data_format: Format, steps: dict[str, Any]) -> Array:
    """The picture, which `takes` has accepted, as float32 (3, height, width)."""
    key = dict(steps)
    key["size"] = sides(steps["size"])
    normalized = steps["do_normalize"]
    key["image_mean"] = channels(steps["image_mean"]) if normalized else None
    key["image_std"] = channels(steps["image_std"]) if normalized else None
    processor = _processor(kind, tuple(sorted(key.items())))
    pixels = np.ascontiguousarray(
        to_channel_dimension_format(image, ChannelDimension.LAST, input_data_format)
    )
    picture = ffi.new("tyto_image *")
    data = ffi.from_buffer("uint8_t[]", pixels)
    picture.height_px, picture.width_px, picture.data = pixels.shape[0], pixels.shape[1], data
    shape = ffi.new("int64_t[3]")
    lib.tyto_image_processor_shape(processor, picture.width_px, picture.height_px, shape)
    out = np.empty(tuple(shape), np.float32)
    call(
        lib.tyto_image_processor_run,
        processor,
        engine(),
        picture,
        ffi.from_buffer("float[]", out, require_writable=True),
    )
    return out
