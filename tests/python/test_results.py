"""Results: as arrays, words, pictures and files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import pytyto
from pytyto import pictures


@pytest.fixture(scope="module")
def found(small: pytyto.Model, scene: str) -> pytyto.Results:
    return small.detect(scene, ["a globe", "a gift"])


def test_arrays(found: pytyto.Results) -> None:
    boxes = found.boxes
    assert boxes.xyxy.shape == (2, 4) and boxes.xyxy.dtype == np.float32
    np.testing.assert_allclose(boxes.xywh[:, 2:], boxes.xyxy[:, 2:] - boxes.xyxy[:, :2])
    np.testing.assert_allclose(boxes.xyxyn * 640, boxes.xyxy, rtol=1e-6)
    assert boxes.data.shape == (2, 6) and boxes.id is None and not boxes.is_track
    assert type(boxes.xyxy.cpu().numpy()) is np.ndarray
    assert boxes.cls.int().dtype == np.int64
    assert len(boxes[0]) == len(boxes[-1]) == 1 and len(list(boxes)) == 2
    assert len(found[boxes.conf > 2]) == 0 and found[1].summary() == found.summary()[1:]


def test_words(found: pytyto.Results) -> None:
    one = found.summary()[0]
    assert set(one) == {"name", "class", "confidence", "box"}
    assert set(one["box"]) == {"x1", "y1", "x2", "y2"}
    assert json.loads(found.to_json()) == found.summary()
    assert "1 globe" in found.verbose() and "640x640" in repr(found)
    assert found.masks is None and found.obb is None


def test_pictures(found: pytyto.Results, tmp_path: Path) -> None:
    drawn = found.plot()
    assert drawn.shape == (640, 640, 3) and drawn.dtype == np.uint8
    changed = (drawn != found.orig_img).any(axis=2)
    x0, y0, x1, y1 = (int(v) for v in found.boxes.xyxy[0])
    assert changed[y0 : y1 + 1, x0].mean() > 0.9 and not changed[-20:, :20].any()
    assert (found.plot(labels=False) != found.orig_img).sum() < (drawn != found.orig_img).sum()
    found.save(tmp_path / "found.png")
    np.testing.assert_array_equal(pictures.load(tmp_path / "found.png").pixels, drawn)
    png = found._repr_png_()
    assert png is not None
    np.testing.assert_array_equal(pictures.load(png).pixels, drawn)
    page = found._repr_html_()
    assert "<img" in page and "a globe" in page
    with pytest.raises(ValueError, match="ends in"):
        found.save(tmp_path / "found.gif")


def test_names_are_escaped(found: pytyto.Results) -> None:
    other = pytyto.Results(found.boxes, {0: "<script>", 1: "b"}, (640, 640))
    assert "<script>" not in other._repr_html_()


@pytest.mark.parametrize(
    "format", ["json", "jsonl", "csv", "coco", "coco-results", "yolo", "voc", "odvg", "text"]
)
def test_documents(found: pytyto.Results, format: str) -> None:
    document = found.document(format)
    assert document.endswith("\n") or document.endswith("]") or document.endswith("}")
    if format in ("json", "coco", "coco-results"):
        content = json.loads(document)
        entries = {"json": "detections", "coco": "annotations"}
        assert len(content[entries[format]] if format in entries else content) == 2
    elif format != "text":
        assert "globe" in document or format == "yolo"
    with pytest.raises(ValueError, match="format"):
        found.document("nonsense")


def test_label_files(found: pytyto.Results, tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    found.save_txt(path)
    found.save_txt(path, save_conf=True)
    lines = [line.split() for line in path.read_text().splitlines()]
    assert [len(line) for line in lines] == [5, 5, 6, 6]
    np.testing.assert_allclose(np.array(lines[0][1:], float), found.boxes.xywhn[0], atol=1e-5)


def test_crops(found: pytyto.Results, tmp_path: Path) -> None:
    found.save_crop(tmp_path)
    found.save_crop(tmp_path)  # replaces those of before
    places = {
        found.names[int(number)]: f"{found.names[int(number)]}/im_{i + 1}.jpg"
        for i, number in enumerate(found.boxes.cls)
    }
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.jpg"))
    assert names == sorted(places.values())
    height, width = pictures.load(tmp_path / places["a globe"]).pixels.shape[:2]
    globe = found[found.boxes.cls == 0].boxes.xywh[0]
    assert abs(width - globe[2]) <= 2 and abs(height - globe[3]) <= 2
    escaped = pytyto.Results(found.boxes, {0: "../up", 1: ""}, (640, 640), found.orig_img)
    escaped.save_crop(tmp_path / "inside")
    assert not (tmp_path / "up").exists() and len(list((tmp_path / "inside").iterdir())) == 2


def test_supervision_takes_them(found: pytyto.Results) -> None:
    supervision = pytest.importorskip("supervision")
    detections = supervision.Detections.from_ultralytics(found)
    np.testing.assert_array_equal(detections.xyxy, found.boxes.xyxy)
    assert sorted(detections.data["class_name"]) == ["a gift", "a globe"]


def test_videos_are_followed(small: pytyto.Model, scene: str) -> None:
    from pytyto.video import tracked

    pixels = pictures.load(scene).pixels
    frames = [(i / 25, np.roll(pixels, 4 * i, axis=1)) for i in range(4)]
    found = list(tracked(small, frames, small.vocabulary(["a globe", "a gift"]), True, {}))
    ids = [dict(zip(one.boxes.cls.tolist(), one.boxes.id.tolist())) for one in found]
    assert len(found) == 4 and ids[0] == ids[3] and set(ids[0].values()) == {1, 2}
    assert found[0].boxes.data.shape == (2, 7) and "track_id" in found[0].summary()[0]


def test_video_files(small: pytyto.Model, scene: str, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    pixels = pictures.load(scene).pixels
    with av.open(str(tmp_path / "clip.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 640
        for i in range(6):
            frame = av.VideoFrame.from_ndarray(np.roll(pixels, 4 * i, axis=1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    found = list(small.detect_video(tmp_path / "clip.mp4", ["a globe"], every=2, track=True))
    assert len(found) == 3 and all(one.boxes.id is not None for one in found)


def test_many_of_a_label_with_an_article() -> None:
    boxes = pytyto.Boxes(
        np.zeros((5, 4), np.float32), np.ones(5, np.float32), np.array([0, 0, 1, 1, 2]), (9, 9)
    )
    names = {0: "a tiger", 1: "An eye", 2: "a"}
    assert pytyto.Results(boxes, names, (9, 9)).verbose() == "2 tigers, 2 eyes, 1 a, "


@pytest.mark.parametrize("shape", [(3000, 2000), (7, 20000), (40, 60)])
def test_a_notebook_gets_a_picture_no_larger_than_it_shows(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (*shape, 3), np.uint8)
    boxes = pytyto.Boxes(
        np.array([[shape[1] / 2, 0, *shape[::-1]]], np.float32), np.ones(1), np.zeros(1, int), shape
    )
    found = pytyto.Results(boxes, {0: "half"}, shape, noise)
    png = found._repr_png_()
    assert png is not None
    pixels = pictures.load(png).pixels
    scale = min(1, 960 / max(shape))
    assert pixels.shape == (*(max(1, round(side * scale)) for side in shape), 3)
    page = found._repr_html_()
    assert "data:image/jpeg;base64," in page and len(page) < 1.4 * len(png) + 4000
