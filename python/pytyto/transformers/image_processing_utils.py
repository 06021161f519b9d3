"""What image processors have in common: their files, and the steps of all of them."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np

from . import _files, image_transforms
from .feature_extraction_utils import BatchFeature
from .image_utils import Array, Format, load_image

IMAGE_PROCESSOR_NAME = "preprocessor_config.json"
# Where version 5 keeps the image processor, under "image_processor".
_PROCESSOR_NAME = "processor_config.json"

Self = TypeVar("Self", bound="ImageProcessingMixin")


def description_of(folder: str) -> dict[str, Any]:
    """What a checkpoint says of its image processor: of both files the newer kind counts.

    FileNotFoundError when there is neither.
    """
    nested = _files.read_json_if_there(folder, _PROCESSOR_NAME).get("image_processor")
    if isinstance(nested, dict):
        return nested
    path = os.path.join(folder, IMAGE_PROCESSOR_NAME)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"{path}: not found, and the folder has no other image processor")
    return _files.read_json(path)


class ImageProcessingMixin:
    """Reading and writing an image processor's settings, which are its attributes."""

    _auto_class: str | None = None

    def __init__(self, **kwargs: Any) -> None:
        kwargs.pop("feature_extractor_type", None)
        self._processor_class: str | None = kwargs.pop("processor_class", None)
        for key, value in kwargs.items():
            setattr(self, key, value)

    def _set_processor_class(self, processor_class: str) -> None:
        self._processor_class = processor_class

    @classmethod
    def from_pretrained(
        cls: type[Self], pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any
    ) -> Any:
        """The image processor of a checkpoint folder, a hub id, or a JSON file.

        Further arguments replace what the file says; those about the hub are `revision`,
        `subfolder`, `cache_dir`, … With `return_unused_kwargs=True` the result is a pair, whose
        second is what wasn't understood. OSError when there is nothing to read.
        """
        description, rest = cls.get_image_processor_dict(pretrained_model_name_or_path, **kwargs)
        return cls.from_dict(description, **rest)

    @classmethod
    def get_image_processor_dict(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the file says, and the arguments that are no business of the hub's."""
        if os.path.isfile(pretrained_model_name_or_path):
            _files.folder_of(os.path.dirname(pretrained_model_name_or_path) or ".", kwargs)
            return _files.read_json(os.fspath(pretrained_model_name_or_path)), kwargs
        folder = _files.folder_of(pretrained_model_name_or_path, kwargs)
        return description_of(folder), kwargs

    @classmethod
    def from_dict(cls: type[Self], image_processor_dict: dict[str, Any], **kwargs: Any) -> Any:
        """An image processor of such settings; further arguments replace single ones."""
        settings = dict(image_processor_dict)
        wants_unused = kwargs.pop("return_unused_kwargs", False)
        for key in ("size", "crop_size"):
            if key in kwargs and key in settings:
                settings[key] = kwargs.pop(key)
        made = cls(**settings)
        for key in [key for key in kwargs if hasattr(made, key)]:
            setattr(made, key, kwargs.pop(key))
        return (made, kwargs) if wants_unused else made

    @classmethod
    def from_json_file(cls: type[Self], json_file: str | os.PathLike[str]) -> Self:
        """An image processor of a file."""
        return cls(**_files.read_json(os.fspath(json_file)))

    def to_dict(self) -> dict[str, Any]:
        """All settings, and the class's name as "image_processor_type"."""
        settings = copy.deepcopy(self.__dict__)
        settings["image_processor_type"] = type(self).__name__
        return settings

    def to_json_string(self) -> str:
        """All settings as JSON."""
        settings = {
            key: value.tolist() if isinstance(value, np.ndarray) else value
            for key, value in self.to_dict().items()
        }
        processor_class = settings.pop("_processor_class", None)
        if processor_class is not None:
            settings["processor_class"] = processor_class
        return json.dumps(settings, indent=2, sort_keys=True) + "\n"

    def to_json_file(self, json_file_path: str | os.PathLike[str]) -> None:
        """Writes all settings to a file."""
        _files.write_text(json_file_path, self.to_json_string())

    def save_pretrained(
        self, save_directory: str | os.PathLike[str], push_to_hub: bool = False, **kwargs: Any
    ) -> list[str]:
        """Writes preprocessor_config.json into a folder, which is made; returns its path."""
        _files.refuse_hub(push_to_hub)
        if os.path.isfile(save_directory):
            raise AssertionError(f"{os.fspath(save_directory)}: got a file, required a folder")
        os.makedirs(save_directory, exist_ok=True)
        path = os.path.join(save_directory, IMAGE_PROCESSOR_NAME)
        self.to_json_file(path)
        return [path]

    def push_to_hub(self, *args: Any, **kwargs: Any) -> None:
        """Isn't part of this package: NotImplementedError."""
        _files.refuse_hub(True)

    def fetch_images(self, image_url_or_urls: Any) -> Any:
        """The picture of a URL, or a list of them."""
        if isinstance(image_url_or_urls, list):
            return [self.fetch_images(url) for url in image_url_or_urls]
        if isinstance(image_url_or_urls, str):
            return load_image(image_url_or_urls)
        raise ValueError(f"got {type(image_url_or_urls).__name__}, required a URL or a list")

    def __repr__(self) -> str:
        return f"{type(self).__name__} {self.to_json_string()}"


class BaseImageProcessor(ImageProcessingMixin):
    """An image processor: called with pictures it gives arrays for a model."""

    model_input_names = ["pixel_values"]

    def __call__(self, images: Any, **kwargs: Any) -> BatchFeature:
        """As `preprocess`."""
        return self.preprocess(images, **kwargs)

    def preprocess(self, images: Any, **kwargs: Any) -> BatchFeature:
        """What a class of its own has."""
        raise NotImplementedError(f"{type(self).__name__} has no preprocess")

    def rescale(
        self,
        image: Array,
        scale: float,
        data_format: Format | None = None,
        input_data_format: Format | None = None,
        **kwargs: Any,
    ) -> Array:
        """image · scale, as float32."""
        return image_transforms.rescale(
            image, scale, data_format=data_format, input_data_format=input_data_format, **kwargs
        )

    def normalize(
        self,
        image: Array,
        mean: float | Iterable[float],
        std: float | Iterable[float],
        data_format: Format | None = None,
        input_data_format: Format | None = None,
        **kwargs: Any,
    ) -> Array:
        """(image − mean) / std by channels."""
        return image_transforms.normalize(
            image, mean, std, data_format=data_format, input_data_format=input_data_format, **kwargs
        )

    def center_crop(
        self,
        image: Array,
        size: Any,
        data_format: Format | None = None,
        input_data_format: Format | None = None,
        **kwargs: Any,
    ) -> Any:
        """The middle of a picture, {"height": …, "width": …}, with zeros around where it ends."""
        size = get_size_dict(size)
        if "height" not in size or "width" not in size:
            raise ValueError(f"size: got {sorted(size)}, required height and width")
        return image_transforms.center_crop(
            image,
            (size["height"], size["width"]),
            data_format=data_format,
            input_data_format=input_data_format,
            **kwargs,
        )


VALID_SIZE_DICT_KEYS = (
    {"height", "width"},
    {"shortest_edge"},
    {"shortest_edge", "longest_edge"},
    {"longest_edge"},
)


def is_valid_size_dict(size_dict: Any) -> bool:
    """Whether it is a dictionary with the keys that sizes have."""
    return isinstance(size_dict, dict) and set(size_dict) in VALID_SIZE_DICT_KEYS


def convert_to_size_dict(
    size: Any,
    max_size: int | None = None,
    default_to_square: bool = True,
    height_width_order: bool = True,
) -> dict[str, int]:
    """A number or a pair as a dictionary, as `get_size_dict` says."""
    if isinstance(size, int):
        if not default_to_square:
            longest = {} if max_size is None else {"longest_edge": max_size}
            return {"shortest_edge": size, **longest}
        if max_size is not None:
            raise ValueError("max_size: one number is a square, unless default_to_square is False")
        return {"height": size, "width": size}
    if isinstance(size, (tuple, list)):
        height, width = size[:2] if height_width_order else size[1::-1]
        return {"height": height, "width": width}
    if size is None and max_size is not None:
        if default_to_square:
            raise ValueError("max_size: required a size too, unless default_to_square is False")
        return {"longest_edge": max_size}
    raise ValueError(f"size: got {size!r}, required a number, a pair or a dictionary")


def get_size_dict(
    size: Any = None,
    max_size: int | None = None,
    height_width_order: bool = True,
    default_to_square: bool = True,
    param_name: str = "size",
) -> dict[str, int]:
    """A size as a dictionary: {"height", "width"}, {"shortest_edge"}, {"longest_edge"}, or both of
    the latter. ValueError for other keys.

    >>> get_size_dict(224)
    {'height': 224, 'width': 224}
    >>> get_size_dict((20, 30), height_width_order=False)
    {'height': 30, 'width': 20}
    """
    if not isinstance(size, dict):
        size = convert_to_size_dict(size, max_size, default_to_square, height_width_order)
    if not is_valid_size_dict(size):
        raise ValueError(
            f"{param_name}: got {sorted(map(str, size))}, required height and width, or "
            "shortest_edge, longest_edge or both"
        )
    return dict(size)
