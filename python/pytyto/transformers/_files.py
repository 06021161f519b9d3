"""The JSON files of a checkpoint."""

from __future__ import annotations

import json
import os
from typing import Any

from .._network import checkpoint

_HUB_ARGUMENTS = (
    "cache_dir",
    "force_download",
    "resume_download",
    "proxies",
    "token",
    "use_auth_token",
    "local_files_only",
    "_commit_hash",
    "_from_auto",
    "_from_pipeline",
    "trust_remote_code",
    "code_revision",
)


def folder_of(name: str | os.PathLike[str], arguments: dict[str, Any]) -> str:
    """The folder of a path or a hub id, where the arguments that are about the hub are taken out
    of `arguments`: `revision` and `subfolder` count. FileNotFoundError when it isn't there."""
    for key in _HUB_ARGUMENTS:
        arguments.pop(key, None)
    revision = arguments.pop("revision", None)
    subfolder = arguments.pop("subfolder", "") or ""
    name = os.fspath(name)
    if os.path.isdir(name) or revision in (None, "main"):
        folder = name if os.path.isdir(name) else checkpoint(name)
    else:
        folder = checkpoint(f"{name}@{revision}")
    return os.path.join(folder, subfolder) if subfolder else folder


def read_json(path: str) -> dict[str, Any]:
    """What a file says. OSError when it isn't there, or no JSON object."""
    with open(path, encoding="utf-8") as file:
        try:
            content = json.load(file)
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise OSError(f"{path}: not a JSON file ({error})") from None
    if not isinstance(content, dict):
        raise OSError(f"{path}: required a JSON object")
    return content


def read_json_if_there(folder: str, name: str) -> dict[str, Any]:
    """What a file of a folder says; {} when there is none."""
    path = os.path.join(folder, name)
    return read_json(path) if os.path.isfile(path) else {}


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes beside a file's place first, then renames it."""
    path = os.fspath(path)
    beside = f"{path}.{os.getpid()}.part"
    try:
        with open(beside, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise


def refuse_hub(push_to_hub: bool) -> None:
    """Uploading isn't part of this package."""
    if push_to_hub:
        raise NotImplementedError(
            "push_to_hub: save to a folder, and upload it by huggingface_hub's upload_folder"
        )
