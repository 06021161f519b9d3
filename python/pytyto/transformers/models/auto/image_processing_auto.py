"""The image processor that a checkpoint's files ask for."""

from __future__ import annotations

import importlib
import os
from typing import Any

from ... import _files
from ...image_processing_utils import ImageProcessingMixin, description_of

_CLASSES = {
    "Owlv2ImageProcessor": "owlv2.image_processing_owlv2",
    "PerceiverImageProcessor": "perceiver.image_processing_perceiver",
}
# model_type → class, for files that name none.
IMAGE_PROCESSOR_MAPPING_NAMES = {
    "owlv2": "Owlv2ImageProcessor",
    "perceiver": "PerceiverImageProcessor",
}
_registered: dict[Any, Any] = {}


def image_processor_class_from_name(class_name: str) -> Any:
    """The class of that name, or of the one that it is a variant of; None when there is none."""
    for one in _registered.values():
        if one.__name__ == class_name:
            return one
    for ending in ("Fast", "Pil"):
        class_name = class_name.removesuffix(ending)
    class_name = class_name.replace("FeatureExtractor", "ImageProcessor")
    module = _CLASSES.get(class_name)
    if module is None:
        return None
    package = __package__.rpartition(".")[0]
    return getattr(importlib.import_module(f"{package}.{module}"), class_name)


def model_type_of(folder: str, config: Any = None) -> str | None:
    """The model_type of a config, or of a folder's config.json; None when it says none."""
    if config is not None:
        return getattr(config, "model_type", None)
    found = _files.read_json_if_there(folder, "config.json").get("model_type")
    return found if isinstance(found, str) else None


class AutoImageProcessor:
    """`from_pretrained` gives the image processor that a checkpoint was made with."""

    def __init__(self) -> None:
        raise EnvironmentError(f"{type(self).__name__}: made by from_pretrained, not by itself")

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any
    ) -> Any:
        """The image processor of a checkpoint folder, a hub id or a JSON file.

        OSError when there is nothing to read, ValueError when it is of an unknown class.
        """
        config = kwargs.pop("config", None)
        kwargs.pop("use_fast", None)
        where = dict(kwargs)
        name = os.fspath(pretrained_model_name_or_path)
        if os.path.isfile(name):
            description, folder = _files.read_json(name), os.path.dirname(name)
        else:
            folder = _files.folder_of(name, where)
            description = description_of(folder)
        kinds = ("image_processor_type", "feature_extractor_type")
        wanted = next((description[kind] for kind in kinds if description.get(kind)), None)
        found = image_processor_class_from_name(wanted) if wanted else None
        if found is None and not wanted:
            kind = model_type_of(folder, config)
            found = _registered.get(type(config)) or image_processor_class_from_name(
                IMAGE_PROCESSOR_MAPPING_NAMES.get(kind or "", "")
            )
        if found is None:
            raise ValueError(
                f"{name}: got an image processor of class {wanted}, required one of "
                f"{', '.join(_CLASSES)}"
            )
        return found.from_pretrained(name, **kwargs)

    @staticmethod
    def register(
        config_class: Any, image_processor_class: type[ImageProcessingMixin], exist_ok: bool = False
    ) -> None:
        """Makes an image processor of one's own known by its config class."""
        known = getattr(config_class, "model_type", None) in IMAGE_PROCESSOR_MAPPING_NAMES
        if not exist_ok and (config_class in _registered or known):
            raise ValueError(f"{config_class.__name__} has an image processor already")
        _registered[config_class] = image_processor_class
