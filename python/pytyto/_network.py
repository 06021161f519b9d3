"""Engines, opened networks, and the sessions that run them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import _arrays
from ._binding import ProgressFunction, Watch, call, made, options, path_bytes, text
from ._tyto import ffi, lib

PRECISIONS = {
    text(lib.tyto_precision_name(code)): code
    for code in (
        lib.TYTO_PRECISION_FP32,
        lib.TYTO_PRECISION_BF16,
        lib.TYTO_PRECISION_INT8,
        lib.TYTO_PRECISION_AUTO,
        lib.TYTO_PRECISION_DEFAULT,
    )
}

_engines: dict[int, Any] = {}
_TENSORS, _STRINGS = ffi.typeof("tyto_tensor[]"), ffi.typeof("char *[]")


def engine(threads: int = 0) -> Any:
    """The engine with so many threads for each session; 0: one for each core that may be used."""
    if isinstance(threads, bool) or not isinstance(threads, (int, np.integer)):
        raise TypeError(f"threads: got {type(threads).__name__}, required a whole number")
    if threads < 0:
        raise ValueError(f"threads: got {threads}, required 0 or more")
    known = _engines.get(int(threads))
    if known is None:
        wanted = options("tyto_engine_options")
        wanted.threads = threads
        wanted.log = lib.pytyto_log
        known = made("tyto_engine", lib.tyto_engine_create, wanted, destroy=lib.tyto_engine_destroy)
        _engines[int(threads)] = known
    return known


def precision_code(precision: str) -> int:
    """The library's number for "fp32", "bf16", "int8", "auto" or "default"."""
    if not isinstance(precision, str):
        raise TypeError(f"precision: got {type(precision).__name__}, required a string")
    if precision not in PRECISIONS:
        raise ValueError(f"precision: got {precision!r}, required one of {', '.join(PRECISIONS)}")
    return int(PRECISIONS[precision])


class Session:
    """A session of the library and what its calls need again and again. One call at a time."""

    def __init__(self, model: Any) -> None:
        self.pointer = made(
            "tyto_session",
            lib.tyto_session_create,
            model,
            ffi.NULL,
            destroy=lib.tyto_session_destroy,
            keep=model,
        )
        self.watch = Watch()
        self.error = ffi.new("tyto_error *")
        self.outputs = ffi.new("tyto_tensor **")
        self.count = ffi.new("int64_t *")
        lib.tyto_session_set_progress(self.pointer, self.watch.function, self.watch.user)

    def call(self, function: Any, *arguments: Any) -> None:
        """Calls `function(session, *arguments, err)`; raises its error, or what was raised while
        it ran."""
        self.watch.check(function(self.pointer, *arguments, self.error), self.error)


