"""What configs of all models share: reading, writing, comparing with defaults."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Mapping
from typing import Any, TypeVar

from .. import _arrays
from . import __version__
from .utils import logging

logger = logging.get_logger(__name__)

CONFIG_NAME = "config.json"
PROBLEM_TYPES = ("regression", "single_label_classification", "multi_label_classification")

# Attributes that every config has, with their defaults. What text generation uses means nothing to
# these models, but is read and written as in the reference.
_COMMON: dict[str, Any] = {
    "return_dict": True,
    "output_hidden_states": False,
    "output_attentions": False,
    "torchscript": False,
    "torch_dtype": None,
    "use_bfloat16": False,
    "tf_legacy_loss": False,
    "pruned_heads": {},
    "tie_word_embeddings": True,
    "chunk_size_feed_forward": 0,
    "is_encoder_decoder": False,
    "is_decoder": False,
    "cross_attention_hidden_size": None,
    "add_cross_attention": False,
    "tie_encoder_decoder": False,
}
_GENERATION: dict[str, Any] = {
    "max_length": 20,
    "min_length": 0,
    "do_sample": False,
    "early_stopping": False,
    "num_beams": 1,
    "num_beam_groups": 1,
    "diversity_penalty": 0.0,
    "temperature": 1.0,
    "top_k": 50,
    "top_p": 1.0,
    "typical_p": 1.0,
    "repetition_penalty": 1.0,
    "length_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "encoder_no_repeat_ngram_size": 0,
    "bad_words_ids": None,
    "num_return_sequences": 1,
    "output_scores": False,
    "return_dict_in_generate": False,
    "forced_bos_token_id": None,
    "forced_eos_token_id": None,
    "remove_invalid_values": False,
    "exponential_decay_length_penalty": None,
    "suppress_tokens": None,
    "begin_suppress_tokens": None,
}
_TASK: dict[str, Any] = {
    "architectures": None,
    "finetuning_task": None,
}
_TOKENS: dict[str, Any] = {
    "tokenizer_class": None,
    "prefix": None,
    "bos_token_id": None,
    "pad_token_id": None,
    "eos_token_id": None,
    "sep_token_id": None,
    "decoder_start_token_id": None,
    "task_specific_params": None,
    "problem_type": None,
}
# Where a checkpoint comes from: nothing that a config is updated by.
_DOWNLOAD = (
    "cache_dir",
    "force_download",
    "local_files_only",
    "token",
    "use_auth_token",
    "revision",
    "resume_download",
    "proxies",
    "subfolder",
    "trust_remote_code",
    "_from_auto",
    "_from_pipeline",
    "_commit_hash",
    "user_agent",
)

Config = TypeVar("Config", bound="PretrainedConfig")


def checkpoint_folder(name: str | os.PathLike[str], **options: Any) -> str:
    """The folder of a checkpoint that a path or a hub id names.

    Of the reference's options `revision`, `subfolder`, `cache_dir` and `local_files_only` count.
    OSError when it isn't there.
    """
    from .. import _network

    text = os.fspath(name)
    if os.path.isdir(text):
        folder = text
    else:
        revision = options.get("revision")
        wanted = f"{text}@{revision}" if revision not in (None, "main") else text
        if options.get("local_files_only") or os.environ.get("HF_HUB_OFFLINE") in ("1", "true"):
            folder = _cached(wanted)
        else:
            folder = _network.checkpoint(wanted)
    return os.path.join(folder, options.get("subfolder") or "")


def _cached(name: str) -> str:
    """The folder of a hub id in the cache, without looking anywhere else."""
    from .. import _network

    before = os.environ.get("HF_HUB_OFFLINE")
    os.environ["HF_HUB_OFFLINE"] = "1"
    try:
        return _network.checkpoint(name)
    finally:
        if before is None:
            del os.environ["HF_HUB_OFFLINE"]
        else:
            os.environ["HF_HUB_OFFLINE"] = before


def _dtype(value: Any) -> Any:
    """A type's name as torch's type, where torch is there."""
    torch = _arrays.torch()
    return getattr(torch, value) if torch is not None and isinstance(value, str) else value


def _names_of_dtypes(values: dict[str, Any]) -> None:
    dtype = values.get("torch_dtype")
    if dtype is not None and not isinstance(dtype, str):
        values["torch_dtype"] = str(dtype).rpartition(".")[2]
    for value in values.values():
        if isinstance(value, dict):
            _names_of_dtypes(value)


def _difference(values: dict[str, Any], default: dict[str, Any], config: Any) -> dict[str, Any]:
    """What a nested config has beside the defaults of its class and of the config around it."""
    own = type(config)().to_dict() if config is not None else {}
    found = {}
    for key, value in values.items():
        inner = getattr(config, str(key), None)
        if isinstance(inner, PretrainedConfig) and isinstance(default.get(key), dict):
            nested = _difference(value, default[key], inner)
            if nested:
                found[key] = nested
        elif any(key not in other or value != other[key] for other in (default, own)):
            found[key] = value
    return found


class PretrainedConfig:
    """A model's sizes and choices, read from and written to a config.json.

    Any keyword that it doesn't know becomes an attribute. `num_labels` and `id2label` go together:
    setting the number makes names "LABEL_0", ….

    >>> config = PretrainedConfig(num_labels=3)
    >>> config.id2label[2]
    'LABEL_2'
    """

    model_type: str = ""
    is_composition: bool = False
    attribute_map: dict[str, str] = {}
    _auto_class: str | None = None

    def __setattr__(self, key: str, value: Any) -> None:
        super().__setattr__(type(self).attribute_map.get(key, key), value)

    def __getattr__(self, key: str) -> Any:
        # Only what isn't there by its own name comes here.
        name = type(self).attribute_map.get(key)
        if name is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {key!r}")
        return getattr(self, name)

    def __init__(self, **kwargs: Any) -> None:
        if "dtype" in kwargs and kwargs.get("torch_dtype") is None:
            kwargs["torch_dtype"] = kwargs.pop("dtype")  # as newer versions spell it
        for group in (_COMMON, _GENERATION, _TASK):
            for key, default in group.items():
                setattr(self, key, kwargs.pop(key, copy.copy(default)))
        self._take_labels(kwargs)
        self.torch_dtype = _dtype(self.torch_dtype)
        for key, default in _TOKENS.items():
            setattr(self, key, kwargs.pop(key, default))
        if self.problem_type is not None and self.problem_type not in PROBLEM_TYPES:
            raise ValueError(
                f"problem_type: got {self.problem_type!r}, required one of {', '.join(PROBLEM_TYPES)}"
            )
        kwargs.pop("xla_device", None)
        self._name_or_path = str(kwargs.pop("name_or_path", ""))
        self._commit_hash = kwargs.pop("_commit_hash", None)
        self._attn_implementation_internal = kwargs.pop("attn_implementation", None)
        self.transformers_version = kwargs.pop("transformers_version", None)
        for key, value in kwargs.items():
            setattr(self, key, value)

    torch_dtype: Any
    problem_type: str | None
    architectures: list[str] | None
    return_dict: bool
    torchscript: bool
    output_attentions: bool
    output_hidden_states: bool
    pruned_heads: dict[int, Any]

    def _take_labels(self, kwargs: dict[str, Any]) -> None:
        self.id2label: dict[int, str] | None = kwargs.pop("id2label", None)
        self.label2id: dict[str, int] | None = kwargs.pop("label2id", None)
        for name, value in (("label2id", self.label2id), ("id2label", self.id2label)):
            if value is not None and not isinstance(value, dict):
                raise ValueError(f"{name}: got {type(value).__name__}, required a dict")
        if self.id2label is None:
            self.num_labels = kwargs.pop("num_labels", 2)
            return
        number = kwargs.pop("num_labels", None)
        if number is not None and number != len(self.id2label):
            logger.warning(
                "num_labels: got %s, but id2label has %d names: they count",
                number,
                len(self.id2label),
            )
        # In JSON keys are texts.
        self.id2label = {int(key): value for key, value in self.id2label.items()}

    # ------------------------------------------------------------------------------ attributes

    @property
    def name_or_path(self) -> str:
        """The folder or hub id that it was read from."""
        return self._name_or_path

    @name_or_path.setter
    def name_or_path(self, value: Any) -> None:
        self._name_or_path = str(value)

    @property
    def use_return_dict(self) -> bool:
        """Whether models return outputs rather than tuples."""
        return self.return_dict and not self.torchscript

    @property
    def num_labels(self) -> int:
        """How many classes there are."""
        return len(self.id2label or ())

    @num_labels.setter
    def num_labels(self, number: int) -> None:
        known = self.__dict__.get("id2label")
        if known is None or len(known) != number:
            self.id2label = {i: f"LABEL_{i}" for i in range(number)}
            self.label2id = {name: i for i, name in self.id2label.items()}

    @property
    def _attn_implementation(self) -> str:
        return self._attn_implementation_internal or "eager"

    @_attn_implementation.setter
    def _attn_implementation(self, value: str | None) -> None:
        self._attn_implementation_internal = value

    # --------------------------------------------------------------------------------- reading

    @classmethod
    def from_pretrained(
        cls: type[Config],
        pretrained_model_name_or_path: str | os.PathLike[str],
        cache_dir: str | os.PathLike[str] | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
        token: str | bool | None = None,
        revision: str = "main",
        **kwargs: Any,
    ) -> Config:
        """The config of a checkpoint: a folder, its config.json, or a hub id.

        Keywords that are attributes replace what the file says; with `return_unused_kwargs=True`
        the others come back beside the config.
        """
        kwargs.update(
            cache_dir=cache_dir,
            force_download=force_download,
            local_files_only=local_files_only,
            token=token,
            revision=revision,
        )
        values, kwargs = cls.get_config_dict(pretrained_model_name_or_path, **kwargs)
        values = cls._own_part(values)
        if cls.model_type and values.get("model_type", cls.model_type) != cls.model_type:
            logger.warning(
                "a model of type %s is read as one of type %s: that may fail",
                values["model_type"],
                cls.model_type,
            )
        config: Config = cls.from_dict(values, **kwargs)
        return config

    @classmethod
    def _own_part(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The part of a config.json that a class is about: all of it."""
        return values

    @classmethod
    def get_config_dict(
        cls, pretrained_model_name_or_path: str | os.PathLike[str], **kwargs: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a checkpoint's config.json says, and the keywords that say nothing of where it is."""
        options = {key: kwargs.pop(key) for key in _DOWNLOAD if key in kwargs}
        file_name = kwargs.pop("_configuration_file", CONFIG_NAME)
        path = os.fspath(pretrained_model_name_or_path)
        if not os.path.isfile(path):
            path = os.path.join(checkpoint_folder(path, **options), file_name)
        try:
            values = cls._dict_from_json_file(path)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise OSError(f"{path}: required a JSON file ({error})") from error
        return values, kwargs

    @classmethod
    def from_dict(cls: type[Config], config_dict: Mapping[str, Any], **kwargs: Any) -> Any:
        """A config of a dict's values, with keywords as in `from_pretrained`."""
        unused_too = kwargs.pop("return_unused_kwargs", False)
        for key in ("_from_auto", "_from_pipeline"):
            kwargs.pop(key, None)
        values = {**config_dict, "attn_implementation": kwargs.pop("attn_implementation", None)}
        config = cls(**values)
        config.pruned_heads = {int(key): value for key, value in config.pruned_heads.items()}
        if "num_labels" in kwargs and "id2label" in kwargs:
            names = kwargs["id2label"] or ()
            if len(names) != kwargs["num_labels"]:
                raise ValueError(
                    f"num_labels: got {kwargs['num_labels']}, but id2label has {len(names)} names"
                )
        for key in [key for key in kwargs if hasattr(config, key)]:
            value = kwargs[key] if key == "torch_dtype" else kwargs.pop(key)
            current = getattr(config, key)
            if isinstance(current, PretrainedConfig) and isinstance(value, dict):
                value = type(current)(**value)
            setattr(config, key, value)
        return (config, kwargs) if unused_too else config

    @classmethod
    def from_json_file(cls: type[Config], json_file: str | os.PathLike[str]) -> Config:
        """The config that a JSON file holds."""
        return cls(**cls._dict_from_json_file(json_file))

    @classmethod
    def _dict_from_json_file(cls, json_file: str | os.PathLike[str]) -> dict[str, Any]:
        with open(json_file, encoding="utf-8") as file:
            values: dict[str, Any] = json.load(file)
        return values

    # --------------------------------------------------------------------------------- writing

    def save_pretrained(
        self, save_directory: str | os.PathLike[str], push_to_hub: bool = False, **kwargs: Any
    ) -> None:
        """Writes config.json into a folder, which is made where it isn't there."""
        if push_to_hub:
            raise NotImplementedError("push_to_hub: save to a folder, and upload that")
        if os.path.isfile(save_directory):
            raise AssertionError(f"{os.fspath(save_directory)}: got a file, required a folder")
        os.makedirs(save_directory, exist_ok=True)
        self.to_json_file(os.path.join(save_directory, CONFIG_NAME))

    def to_dict(self) -> dict[str, Any]:
        """All attributes, nested configs as dicts."""
        values = copy.deepcopy(self.__dict__)
        values["model_type"] = type(self).model_type
        for key in ("_auto_class", "_commit_hash", "_attn_implementation_internal"):
            values.pop(key, None)
        values["transformers_version"] = __version__
        for key, value in values.items():
            if isinstance(value, PretrainedConfig):
                values[key] = value.to_dict()
                del values[key]["transformers_version"]
        _names_of_dtypes(values)
        return values

    def to_diff_dict(self) -> dict[str, Any]:
        """The attributes that differ from the defaults, which is what config.json has."""
        common = PretrainedConfig().to_dict()
        own = type(self)().to_dict() if not self.is_composition else {}
        found: dict[str, Any] = {}
        for key, value in self.to_dict().items():
            inner = getattr(self, key, None)
            if isinstance(inner, PretrainedConfig) and isinstance(own.get(key), dict):
                nested = _difference(value, own[key], inner)
                if "model_type" in value:
                    nested["model_type"] = value["model_type"]
                if nested:
                    found[key] = nested
            elif (
                key == "transformers_version"
                or key not in common
                or value != common[key]
                or (key in own and value != own[key])
            ):
                found[key] = value
        return found

    def to_json_string(self, use_diff: bool = True) -> str:
        """As JSON: what differs from the defaults, or all of it."""
        values = self.to_diff_dict() if use_diff else self.to_dict()
        return json.dumps(values, indent=2, sort_keys=True) + "\n"

    def to_json_file(self, json_file_path: str | os.PathLike[str], use_diff: bool = True) -> None:
        """Writes `to_json_string` to a file."""
        with open(json_file_path, "w", encoding="utf-8") as file:
            file.write(self.to_json_string(use_diff=use_diff))

    # --------------------------------------------------------------------------------- changing

    def update(self, config_dict: Mapping[str, Any]) -> None:
        """Sets attributes from a dict."""
        for key, value in config_dict.items():
            setattr(self, key, value)

    def update_from_string(self, update_str: str) -> None:
        """Sets attributes that there are from "name=value,name=value". ValueError otherwise."""
        for item in update_str.split(","):
            key, _, value = item.partition("=")
            if not hasattr(self, key):
                raise ValueError(f"{key}: the config has no such attribute")
            setattr(self, key, _parsed(key, value, getattr(self, key)))

    def dict_torch_dtype_to_str(self, d: dict[str, Any]) -> None:
        """Replaces types of torch in a dict, however deep, by their names."""
        _names_of_dtypes(d)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PretrainedConfig) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__} {self.to_json_string()}"

    @staticmethod
    def _get_generation_defaults() -> dict[str, Any]:
        return dict(_GENERATION)


def _parsed(key: str, text: str, current: Any) -> Any:
    """A text as a value of the type that an attribute has."""
    if isinstance(current, bool):
        if text.lower() in ("true", "1", "y", "yes"):
            return True
        if text.lower() in ("false", "0", "n", "no"):
            return False
        raise ValueError(f"{key}: got {text!r}, required true or false")
    if isinstance(current, (int, float)):
        return type(current)(text)
    if isinstance(current, str):
        return text
    raise ValueError(f"{key}: got {text!r}, but only numbers, truth values and texts can be set")


__all__ = ["CONFIG_NAME", "PretrainedConfig"]
