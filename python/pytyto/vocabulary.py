"""What is looked for: texts and examples, encoded once, for any number of pictures."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from ._binding import call, made, path_bytes, strings
from ._tyto import ffi, lib
from .results import names_of


class Vocabulary:
    """Labels with their features, of which the direction counts. `Model.vocabulary` makes one.

    Immutable; any thread may use it. Two are joined by `+`.
    """

    def __init__(self, handle: Any) -> None:
        self.handle = handle

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocabulary:
        """Reads what `save` wrote."""
        return cls(
            made(
                "tyto_vocabulary",
                lib.tyto_vocabulary_load,
                path_bytes(path),
                destroy=lib.tyto_vocabulary_destroy,
            )
        )

    @classmethod
    def from_features(cls, features: npt.ArrayLike, labels: list[str]) -> Vocabulary:
        """A vocabulary of features (n, width) that you have, normalised or not, but not 0."""
        values = np.ascontiguousarray(features, np.float32)
        if values.ndim != 2 or len(values) != len(labels):
            raise ValueError(
                f"features: got shape {values.shape} for {len(labels)} labels, required (n, width)"
            )
        names, held = strings(labels)
        vocabulary = cls(
            made(
                "tyto_vocabulary",
                lib.tyto_vocabulary_from_features,
                ffi.from_buffer("float[]", values) if values.size else ffi.new("float[1]"),
                names,
                len(values),
                values.shape[1],
                destroy=lib.tyto_vocabulary_destroy,
            )
        )
        del held
        return vocabulary

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the features as .safetensors with their labels, or as .npy without."""
        call(lib.tyto_vocabulary_save, self.handle, path_bytes(path))

    @property
    def names(self) -> dict[int, str]:
        """The labels by their numbers."""
        return names_of(self.handle)

    @property
    def features(self) -> npt.NDArray[np.float32]:
        """(n, width): texts as `get_text_features` gives them, examples as `embed_image_query`."""
        shape = (len(self), lib.tyto_vocabulary_width(self.handle))
        out = np.empty(shape, np.float32)
        ffi.memmove(
            ffi.from_buffer(out, require_writable=True),
            lib.tyto_vocabulary_features(self.handle),
            out.nbytes,
        )
        return out

    def __len__(self) -> int:
        return int(lib.tyto_vocabulary_count(self.handle))

    def __add__(self, other: Vocabulary) -> Vocabulary:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        parts = ffi.new("tyto_vocabulary *[]", [self.handle, other.handle])
        return Vocabulary(
            made(
                "tyto_vocabulary",
                lib.tyto_vocabulary_join,
                parts,
                2,
                destroy=lib.tyto_vocabulary_destroy,
            )
        )

    def averaged(self) -> Vocabulary:
        """Queries of the same label become one, their mean."""
        return Vocabulary(
            made(
                "tyto_vocabulary",
                lib.tyto_vocabulary_average,
                self.handle,
                destroy=lib.tyto_vocabulary_destroy,
            )
        )

    def __repr__(self) -> str:
        names = list(self.names.values())
        more = f", … ({len(names)})" if len(names) > 5 else ""
        return f"Vocabulary({', '.join(map(repr, names[:5]))}{more})"
