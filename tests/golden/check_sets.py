"""Reads the data sets that tyto writes with the tools that they are for: by hand.

    python check_sets.py build/tyto data/owlv2/odd/model PHOTO PHOTO...

pycocotools takes COCO documents and results of detect, match, tiles, existing ids and postprocess,
scores them, and agrees with `tyto eval`; supervision reads VOC and YOLO, torchvision VOC, Label
Studio's SDK its tasks. ODVG's lines and OpenImages' rows have what their documentation asks for:
their own readers are part of programs. Boxes are those of JSON lines, but for rounding. (Label
Studio's validate_task can't be given predictions in 2.1.2: data and prediction are validated apart.)

2026-11-30, pycocotools 2.0.11, supervision 0.31.2, torchvision 0.19.1, label-studio-sdk 2.1.2: done
for the three photos of assets/photos and assets/scenes.
"""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import supervision
from label_studio_sdk.label_interface import LabelInterface
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
try:
    from torchvision.datasets import VOCDetection
except ImportError:
    VOCDetection = None

TEXTS = ["a cat", "a cup <&> \"of\" tea"]
LABELS = [word for text in TEXTS for word in ("-t", text)]
CONFIG = """<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">
<Label value="a cat"/><Label value="a cup &lt;&amp;&gt; &quot;of&quot; tea"/></RectangleLabels></View>"""


def run(*words):
    subprocess.run([TYTO, *map(str, words)], check=True, stderr=subprocess.DEVNULL)


def quietly(work, *given):
    with redirect_stdout(io.StringIO()):
        return work(*given)


def check_coco(name, *words):
    """The document is a set, the results are results of it, and score 1 against it."""
    run(*words, "-f", "coco", "-o", "set.json")
    run(*words, "-f", "coco-results", "-o", "results.json")
    truth = quietly(COCO, "set.json")
    found = quietly(truth.loadRes, "results.json")
    assert truth.getImgIds() and len(truth.anns) == len(found.anns) > 0, name
    assert sorted(truth.anns) == list(range(1, len(truth.anns) + 1)), name
    for image in truth.imgs.values():
        with Image.open(PHOTOS / image["file_name"]) as photo:
            assert photo.size == (image["width"], image["height"]), name
    for one in truth.anns.values():
        x, y, width, height = one["bbox"]
        assert abs(one["area"] - width * height) <= 1e-5 * one["area"], name
    scores = COCOeval(truth, found, "bbox")
    quietly(scores.evaluate)
    quietly(scores.accumulate)
    quietly(scores.summarize)
    run("eval", "detect", "-a", "set.json", "--detections-in", "results.json", "-o", "scores.json")
    own = json.loads(Path("scores.json").read_text())
    keys = "ap ap50 ap75 ap_small ap_medium ap_large ar1 ar10 ar100 ar_small ar_medium ar_large".split()
    assert np.allclose([own[key] for key in keys], scores.stats, atol=1e-12), (name, own, scores.stats)
    print(f"{name}: {len(truth.imgs)} images, {len(truth.anns)} annotations, AP {scores.stats[0]:.3f}")
    return truth


def in_jsonl():
    lines = [json.loads(line) for line in Path("found.jsonl").read_text().splitlines()]
    return {Path(line["image"]).name: line for line in lines}


def boxes_of(photo):
    return np.array([[d["box"][side] for side in ("xmin", "ymin", "xmax", "ymax")] for d in photo["detections"]])


def check_dataset(name, data, tolerance):
    """What supervision read are the boxes and labels of JSON lines."""
    count = 0
    for path, _, found in data:
        photo = in_jsonl()[Path(path).name]
        assert np.abs(found.xyxy - boxes_of(photo)).max() <= tolerance, name
        assert [data.classes[i] for i in found.class_id] == [d["label"] for d in photo["detections"]], name
        count += len(found)
    print(f"{name}: {len(data)} photos, {count} boxes")


def check_voc(words):
    run(*words, "-f", "voc", "-o", "voc")
    check_dataset("VOC, supervision",
                  supervision.DetectionDataset.from_pascal_voc(str(PHOTOS), "voc"), 1.01)
    if VOCDetection is None:
        print("VOC, torchvision: not installed")
        return
    root = Path("VOCdevkit/VOC2012")
    (root / "ImageSets/Main").mkdir(parents=True)
    shutil.copytree("voc", root / "Annotations")
    shutil.copytree(PHOTOS, root / "JPEGImages")
    names = [path.stem for path in sorted(Path("voc").iterdir())]
    (root / "ImageSets/Main/train.txt").write_text("\n".join(names) + "\n")
    for photo, target in VOCDetection(".", year="2012", image_set="train"):
        size = target["annotation"]["size"]
        assert photo.size == (int(size["width"]), int(size["height"]))
        for item in target["annotation"]["object"]:
            box = {side: int(value) for side, value in item["bndbox"].items()}
            assert 1 <= box["xmin"] <= box["xmax"] <= photo.width and item["name"] in TEXTS
    print(f"VOC, torchvision: {len(names)} photos")


