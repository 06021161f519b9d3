"""The tokenizer class that a checkpoint's files ask for."""

from __future__ import annotations

import importlib
import os
from typing import Any

from ..._tokenizer_files import TOKENIZER_CONFIG_FILE, load_json
from ...configuration_utils import CONFIG_NAME, checkpoint_folder

# Kind of model → slow and fast class.
TOKENIZER_MAPPING_NAMES: dict[str, tuple[str | None, str | None]] = {
    "clip": ("CLIPTokenizer", "CLIPTokenizerFast"),
    "owlv2": ("CLIPTokenizer", "CLIPTokenizerFast"),
    "owlvit": ("CLIPTokenizer", "CLIPTokenizerFast"),
    "perceiver": ("PerceiverTokenizer", None),
}
_MODULES = {
    "CLIPTokenizer": "...models.clip.tokenization_clip",
    "CLIPTokenizerFast": "...models.clip.tokenization_clip_fast",
    "PerceiverTokenizer": "...models.perceiver.tokenization_perceiver",
    "PreTrainedTokenizerFast": "...tokenization_utils_fast",
}
# What says where a checkpoint's files are.
_WHERE: tuple[str, ...] = ("subfolder", "revision", "local_files_only")
_registered: dict[Any, tuple[Any, Any]] = {}


def tokenizer_class_from_name(class_name: str) -> Any:
    """The class of that name; None when there is none."""
    for classes in _registered.values():
        for one in classes:
            if one is not None and one.__name__ == class_name:
                return one
    module = _MODULES.get(class_name)
    return getattr(importlib.import_module(module, __package__), class_name) if module else None


def get_tokenizer_config(
    pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any
) -> dict[str, Any]:
    """What a checkpoint's tokenizer_config.json says; {} when it has none."""
    folder = checkpoint_folder(pretrained_model_name_or_path, **kwargs)
    path = os.path.join(folder, TOKENIZER_CONFIG_FILE)
    return dict(load_json(path)) if os.path.isfile(path) else {}


def _classes_of(model_type: str | None, name: Any) -> tuple[str | None, str | None]:
    if model_type not in TOKENIZER_MAPPING_NAMES:
        known = ", ".join(TOKENIZER_MAPPING_NAMES)
        raise ValueError(f"{name}: got a model of type {model_type}, required one of {known}")
    return TOKENIZER_MAPPING_NAMES[model_type]


class AutoTokenizer:
    """`from_pretrained` gives the tokenizer that a checkpoint was made with."""

    def __init__(self) -> None:
        raise EnvironmentError("AutoTokenizer: required AutoTokenizer.from_pretrained(name)")

    @classmethod
    def from_pretrained(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], *inputs: Any, **kwargs: Any
    ) -> Any:
        """The tokenizer of a checkpoint: a folder, or a hub id.

        `use_fast=False` gives the slow one. Other keywords are those of the class's own
        `from_pretrained`. OSError when files aren't there, ValueError for another kind of model.
        """
        config = kwargs.pop("config", None)
        use_fast = kwargs.pop("use_fast", True)
        tokenizer_type = kwargs.pop("tokenizer_type", None)
        kwargs.pop("trust_remote_code", None)
        kwargs.pop("_from_auto", None)
        name = pretrained_model_name_or_path
        where = {key: kwargs[key] for key in _WHERE if key in kwargs}
        if tokenizer_type is not None:
            slow, fast = _classes_of(tokenizer_type, name)
            wanted = fast if use_fast and fast else slow
        else:
            wanted = get_tokenizer_config(name, **where).get("tokenizer_class")
            wanted = wanted or getattr(config, "tokenizer_class", None)
            if wanted is None:
                slow, fast = _classes_of(_model_type(name, config, where), name)
                wanted = fast if use_fast and fast else slow
        found = _found(str(wanted), use_fast)
        if found is None:
            raise ValueError(
                f"{name}: got the class {wanted}, required one of {', '.join(_MODULES)}"
            )
        return found.from_pretrained(name, *inputs, **kwargs)

    @staticmethod
    def register(
        config_class: Any,
        slow_tokenizer_class: Any = None,
        fast_tokenizer_class: Any = None,
        exist_ok: bool = False,
    ) -> None:
        """Makes classes of the program's own known by their names. ValueError without any."""
        if slow_tokenizer_class is None and fast_tokenizer_class is None:
            raise ValueError("register: got no class, required slow_tokenizer_class or fast_…")
        if config_class in _registered and not exist_ok:
            raise ValueError(f"register: {config_class.__name__} is known (exist_ok=True)")
        _registered[config_class] = (slow_tokenizer_class, fast_tokenizer_class)


def _model_type(name: Any, config: Any, where: dict[str, Any]) -> str | None:
    if config is not None:
        return str(config.model_type)
    path = os.path.join(checkpoint_folder(name, **where), CONFIG_NAME)
    return load_json(path).get("model_type") if os.path.isfile(path) else None


def _found(name: str, use_fast: bool) -> Any:
    """The class of a name: the fast one where that is wanted and there is one."""
    slow = name.removesuffix("Fast") if name != "PreTrainedTokenizerFast" else name
    fast = None if name == slow and not use_fast else tokenizer_class_from_name(slow + "Fast")
    if use_fast and fast is not None:
        return fast
    return tokenizer_class_from_name(slow) or tokenizer_class_from_name(name)


__all__ = ["AutoTokenizer", "TOKENIZER_MAPPING_NAMES", "get_tokenizer_config"]
