"""OWLv2's image processor, and what its outputs mean in the photo."""

from __future__ import annotations

import logging
import warnings
from functools import lru_cache
from typing import Any

import numpy as np

from ... import _preprocess
from ...feature_extraction_utils import BatchFeature
from ...image_processing_utils import BaseImageProcessor
from ...image_transforms import (
    pad,
    require_area,
    resize_antialiased,
    to_channel_dimension_format,
)
from ...image_utils import (
    OPENAI_CLIP_MEAN,
    OPENAI_CLIP_STD,
    Array,
    ChannelDimension,
    Format,
    PILImageResampling,
    get_image_size,
    infer_channel_dimension_format,
    is_scaled_image,
    make_list_of_images,
    to_numpy_array,
    valid_images,
)
from ...utils.generic import TensorType
from ._postprocess import image_guided_detections, object_detections, scaled_boxes

_log = logging.getLogger("pytyto")


def require_settings(steps: dict[str, Any]) -> None:
    """ValueError when a step that is switched on lacks its numbers."""
    needs = (("do_resize", ("size",)), ("do_rescale", ("rescale_factor",)))
    for switch, names in (*needs, ("do_normalize", ("image_mean", "image_std"))):
        for name in names:
            if steps[switch] and steps[name] is None:
                raise ValueError(f"{name}: got None, required a value when {switch} is on")


@lru_cache(maxsize=1)
def _warn_of_scaled_pictures() -> None:
    """Says it once."""
    _log.warning(
        "the values of these pictures lie between 0 and 1 already: give do_rescale=False, or they "
        "are rescaled again"
    )


def arrays_of(images: Any, do_rescale: bool) -> list[Array]:
    """Pictures as arrays; a warning when they seem to be in [0, 1] already."""
    images = make_list_of_images(images)
    if not valid_images(images):
        raise ValueError("got what is no picture, required pictures of PIL, numpy or torch")
    arrays = [to_numpy_array(image) for image in images]
    if do_rescale and is_scaled_image(arrays[0]):
        _warn_of_scaled_pictures()
    return arrays