def check_yolo(words):
    run(*words, "-f", "yolo", "-o", "labels", "--data-yaml")
    check_dataset("YOLO, supervision",
                  supervision.DetectionDataset.from_yolo(str(PHOTOS), "labels", "labels/data.yaml"), 0.01)


def check_label_studio(words):
    run(*words, "-f", "labelstudio", "-o", "tasks.json")
    interface = LabelInterface(CONFIG)
    tasks = json.loads(Path("tasks.json").read_text())
    for task in tasks:
        interface.validate_task({"data": task["data"]})
        errors = interface.validate_prediction(task["predictions"][0], return_errors=True)
        assert not errors, errors
        photo = in_jsonl()[task["data"]["image"]]
        regions = task["predictions"][0]["result"]
        boxes = [[r["value"]["x"] / 100 * r["original_width"], r["value"]["y"] / 100 * r["original_height"],
                  (r["value"]["x"] + r["value"]["width"]) / 100 * r["original_width"],
                  (r["value"]["y"] + r["value"]["height"]) / 100 * r["original_height"]] for r in regions]
        assert np.abs(np.array(boxes) - boxes_of(photo)).max() < 1e-3
        assert all(interface.validate_region(region) for region in regions)
    print(f"Label Studio: {len(tasks)} tasks")


def check_rows(words):
    run(*words, "-f", "openimages", "-o", "boxes.csv")
    rows = list(csv.DictReader(open("boxes.csv", newline="")))
    photos = {Path(name).stem: photo for name, photo in in_jsonl().items()}
    for image, photo in photos.items():
        own = [row for row in rows if row["ImageID"] == image]
        parts = np.array([[float(row[side]) for side in ("XMin", "YMin", "XMax", "YMax")] for row in own])
        sides = np.array([photo["width"], photo["height"]] * 2)
        assert np.abs(parts * sides - boxes_of(photo)).max() < 1e-3
        assert [row["LabelName"] for row in own] == [d["label"] for d in photo["detections"]]
    run(*words, "-f", "odvg", "-o", "odvg.jsonl")
    for line in Path("odvg.jsonl").read_text().splitlines():
        record = json.loads(line)
        photo = in_jsonl()[record["filename"]]
        items = record["detection"]["instances"]
        assert (record["width"], record["height"]) == (photo["width"], photo["height"])
        assert np.abs(np.array([item["bbox"] for item in items]) - boxes_of(photo)).max() < 1e-4
        assert [TEXTS[item["label"]] for item in items] == [item["category"] for item in items]
    print(f"OpenImages: {len(rows)} rows; ODVG")


def main():
    model = ["-m", MODEL, "--threshold", "0", "--top-k", "20"]
    words = ["detect", *model, PHOTOS, *LABELS]
    run(*words, "-f", "jsonl", "-o", "found.jsonl")
    check_coco("COCO, detect", *words)
    check_coco("COCO, tiles", *words, "--tiles")
    first = sorted(PHOTOS.iterdir())[0]
    check_coco("COCO, match", "match", *model, PHOTOS, "-q", first)
    ids = {"images": [{"id": 1000 + i, "file_name": path.name} for i, path in enumerate(sorted(PHOTOS.iterdir()))],
           "categories": [{"id": 18, "name": TEXTS[0]}, {"id": 3, "name": TEXTS[1]}], "annotations": []}
    Path("ids.json").write_text(json.dumps(ids))
    truth = check_coco("COCO, ids of a set", *words, "--ids-from", "ids.json")
    assert sorted(truth.imgs) == [image["id"] for image in ids["images"]] and sorted(truth.cats) == [3, 18]
    run("preprocess", "-m", MODEL, "--batch", PHOTOS, *LABELS, "-o", "in.safetensors")
    run("forward", "-m", MODEL, "--inputs", "in.safetensors", "-o", "out.safetensors", "--head",
        "Owlv2ForObjectDetection")
    check_coco("COCO, postprocess", "postprocess", PHOTOS, "--outputs", "out.safetensors", *LABELS, "--threshold",
               "0", "--top-k", "20")
    check_voc(words)
    check_yolo(words)
    check_label_studio(words)
    check_rows(words)


TYTO, MODEL = (str(Path(path).resolve()) for path in sys.argv[1:3])
given = [Path(path).resolve() for path in sys.argv[3:]]
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    PHOTOS = Path(folder) / "photos"
    PHOTOS.mkdir()
    for path in given:
        shutil.copy(path, PHOTOS)
    main()
