"""The processor of whatever a checkpoint is of."""

from __future__ import annotations

import importlib
import os
from typing import Any

from ... import _files
from .image_processing_auto import AutoImageProcessor, model_type_of

PROCESSOR_MAPPING_NAMES = {"owlv2": "Owlv2Processor"}
_MODULES = {"Owlv2Processor": "owlv2.processing_owlv2"}
_SOURCES = ("processor_config.json", "preprocessor_config.json", "tokenizer_config.json")
_registered: dict[Any, Any] = {}


def processor_class_from_name(class_name: str) -> Any:
    """The class of that name; None when there is none."""
    for one in _registered.values():
        if one.__name__ == class_name:
            return one
    module = _MODULES.get(class_name)
    if module is None:
        return None
    package = __package__.rpartition(".")[0]
    return getattr(importlib.import_module(f"{package}.{module}"), class_name)


class AutoProcessor:
    """`from_pretrained` gives the processor that a checkpoint was made with, or else its
    tokenizer, or its image processor."""

    def __init__(self) -> None:
        raise EnvironmentError("AutoProcessor: made by from_pretrained, not by itself")

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any
    ) -> Any:
        """The processor of a checkpoint folder or a hub id.

        OSError when there is no such folder, ValueError when it has nothing of the kind.
        """
        from .tokenization_auto import AutoTokenizer

        config = kwargs.pop("config", None)
        kwargs.pop("trust_remote_code", None)
        folder = _files.folder_of(pretrained_model_name_or_path, dict(kwargs))
        found = None
        for name in (*_SOURCES, "config.json"):
            wanted = _files.read_json_if_there(folder, name).get("processor_class")
            found = found or (processor_class_from_name(wanted) if wanted else None)
        kind = model_type_of(folder, config)
        found = found or _registered.get(type(config))
        found = found or processor_class_from_name(PROCESSOR_MAPPING_NAMES.get(kind or "", ""))
        if found is not None:
            return found.from_pretrained(pretrained_model_name_or_path, **kwargs)
        for auto in (AutoTokenizer, AutoImageProcessor):
            try:
                return auto.from_pretrained(pretrained_model_name_or_path, **kwargs)
            except (OSError, ValueError, KeyError):
                continue
        raise ValueError(
            f"{os.fspath(pretrained_model_name_or_path)}: found no processor, no tokenizer and no "
            "image processor"
        )

    @staticmethod
    def register(config_class: Any, processor_class: Any, exist_ok: bool = False) -> None:
        """Makes a processor of one's own known by its config class."""
        known = getattr(config_class, "model_type", None) in PROCESSOR_MAPPING_NAMES
        if not exist_ok and (config_class in _registered or known):
            raise ValueError(f"{config_class.__name__} has a processor already")
        _registered[config_class] = processor_class