class Network:
    """An opened checkpoint with its sessions, of which each call takes one for itself: calls from
    several threads run beside one another.

    Immutable; any thread may use it. After a fork, so may the child.
    """

    def __init__(self, model: Any, engine_: Any) -> None:
        self.model = model
        self.engine = engine_
        self._idle: list[Session] = []

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        precision: str = "default",
        threads: int = 0,
        progress: ProgressFunction | None = None,
    ) -> Network:
        """Opens a checkpoint folder. FileNotFoundError, ValueError, … with the library's words."""
        source = path_bytes(path)
        return cls._made(lib.tyto_model_open, source, precision, threads, progress)

    @classmethod
    def create(
        cls,
        parameters: Any,
        *,
        precision: str = "default",
        threads: int = 0,
        progress: ProgressFunction | None = None,
    ) -> Network:
        """A network of parameters (a tyto_parameters) as they are now."""
        return cls._made(lib.tyto_model_create, parameters, precision, threads, progress)

    @classmethod
    def _made(
        cls,
        function: Any,
        source: Any,
        precision: str,
        threads: int,
        progress: ProgressFunction | None,
    ) -> Network:
        engine_ = engine(threads)
        watch = Watch(progress)
        wanted = options("tyto_model_open_options")
        wanted.precision = precision_code(precision)
        wanted.progress, wanted.progress_user = watch.function, watch.user
        out = ffi.new("tyto_model **")
        watch.call(function, engine_, source, wanted, out)
        # Both are held: when Python ends, a module's names may be gone before its objects.
        def release(pointer: Any, _keep: Any = engine_, destroy: Any = lib.tyto_model_destroy) -> None:
            destroy(pointer)

        model = ffi.gc(out[0], release)
        return cls(model, engine_)

    # ---------------------------------------------------------------------------------- sessions

    def take(self, progress: ProgressFunction | None = None) -> Session:
        """A session that nobody else uses; give it back with `give`."""
        try:
            session = self._idle.pop()
        except IndexError:
            session = Session(self.model)
        if progress is not None:
            session.watch.listen(progress)
        return session

    def give(self, session: Session) -> None:
        """Takes a session back."""
        if session.watch.progress is not None:
            session.watch.listen(None)
        self._idle.append(session)

    def run(self, function: Any, *arguments: Any, progress: ProgressFunction | None = None) -> None:
        """Calls `function(session, *arguments, err)` with a session of its own."""
        session = self.take(progress)
        try:
            session.call(function, *arguments)
        finally:
            self.give(session)

    # ----------------------------------------------------------------------------------- forward

    def forward(
        self,
        head: str | None,
        inputs: Mapping[str, Any],
        want: Sequence[str] = (),
        progress: ProgressFunction | None = None,
    ) -> dict[str, np.ndarray[Any, Any]]:
        """Runs a head (None: the model's own) on named arrays or tensors; gives the outputs that
        are wanted, or else what the reference returns by default, by their names."""
        tensors = ffi.new(_TENSORS, max(len(inputs), 1))
        held = [_arrays.fill(tensors[i], key, inputs[key]) for i, key in enumerate(inputs)]
        names = [_arrays.name(key) for key in want]
        session = self.take(progress)
        try:
            session.call(
                lib.tyto_forward,
                ffi.NULL if head is None else _arrays.name(head),
                tensors,
                len(inputs),
                ffi.new(_STRINGS, names) if names else ffi.NULL,
                len(names),
                session.outputs,
                session.count,
            )
            outputs = session.outputs[0]
            return dict(_arrays.named(outputs[i]) for i in range(session.count[0]))
        finally:
            del held
            self.give(session)

    def has_head(self, head: str) -> bool:
        """Whether `forward` knows a head of that name here."""
        return bool(lib.tyto_model_has_head(self.model, _arrays.name(head)))

    @property
    def head(self) -> str:
        """The class that config.json names, such as "Owlv2ForObjectDetection"."""
        return text(lib.tyto_model_head(self.model))

    @property
    def labels(self) -> dict[int, str]:
        """The classes that config.json names, by their numbers."""
        count = lib.tyto_model_label_count(self.model)
        return {i: text(lib.tyto_model_label(self.model, i)) for i in range(count)}

    @property
    def precision(self) -> str:
        """The precision that it computes in."""
        return text(lib.tyto_precision_name(lib.tyto_model_precision(self.model)))


def checkpoint(name: str | os.PathLike[str] | None) -> str:
    """The folder that a path, a hub id, or None (the model that comes along) means.

    A hub id that isn't in the cache is downloaded by huggingface_hub, where that is installed.
    """
    held = ffi.NULL if name is None else ffi.new("char[]", path_bytes(name))
    out = ffi.new("char **")
    try:
        call(lib.tyto_checkpoint_locate, held, ffi.NULL, out)
    except NotImplementedError:
        return _download(os.fsdecode(name) if name is not None else "")
    folder = ffi.string(out[0])
    lib.tyto_free(out[0])
    return os.fsdecode(folder)


def _download(name: str) -> str:
    """Brings a checkpoint from the hub."""
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise FileNotFoundError(
            f"{name}: not in the cache, and downloading needs huggingface_hub "
            "(pip install huggingface_hub); or give a checkpoint's folder"
        ) from None
    repository, _, revision = name.partition("@")
    return str(
        snapshot_download(
            repository,
            revision=revision or None,
            allow_patterns=["*.json", "*.txt", "*.safetensors", "*.bin"],
        )
    )


__all__ = ["Network", "checkpoint", "engine", "precision_code", "PRECISIONS"]
