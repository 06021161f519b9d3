"""Checkpoint folders of models."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

from .. import _arrays
from .._binding import call, options, path_bytes
from .._tyto import ffi, lib
from ._weights import DTYPES

_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS.update({"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40})
_WEIGHTS = re.compile(
    r"(model|pytorch_model)(-\d{5}-of-\d{5})?(\.\w+)?\.(safetensors|bin)(\.index.*\.json)?"
)


def size_bytes(size: int | str) -> int:
    """Bytes of a size such as "5GB" or 10000. ValueError for anything else."""
    if isinstance(size, int) and not isinstance(size, bool) and size > 0:
        return size
    parsed = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]I?B)?\s*", str(size).upper())
    if not isinstance(size, str) or parsed is None:
        raise ValueError(f"size: got {size!r}, required a number of bytes, or such as '5GB'")
    return max(1, int(float(parsed[1]) * _UNITS[parsed[2] or ""]))


def save(
    model: Any,
    folder: str,
    is_main_process: bool,
    state_dict: Mapping[str, Any] | None,
    save_function: Callable[..., None] | None,
    max_shard_size: int | str,
    safe_serialization: bool,
    variant: str | None,
) -> None:
    """Writes a model's config and weights; other files of the folder stay as they are."""
    shard_bytes = size_bytes(max_shard_size)
    os.makedirs(folder, exist_ok=True)
    config = model.config
    if is_main_process:
        config.architectures = [type(model).__name__]
        weights = model._weights
        lazy = weights is not None and not model._grown
        config.torch_dtype = weights.dtype if lazy else str(model.dtype).rpartition(".")[2]
        torch = _arrays.torch()
        if torch is not None:
            config.torch_dtype = getattr(torch, config.torch_dtype)
        config.save_pretrained(folder)
    with tempfile.TemporaryDirectory(prefix=".saving-", dir=folder) as temporary:
        made = os.path.join(temporary, "checkpoint")
        if not safe_serialization:
            _pickle(model, made, state_dict, save_function)
        else:
            _write(model, made, state_dict, shard_bytes)
        _install(made, folder, variant, is_main_process)


def _write(model: Any, made: str, state: Mapping[str, Any] | None, shard_bytes: int) -> None:
    """Writes safetensors files."""
    weights = model._weights
    if weights is None or model._prefix or state is not None:
        _write_tensors(model, made, state if state is not None else model.state_dict())
        return
    weights.sync()
    wanted = options("tyto_parameters_save_options")
    wanted.max_shard_bytes = shard_bytes
    if weights.dtype != "float64":
        wanted.to_dtype, wanted.dtype = True, DTYPES[weights.dtype][0]
    call(lib.tyto_parameters_save, weights.parameters, path_bytes(made), wanted)


def _write_tensors(model: Any, made: str, state: Mapping[str, Any]) -> None:
    """Writes tensors that are no network's, as one file."""
    os.makedirs(made)
    tensors = ffi.new("tyto_tensor[]", max(1, len(state)))
    held = [_arrays.fill(tensors[i], key, value) for i, (key, value) in enumerate(state.items())]
    path = os.path.join(made, "model.safetensors")
    call(lib.tyto_tensor_file_save, path_bytes(path), tensors, len(state))
    del held


def _pickle(
    model: Any,
    made: str,
    state: Mapping[str, Any] | None,
    save_function: Callable[..., None] | None,
) -> None:
    """Writes a file of torch.save."""
    torch = _arrays.torch()
    if torch is None:
        raise NotImplementedError("safe_serialization=False: needs torch; import it")
    os.makedirs(made)
    values = {
        key: value.detach().clone() if _arrays.is_tensor(value) else torch.from_numpy(value)
        for key, value in (state if state is not None else model.state_dict()).items()
    }
    (save_function or torch.save)(values, os.path.join(made, "pytorch_model.bin"))


def _install(made: str, folder: str, variant: str | None, alone: bool) -> None:
    """Moves files of weights to their place, and takes away those that were there before."""
    names = [name for name in os.listdir(made) if _WEIGHTS.fullmatch(name)]
    if alone:
        for old in os.listdir(folder):
            if _WEIGHTS.fullmatch(old) and old not in names and not variant:
                os.remove(os.path.join(folder, old))
    for name in names:
        place = name
        if variant:
            stem, _, ending = name.partition(".")
            place = f"{stem}.{variant}.{ending}"
        shutil.move(os.path.join(made, name), os.path.join(folder, place))


__all__ = ["save", "size_bytes"]
