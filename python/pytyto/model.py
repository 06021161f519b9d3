"""A checkpoint that is opened, and all that it can be asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Union, overload

import numpy as np
import numpy.typing as npt

from . import _arrays, pictures
from ._binding import ProgressFunction, call, encoded, made, options, strings, text
from ._detections import BOXES
from ._network import Network, checkpoint
from ._progress import shown
from ._tyto import ffi, lib
from .pictures import Image, Picture
from .results import Results, names_of, sequence_of
from .vocabulary import Vocabulary

Exemplar = Union[Image, "tuple[Image, Sequence[float]]"]
Labels = Union[None, str, "Sequence[str]", Vocabulary]

# What a type checker can know to be one picture, or several; a PIL image or a tensor it takes for
# anything, since neither package need be there.
_One = Union[str, "os.PathLike[str]", bytes, npt.NDArray[Any], "Photo"]
_Several = Union["Sequence[Any]", "Iterator[Any]"]

_NMS = {"off": lib.TYTO_NMS_OFF, "class": lib.TYTO_NMS_CLASS, "all": lib.TYTO_NMS_ALL}
_SCORES = {
    None: lib.TYTO_SCORES_AS_CONFIGURED,
    "softmax": lib.TYTO_SCORES_SOFTMAX,
    "sigmoid": lib.TYTO_SCORES_SIGMOID,
    "none": lib.TYTO_SCORES_NONE,
}
_AT_ONCE = 8


class Photo:
    """A picture that went through the image tower: searched again and again, with other labels, at
    next to no cost. `Model.encode` makes one; it belongs to that model."""

    def __init__(self, handle: Any, picture: Picture) -> None:
        self.handle = handle
        self.picture = picture

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.picture.pixels.shape[:2]
        return width, height


def _choice(name: str, value: Any, known: Mapping[Any, int]) -> int:
    if value not in known:
        raise ValueError(f"{name}: got {value!r}, required one of {', '.join(map(repr, known))}")
    return known[value]


class Model:
    """A model: detection by texts and examples, embeddings, classes, masked text, optical flow.

    Immutable. Any number of threads may call it at once: each call runs in a session of its own,
    and lets other Python threads run meanwhile.

    >>> model = Model.open()
    >>> model
    Model(Owlv2ForObjectDetection, fp32)
    """

    def __init__(self, network: Network, folder: str) -> None:
        self.network = network
        self.folder = folder

    @classmethod
    def open(
        cls,
        id_or_folder: str | os.PathLike[str] | None = None,
        *,
        precision: str = "auto",
        threads: int = 0,
        progress: bool | ProgressFunction = False,
    ) -> Model:
        """Opens a checkpoint.

        id_or_folder  a folder, or a hub id "OWNER/NAME"; None: the model that comes with pytyto,
                      which knows drawings
        precision     "fp32", "bf16", "int8", "auto" (the fastest whose detections are as good) or
                      "default" (what the folder was packed for)
        threads       of each call; 0: one for each core that this process may use
        progress      True: show it; or a function that is called with each `Progress`

        FileNotFoundError, ValueError, TypeError.
        """
        if id_or_folder is not None and not isinstance(id_or_folder, (str, os.PathLike)):
            raise TypeError(f"got {type(id_or_folder).__name__}, required a path or a hub id")
        folder = checkpoint(id_or_folder)
        with shown(progress) as hears:
            network = Network.open(folder, precision=precision, threads=threads, progress=hears)
        return cls(network, folder)

    # ------------------------------------------------------------------------- what it is

    @property
    def head(self) -> str:
        """The class that its config names, such as "Owlv2ForObjectDetection"."""
        return self.network.head

    @property
    def names(self) -> dict[int, str]:
        """The classes of a classifier by their numbers."""
        return self.network.labels

    @property
    def precision(self) -> str:
        """What it computes in."""
        return self.network.precision

    @property
    def config(self) -> dict[str, Any]:
        """Its config.json."""
        content = Path(self.folder, "config.json").read_text("utf-8")
        return dict(json.loads(content))

    @property
    def num_parameters(self) -> int:
        """How many parameters it has."""
        return int(lib.tyto_model_parameter_count(self.network.model))

    @property
    def tasks(self) -> list[str]:
        """What it can be asked for, by the words of the command: "search", "embed", …"""
        every = []
        task = 0
        while name := text(lib.tyto_task_name(task)):
            if lib.tyto_model_offers(self.network.model, task):
                every.append(name)
            task += 1
        return every

    def __repr__(self) -> str:
        return f"Model({self.head}, {self.precision})"

    # ------------------------------------------------------------------------- searching

    def vocabulary(
        self,
        texts: str | Sequence[str] | None = None,
        exemplars: Exemplar | Sequence[Exemplar] | None = None,
        *,
        labels: Sequence[str] | None = None,
        templates: bool = False,
    ) -> Vocabulary:
        """Encodes what is looked for, once for any number of pictures.

        texts      what things are called
        exemplars  pictures of things, or (picture, (x0, y0, x1, y1)) with the thing's box in
                   pixels; as many as you like
        labels     of the exemplars; None: their file's name, or "object"
        templates  average each text over seven phrasings ("a photo of a …")
        """
        wanted = options("tyto_embed_options")
        wanted.templates = bool(templates)
        parts: list[Any] = []
        if texts is not None:
            words = sequence_of(texts)
            if any(not isinstance(word, str) for word in words):
                raise TypeError("texts: required strings")
            if words:
                names, held = strings(words)
                parts.append(self._vocabulary(lib.tyto_vocabulary_create, names, len(held), wanted))
        if exemplars is not None:
            several = _exemplars(exemplars)
            if labels is not None and len(labels) != len(several):
                raise ValueError(f"got {len(labels)} labels for {len(several)} exemplars")
            for i, one in enumerate(several):
                parts.append(self._exemplar(one, labels[i] if labels is not None else None))
        if not parts:
            raise ValueError("got neither texts nor exemplars")
        if len(parts) == 1:
            return Vocabulary(parts[0])
        joined = made(
            "tyto_vocabulary",
            lib.tyto_vocabulary_join,
            ffi.new("tyto_vocabulary *[]", parts),
            len(parts),
            destroy=lib.tyto_vocabulary_destroy,
        )
        return Vocabulary(joined)

    def _vocabulary(self, function: Any, *arguments: Any) -> Any:
        out = ffi.new("tyto_vocabulary **")
        self.network.run(function, *arguments, out)
        return ffi.gc(out[0], lib.tyto_vocabulary_destroy)

    def _exemplar(self, exemplar: tuple[Any, Sequence[float] | None], label: str | None) -> Any:
        image, box = exemplar
        photo = image if isinstance(image, Photo) else self.encode(image)
        region = ffi.NULL
        if box is not None:
            region = ffi.new("tyto_box *", [float(v) for v in box])
        if label is None:
            # A file's name need not be UTF-8, a label must.
            stem = os.fsencode(Path(photo.picture.path or "object").stem)
            label = stem.decode("utf-8", "replace")
        return self._vocabulary(
            lib.tyto_photo_query,
            photo.handle,
            region,
            lib.TYTO_QUERY_RULE_AUTO,
            encoded(label, "a label"),
            ffi.NULL,
        )

    def encode(self, image: Image) -> Photo:
        """Runs the image tower, which is nearly all of a search's work, and keeps what it gives."""
        picture = pictures.load(image)
        view = ffi.new("tyto_image *")
        held = picture.fill(view)
        out = ffi.new("tyto_photo **")
        self.network.run(lib.tyto_photo_create, view, ffi.NULL, out)
        del held
        model = self.network.model
        handle = ffi.gc(
            out[0], lambda pointer, _keep=model, destroy=lib.tyto_photo_destroy: destroy(pointer)
        )
        return Photo(handle, picture)

    @overload
    def detect(self, images: _One, labels: Labels = None, **options: Any) -> Results: ...
    @overload
    def detect(
        self, images: _Several, labels: Labels = None, **options: Any
    ) -> list[Results]: ...
    @overload
    def detect(self, images: object, labels: Labels = None, **options: Any) -> Any: ...

    def detect(  # type: ignore[misc]
        self,
        images: Any,
        labels: Labels = None,
        *,
        threshold: float | Mapping[str, float] | None = None,
        top_k: int = 0,
        nms: str = "off",
        iou: float = 0.5,
        multi_label: bool = False,
        boxes: str = "image",
        tiles: bool | int = False,
        tile_overlap: float = 0.25,
        skip_padding: bool = False,
        input_size: int = 0,
        embeddings: bool = False,
        templates: bool = False,
        progress: bool | ProgressFunction = False,
    ) -> Any:
        """Finds what labels name.

        images        one picture gives one `Results`, several a list of them. A picture is a path,
                      a file's bytes or an open file, an array (height, width, 3) of uint8, a PIL
                      image, a torch tensor, or a `Photo`
        labels        a text, several, or a `Vocabulary`; None: whatever looks like an object
        threshold     scores above it are kept; or one for each label by its name. None: what the
                      checkpoint recommends, which is 0.1 where it says nothing
        top_k         the best so many of each picture; 0: all
        nms           "off", "class" or "all": boxes that overlap a better one by more than iou
                      are dropped: of the same label, or of any
        multi_label   every label above its threshold, not each box's best
        boxes         "image": pixels of the picture; "reference": as the reference scales them
        tiles         look at parts of the picture too, for what is small: True, or their side in
                      pixels, with tile_overlap as the share that neighbours have in common
        skip_padding, input_size  approximations: leave the padding out; another size of the
                      network's square, in pixels
        embeddings    `Results.embeddings` says what each thing is taken for
        templates     of labels that are texts: average each over seven phrasings

        >>> import pytyto
        >>> model = pytyto.Model.open()
        >>> found = model.detect("assets/scene.png", ["a red apple"])   # doctest: +SKIP
        """
        vocabulary = self._labels(labels, templates)
        wanted = options("tyto_search_options")
        held: list[Any] = []
        if isinstance(threshold, Mapping):
            values = np.full(len(vocabulary) if vocabulary else 1, lib.TYTO_THRESHOLD_MODEL)
            names = vocabulary.names if vocabulary else {}
            general = float(lib.tyto_model_threshold(self.network.model, False))
            values[:] = general
            for label, value in threshold.items():
                places = [i for i, name in names.items() if name == label]
                if not places:
                    raise ValueError(f"threshold: {label!r} is none of the labels")
                values[places] = _threshold(value)
            held.append(np.ascontiguousarray(values, np.float32))
            held.append(ffi.from_buffer("float[]", held[-1]))
            wanted.label_thresholds, wanted.n_label_thresholds = held[-1], len(values)
        elif threshold is not None:
            wanted.threshold = _threshold(threshold)
        wanted.top_k = int(top_k)
        wanted.nms = _choice("nms", nms, _NMS)
        wanted.nms_iou = float(iou)
        wanted.multi_label = bool(multi_label)
        wanted.boxes = _choice("boxes", boxes, BOXES)
        if tiles is not False:
            wanted.tiles = True
            wanted.tile_px = 0 if tiles is True else int(tiles)
            wanted.tile_overlap = float(tile_overlap)
        wanted.skip_padding = bool(skip_padding)
        wanted.input_px = int(input_size)
        wanted.embeddings = bool(embeddings)
        with shown(progress) as hears:
            return self._search(images, vocabulary, wanted, hears)

    @overload
    def match(
        self,
        images: _One,
        exemplars: Exemplar | Sequence[Exemplar] | Vocabulary,
        **options: Any,
    ) -> Results: ...
    @overload
    def match(
        self,
        images: _Several,
        exemplars: Exemplar | Sequence[Exemplar] | Vocabulary,
        **options: Any,
    ) -> list[Results]: ...
    @overload
    def match(
        self,
        images: object,
        exemplars: Exemplar | Sequence[Exemplar] | Vocabulary,
        **options: Any,
    ) -> Any: ...

    def match(  # type: ignore[misc]
        self,
        images: Any,
        exemplars: Any,
        *,
        threshold: float = 0.6,
        iou: float = 0.3,
        labels: Sequence[str] | None = None,
        top_k: int = 0,
        progress: bool | ProgressFunction = False,
    ) -> Any:
        """Finds what looks like examples.

        exemplars  pictures of things, or (picture, (x0, y0, x1, y1)) with the thing's box; or a
                   `Vocabulary` made of such
        threshold  scores above it are kept: a score is the reference's guided one, relative to
                   the picture's best
        iou        boxes that overlap a better one by more are dropped
        """
        if isinstance(exemplars, Vocabulary):
            vocabulary = exemplars
        else:
            vocabulary = self.vocabulary(exemplars=exemplars, labels=labels)
        wanted = ffi.new("tyto_search_options *")
        lib.tyto_search_options_init_guided(wanted, ffi.sizeof("tyto_search_options"))
        wanted.threshold = _threshold(threshold)
        wanted.nms_iou = float(iou)
        wanted.top_k = int(top_k)
        with shown(progress) as hears:
            return self._search(images, vocabulary, wanted, hears)

    def _labels(self, labels: Labels, templates: bool) -> Vocabulary | None:
        if labels is None or isinstance(labels, Vocabulary):
            return labels
        return self.vocabulary(labels, templates=templates)

    def _search(
        self,
        images: Any,
        vocabulary: Vocabulary | None,
        wanted: Any,
        progress: ProgressFunction | None,
    ) -> Any:
        if isinstance(images, Photo) or pictures.is_one(images):
            return self._search_some([images], vocabulary, wanted, progress)[0]
        found: list[Results] = []
        some: list[Any] = []
        for image in images:
            some.append(image)
            if len(some) == _AT_ONCE:
                found += self._search_some(some, vocabulary, wanted, progress)
                some = []
        return found + (self._search_some(some, vocabulary, wanted, progress) if some else [])

    def _search_some(
        self,
        images: list[Any],
        vocabulary: Vocabulary | None,
        wanted: Any,
        progress: ProgressFunction | None,
    ) -> list[Results]:
        n = len(images)
        sources = ffi.new("tyto_search_source[]", n)
        views = ffi.new("tyto_image[]", n)
        held: list[Any] = []
        loaded: list[Picture] = []
        for i, image in enumerate(images):
            if isinstance(image, Photo):
                loaded.append(image.picture)
                sources[i].photo = image.handle
            else:
                loaded.append(pictures.load(image))
                held.append(loaded[-1].fill(views[i]))
                sources[i].image = views + i
        detections = ffi.new("tyto_detections[]", n)
        handle = vocabulary.handle if vocabulary is not None else ffi.NULL
        names = names_of(handle) if vocabulary is not None else {0: "object"}
        try:
            self.network.run(
                lib.tyto_search, sources, n, handle, wanted, detections, progress=progress
            )
            return [
                Results.take(
                    detections[i],
                    names,
                    (picture.pixels.shape[0], picture.pixels.shape[1]),
                    picture.pixels,
                    picture.path,
                )
                for i, picture in enumerate(loaded)
            ]
        finally:
            for i in range(n):
                lib.tyto_detections_clear(detections + i)

    def detect_video(
        self,
        video: str | os.PathLike[str],
        labels: Labels = None,
        *,
        every: int = 1,
        track: bool = False,
        **options_: Any,
    ) -> Iterator[Results]:
        """Finds what labels name in every `every`-th frame of a video, which PyAV reads (package
        av). With track, things keep an identity from frame to frame (`boxes.id`). Other options
        are those of `detect`."""
        from .video import frames, tracked

        vocabulary = self._labels(labels, bool(options_.pop("templates", False)))
        return tracked(self, frames(video, every), vocabulary, track, options_)

    # ------------------------------------------------------------------------- other tasks

    def embed(
        self, inputs: Any, *, templates: bool = False, progress: bool | ProgressFunction = False
    ) -> npt.NDArray[np.float32]:
        """Texts or pictures as vectors of one space: float32 (n, width), or (width,) for one.

        A string is a text; a picture's path is given as a `pathlib.Path`.
        """
        one = isinstance(inputs, str) or (isinstance(inputs, Photo) or pictures.is_one(inputs))
        several = [inputs] if one else list(inputs)
        if not several:
            raise ValueError("got nothing to embed")
        texts = sum(isinstance(item, str) for item in several)
        if 0 < texts < len(several):
            raise TypeError(
                "got texts and pictures at once, required either; a picture's path is a Path"
            )
        with shown(progress) as hears:
            if texts:
                rows = self._embed_texts(several, templates, hears)
            else:
                rows = np.stack([self._embed_image(item, hears) for item in several])
        return rows[0] if one else rows

    def _embed_texts(
        self, texts: list[str], templates: bool, progress: ProgressFunction | None
    ) -> npt.NDArray[np.float32]:
        wanted = options("tyto_embed_options")
        wanted.templates = bool(templates)
        names, held = strings(texts)
        out, width = ffi.new("float **"), ffi.new("int64_t *")
        self.network.run(
            lib.tyto_embed_texts, names, len(held), wanted, out, width, progress=progress
        )
        return _floats(out[0], (len(texts), width[0]))

    def _embed_image(
        self, image: Any, progress: ProgressFunction | None
    ) -> npt.NDArray[np.float32]:
        view = ffi.new("tyto_image *")
        held = pictures.load(image).fill(view)
        out, width = ffi.new("float **"), ffi.new("int64_t *")
        self.network.run(lib.tyto_embed_image, view, ffi.NULL, out, width, progress=progress)
        del held
        return _floats(out[0], (width[0],))

    def similarity(self, image: Image, labels: Labels) -> dict[str, float]:
        """How likely each label is what the whole picture shows: a softmax over them, best
        first."""
        vocabulary = self._labels(labels, False)
        if vocabulary is None:
            raise ValueError("got no labels")
        n = len(vocabulary)
        view = ffi.new("tyto_image *")
        held = pictures.load(image).fill(view)
        logits, shares = np.empty(n, np.float32), np.empty(n, np.float32)
        self.network.run(
            lib.tyto_similarity,
            vocabulary.handle,
            view,
            ffi.NULL,
            ffi.from_buffer("float[]", logits),
            ffi.from_buffer("float[]", shares),
        )
        del held
        names = vocabulary.names
        return {names[int(i)]: float(shares[i]) for i in np.argsort(-shares, kind="stable")}

    def classify(
        self,
        inputs: Any,
        *,
        top_k: int = 5,
        scores: str | None = None,
        progress: bool | ProgressFunction = False,
    ) -> Any:
        """Classes of texts or pictures, whichever the model classifies, best first:
        [{label, score}], or a list of those for several inputs.

        scores  None: as its config says; "softmax", "sigmoid", or "none" for the logits
        top_k   0: all classes
        """
        kind = lib.tyto_model_classifies(self.network.model)
        wanted = options("tyto_classify_options")
        wanted.top_k = int(top_k)
        wanted.scores = _choice("scores", scores, _SCORES)
        wanted.truncation = True
        is_text = kind == lib.TYTO_CLASSIFIED_TEXT
        one = isinstance(inputs, str) if is_text else pictures.is_one(inputs)
        several = [inputs] if one else list(inputs)
        n = len(several)
        out = ffi.new("tyto_classes[]", max(n, 1))
        try:
            with shown(progress) as hears:
                if is_text:
                    names, held = strings(several)
                    self.network.run(
                        lib.tyto_classify_texts, names, ffi.NULL, n, wanted, out, progress=hears
                    )
                else:
                    views = ffi.new("tyto_image[]", max(n, 1))
                    held = [pictures.load(image).fill(views[i]) for i, image in enumerate(several)]
                    self.network.run(
                        lib.tyto_classify_images, views, n, wanted, out, progress=hears
                    )
            found = [_classes(out[i]) for i in range(n)]
        finally:
            for i in range(n):
                lib.tyto_classes_clear(out + i)
        del held
        return found[0] if one else found

    def fill_mask(self, text_: str, *, top_k: int = 5) -> list[list[dict[str, Any]]]:
        """What may stand in place of each "[MASK]": for each, [{token, token_str, score}], most
        likely first. A mask is one byte."""
        content = text_.encode("utf-8", "surrogatepass")
        wanted = options("tyto_fill_mask_options")
        wanted.top_k = int(top_k)
        out = ffi.new("tyto_filled_text *")
        self.network.run(lib.tyto_fill_mask, content, len(content), wanted, out)
        filled = out[0]
        try:
            k = filled.n_guesses
            return [
                [
                    {
                        "token": int(guess.id),
                        "token_str": text(guess.token),
                        "score": float(guess.score),
                    }
                    for guess in (filled.guesses[mask * k + i] for i in range(k))
                ]
                for mask in range(filled.n_masks)
            ]
        finally:
            lib.tyto_filled_text_clear(out)

    def flow(
        self,
        first: Image,
        second: Image,
        *,
        overlap: int = 20,
        progress: bool | ProgressFunction = False,
    ) -> npt.NDArray[np.float32]:
        """How far each pixel of the first picture has moved in the second: float32
        (height, width, 2), pixels to the right and down.

        overlap  of neighbouring parts, in pixels, where pictures are larger than the network sees
        """
        wanted = options("tyto_flow_options")
        wanted.overlap_px = int(overlap)
        views = ffi.new("tyto_image[2]")
        held = [pictures.load(first).fill(views[0]), pictures.load(second).fill(views[1])]
        field = ffi.new("tyto_flow_field *")
        with shown(progress) as hears:
            self.network.run(lib.tyto_flow, views + 0, views + 1, wanted, field, progress=hears)
        del held
        out = np.empty((field.height_px, field.width_px, 2), np.float32)
        ffi.memmove(ffi.from_buffer(out, require_writable=True), field.data, out.nbytes)
        lib.tyto_flow_field_clear(field)
        return out

    def autoencode(
        self,
        images: npt.ArrayLike,
        sound: npt.ArrayLike,
        *,
        chunks: int = 8,
        progress: bool | ProgressFunction = False,
    ) -> dict[str, npt.NDArray[np.float32]]:
        """Encodes a window of video with sound and makes it again.

        images  (frames, 3, height, width) in [0, 1]; sound (samples,) in [-1, 1]
        Gives images (frames, height, width, 3), sound (samples,), probabilities (classes,).
        """
        shape = ffi.new("tyto_clip_shape *")
        call(lib.tyto_autoencode_shape, self.network.model, shape)
        frames = np.ascontiguousarray(images, np.float32)
        samples = np.ascontiguousarray(sound, np.float32).reshape(-1)
        required = (shape.frames, 3, shape.height_px, shape.width_px)
        if frames.shape != required:
            raise ValueError(f"images: got shape {frames.shape}, required {required}")
        if samples.shape != (shape.samples,):
            raise ValueError(f"sound: got {len(samples)} samples, required {shape.samples}")
        wanted = options("tyto_autoencode_options")
        wanted.chunks = int(chunks)
        out = ffi.new("tyto_reconstruction *")
        with shown(progress) as hears:
            self.network.run(
                lib.tyto_autoencode,
                ffi.from_buffer("float[]", frames),
                ffi.from_buffer("float[]", samples),
                wanted,
                out,
                progress=hears,
            )
        made_again = {
            "images": _copy(out.images, (required[0], required[2], required[3], 3)),
            "sound": _copy(out.sound, (shape.samples,)),
            "probabilities": _copy(out.probabilities, (out.n_classes,)),
        }
        lib.tyto_reconstruction_clear(out)
        return made_again

    def forward(
        self,
        head: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        want: str | Sequence[str] = (),
        *,
        progress: bool | ProgressFunction = False,
    ) -> dict[str, Any]:
        """Runs a head of the network on named arrays.

        head    "Class" or "Class.method" as the reference spells them; None: the model's own
        inputs  {"pixel_values": (n, 3, height, width), "input_ids": (n, tokens), …}
        want    names of outputs, such as "logits"; none: what the reference gives by default

        Gives exactly the outputs that are wanted, torch tensors if any input is one.
        """
        given = {} if inputs is None else dict(inputs)
        want = sequence_of(want)
        with shown(progress) as hears:
            outputs = self.network.forward(head, given, want, hears)
        tensors = _arrays.any_tensor(given)
        return {name: _arrays.like(array, tensors) for name, array in outputs.items()}


