"""Weights from files and state dicts into models, whatever class they were saved by."""

from __future__ import annotations

import os
from collections import namedtuple
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .. import _arrays
from .._binding import made, path_bytes, text
from .._tyto import lib
from ._weights import dtype_name, opened
from .configuration_utils import PretrainedConfig, checkpoint_folder
from .utils import logging

logger = logging.get_logger("pytyto.transformers.modeling_utils")

Fit = namedtuple("Fit", ["missing_keys", "unexpected_keys"])

SAFE = ("model.safetensors", "model.safetensors.index.json")
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
_REFUSED = {
    "from_tf": "checkpoints of TensorFlow aren't read",
    "from_flax": "checkpoints of Flax aren't read",
    "load_in_8bit": "use precision='int8'",
    "load_in_4bit": "there is no such precision",
    "quantization_config": "use precision='int8'",
}
_IGNORED = (
    "low_cpu_mem_usage",
    "trust_remote_code",
    "_fast_init",
    "mirror",
    "use_auth_token",
    "resume_download",
    "proxies",
    "offload_folder",
    "offload_state_dict",
    "max_memory",
    "adapter_kwargs",
    "_commit_hash",
    "use_flash_attention_2",
    "_from_auto",
    "_from_pipeline",
)


class Tensors:
    """The tensors of a checkpoint's files, read one at a time."""

    def __init__(self, path: str) -> None:
        self._file = made(
            "tyto_tensor_file",
            lib.tyto_tensor_file_open,
            path_bytes(path),
            destroy=lib.tyto_tensor_file_destroy,
        )
        count = lib.tyto_tensor_file_count(self._file)
        self._at: dict[str, Any] = {}
        for i in range(count):
            entry = lib.tyto_tensor_file_at(self._file, i)
            self._at[text(entry.name)] = entry

    def keys(self) -> Iterable[str]:
        """The tensors' names."""
        return self._at.keys()

    def shape(self, key: str) -> tuple[int, ...]:
        """A tensor's shape."""
        return tuple(self._at[key].shape[0 : self._at[key].rank])

    def dtype(self, key: str) -> str:
        """A tensor's type as torch calls it."""
        names = {
            lib.TYTO_F32: "float32",
            lib.TYTO_F64: "float64",
            lib.TYTO_F16: "float16",
            lib.TYTO_BF16: "bfloat16",
        }
        return names.get(self._at[key].dtype, "int64")

    def get(self, key: str) -> np.ndarray[Any, Any]:
        """A copy of a tensor; bfloat16 becomes float32."""
        return _arrays.copied(self._at[key])


class Given:
    """The tensors of a state dict."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._state = state

    def keys(self) -> Iterable[str]:
        """The tensors' names."""
        return self._state.keys()

    def shape(self, key: str) -> tuple[int, ...]:
        """A tensor's shape."""
        return tuple(self._state[key].shape)

    def dtype(self, key: str) -> str:
        """A tensor's type as torch calls it."""
        return str(self._state[key].dtype).rpartition(".")[2]

    def get(self, key: str) -> Any:
        """A tensor."""
        return self._state[key]


def _files(folder: str, use_safetensors: bool | None, variant: str | None) -> str:
    """The file of weights in a folder. OSError when there is none."""
    names = {True: SAFE, False: PICKLED, None: SAFE + PICKLED}[use_safetensors]
    for name in names:
        if variant:
            stem, _, ending = name.partition(".")
            name = f"{stem}.{ending.replace('index', f'index.{variant}')}" if "index" in name else (
                f"{stem}.{variant}.{ending}"
            )
        path = os.path.join(folder, name)
        if os.path.isfile(path):
            return path
    raise OSError(f"{folder}: has none of {', '.join(names)}")


def _as_saved(key: str) -> str:
    """A name as the reference has it now: old checkpoints call weights of norms otherwise."""
    if key.endswith(("LayerNorm.gamma", "LayerNorm.beta")):
        return key.replace("gamma", "weight").replace("beta", "bias")
    return key


def match(keys: Iterable[str], wanted: Iterable[str], prefix: str) -> dict[str, str]:
    """The name in the model of each name in a checkpoint.

    A checkpoint of a model with heads has a base model's weights below `prefix`, and the other way
    round: names are moved where the two differ.
    """
    keys, wanted = list(keys), set(wanted)
    below = f"{prefix}."
    checkpoint_has = bool(prefix) and any(key.startswith(below) for key in keys)
    model_has = bool(prefix) and any(name.startswith(below) for name in wanted)
    found = {}
    for key in keys:
        name = _as_saved(key)
        if checkpoint_has and not model_has:
            name = name[len(below) :] if name.startswith(below) else name
        elif model_has and not checkpoint_has:
            name = below + name if below + name in wanted else name
        found[key] = name
    return found


