"""The Perceiver's image processor."""

from __future__ import annotations

from typing import Any

from ... import _preprocess
from ...feature_extraction_utils import BatchFeature
from ...image_processing_utils import BaseImageProcessor, get_size_dict
from ...image_transforms import center_crop, resize, to_channel_dimension_format
from ...image_utils import (
    IMAGENET_DEFAULT_MEAN,
    IMAGENET_DEFAULT_STD,
    Array,
    ChannelDimension,
    Format,
    PILImageResampling,
    get_image_size,
    infer_channel_dimension_format,
)
from ...utils.generic import TensorType
from ..owlv2.image_processing_owlv2 import arrays_of, require_settings


class PerceiverImageProcessor(BaseImageProcessor):
    """Pictures for a Perceiver: their middle, resized, rescaled, normalised.

    The middle is `size` / `crop_size` of the shorter side; `size` is 224×224 by default,
    `crop_size` 256×256, `resample` bicubic, mean and deviation ImageNet's.

    >>> import numpy as np
    >>> processor = PerceiverImageProcessor(size=32, crop_size=40)
    >>> processor(np.zeros((50, 60, 3), np.uint8), return_tensors="np").pixel_values.shape
    (1, 3, 32, 32)
    """

    model_input_names = ["pixel_values"]

    def __init__(
        self,
        do_center_crop: bool = True,
        crop_size: Any = None,
        do_resize: bool = True,
        size: Any = None,
        resample: int = PILImageResampling.BICUBIC,
        do_rescale: bool = True,
        rescale_factor: float = 1 / 255,
        do_normalize: bool = True,
        image_mean: float | list[float] | None = None,
        image_std: float | list[float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.do_center_crop = do_center_crop
        crop_size = 256 if crop_size is None else crop_size
        self.crop_size = get_size_dict(crop_size, param_name="crop_size")
        self.do_resize = do_resize
        self.size = get_size_dict(224 if size is None else size)
        self.resample = resample
        self.do_rescale = do_rescale
        self.rescale_factor = rescale_factor
        self.do_normalize = do_normalize
        self.image_mean = image_mean if image_mean is not None else list(IMAGENET_DEFAULT_MEAN)
        self.image_std = image_std if image_std is not None else list(IMAGENET_DEFAULT_STD)

    def center_crop(  # type: ignore[override]
        self,
        image: Array,
        crop_size: Any,
        size: Any = None,
        data_format: Format | None = None,
        input_data_format: Format | None = None,
        **kwargs: Any,
    ) -> Any:
        """The middle, `size` / `crop_size` of the shorter side in each direction."""
        size = get_size_dict(self.size if size is None else size)
        crop_size = get_size_dict(crop_size, param_name="crop_size")
        shorter = min(get_image_size(image, channel_dim=input_data_format))
        return center_crop(
            image,
            (
                size["height"] / crop_size["height"] * shorter,
                size["width"] / crop_size["width"] * shorter,
            ),
            data_format=data_format,
            input_data_format=input_data_format,
            **kwargs,
        )

    def resize(
        self,
        image: Array,
        size: Any,
        resample: int | None = PILImageResampling.BICUBIC,
        data_format: Format | None = None,
        input_data_format: Format | None = None,
        **kwargs: Any,
    ) -> Any:
        """The picture in `size`, as Pillow resizes it."""
        size = get_size_dict(size)
        if "height" not in size or "width" not in size:
            raise ValueError(f"size: got {sorted(size)}, required height and width")
        return resize(
            image,
            (size["height"], size["width"]),
            resample=resample,
            data_format=data_format,
            input_data_format=input_data_format,
            **kwargs,
        )

    def preprocess(
        self,
        images: Any,
        do_center_crop: bool | None = None,
        crop_size: Any = None,
        do_resize: bool | None = None,
        size: Any = None,
        resample: int | None = None,
        do_rescale: bool | None = None,
        rescale_factor: float | None = None,
        do_normalize: bool | None = None,
        image_mean: float | list[float] | None = None,
        image_std: float | list[float] | None = None,
        return_tensors: str | TensorType | None = None,
        data_format: Format = ChannelDimension.FIRST,
        input_data_format: Format | None = None,
        **kwargs: Any,
    ) -> BatchFeature:
        """{"pixel_values": …} of a picture or several; arguments as those of OWLv2's processor, and
        `crop_size`, `size` also as one number or (height, width)."""
        crop_size = self.crop_size if crop_size is None else crop_size
        steps: dict[str, Any] = {
            "do_center_crop": self.do_center_crop if do_center_crop is None else do_center_crop,
            "crop_size": get_size_dict(crop_size, param_name="crop_size"),
            "do_resize": self.do_resize if do_resize is None else do_resize,
            "size": get_size_dict(self.size if size is None else size),
            "resample": self.resample if resample is None else resample,
            "do_rescale": self.do_rescale if do_rescale is None else do_rescale,
            "rescale_factor": self.rescale_factor if rescale_factor is None else rescale_factor,
            "do_normalize": self.do_normalize if do_normalize is None else do_normalize,
            "image_mean": self.image_mean if image_mean is None else image_mean,
            "image_std": self.image_std if image_std is None else image_std,
        }
        require_settings(steps)
        arrays = arrays_of(images, steps["do_rescale"])
        if input_data_format is None:
            input_data_format = infer_channel_dimension_format(arrays[0])
        pixels = [self._prepared(array, steps, data_format, input_data_format) for array in arrays]
        return BatchFeature({"pixel_values": pixels}, tensor_type=return_tensors)

    def _prepared(
        self, image: Array, steps: dict[str, Any], data_format: Format, lies: Format
    ) -> Array:
        known = steps["resample"] in range(6) and _preprocess.sides(steps["crop_size"]) is not None
        if known and _is_whole(self) and _preprocess.takes(image, lies, steps):
            whole = {
                **steps,
                "resample": int(steps["resample"]),
                "crop_size": _preprocess.sides(steps["crop_size"]),
            }
            image = _preprocess.run("PerceiverImageProcessor", image, lies, whole)
            return to_channel_dimension_format(image, data_format, ChannelDimension.FIRST)
        if steps["do_center_crop"]:
            image = self.center_crop(
                image, steps["crop_size"], size=steps["size"], input_data_format=lies
            )
        if steps["do_resize"]:
            image = self.resize(
                image, steps["size"], resample=steps["resample"], input_data_format=lies
            )
        if steps["do_rescale"]:
            image = self.rescale(image, steps["rescale_factor"], input_data_format=lies)
        if steps["do_normalize"]:
            mean, std = steps["image_mean"], steps["image_std"]
            image = self.normalize(image, mean, std, input_data_format=lies)
        return to_channel_dimension_format(image, data_format, lies)


def _is_whole(processor: PerceiverImageProcessor) -> bool:
    """Whether no step was replaced in a class of somebody's own."""
    kind = type(processor)
    names = ("center_crop", "resize", "rescale", "normalize")
    return all(getattr(kind, name) is getattr(PerceiverImageProcessor, name) for name in names)
