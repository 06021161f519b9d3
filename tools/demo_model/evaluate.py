"""Average precision of a model folder on a written set of scenes, by the reference's model and
processor and pycocotools. Every name is asked for in every scene.

    python evaluate.py --model models/tyto-small --scenes DIR
"""
import argparse
import contextlib
import io
import json
import pathlib

import numpy as np
import torch
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from transformers import AutoProcessor, Owlv2ForObjectDetection

import names
import train

MOST = 100  # detections of a scene that count, as COCO has it


def detect(model, processor, pictures, queries):
    """Per picture: scores [N, C], boxes [N, 4] as x0 y0 x1 y1 in the picture's pixels."""
    pixels = processor(images=pictures, return_tensors="pt").pixel_values
    with torch.no_grad():
        ids = queries.repeat(len(pictures), 1)
        out = model(input_ids=ids, pixel_values=pixels, attention_mask=torch.ones_like(ids))
    for picture, logits, boxes in zip(pictures, out.logits, train.corners(out.pred_boxes)):
        # The network saw the picture at the top left of a grey square.
        width, height = picture.size
        boxes = boxes * max(width, height)
        limit = torch.tensor([width, height, width, height])
        yield torch.sigmoid(logits), torch.minimum(boxes.clamp(min=0), limit)


class Curve:
    """Precision, recall and F1 over score thresholds, at IoU 0.5, each true box found once."""

    def __init__(self, truth, found):
        scores, right, total = hits_and_misses(truth, found)
        order = np.argsort(-scores, kind="stable")
        self.scores, hits = scores[order], np.cumsum(right[order])
        count = np.arange(1, len(hits) + 1)
        self.precision, self.recall = hits / count, hits / total
        self.f1 = 2 * hits / (count + total)

    def best(self):
        """The threshold of the highest F1."""
        return float(self.scores[int(self.f1.argmax())])

    def text(self, threshold):
        last = max(0, int((self.scores >= threshold).sum()) - 1)
        return (f"threshold {threshold:.3f}: F1 {self.f1[last]:.3f},"
                f" precision {self.precision[last]:.3f}, recall {self.recall[last]:.3f}")


def hits_and_misses(truth, found):
    """Score of every detection, whether it is right, and how many true boxes there are."""
    scores, right, total = [], [], 0
    for image in truth.getImgIds():
        wanted = truth.loadAnns(truth.getAnnIds(imgIds=[image]))
        total += len(wanted)
        free = [(a["category_id"], torch.tensor(a["bbox"])) for a in wanted]
        for row in sorted(found[image], key=lambda row: -row["score"]):
            box = torch.tensor(row["bbox"])
            hit = None
            for i, (category, other) in enumerate(free):
                if hit is None and category == row["category_id"] and iou(box, other) >= 0.5:
                    hit = i
            if hit is not None:
                free.pop(hit)
            scores.append(row["score"])
            right.append(hit is not None)
    return np.array(scores), np.array(right), total


def iou(a, b):
    low, high = torch.maximum(a[:2], b[:2]), torch.minimum(a[:2] + a[2:], b[:2] + b[2:])
    common = (high - low).clamp(0).prod()
    return common / (a[2:].prod() + b[2:].prod() - common)


def summary(truth, rows):
    judge = COCOeval(truth, truth.loadRes(rows), "bbox")
    judge.evaluate()
    judge.accumulate()
    judge.summarize()
    # precision [IoU, recall, class, area, most]
    per_class = judge.eval["precision"][:, :, :, 0, 2]
    return judge.stats, [float(p[p > -1].mean()) if (p > -1).any() else float("nan")
                         for p in np.moveaxis(per_class, 2, 0)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--scenes", type=pathlib.Path, required=True)
    parser.add_argument("--count", type=int, help="only the first scenes")
    parser.add_argument("--classes", action="store_true", help="AP of each class too")
    parser.add_argument("--detections", help="write them as JSON, COCO's result format")
    options = parser.parse_args()
    torch.set_num_threads(2)
    model = Owlv2ForObjectDetection.from_pretrained(options.model, torch_dtype=torch.float32).eval()
    processor = AutoProcessor.from_pretrained(options.model)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(options.scenes / "coco.json")
    categories = truth.loadCats(truth.getCatIds())
    known = [item["name"] for item in categories]
    ask = lambda words: processor(text=words, return_tensors="pt").input_ids
    absent = names.absent("test")
    queries = torch.cat([ask(known), ask(absent)])
    images = truth.loadImgs(truth.getImgIds())[: options.count]
    rows, found, ghosts = [], {}, []
    for first in range(0, len(images), 8):
        part = images[first : first + 8]
        pictures = [Image.open(options.scenes / item["file_name"]).convert("RGB") for item in part]
        for item, (scores, boxes) in zip(part, detect(model, processor, pictures, queries)):
            ghosts.append(scores[:, len(known):].amax(0))
            scores = scores[:, : len(known)]
            best = scores.flatten().topk(MOST)
            mine = found[item["id"]] = []
            for score, at in zip(best.values.tolist(), best.indices.tolist()):
                x0, y0, x1, y1 = boxes[at // len(known)].tolist()
                mine.append({"image_id": item["id"], "bbox": [x0, y0, x1 - x0, y1 - y0],
                             "category_id": categories[at % len(known)]["id"], "score": score})
            rows += mine
    if options.count:
        truth.dataset["images"] = images
        keep = set(found)
        truth.dataset["annotations"] = [a for a in truth.dataset["annotations"]
                                        if a["image_id"] in keep]
        with contextlib.redirect_stdout(io.StringIO()):
            truth.createIndex()
    if options.detections:
        pathlib.Path(options.detections).write_text(json.dumps(rows))
    _, per_class = summary(truth, rows)
    if options.classes:
        for item, value in sorted(zip(categories, per_class), key=lambda pair: pair[1]):
            print(f"{value:.3f} {item['name']}")
    curve, ghosts = Curve(truth, found), torch.stack(ghosts)
    print(f"best {curve.text(curve.best())}")
    for at in (0.1, 0.2, 0.3, 0.4, 0.5):
        print(f"{curve.text(at)}; of {ghosts.numel()} pairs of a scene and an unknown word"
              f" {int((ghosts > at).sum())} are above")


if __name__ == "__main__":
    main()
