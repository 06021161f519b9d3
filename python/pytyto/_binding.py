"""The library's calls as Python wants them: text, errors, progress, and messages.

Everything here is about the boundary alone; what the calls mean is documented in <tyto/tyto.h>.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ._tyto import ffi, lib

log = logging.getLogger("pytyto")


class Cancelled(RuntimeError):
    """A call was stopped by its own progress function."""


class Progress(NamedTuple):
    """How far a call is: `done` of `total` (0: unknown) in a stage such as "image tower"."""

    stage: str
    subject: str | None
    done: int
    total: int


ProgressFunction = Callable[[Progress], "bool | None"]
"""Called before each step of a long call; returning False stops it with `Cancelled`."""

_ERRORS: dict[int, type[Exception]] = {
    lib.TYTO_E_ARGUMENT: ValueError,
    lib.TYTO_E_SHAPE: ValueError,
    lib.TYTO_E_RANGE: ValueError,
    lib.TYTO_E_FORMAT: ValueError,
    lib.TYTO_E_LIMIT: ValueError,
    lib.TYTO_E_IO: OSError,
    lib.TYTO_E_NOT_FOUND: FileNotFoundError,
    lib.TYTO_E_MEMORY: MemoryError,
    lib.TYTO_E_UNSUPPORTED: NotImplementedError,
    lib.TYTO_E_CANCELLED: Cancelled,
    lib.TYTO_E_EXISTS: FileExistsError,
}


def text(pointer: Any) -> str:
    """The string at a `char *`; "" for NULL."""
    return ffi.string(pointer).decode("utf-8", "replace") if pointer else ""


def fail(status: int, err: Any) -> None:
    """Raises the Python exception of a status, with the library's sentence."""
    message = text(lib.tyto_error_message(err))
    lib.tyto_error_clear(err)
    raise _ERRORS.get(status, RuntimeError)(message)


def call(function: Any, *arguments: Any) -> None:
    """Calls a function of the library whose last parameter is a `tyto_error *`."""
    err = ffi.new("tyto_error *")
    status = function(*arguments, err)
    if status:
        fail(status, err)


def made(kind: str, function: Any, *arguments: Any, destroy: Any, keep: Any = None) -> Any:
    """What a call gives by its `out` parameter, which stands before the error: a pointer that is
    destroyed with the object. `keep` lives at least as long."""
    out = ffi.new(f"{kind} **")
    call(function, *arguments, out)
    if keep is None:
        return ffi.gc(out[0], destroy)
    # The destructor holds what must not go first, in whatever order garbage is collected.
    return ffi.gc(out[0], lambda pointer, _keep=keep: destroy(pointer))


def options(kind: str) -> Any:
    """An options struct of the library with its defaults."""
    made_options = ffi.new(f"{kind} *")
    getattr(lib, f"{kind}_init")(made_options, ffi.sizeof(made_options[0]))
    return made_options


def take_bytes(value: Any) -> bytes:
    """The content of a tyto_bytes, which is released."""
    content = bytes(ffi.buffer(value.data, value.length_bytes)) if value.data else b""
    lib.tyto_bytes_clear(ffi.addressof(value))
    return content


def encoded(one: str, what: str = "a text") -> bytes:
    """A text as the library takes it. A NUL in it is refused: the library would take it for the
    text's end."""
    if not isinstance(one, str):
        raise TypeError(f"{what}: got {type(one).__name__}, required a string")
    if "\0" in one:
        raise ValueError(f"{what} must not have a NUL character in it")
    return one.encode("utf-8", "surrogatepass")


def path_bytes(path: str | os.PathLike[str]) -> bytes:
    """A path as the library takes it; a NUL in it is refused, as `open` does."""
    content = os.fsencode(path)
    if b"\0" in content:
        raise ValueError(f"a path must not have a NUL character in it: {path!r}")
    return content


def strings(texts: Sequence[str]) -> tuple[Any, list[Any]]:
    """A `char *[]` of texts, and what must live as long as it."""
    held = [ffi.new("char[]", encoded(one)) for one in texts]
    return ffi.new("char *[]", held), held


# ------------------------------------------------------------------------------------- progress


_PROGRESS = ffi.addressof(lib, "pytyto_progress")


class Watch:
    """Hears of a call's progress: for the user's function, and for Ctrl-C in the main thread.

    `function` and `user` are what the library is given.
    """

    def __init__(self, progress: ProgressFunction | None = None) -> None:
        self.raised: BaseException | None = None
        self._handle = ffi.new_handle(self)
        self.user = ffi.new("pytyto_watch *")
        self.user.handle = self._handle
        self.function = _PROGRESS
        self.progress: ProgressFunction | None = None
        if progress is not None:
            self.listen(progress)

    def listen(self, progress: ProgressFunction | None) -> None:
        """The function that is called from now on, before each step."""
        self.progress = progress
        self.user.every_step = progress is not None

    def check(self, status: int, err: Any) -> None:
        """Raises what was raised while a call ran, or else the call's error."""
        if self.raised is not None:
            lib.tyto_error_clear(err)
            raised, self.raised = self.raised, None
            raise raised
        if status:
            fail(status, err)

    def call(self, function: Any, *arguments: Any) -> None:
        """As `call`, but what was raised while it ran is raised here."""
        err = ffi.new("tyto_error *")
        self.check(function(*arguments, err), err)


def _stop(_kind: Any, error: BaseException, traceback: Any) -> bool:
    """Keeps what was raised in `pytyto_step` for the call that is under way, and stops it."""
    user = traceback.tb_frame.f_locals.get("user") if traceback is not None else None
    if user is not None:
        ffi.from_handle(ffi.cast("pytyto_watch *", user).handle).raised = error
    return False


@ffi.def_extern(error=False, onerror=_stop)  # type: ignore[untyped-decorator]
def pytyto_step(user: Any, progress: Any) -> bool:
    watch: Watch = ffi.from_handle(ffi.cast("pytyto_watch *", user).handle)
    if watch.progress is None:
        return True
    step = Progress(
        text(progress.stage),
        text(progress.subject) if progress.subject else None,
        progress.done,
        progress.total,
    )
    return watch.progress(step) is not False


# ------------------------------------------------------------------------------------- messages

_LEVELS = {
    lib.TYTO_LOG_LEVEL_ERROR: logging.ERROR,
    lib.TYTO_LOG_LEVEL_WARNING: logging.WARNING,
    lib.TYTO_LOG_LEVEL_INFO: logging.INFO,
    lib.TYTO_LOG_LEVEL_DEBUG: logging.DEBUG,
}


@ffi.def_extern()  # type: ignore[untyped-decorator]
def pytyto_log(_user: Any, level: int, message: Any) -> None:
    log.log(_LEVELS.get(level, logging.INFO), "%s", text(message))
