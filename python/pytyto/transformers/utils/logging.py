"""Verbosity by the reference's functions, over Python's own logging."""

from __future__ import annotations

import logging as _logging

CRITICAL = _logging.CRITICAL
DEBUG = _logging.DEBUG
ERROR = _logging.ERROR
FATAL = _logging.FATAL
INFO = _logging.INFO
NOTSET = _logging.NOTSET
WARN = _logging.WARNING
WARNING = _logging.WARNING

_ROOT = "pytyto"


def get_logger(name: str | None = None) -> _logging.Logger:
    """The logger of that name; None: the package's, which all others are below."""
    return _logging.getLogger(name or _ROOT)


def get_verbosity() -> int:
    """The level from which on messages are logged."""
    return get_logger().getEffectiveLevel()


def set_verbosity(verbosity: int) -> None:
    """Logs messages of that level and those above."""
    get_logger().setLevel(verbosity)


def set_verbosity_debug() -> None:
    """Logs everything."""
    set_verbosity(DEBUG)


def set_verbosity_info() -> None:
    """Logs what is done, and all that matters more."""
    set_verbosity(INFO)


def set_verbosity_warning() -> None:
    """Logs warnings and errors, as is the default."""
    set_verbosity(WARNING)


def set_verbosity_error() -> None:
    """Logs errors alone."""
    set_verbosity(ERROR)


__all__ = [
    "get_logger",
    "get_verbosity",
    "set_verbosity",
    "set_verbosity_debug",
    "set_verbosity_error",
    "set_verbosity_info",
    "set_verbosity_warning",
]
