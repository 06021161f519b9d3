"""Find in a picture what a text or another picture names; run OWLv2 and Perceiver IO.

>>> import pytyto
>>> model = pytyto.Model.open()                    # the model that comes along: drawings
>>> found = model.detect("photo.jpg", ["a cat"])   # doctest: +SKIP
>>> found.summary()                                # doctest: +SKIP

`pytyto.transformers` has the classes of the package of that name, without torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ._binding import Cancelled, Progress, text
from ._tyto import lib

if TYPE_CHECKING:
    from .model import Model, Photo
    from .results import Boxes, Results
    from .vocabulary import Vocabulary

__version__ = text(lib.tyto_version())

_HOMES = {
    "Model": "model",
    "Photo": "model",
    "Boxes": "results",
    "Results": "results",
    "Vocabulary": "vocabulary",
}

__all__ = [
    "Boxes",
    "Cancelled",
    "Model",
    "Photo",
    "Progress",
    "Results",
    "Vocabulary",
    "__version__",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'pytyto' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])


