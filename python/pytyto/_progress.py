"""Progress of long calls, shown to people."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ._binding import Progress, ProgressFunction


@contextmanager
def shown(progress: bool | ProgressFunction | None) -> Iterator[ProgressFunction | None]:
    """What a call's `progress` means: False or None nobody, True a bar, else the function itself.

    The bar is tqdm's, which knows notebooks, or a line on standard error where it isn't installed.
    """
    if not progress:
        yield None
    elif callable(progress):
        yield progress
    else:
        bar = _Bar()
        try:
            yield bar
        finally:
            bar.close()


class _Bar:
    """A bar for the stage that is under way."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: Any = None
        try:
            from tqdm.auto import tqdm

            self._tqdm: Any = tqdm
        except ImportError:
            self._tqdm = None

    def __call__(self, step: Progress) -> bool:
        if self._tqdm is None:
            total = f" of {step.total}" if step.total else ""
            sys.stderr.write(f"\r\x1b[K{step.stage}: {step.done}{total}")
            sys.stderr.flush()
            return True
        if step.stage != self._stage or self._bar is None:
            self.close()
            self._stage = step.stage
            self._bar = self._tqdm(total=step.total or None, desc=step.stage, leave=False)
        self._bar.n = step.done
        self._bar.refresh()
        return True

    def close(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        elif self._tqdm is None:
            sys.stderr.write("\r\x1b[K")