def _as_in(
    keys: Iterable[str], missing: list[str], wanted: Iterable[str], prefix: str
) -> list[str]:
    """Missing names as the checkpoint would have them: with or without the base model's prefix."""
    below = f"{prefix}."
    checkpoint_has = bool(prefix) and any(key.startswith(below) for key in keys)
    model_has = bool(prefix) and any(name.startswith(below) for name in wanted)
    if model_has and not checkpoint_has:
        return [name.removeprefix(below) for name in missing]
    if checkpoint_has and not model_has:
        return [below + name for name in missing]
    return missing


def _take_options(kwargs: dict[str, Any]) -> dict[str, Any]:
    """What `from_pretrained` understands beside its own arguments."""
    for key, why in _REFUSED.items():
        if kwargs.pop(key, None):
            raise NotImplementedError(f"{key}: {why}")
    device_map = kwargs.pop("device_map", None)
    devices = device_map.values() if isinstance(device_map, dict) else [device_map]
    if any(str(device) not in ("None", "cpu", "auto") for device in devices):
        raise NotImplementedError(f"device_map: got {device_map!r}, but the engine runs on CPUs")
    for key in _IGNORED:
        kwargs.pop(key, None)
    taken = {
        key: kwargs.pop(key, None)
        for key in ("state_dict", "torch_dtype", "output_loading_info", "variant", "precision")
    }
    taken["threads"] = kwargs.pop("threads", 0)
    return taken


def load(
    cls: Any,
    name: str | os.PathLike[str] | None,
    arguments: tuple[Any, ...],
    config: Any,
    where: dict[str, Any],
    ignore_mismatched_sizes: bool,
    use_safetensors: bool | None,
    kwargs: dict[str, Any],
) -> Any:
    """What `PreTrainedModel.from_pretrained` does."""
    taken = _take_options(kwargs)
    where["subfolder"] = kwargs.pop("subfolder", "")
    if not isinstance(config, PretrainedConfig):
        place = config if config is not None else name
        if place is None:
            raise ValueError("required a checkpoint's name, or config and state_dict")
        config, kwargs = cls.config_class.from_pretrained(
            place, return_unused_kwargs=True, **where, **kwargs
        )
    if name is not None:
        config.name_or_path = os.fspath(name)
    folder = ""
    source: Any
    if taken["state_dict"] is not None:
        source = Given(taken["state_dict"])
    elif name is None:
        raise ValueError("required a checkpoint's name, or config and state_dict")
    else:
        folder = checkpoint_folder(name, **where)
        source = Tensors(_files(folder, use_safetensors, taken["variant"]))
    dtype = _dtype(taken["torch_dtype"], config, source)
    kwargs.pop("torch_dtype", None)
    model, info = None, None
    if dtype == "float32" and not isinstance(source, Given):
        model, info = _mapped(cls, folder, config, arguments, kwargs, source)
    if model is None:
        model = cls(config, *arguments, **kwargs)
        info = _fill(model, source, dtype, ignore_mismatched_sizes)
    assert info is not None
    if model._weights is not None:
        model._weights.precision = taken["precision"]
        model._weights.threads = taken["threads"]
    _say(model, info, name)
    model.eval()
    return (model, info) if taken["output_loading_info"] else model


def _mapped(
    cls: Any,
    folder: str,
    config: Any,
    arguments: tuple[Any, ...],
    kwargs: dict[str, Any],
    source: Any,
) -> tuple[Any, dict[str, Any] | None]:
    """The model of a checkpoint of its own class, whose files stay mapped: nothing is copied.
    (None, None) where the checkpoint is another's, or the config isn't the folder's."""
    own = type(config)
    path = os.path.join(folder, "config.json")
    if cls._architecture is None or not os.path.isfile(path):
        return None, None
    said = own.from_json_file(path)
    named, said.name_or_path = said.architectures or (), config.name_or_path
    said.torch_dtype = config.torch_dtype
    if cls._architecture not in named or said.to_dict() != config.to_dict():
        return None, None
    try:
        with opened(folder):
            model = cls(config, *arguments, **kwargs)
    except (ValueError, NotImplementedError):
        return None, None
    shapes, keys = model._weights.shapes, set(source.keys())
    if any(key not in keys or source.shape(key) != shapes[key] for key in shapes):
        return None, None
    unexpected = [k for k in keys if k not in shapes and not k.endswith("position_ids")]
    empty: dict[str, Any] = {"missing_keys": [], "mismatched_keys": [], "error_msgs": []}
    return model, {**empty, "unexpected_keys": unexpected}


