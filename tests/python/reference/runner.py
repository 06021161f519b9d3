"""Runs files of the reference's own tests, from a checkout of its version 4.37.2 that the first word
names, but for those that a list leaves out."""

from __future__ import annotations

import importlib
import os
import pathlib
import sys
import types
import unittest
from collections.abc import Iterable
from typing import Any

import pytest


def checkout_of(usage: str | None) -> pathlib.Path:
    """The checkout; ends the program with how it is used where there is none."""
    if len(sys.argv) < 2 or not pathlib.Path(sys.argv[1], "tests").is_dir():
        sys.exit((usage or "").strip())
    return pathlib.Path(sys.argv[1]).resolve()


class _Chosen:
    """Leaves out the tests whose names, or whose classes' and names ("Class::test"), begin as in a
    list."""

    def __init__(self, left_out: Iterable[str]) -> None:
        self.left_out = left_out

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        gone = [item for item in items if any(f"::{key}" in item.nodeid for key in self.left_out)]
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if item not in gone]


def prepare(checkout: pathlib.Path) -> None:
    """Lets the tests find what they import: each other, and what older versions of pytest had."""
    sys.path[:0] = [str(checkout), str(checkout / "utils")]
    os.chdir(checkout)
    for name, place in (("import_path", "_pytest.pathlib"), ("skip", "_pytest.outcomes")):
        value = getattr(importlib.import_module(place), name)
        vars(importlib.import_module("_pytest.doctest")).setdefault(name, value)


def stub(name: str, attribute: str, value: Any) -> None:
    """A module with one attribute, in the place of one that isn't needed."""
    module = types.ModuleType(name)
    setattr(module, attribute, value)
    sys.modules[name] = module


def from_server(*args: Any, **kwargs: Any) -> None:
    """Skips the test that calls it."""
    raise unittest.SkipTest("needs checkpoints or data from a server")


def run(
    checkout: pathlib.Path, files: Iterable[str], left_out: Iterable[str], words: list[str]
) -> int:
    """pytest's exit status."""
    options = ["-p", "no:cacheprovider", "--rootdir", str(checkout), "-q", "-W", "ignore", *words]
    places = [str(checkout / file) for file in files]
    return int(pytest.main([*places, *options], plugins=[_Chosen(left_out)]))
