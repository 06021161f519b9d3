"""Annotation and result files that are small and nasty, and what pycocotools says of them.

    python make_coco_eval.py data/coco_eval

Each case is a folder with annotations.json, results.json and expected.json: the twelve numbers over
all categories, and of each category alone.
"""

import contextlib
import io
import json
import pathlib
import random
import sys

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

SIDES = [1, 7, 16, 31, 32, 33, 64, 95, 96, 97, 128]  # squares of these lie at the borders of areas


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def box(rng, whole):
    width, height = rng.choice(SIDES), rng.choice(SIDES)
    if rng.random() < 0.4:
        height = width
    numbers = [rng.uniform(-8, 200), rng.uniform(-8, 200), width, height]
    if whole:
        return [round(n / 8) * 8 for n in numbers[:2]] + [width, height]
    return [round(n + rng.random(), 3) for n in numbers]


def moved(rng, old, whole):
    """A box near another: the same one, or shifted so that the IoU is often exactly a threshold."""
    x, y, width, height = old
    kind = rng.randrange(5)
    if kind == 0:
        return list(old)
    if kind == 1:
        return [x, y, width, height * rng.choice([0.5, 0.75, 0.8, 0.9, 2])]
    if kind == 2:
        return [x, y + height * rng.choice([0.25, 1 / 3, 0.05, 1]), width, height]
    step = (lambda: rng.randrange(-6, 7)) if whole else (lambda: rng.uniform(-9, 9))
    return [x + step(), y + step(), max(0, width + step()), max(0, height + step())]


def scene(seed, images, categories, objects, extra, whole, digits, crowds=0.1):
    """Random annotations and results. `digits` of the scores: few make ties."""
    rng = random.Random(seed)
    image_ids = rng.sample(range(1, 1000), images)
    category_ids = rng.sample(range(1, 90), categories)
    annotations, results = [], []
    for image in image_ids[: max(1, images - 2)]:  # the last ones stay empty
        for _ in range(rng.randrange(objects + 1)):
            category = rng.choice(category_ids[: max(1, categories - 2)])
            place = box(rng, whole)
            area = place[2] * place[3] * rng.choice([1, 1, 0.5, 0.999])
            if rng.random() < 0.2:
                area = rng.choice([1024, 9216, 1024.0001, 9215.9999, 0])
            annotations.append({"id": 0, "image_id": image, "category_id": category,
                                "bbox": place, "area": area,
                                "iscrowd": int(rng.random() < crowds)})
            for _ in range(rng.choice([0, 1, 1, 2, 4])):
                results.append({"image_id": image, "category_id": category,
                                "bbox": moved(rng, place, whole),
                                "score": round(rng.random(), digits)})
    for _ in range(extra):
        results.append({"image_id": rng.choice(image_ids), "category_id": rng.choice(category_ids),
                        "bbox": box(rng, whole), "score": round(rng.random(), digits)})
    rng.shuffle(annotations)
    rng.shuffle(results)
    for number, annotation in zip(rng.sample(range(1, 10000), len(annotations)), annotations):
        annotation["id"] = number
    truth = {"images": [{"id": i, "file_name": f"{i}.png", "width": 256, "height": 256}
                        for i in image_ids],
             "categories": [{"id": c, "name": f"thing {c}"} for c in category_ids],
             "annotations": annotations}
    return truth, results


def cases():
    yield "ties", scene(1, 12, 5, 6, 20, True, 1)
    yield "floats", scene(2, 9, 4, 9, 25, False, 6)
    yield "crowds", scene(3, 8, 3, 8, 30, True, 1, crowds=0.6)
    yield "one_image", scene(13, 1, 1, 20, 4, True, 2)

    truth, results = scene(5, 2, 1, 9, 280, True, 1)
    yield "over_a_hundred", (truth, results)

    truth, results = scene(6, 4, 3, 0, 12, True, 1)
    yield "nothing_there", (truth, results)

    truth, _ = scene(7, 4, 3, 4, 0, True, 1)
    yield "nothing_found", (truth, [])

    truth, _ = scene(8, 5, 3, 5, 0, False, 1, crowds=0)
    yield "all_right", (truth, [
        {"image_id": a["image_id"], "category_id": a["category_id"], "bbox": a["bbox"],
         "score": 0.5} for a in truth["annotations"]])

    # What names an image or a category that is not listed is passed over.
    truth, results = scene(9, 8, 5, 6, 10, True, 2)
    gone = truth["images"].pop(1)["id"]
    truth["categories"].pop(0)
    yield "strangers", (truth, [r for r in results if r["image_id"] != gone])

    # Three objects under one box that fits each equally, and equal scores for all.
    truth, _ = scene(10, 2, 1, 0, 0, True, 1)
    image, category = truth["images"][0]["id"], truth["categories"][0]["id"]
    truth["annotations"] = [
        {"id": n, "image_id": image, "category_id": category, "bbox": [0, 0, 40, 40],
         "area": area, "iscrowd": crowd}
        for n, (area, crowd) in enumerate([(1600, 0), (1024, 0), (1600, 1), (9216, 0)], 1)]
    yield "same_place", (truth, [
        {"image_id": image, "category_id": category, "bbox": [0, 0, 40, 40 - i], "score": 0.5}
        for i in range(6)])


def load(dataset):
    coco = COCO()
    coco.dataset = dataset
    coco.createIndex()
    return coco


def numbers(truth, results, category=None):
    with contextlib.redirect_stdout(io.StringIO()):
        ground = load(json.loads(compact(truth)))
        results = json.loads(compact(results))
        # loadRes refuses an empty list.
        found = ground.loadRes(results) if results else load({**ground.dataset, "annotations": []})
        evaluation = COCOeval(ground, found, "bbox")
        if category is not None:
            evaluation.params.catIds = [category]
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(n) for n in evaluation.stats]


def main():
    root = pathlib.Path(sys.argv[1])
    for name, (truth, results) in cases():
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "annotations.json").write_text(compact(truth) + "\n")
        (folder / "results.json").write_text(compact(results) + "\n")
        classes = [{"category_id": c["id"], "summary": numbers(truth, results, c["id"])}
                   for c in truth["categories"]]
        expected = {"summary": numbers(truth, results), "classes": classes}
        (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
        print(name, len(truth["annotations"]), len(results),
              [round(n, 3) for n in expected["summary"]])


if __name__ == "__main__":
    main()
