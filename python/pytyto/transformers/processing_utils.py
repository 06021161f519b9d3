"""Processors: an image processor and a tokenizer that are read, written and called as one."""

from __future__ import annotations

import copy
import inspect
import json
import os
from typing import Any, TypeVar

from . import _files

PROCESSOR_NAME = "processor_config.json"

Self = TypeVar("Self", bound="ProcessorMixin")

# The class that instances of "AutoX" belong to.
_BASES = {
    "AutoTokenizer": "PreTrainedTokenizerBase",
    "AutoFeatureExtractor": "ImageProcessingMixin",
    "AutoImageProcessor": "ImageProcessingMixin",
}


def _class(name: str) -> Any:
    import pytyto.transformers

    return getattr(pytyto.transformers, name)


class ProcessorMixin:
    """What processors have in common. `attributes` names their parts; `<part>_class` names the
    class of each, or its slow and fast class."""

    attributes = ["feature_extractor", "tokenizer"]
    feature_extractor_class: Any = None
    image_processor_class: Any = None
    tokenizer_class: Any = None
    _auto_class: str | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        for key in kwargs:
            if key not in self.attributes:
                raise TypeError(f"got {key}=, required {', '.join(self.attributes)}")
        for part, value in zip(self.attributes, args):
            if part in kwargs:
                raise TypeError(f"got two values for {part}")
            kwargs[part] = value
        if len(kwargs) != len(self.attributes) or len(args) > len(self.attributes):
            raise ValueError(
                f"{type(self).__name__}: got {len(args)} arguments, required "
                f"{len(self.attributes)}: {', '.join(self.attributes)}"
            )
        for part, value in kwargs.items():
            names = getattr(self, f"{part}_class")
            names = names if isinstance(names, tuple) else (_BASES.get(names, names),)
            if not isinstance(value, tuple(_class(name) for name in names if name is not None)):
                raise ValueError(
                    f"{part}: got {type(value).__name__}, required "
                    f"{' or '.join(name for name in names if name is not None)}"
                )
            setattr(self, part, value)

    @property
    def model_input_names(self) -> Any:
        """Names of the first part's arrays."""
        return getattr(getattr(self, self.attributes[0]), "model_input_names", None)

    def to_dict(self) -> dict[str, Any]:
        """The processor's own settings, without those of its parts, and its class's name."""
        own = [
            name
            for name in inspect.signature(type(self).__init__).parameters
            if name not in self.attributes
        ]
        settings = {
            key: copy.deepcopy(value)
            for key, value in self.__dict__.items()
            if key in (*own, "auto_map")
        }
        settings["processor_class"] = type(self).__name__
        return settings

    def to_json_string(self) -> str:
        """The processor's own settings as JSON."""
        return json.dumps(self.to_dict(), indent=2, sort_keys=True) + "\n"

    def to_json_file(self, json_file_path: str | os.PathLike[str]) -> None:
        """Writes the processor's own settings to a file."""
        _files.write_text(json_file_path, self.to_json_string())

    def __repr__(self) -> str:
        parts = "\n".join(f"- {part}: {getattr(self, part)!r}" for part in self.attributes)
        return f"{type(self).__name__}:\n{parts}\n\n{self.to_json_string()}"

    def save_pretrained(
        self, save_directory: str | os.PathLike[str], push_to_hub: bool = False, **kwargs: Any
    ) -> list[str]:
        """Writes the files of all parts into a folder, which is made."""
        _files.refuse_hub(push_to_hub)
        os.makedirs(save_directory, exist_ok=True)
        for part in self.attributes:
            value = getattr(self, part)
            if hasattr(value, "_set_processor_class"):
                value._set_processor_class(type(self).__name__)
            value.save_pretrained(save_directory)
        if set(self.to_dict()) == {"processor_class"}:
            return []
        path = os.path.join(save_directory, PROCESSOR_NAME)
        self.to_json_file(path)
        return [path]

    def push_to_hub(self, *args: Any, **kwargs: Any) -> None:
        """Isn't part of this package: NotImplementedError."""
        _files.refuse_hub(True)

    @classmethod
    def get_processor_dict(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The processor's own settings in a checkpoint, and what isn't about the hub."""
        if os.path.isfile(pretrained_model_name_or_path):
            settings = _files.read_json(os.fspath(pretrained_model_name_or_path))
            _files.folder_of(".", kwargs)
        else:
            folder = _files.folder_of(pretrained_model_name_or_path, kwargs)
            settings = _files.read_json_if_there(folder, PROCESSOR_NAME)
        # Version 5 keeps the parts' settings in this file too.
        parts = (*cls.attributes, "image_processor", "tokenizer", "feature_extractor")
        return {key: value for key, value in settings.items() if key not in parts}, kwargs

    @classmethod
    def from_args_and_dict(
        cls: type[Self], args: Any, processor_dict: dict[str, Any], **kwargs: Any
    ) -> Any:
        """A processor of its parts and its own settings."""
        wants_unused = kwargs.pop("return_unused_kwargs", False)
        settings = {
            key: value
            for key, value in processor_dict.items()
            if key not in ("processor_class", "auto_map")
        }
        processor = cls(*args, **settings)
        for key in [key for key in kwargs if hasattr(processor, key)]:
            setattr(processor, key, kwargs.pop(key))
        return (processor, kwargs) if wants_unused else processor

    @classmethod
    def from_pretrained(
        cls: type[Self], pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any
    ) -> Any:
        """The processor of a checkpoint folder or a hub id; `use_fast=False` takes the slow
        tokenizer. Further arguments go to the parts, and replace what their files say. OSError when
        there is nothing to read."""
        parts = cls._get_arguments_from_pretrained(pretrained_model_name_or_path, **kwargs)
        settings, rest = cls.get_processor_dict(pretrained_model_name_or_path, **kwargs)
        rest.pop("use_fast", None)
        return cls.from_args_and_dict(parts, settings, **rest)

    @classmethod
    def _get_arguments_from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any
    ) -> list[Any]:
        parts = []
        for part in cls.attributes:
            names = getattr(cls, f"{part}_class")
            if isinstance(names, tuple):
                fast = kwargs.get("use_fast", True) and names[1] is not None
                names = names[1] if fast else names[0]
            rest = {key: value for key, value in kwargs.items() if key not in _OWN}
            parts.append(_class(names).from_pretrained(pretrained_model_name_or_path, **rest))
        return parts


# Keywords of from_pretrained that aren't for the parts.
_OWN = ("use_fast", "return_unused_kwargs")
