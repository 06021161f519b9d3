"""Names that are imported when somebody asks for them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazy(
    package: str,
    exports: Mapping[str, str],
    modules: tuple[str, ...] = (),
    absent: Callable[[str], str | None] = lambda name: None,
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A package's `__getattr__` and `__dir__`.

    `exports` maps a name to the module that has it, relative to the package; `modules` are the
    package's own modules that are reached as its attributes. `absent` says why a name that the
    original has isn't there.
    """

    def get(name: str) -> Any:
        if name in exports:
            return getattr(importlib.import_module(exports[name], package), name)
        if name in modules:
            return importlib.import_module(f".{name}", package)
        why = absent(name)
        raise AttributeError(f"module {package!r} has no attribute {name!r}{f': {why}' if why else ''}")

    def names() -> list[str]:
        return sorted({*exports, *modules})

    return get, names
