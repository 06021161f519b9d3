"""Videos, whose frames PyAV reads, and what is found in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ._binding import call, made
from ._tyto import ffi, lib
from .results import Results, _Detections
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    from .model import Model

Frame = tuple[float, npt.NDArray[np.uint8]]


def frames(video: str | os.PathLike[str], every: int = 1) -> Iterator[Frame]:
    """(seconds, pixels (height, width, 3)) of every `every`-th frame, in the order of showing."""
    if every < 1:
        raise ValueError(f"every: got {every}, required 1 or more")
    try:
        import av
    except ImportError:
        raise ImportError("videos are read by PyAV, which isn't installed: pip install av") from None
    with av.open(os.fspath(video)) as container:
        seconds = 0.0
        for i, frame in enumerate(container.decode(video=0)):
            if frame.time is not None:
                seconds = max(seconds, float(frame.time))
            if i % every == 0:
                yield seconds, frame.to_ndarray(format="rgb24")


def tracked(
    model: Model,
    sequence: Iterable[Frame],
    vocabulary: Vocabulary | None,
    track: bool,
    options: Mapping[str, Any],
) -> Iterator[Results]:
    """Results of frames one after the other, with identities where they are asked for."""
    tracker = None
    if track:
        tracker = made(
            "tyto_tracker", lib.tyto_tracker_create, ffi.NULL, destroy=lib.tyto_tracker_destroy
        )
        options = {"embeddings": True, "nms": "class", **options}
    for seconds, pixels in sequence:
        results = model.detect(pixels, vocabulary, **options)
        if tracker is not None:
            results.boxes.id = _identities(tracker, results, seconds)
        yield results


def _identities(tracker: Any, results: Results, seconds: float) -> Any:
    ids = np.full(len(results), -1, np.int64)
    embeddings = results.embeddings
    with _Detections(results) as detections:
        held = None
        if embeddings is not None and len(results):
            held = ffi.from_buffer("float[]", np.ascontiguousarray(embeddings))
            detections.embeddings = held
            detections.embedding_width = embeddings.shape[1]
        call(
            lib.tyto_tracker_update,
            tracker,
            detections,
            seconds,
            ffi.from_buffer("int64_t[]", ids) if ids.size else ffi.NULL,
        )
        del held
    from .results import Array

    return ids.view(Array)
