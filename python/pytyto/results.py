"""What was found in a picture, as arrays, as words, drawn, and as files for other programs."""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import pictures
from ._binding import call, encoded, made, options, path_bytes, strings, take_bytes, text
from ._detections import DETECTION, rows
from ._tyto import ffi, lib

# The longer side of a picture that a notebook shows.
_SHOWN_PX = 960
_ARTICLE = re.compile(r"^(an?|the) (?=\S)", re.IGNORECASE)


class Array(np.ndarray[Any, Any]):
    """A numpy array that also answers to `.cpu()`, `.numpy()` and `.int()`, so that code for
    tensors takes it as it is."""

    def cpu(self) -> Array:
        """The array itself."""
        return self

    def numpy(self) -> np.ndarray[Any, Any]:
        """The same memory as a plain array."""
        return self.view(np.ndarray)

    def int(self) -> Array:
        """The numbers as int64."""
        return self.astype(np.int64).view(Array)


def _array(values: np.ndarray[Any, Any]) -> Array:
    return values.view(Array)


class Boxes:
    """Boxes of one picture, best first, in pixels of it.

    xyxy, xywh, xyxyn, xywhn (n, 4) float32; conf (n,) float32; cls (n,) int64; id (n,) int64, or
    None where nothing was tracked; data (n, 6) as ultralytics lays it out.
    """

    def __init__(
        self,
        xyxy: npt.NDArray[np.float32],
        conf: npt.NDArray[np.float32],
        cls: npt.NDArray[np.int64],
        orig_shape: tuple[int, int],
        ids: npt.NDArray[np.int64] | None = None,
    ) -> None:
        self.xyxy = _array(xyxy)
        self.conf = _array(conf)
        self.cls = _array(cls)
        self.id = None if ids is None else _array(ids)
        self.orig_shape = orig_shape

    @property
    def is_track(self) -> bool:
        """Whether the boxes have identities."""
        return self.id is not None

    @property
    def xywh(self) -> Array:
        """Centre x, centre y, width, height."""
        low, high = self.xyxy[:, :2], self.xyxy[:, 2:]
        return _array(np.concatenate([(low + high) / 2, high - low], axis=1))

    def _shares(self, boxes: Array) -> Array:
        height, width = self.orig_shape
        return _array(boxes / np.array([width, height, width, height], np.float32))

    @property
    def xyxyn(self) -> Array:
        """xyxy in shares of the picture's width and height."""
        return self._shares(self.xyxy)

    @property
    def xywhn(self) -> Array:
        """xywh in shares of the picture's width and height."""
        return self._shares(self.xywh)

    @property
    def data(self) -> Array:
        """(n, 6): xyxy, conf, cls; with identities (n, 7): xyxy, id, conf, cls."""
        columns = [self.xyxy, self.conf[:, None], self.cls[:, None].astype(np.float32)]
        if self.id is not None:
            columns.insert(1, self.id[:, None].astype(np.float32))
        return _array(np.concatenate(columns, axis=1))

    def __len__(self) -> int:
        return len(self.conf)

    def __getitem__(self, which: Any) -> Boxes:
        if isinstance(which, (int, np.integer)):
            which = slice(which, which + 1 or None)
        return Boxes(
            self.xyxy[which],
            self.conf[which],
            self.cls[which],
            self.orig_shape,
            None if self.id is None else self.id[which],
        )

    def __iter__(self) -> Iterator[Boxes]:
        return (self[i] for i in range(len(self)))

    def cpu(self) -> Boxes:
        """The boxes themselves."""
        return self

    def numpy(self) -> Boxes:
        """The boxes themselves: they are arrays already."""
        return self


