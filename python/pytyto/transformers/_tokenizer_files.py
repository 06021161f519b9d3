"""Tokenizers from a checkpoint's files, and back."""

from __future__ import annotations

import copy
import json
import os
from typing import Any, TypeVar

from ._special_tokens import AddedToken
from .configuration_utils import checkpoint_folder
from .utils import logging

logger = logging.get_logger(__name__)

SPECIAL_TOKENS_MAP_FILE = "special_tokens_map.json"
ADDED_TOKENS_FILE = "added_tokens.json"
TOKENIZER_CONFIG_FILE = "tokenizer_config.json"
FULL_TOKENIZER_FILE = "tokenizer.json"

# Where a checkpoint comes from: no setting of its tokenizer.
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
    "user_agent",
    "_from_auto",
    "_from_pipeline",
    "_commit_hash",
)

Tokenizer = TypeVar("Tokenizer", bound="TokenizerFiles")


def load_json(path: str) -> Any:
    """A JSON file's content. OSError for what is no JSON."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except ValueError as error:
        raise OSError(f"{path}: required a JSON file ({error})") from error


def write_json(path: str, value: Any) -> None:
    """Writes a document, sorted and indented, as the reference does."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def prefixed(folder: str | os.PathLike[str], name: str, prefix: str | None) -> str:
    """The path of a file whose name may have a prefix."""
    return os.path.join(folder, f"{prefix}-{name}" if prefix else name)