def _threshold(value: Any) -> float:
    number = float(value)
    if not 0 <= number <= 1:
        raise ValueError(f"threshold: got {value}, required a number from 0 to 1")
    return number


def _exemplars(exemplars: Any) -> list[tuple[Any, Sequence[float] | None]]:
    """Pictures with a box or None, of one exemplar or several."""

    def pair(value: Any) -> tuple[Any, Sequence[float] | None] | None:
        if isinstance(value, Photo):
            return value, None
        if isinstance(value, (tuple, list)) and len(value) == 2 and _is_box(value[1]):
            return value[0], value[1]
        return None

    one = pair(exemplars)
    if one is not None:
        return [one]
    if pictures.is_one(exemplars):
        return [(exemplars, None)]
    return [pair(value) or (value, None) for value in exemplars]


def _is_box(value: Any) -> bool:
    """Whether a value is four numbers, and not a picture."""
    if isinstance(value, (tuple, list)):
        return len(value) == 4 and all(isinstance(v, (int, float, np.number)) for v in value)
    return getattr(value, "ndim", None) == 1 and len(value) == 4


def _classes(classes: Any) -> list[dict[str, Any]]:
    return [
        {
            "label": text(item.label) if item.label else f"LABEL_{item.label_index}",
            "score": float(item.score),
        }
        for item in (classes.items[i] for i in range(classes.count))
    ]


def _copy(pointer: Any, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    out = np.empty(shape, np.float32)
    if out.size:
        ffi.memmove(ffi.from_buffer(out, require_writable=True), pointer, out.nbytes)
    return out


def _floats(pointer: Any, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """A copy of floats that the library gave, which are released."""
    out = _copy(pointer, shape)
    lib.tyto_free(pointer)
    return out