def _dtype(wanted: Any, config: Any, source: Any) -> str:
    """The name of the type that weights are to have."""
    if wanted is None:
        return "float32"
    if isinstance(wanted, str) and wanted == "auto":
        if config.torch_dtype is not None:
            return dtype_name(config.torch_dtype)
        names = [source.dtype(key) for key in source.keys()]
        return next((name for name in names if name != "int64"), "float32")
    return dtype_name(wanted)


def _fill(model: Any, source: Any, dtype: str, ignore: bool) -> dict[str, Any]:
    """Writes a checkpoint's tensors into a new model; gives what didn't fit."""
    weights = model._weights
    shapes = weights.shapes if weights is not None else {
        key: tuple(value.shape) for key, value in model.state_dict().items()
    }
    names = match(source.keys(), shapes, model.base_model_prefix)
    unexpected, mismatched, errors, written = [], [], [], {}
    for key, name in names.items():
        if name not in shapes:
            unexpected.append(key)
        elif source.shape(key) != shapes[name]:
            mismatched.append((key, source.shape(key), shapes[name]))
            errors.append(
                f"{name}: got shape {list(source.shape(key))}, required {list(shapes[name])}"
            )
        else:
            written[name] = key
    if errors and not ignore:
        raise RuntimeError(
            f"{type(model).__name__}: sizes of weights differ; ignore_mismatched_sizes=True gives "
            "these initial values: " + "; ".join(errors)
        )
    if weights is not None:
        for name in shapes:
            if name in written:
                weights.write(name, source.get(written[name]), dtype)
            elif dtype != "float32":
                weights.write(name, weights.read(name), dtype)
        weights.dtype = dtype
    else:
        load_arrays(model, {name: source.get(key) for name, key in written.items()}, False)
        if dtype != "float32":
            model.to(dtype)
    missing = [name for name in shapes if name not in names.values()]
    return {
        "missing_keys": _as_in(source.keys(), missing, shapes, model.base_model_prefix),
        "unexpected_keys": [key for key in unexpected if not key.endswith("position_ids")],
        "mismatched_keys": mismatched,
        "error_msgs": [],
    }


def _say(model: Any, info: dict[str, Any], name: Any) -> None:
    kind = type(model).__name__
    if info["unexpected_keys"]:
        logger.warning(
            "Some weights of the model checkpoint at %s were not used when initializing %s: %s",
            name,
            kind,
            sorted(info["unexpected_keys"]),
        )
    if info["missing_keys"]:
        logger.warning(
            "Some weights of %s were not initialized from the model checkpoint at %s and are newly "
            "initialized: %s",
            kind,
            name,
            sorted(info["missing_keys"]),
        )
    if info["mismatched_keys"]:
        logger.warning(
            "Some weights of %s were not initialized from the model checkpoint at %s and are newly "
            "initialized because the shapes did not match: %s",
            kind,
            name,
            info["mismatched_keys"],
        )


def load_arrays(model: Any, state: Mapping[str, Any], strict: bool) -> Fit:
    """Copies a state dict's values into a model's own memory."""
    own: dict[str, Any] = model.state_dict()
    fit = Fit([key for key in own if key not in state], [key for key in state if key not in own])
    errors = []
    if strict and fit.missing_keys:
        errors.append("missing: " + ", ".join(fit.missing_keys))
    if strict and fit.unexpected_keys:
        errors.append("unexpected: " + ", ".join(fit.unexpected_keys))
    for key, value in state.items():
        if key in own and tuple(value.shape) != tuple(own[key].shape):
            errors.append(
                f"{key}: got shape {list(value.shape)}, required {list(own[key].shape)}"
            )
    if errors:
        raise RuntimeError(f"{type(model).__name__}: state_dict: " + "; ".join(errors))
    for key, value in state.items():
        if key in own:
            if _arrays.is_tensor(own[key]):
                given = value if _arrays.is_tensor(value) else _arrays.torch().from_numpy(
                    np.array(value)
                )
                own[key].detach().copy_(given)
            else:
                array = value.detach().float().numpy() if _arrays.is_tensor(value) else value
                own[key][...] = array
    return fit


def rebuild(
    cls: Any, config: Any, arguments: dict[str, Any], state: Mapping[str, Any], training: bool
) -> Any:
    """A model of a state dict: what pickles and copies are made of."""
    model = cls(config, **arguments)
    model.load_state_dict(state)
    dtypes = {
        str(value.dtype).rpartition(".")[2] for value in state.values() if _is_float(value)
    }
    if len(dtypes) == 1 and dtypes != {"float32"}:
        model.to(dtypes.pop())
        model.load_state_dict(state)
    model.train(training)
    return model


def _is_float(value: Any) -> bool:
    return bool(value.is_floating_point() if _arrays.is_tensor(value) else value.dtype.kind == "f")


__all__ = ["Given", "Tensors", "load", "load_arrays", "match", "rebuild"]