class TokenizerFiles:
    """Reading and writing of tokenizers; `vocab_files_names` are the files of a class's own."""

    vocab_files_names: dict[str, str] = {}
    pretrained_vocab_files_map: dict[str, dict[str, str]] = {}
    pretrained_init_configuration: dict[str, dict[str, Any]] = {}
    max_model_input_sizes: dict[str, int | None] = {}
    SPECIAL_TOKENS_ATTRIBUTES: list[str]
    slow_tokenizer_class: Any
    init_kwargs: dict[str, Any]
    init_inputs: Any
    _auto_class: str | None = None

    # ------------------------------------------------------------------------------------ reading

    @classmethod
    def from_pretrained(
        cls: type[Tokenizer],
        pretrained_model_name_or_path: str | os.PathLike[str],
        *init_inputs: Any,
        cache_dir: str | os.PathLike[str] | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
        token: str | bool | None = None,
        revision: str = "main",
        **kwargs: Any,
    ) -> Tokenizer:
        """The tokenizer of a checkpoint: a folder, or a hub id.

        Keywords replace what the files set, such as `padding_side="left"` or `pad_token="!"`.
        OSError when a file that is needed isn't there.
        """
        path = os.fspath(pretrained_model_name_or_path)
        if os.path.isfile(path):
            raise ValueError(f"{path}: got a file, required a folder or a hub id")
        options = {name: kwargs.pop(name) for name in _DOWNLOAD if name in kwargs}
        folder = checkpoint_folder(
            path,
            cache_dir=cache_dir,
            local_files_only=local_files_only,
            revision=revision,
            subfolder=options.get("subfolder"),
        )
        files = {**cls.vocab_files_names, "tokenizer_file": FULL_TOKENIZER_FILE}
        found = {key: os.path.join(folder, name) for key, name in files.items()}
        found = {key: file for key, file in found.items() if os.path.isfile(file)}
        wanted = {*files.values(), TOKENIZER_CONFIG_FILE, SPECIAL_TOKENS_MAP_FILE, ADDED_TOKENS_FILE}
        if not any(os.path.isfile(os.path.join(folder, name)) for name in wanted):
            raise OSError(
                f"{path}: got no file of a {cls.__name__}, required {' or '.join(sorted(wanted))}"
            )
        return cls._from_folder(folder, path, found, init_inputs, kwargs)

    @classmethod
    def _from_folder(
        cls: type[Tokenizer],
        folder: str,
        name: str,
        found: dict[str, str],
        init_inputs: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Tokenizer:
        settings, inputs = _read_settings(folder)
        own, saved = _saved_class(cls.__name__), _saved_class(settings.pop("tokenizer_class", None))
        if saved is not None and saved != own:
            logger.warning("%s: a %s is read as a %s: ids may differ", name, saved, own)
        settings.update(kwargs)
        slow = None
        needs_slow = kwargs.get("from_slow", False) or "tokenizer_file" not in found
        if needs_slow and cls.slow_tokenizer_class is not None:
            slow = cls.slow_tokenizer_class._from_folder(
                folder, name, dict(found), init_inputs, copy.deepcopy(kwargs)
            )
        decoder = cls._read_tokens(folder, found, settings, kwargs)
        settings["added_tokens_decoder"] = decoder
        if "tokenizer_file" not in found:
            settings.pop("tokenizer_file", None)
        for key, path in found.items():
            if key != "tokenizer_file" or "tokenizer_file" in cls.vocab_files_names or not inputs:
                settings.setdefault(key, path)
        if slow is not None:
            settings["__slow_tokenizer"] = slow
        settings["name_or_path"] = name
        by_content = {token.content: token for token in decoder.values()}
        for key in cls.SPECIAL_TOKENS_ATTRIBUTES:
            value = settings.get(key)
            if value is not None and key != "additional_special_tokens":
                settings[key] = by_content.get(str(value), value)
        return cls(*(init_inputs or inputs), **settings)

    @classmethod
    def _read_tokens(
        cls, folder: str, found: dict[str, str], settings: dict[str, Any], kwargs: dict[str, Any]
    ) -> dict[int, AddedToken]:
        """Added tokens by id. Where the settings have none, older files do; roles go to settings."""
        if "added_tokens_decoder" in settings:
            return {int(id_): _one_token(v) for id_, v in settings["added_tokens_decoder"].items()}
        path = os.path.join(folder, SPECIAL_TOKENS_MAP_FILE)
        if os.path.isfile(path):
            for key, value in load_json(path).items():
                if kwargs.get(key):
                    continue
                settings[key] = _special(key, value, settings)
        decoder: dict[int, AddedToken] = {}
        path = os.path.join(folder, ADDED_TOKENS_FILE)
        if os.path.isfile(path):
            special = set()
            for key in cls.SPECIAL_TOKENS_ATTRIBUTES:
                value = settings.get(key)
                special |= {str(v) for v in (value if isinstance(value, list) else [value]) if v}
            for content, id_ in load_json(path).items():
                is_special = content in special
                decoder[id_] = AddedToken(content, special=is_special, normalized=not is_special)
        if "tokenizer_file" in found:
            for value in load_json(found["tokenizer_file"]).get("added_tokens", []):
                id_ = value.pop("id")
                decoder[id_] = AddedToken(**value)
        return decoder

    @classmethod
    def convert_added_tokens(cls, obj: Any, save: bool = False, add_type_field: bool = True) -> Any:
        """Tokens within a document as objects or, with `save`, as dictionaries."""
        if isinstance(obj, dict) and obj.get("__type") == "AddedToken":
            return AddedToken(**{key: value for key, value in obj.items() if key != "__type"})
        if isinstance(obj, AddedToken) and save:
            state = obj.__getstate__()
            if add_type_field:
                return {**state, "__type": "AddedToken"}
            return {key: value for key, value in state.items() if key != "special"}
        if isinstance(obj, (list, tuple)):
            return [cls.convert_added_tokens(one, save, add_type_field) for one in obj]
        if isinstance(obj, dict):
            return {k: cls.convert_added_tokens(v, save, add_type_field) for k, v in obj.items()}
        return obj

    # ------------------------------------------------------------------------------------ writing

    def save_pretrained(
        self,
        save_directory: str | os.PathLike[str],
        legacy_format: bool | None = None,
        filename_prefix: str | None = None,
        push_to_hub: bool = False,
        **kwargs: Any,
    ) -> tuple[str, ...] | None:
        """Writes all files that `from_pretrained` reads; returns their paths.

        `legacy_format` True leaves tokenizer.json out, False all of the vocabulary but it.
        """
        if push_to_hub:
            raise NotImplementedError("push_to_hub: save to a folder, and upload that")
        if os.path.isfile(save_directory):
            logger.error("%s: got a file, required a folder", save_directory)
            return None
        os.makedirs(save_directory, exist_ok=True)
        config_path = prefixed(save_directory, TOKENIZER_CONFIG_FILE, filename_prefix)
        special_path = prefixed(save_directory, SPECIAL_TOKENS_MAP_FILE, filename_prefix)
        write_json(config_path, self._settings())
        extended = getattr(self, "special_tokens_map_extended")
        write_json(special_path, self.convert_added_tokens(extended, save=True, add_type_field=False))
        return self._save_pretrained(
            save_directory, (config_path, special_path), legacy_format, filename_prefix
        )

    def _settings(self) -> dict[str, Any]:
        """What tokenizer_config.json says."""
        given: Any = self
        settings = copy.deepcopy(self.init_kwargs)
        for key in {*settings, "model_max_length", "clean_up_tokenization_spaces"}:
            if hasattr(self, key):
                settings[key] = getattr(self, key)
        settings.update(given.special_tokens_map)
        if given.chat_template is not None:
            settings["chat_template"] = given.chat_template
        if self.init_inputs:
            settings["init_inputs"] = copy.deepcopy(self.init_inputs)
        if "name_or_path" in settings:
            for key in ("name_or_path", "special_tokens_map_file", "tokenizer_file"):
                settings.pop(key, None)
        for key in (*self.vocab_files_names, "__slow_tokenizer"):
            settings.pop(key, None)
        settings = self.convert_added_tokens(settings, save=True)
        settings["added_tokens_decoder"] = {
            id_: token.__getstate__() for id_, token in given.added_tokens_decoder.items()
        }
        settings["tokenizer_class"] = _saved_class(type(self).__name__)
        if given._processor_class is not None:
            settings["processor_class"] = given._processor_class
        return dict(settings)

    def _save_pretrained(
        self,
        save_directory: str | os.PathLike[str],
        file_names: tuple[str, ...],
        legacy_format: bool | None = None,
        filename_prefix: str | None = None,
    ) -> tuple[str, ...]:
        if legacy_format is False:
            raise ValueError("legacy_format: got False, which only fast tokenizers can write")
        return file_names + self._save_vocabulary_files(save_directory, filename_prefix)

    def _save_vocabulary_files(
        self, folder: str | os.PathLike[str], prefix: str | None
    ) -> tuple[str, ...]:
        """Writes the vocabulary, and tokens that were added to it."""
        given: Any = self
        path = prefixed(folder, ADDED_TOKENS_FILE, prefix)
        beyond = {t: id_ for t, id_ in given.added_tokens_encoder.items() if id_ >= given.vocab_size}
        if beyond:
            write_json(path, beyond)
        vocabulary = self.save_vocabulary(os.fspath(folder), filename_prefix=prefix)
        return (*vocabulary, path)

    def save_vocabulary(
        self, save_directory: str, filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Writes the files of the vocabulary alone; returns their paths."""
        raise NotImplementedError

    def push_to_hub(self, *args: Any, **kwargs: Any) -> Any:
        """Raises NotImplementedError."""
        raise NotImplementedError("push_to_hub: save to a folder, and upload that")

    @classmethod
    def register_for_auto_class(cls, auto_class: str = "AutoTokenizer") -> None:
        """Names the Auto class that a class of the program's own is for."""
        cls._auto_class = auto_class if isinstance(auto_class, str) else auto_class.__name__


def _read_settings(folder: str) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """tokenizer_config.json, and what the constructor takes by place."""
    path = os.path.join(folder, TOKENIZER_CONFIG_FILE)
    settings = load_json(path) if os.path.isfile(path) else {}
    inputs = tuple(settings.pop("init_inputs", ()))
    converted: dict[str, Any] = TokenizerFiles.convert_added_tokens(settings)
    return converted, inputs


def _one_token(value: Any) -> AddedToken:
    if isinstance(value, dict):
        return AddedToken(**value)
    if isinstance(value, AddedToken):
        return value
    raise ValueError(f"added_tokens_decoder: got {value!r}, required a dictionary or AddedToken")


def _special(key: str, value: Any, settings: dict[str, Any]) -> Any:
    """A role's token in special_tokens_map.json."""
    if isinstance(value, dict):
        return AddedToken(**{**value, "special": True})
    if key != "additional_special_tokens" or not isinstance(value, list):
        return value
    known = settings.pop("additional_special_tokens", None) or []
    for token in value:
        token = AddedToken(**{**token, "special": True}) if isinstance(token, dict) else token
        if token not in known:
            known.append(token)
    return known


def _saved_class(name: Any) -> Any:
    """The slow class's name, by which both are found; None stays None."""
    return name[:-4] if str(name).endswith("Fast") and name != "PreTrainedTokenizerFast" else name