class Owlv2ImageProcessor(BaseImageProcessor):
    """Pictures for OWLv2: rescaled, padded to a square with grey on the right and below, resized,
    normalised.

    `size` is {"height": …, "width": …}, 960 by default; `resample` is kept and not used, as the
    pictures are blurred and sampled linearly; mean and deviation are CLIP's by default.

    >>> processor = Owlv2ImageProcessor(size={"height": 32, "width": 32})
    >>> photo = np.zeros((20, 30, 3), np.uint8)
    >>> processor(photo, return_tensors="np").pixel_values.shape
    (1, 3, 32, 32)
    """

    model_input_names = ["pixel_values"]

    def __init__(
        self,
        do_rescale: bool = True,
        rescale_factor: float = 1 / 255,
        do_pad: bool = True,
        do_resize: bool = True,
        size: dict[str, int] | None = None,
        resample: int = PILImageResampling.BILINEAR,
        do_normalize: bool = True,
        image_mean: float | list[float] | None = None,
        image_std: float | list[float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.do_rescale = do_rescale
        self.rescale_factor = rescale_factor
        self.do_pad = do_pad
        self.do_resize = do_resize
        self.size = size if size is not None else {"height": 960, "width": 960}
        self.resample = resample
        self.do_normalize = do_normalize
        self.image_mean = image_mean if image_mean is not None else list(OPENAI_CLIP_MEAN)
        self.image_std = image_std if image_std is not None else list(OPENAI_CLIP_STD)

    def pad(
        self,
        image: Array,
        data_format: Format | None = None,
        input_data_format: Format | None = None,
    ) -> Array:
        """A square with 0.5 on the right and below."""
        height, width = get_image_size(image)
        side = max(height, width)
        require_area((side, side))
        return pad(
            image,
            ((0, side - height), (0, side - width)),
            constant_values=0.5,
            data_format=data_format,
            input_data_format=input_data_format,
        )

    def resize(
        self,
        image: Array,
        size: dict[str, int],
        anti_aliasing: bool = True,
        anti_aliasing_sigma: Any = None,
        data_format: Format | None = None,
        input_data_format: Format | None = None,
        **kwargs: Any,
    ) -> Array:
        """Blurred by a gaussian (`anti_aliasing`) and sampled linearly, in the array's own type.

        `anti_aliasing_sigma` is one number, or one each for rows, columns and channels; None: by
        how much the picture shrinks. ValueError when one is negative.
        """
        if input_data_format is None:
            input_data_format = infer_channel_dimension_format(image)
        pixels = to_channel_dimension_format(image, ChannelDimension.LAST)
        wanted = size["height"], size["width"]
        sigma = None
        if not anti_aliasing:
            sigma = (0.0, 0.0, 0.0)
        elif anti_aliasing_sigma is not None:
            given = np.atleast_1d(anti_aliasing_sigma) * np.ones(3)
            if np.any(given < 0):
                raise ValueError(f"anti_aliasing_sigma: got {given.min()}, required 0 or more")
            if np.any((given > 0) & (np.divide(pixels.shape, (*wanted, pixels.shape[2])) <= 1)):
                warnings.warn("anti_aliasing_sigma is above 0 along an axis that doesn't shrink")
            sigma = (float(given[0]), float(given[1]), float(given[2]))
        resized = resize_antialiased(pixels, wanted, sigma)
        resized = to_channel_dimension_format(resized, input_data_format, ChannelDimension.LAST)
        if data_format is None:
            return resized
        return to_channel_dimension_format(resized, data_format, input_data_format)

    def preprocess(
        self,
        images: Any,
        do_pad: bool | None = None,
        do_resize: bool | None = None,
        size: dict[str, int] | None = None,
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
        """{"pixel_values": …} of a picture or several: PIL, numpy or torch, whose values go from 0
        to 255 (or from 0 to 1 with `do_rescale=False`).

        What is None is as the processor has it. `return_tensors`: "np" or "pt" for one array
        (pictures, channels, height, width), None for a list of arrays. `data_format` is how the
        channels of the result lie, `input_data_format` those of the pictures; None: by their sides.
        ValueError for what are no pictures, or when a step lacks its numbers.
        """
        steps: dict[str, Any] = {
            "do_rescale": self.do_rescale if do_rescale is None else do_rescale,
            "rescale_factor": self.rescale_factor if rescale_factor is None else rescale_factor,
            "do_pad": self.do_pad if do_pad is None else do_pad,
            "do_resize": self.do_resize if do_resize is None else do_resize,
            "size": self.size if size is None else size,
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
        if _is_whole(self) and _preprocess.takes(image, lies, steps):
            image = _preprocess.run("Owlv2ImageProcessor", image, lies, steps)
            return to_channel_dimension_format(image, data_format, ChannelDimension.FIRST)
        if steps["do_rescale"]:
            image = self.rescale(image, steps["rescale_factor"], input_data_format=lies)
        if steps["do_pad"]:
            image = self.pad(image, input_data_format=lies)
        if steps["do_resize"]:
            image = self.resize(image, steps["size"], input_data_format=lies)
        if steps["do_normalize"]:
            mean, std = steps["image_mean"], steps["image_std"]
            image = self.normalize(image, mean, std, input_data_format=lies)
        return to_channel_dimension_format(image, data_format, lies)

    def post_process(self, outputs: Any, target_sizes: Any) -> list[dict[str, Any]]:
        """All boxes of each photo, as `post_process_object_detection` with threshold 0 gives them;
        deprecated there, and for code that has it."""
        warnings.warn(
            "post_process is deprecated: use post_process_object_detection with threshold=0.0",
            FutureWarning,
            stacklevel=2,
        )
        return scaled_boxes(outputs, target_sizes)

    def post_process_object_detection(
        self,
        outputs: Any,
        threshold: float = 0.1,
        target_sizes: Any = None,
        boxes: str = "reference",
    ) -> list[dict[str, Any]]:
        """What was found in each photo: {"scores", "labels", "boxes"}, in the order of the
        network's boxes; tensors when the outputs are, otherwise arrays.

        `threshold`: scores above it are kept. `target_sizes` are (height, width) of the photos, a
        tensor, an array or a list; None leaves boxes in [0, 1]. `boxes` are (left, top, right,
        bottom): "reference" scales them by width and height, as the original does, though the
        network saw a square; "image" by the longer side, clipped to the photo, without those that
        lie in the padding. ValueError for as many sizes as there are no photos.
        """
        return object_detections(outputs, threshold, target_sizes, boxes)

    def post_process_image_guided_detection(
        self,
        outputs: Any,
        threshold: float = 0.0,
        nms_threshold: float = 0.3,
        target_sizes: Any = None,
        boxes: str = "reference",
    ) -> list[dict[str, Any]]:
        """What looks like the query image in each photo: {"scores", "labels": None, "boxes"}.

        Of boxes that overlap by more than `nms_threshold` the best stays; scores are relative to
        the photo's best. A photo without any score above 0 is left out, as the original leaves it.
        `target_sizes` as an array or tensor (photos, 2); `boxes` as above.
        """
        return image_guided_detections(outputs, threshold, nms_threshold, target_sizes, boxes)


def _is_whole(processor: Owlv2ImageProcessor) -> bool:
    """Whether no step was replaced in a class of somebody's own."""
    kind = type(processor)
    names = ("rescale", "pad", "resize", "normalize")
    return all(getattr(kind, name) is getattr(Owlv2ImageProcessor, name) for name in names)