class Results:
    """What was found in one picture.

    boxes       `Boxes`, best first
    names       what each number of `boxes.cls` stands for
    orig_shape  the picture's (height, width)
    orig_img    its pixels, (height, width, 3) RGB, or None where it was given encoded
    path        its file, or None
    embeddings  (n, width) float32 where they were asked for, else None
    masks, obb  None: boxes are what there is

    `supervision.Detections.from_ultralytics` takes it. A notebook shows it drawn.
    """

    masks = None
    obb = None
    probs = None
    keypoints = None

    def __init__(
        self,
        boxes: Boxes,
        names: Mapping[int, str],
        orig_shape: tuple[int, int],
        orig_img: npt.NDArray[np.uint8] | None = None,
        path: str | None = None,
        embeddings: npt.NDArray[np.float32] | None = None,
    ) -> None:
        self.boxes = boxes
        self.names = dict(names)
        self.orig_shape = orig_shape
        self.orig_img = orig_img
        self.path = path
        self.embeddings = embeddings

    @classmethod
    def take(
        cls,
        detections: Any,
        names: Mapping[int, str],
        orig_shape: tuple[int, int],
        orig_img: npt.NDArray[np.uint8] | None = None,
        path: str | None = None,
    ) -> Results:
        """Results of a tyto_detections, which is copied; its owner releases it."""
        items = rows(detections)
        embeddings = None
        if detections.embeddings:
            width = detections.embedding_width
            embeddings = np.empty((len(items), width), np.float32)
            ffi.memmove(ffi.from_buffer(embeddings), detections.embeddings, embeddings.nbytes)
        boxes = Boxes(
            items["box"].copy(), items["score"].copy(), items["label_index"].copy(), orig_shape
        )
        return cls(boxes, names, orig_shape, orig_img, path, embeddings)

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, which: Any) -> Results:
        embeddings = self.embeddings
        boxes = self.boxes[which]
        if embeddings is not None:
            if isinstance(which, (int, np.integer)):
                which = slice(which, which + 1 or None)
            embeddings = embeddings[which]
        return Results(boxes, self.names, self.orig_shape, self.orig_img, self.path, embeddings)

    def summary(self, normalize: bool = False, decimals: int = 5) -> list[dict[str, Any]]:
        """A dict for each box: name, class, confidence, box {x1, y1, x2, y2}; track_id where
        things were tracked. normalize: boxes in shares of the picture."""
        values = self.boxes.xyxyn if normalize else self.boxes.xyxy
        found = []
        for i in range(len(self)):
            corners = [round(float(v), decimals) for v in values[i]]
            number = int(self.boxes.cls[i])
            one: dict[str, Any] = {
                "name": self.names[number],
                "class": number,
                "confidence": round(float(self.boxes.conf[i]), decimals),
                "box": dict(zip(("x1", "y1", "x2", "y2"), corners)),
            }
            if self.boxes.id is not None:
                one["track_id"] = int(self.boxes.id[i])
            found.append(one)
        return found

    def to_json(self, normalize: bool = False, decimals: int = 5) -> str:
        """`summary` as JSON."""
        return json.dumps(self.summary(normalize, decimals), ensure_ascii=False, indent=2)

    def verbose(self) -> str:
        """How many there are of each name: "2 cats, 1 dog, " as ultralytics says it, labels
        without their articles."""
        if not len(self):
            return "(no detections), "
        counts: dict[str, int] = {}
        for number in self.boxes.cls.tolist():
            counts[self.names[number]] = counts.get(self.names[number], 0) + 1
        return "".join(
            f"{n} {_ARTICLE.sub('', name)}{'s' if n > 1 else ''}, " for name, n in counts.items()
        )

    # ----------------------------------------------------------------------------------- drawing

    def plot(
        self,
        img: npt.NDArray[np.uint8] | None = None,
        *,
        labels: bool = True,
        conf: bool = True,
        line_width: int = 0,
        font_size: int = 0,
    ) -> npt.NDArray[np.uint8]:
        """The picture (or `img`) with its boxes, (height, width, 3) uint8, RGB (ultralytics gives
        BGR). Sizes of 0 are chosen by the picture's."""
        base = self.orig_img if img is None else img
        if base is None:
            raise ValueError("there are no pixels to draw on; give them as img")
        canvas = np.array(base, dtype=np.uint8, order="C")
        view = ffi.new("tyto_image *")
        held = [pictures.Picture(canvas).fill(view)]
        with _Detections(self) as detections:
            wanted = options("tyto_draw_options")
            wanted.line_px, wanted.text_px = int(line_width), int(font_size)
            wanted.no_labels, wanted.no_scores = not labels, not conf
            if self.boxes.id is not None:
                ids = np.ascontiguousarray(self.boxes.id, np.int64)
                held.append(ffi.from_buffer("int64_t[]", ids))
                wanted.ids = held[-1]
            names, kept = strings(self._labels())
            call(lib.tyto_draw_detections, view, detections, names, len(kept), wanted)
        return canvas

    def save(self, filename: str | os.PathLike[str]) -> str:
        """Writes the drawn picture as .png, .jpg or .webp; gives the name back."""
        pictures.save(filename, self.plot())
        return os.fspath(filename)

    def show(self) -> None:
        """Shows the drawn picture in a notebook, or in a window by Pillow."""
        try:
            from IPython import get_ipython
            from IPython.display import display
        except ImportError:
            pass
        else:
            if get_ipython() is not None:
                display(self)
                return
        from PIL import Image

        Image.fromarray(self.plot()).show()

    def _drawn(self, name: str) -> bytes | None:
        """The drawn picture as a file for a page: not larger than a page shows it."""
        if self.orig_img is None:
            return None
        pixels = pictures.reduced(self.orig_img, _SHOWN_PX)
        height, width = pixels.shape[:2]
        scale = np.array([width, height, width, height], np.float32)
        own = self.boxes
        boxes = Boxes(own.xyxyn * scale, own.conf, own.cls, (height, width), own.id)
        return pictures.encoded(Results(boxes, self.names, (height, width), pixels).plot(), name)

    def _repr_png_(self) -> bytes | None:
        return self._drawn("found.png")

    def _repr_html_(self) -> str:
        lines = "".join(
            "<tr><td>{}</td><td>{:.3f}</td><td>{}</td></tr>".format(
                html.escape(one["name"]),
                one["confidence"],
                ", ".join(f"{v:.1f}" for v in one["box"].values()),
            )
            for one in self.summary()[:50]
        )
        more = f"<caption>50 of {len(self)}</caption>" if len(self) > 50 else ""
        table = f"<table>{more}<tr><th>label</th><th>score</th><th>box</th></tr>{lines}</table>"
        drawn = self._drawn("found.jpg")
        if drawn is None:
            return table
        import base64

        jpeg = base64.b64encode(drawn).decode()
        return f'<img src="data:image/jpeg;base64,{jpeg}" style="max-width:100%">{table}'

    # ------------------------------------------------------------------------------------- files

    def _labels(self) -> list[str]:
        return [self.names.get(i, str(i)) for i in range(max(self.names, default=-1) + 1)]

    def document(self, format: str = "json", scores: bool = True) -> str:
        """The result as the command writes it: "json", "jsonl", "csv", "coco", "coco-results",
        "yolo" (with scores, or without), "voc", "odvg", "openimages", "labelstudio" or "text"."""
        code = ffi.new("tyto_format *")
        if not lib.tyto_format_by_name(encoded(format, "format"), code):
            raise ValueError(f"format: got {format!r}, which is none that documents have")
        name = ffi.new("char[]", path_bytes(self.path) if self.path else b"picture")
        names, kept = strings(self._labels())
        photos = ffi.new("char *[]", [name])
        wanted = options("tyto_detection_document_options")
        wanted.format = code[0]
        wanted.labels, wanted.n_labels = names, len(kept)
        wanted.photos, wanted.n_photos = photos, 1
        wanted.scores = scores
        photo = ffi.new("tyto_photo_detections *")
        photo.photo = name
        photo.height_px, photo.width_px = self.orig_shape
        out = ffi.new("tyto_bytes *")
        with _Detections(self) as detections:
            photo.detections = detections
            call(lib.tyto_detection_document_write, wanted, photo, out)
        return take_bytes(out[0]).decode("utf-8", "replace")

    def save_txt(self, txt_file: str | os.PathLike[str], save_conf: bool = False) -> str:
        """Adds a line to a YOLO label file for each box: class, centre and size in shares of the
        picture, with save_conf the score, and the identity where there is one."""
        lines = self.document("yolo", save_conf).splitlines()
        if self.boxes.id is not None:
            lines = [f"{line} {number}" for line, number in zip(lines, self.boxes.id.tolist())]
        with open(txt_file, "a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        return os.fspath(txt_file)

    def save_crop(self, save_dir: str | os.PathLike[str], file_name: str = "im") -> None:
        """Writes what is in each box as save_dir/NAME/file_name_N.jpg, N being its number from 1;
        what an earlier run wrote there is replaced."""
        if self.orig_img is None:
            raise ValueError("there are no pixels to cut out")
        photo = path_bytes(f"{file_name}.jpg")
        names, kept = strings(self._labels())
        wanted = options("tyto_crops_options")
        wanted.labels, wanted.n_labels = names, len(kept)
        crops = made(
            "tyto_crops",
            lib.tyto_crops_open,
            path_bytes(save_dir),
            wanted,
            destroy=lib.tyto_crops_destroy,
        )
        view = ffi.new("tyto_image *")
        held = pictures.Picture(np.ascontiguousarray(self.orig_img)).fill(view)
        with _Detections(self) as detections:
            call(lib.tyto_crops_add, crops, photo, view, detections)
        del held

    def __repr__(self) -> str:
        height, width = self.orig_shape
        where = f"{self.path}: " if self.path else ""
        return f"Results({where}{width}x{height}, {self.verbose().rstrip(', ')})"


class _Detections:
    """A tyto_detections of results, for the time of a `with`."""

    def __init__(self, results: Results) -> None:
        boxes = results.boxes
        items = np.zeros(max(len(boxes), 1), DETECTION)
        items["box"][: len(boxes)] = boxes.xyxy
        items["score"][: len(boxes)] = boxes.conf
        items["label_index"][: len(boxes)] = boxes.cls
        self._items = items
        self._held = ffi.from_buffer("tyto_detection[]", items)
        self._detections = ffi.new("tyto_detections *")
        self._detections.items = self._held
        self._detections.count = len(boxes)

    def __enter__(self) -> Any:
        return self._detections

    def __exit__(self, *_: object) -> None:
        self._held = None


def names_of(vocabulary: Any) -> dict[int, str]:
    """Labels of a tyto_vocabulary by their numbers."""
    count = lib.tyto_vocabulary_count(vocabulary)
    return {i: text(lib.tyto_vocabulary_label(vocabulary, i)) for i in range(count)}


def sequence_of(value: Any) -> Sequence[Any]:
    """A value as a list: a string is one."""
    return [value] if isinstance(value, str) else list(value)
