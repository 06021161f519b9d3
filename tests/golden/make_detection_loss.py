"""The detection loss of docs/detection_loss.md, computed independently in float64.

    python make_detection_loss.py data/detection_loss data/owlv2/odd/model

assignment.safetensors   costs.N, and scipy's columns.N (-1: none); unique.N where only one is cheapest
CASE.safetensors         what was found (F32) and what is there, options; the losses and pairs (F64)
forward/                 inputs of the `odd` checkpoint with labels; losses from the reference's
                         float64 logits and boxes, and their difference in its float32 run
"""

import json
import pathlib
import sys

import numpy as np
import torch
from safetensors.numpy import save_file as save_arrays
from scipy.optimize import linear_sum_assignment

DEFAULTS = {"cost_ce": 1, "cost_bbox": 1, "cost_giou": 1, "weight_ce": 1, "weight_bbox": 1,
            "weight_giou": 1, "weight_objectness": 1, "focal_alpha": 0.3, "focal_gamma": 2,
            "batch_normalization": 0, "objectness_from_scores": 0}


def save_file(tensors, path):
    save_arrays({name: np.ascontiguousarray(value).reshape(np.shape(value)) for name, value in tensors.items()}, path)


def focal(logits, there, alpha, gamma):
    """-a (1-p)^g log p for what is there, -(1-a) p^g log(1-p) for what is not."""
    p = np.exp(-np.logaddexp(0, -logits))
    a, b = (1, 1) if alpha < 0 else (alpha, 1 - alpha)
    present = a * (1 - p) ** gamma * np.logaddexp(0, -logits)
    absent = b * p**gamma * np.logaddexp(0, logits)
    return np.where(there, present, absent)


def corners(boxes):
    return np.concatenate([boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2], -1)


def giou(a, b):
    a, b = corners(a), corners(b)
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    inner = np.prod(np.clip(high - low, 0, None), -1)
    union = np.prod(a[..., 2:] - a[..., :2], -1) + np.prod(b[..., 2:] - b[..., :2], -1) - inner
    hull = np.prod(np.maximum(a[..., 2:], b[..., 2:]) - np.minimum(a[..., :2], b[..., :2]), -1)
    with np.errstate(all="ignore"):
        return np.where(union > 0, inner / union, 0) - np.where(hull > 0, (hull - union) / hull, 0)


def photo_terms(logits, boxes, objectness, valid, labels, targets, o):
    """Sums over one photo: class, boxes, GIoU; objectness; number of pairs; patch of each target."""
    shape = (o["focal_alpha"], o["focal_gamma"])
    of_target = logits[:, labels].T  # [n,P]
    cost = (o["cost_ce"] * (focal(of_target, True, *shape) - focal(of_target, False, *shape))
            + o["cost_bbox"] * np.abs(boxes[None] - targets[:, None]).sum(-1)
            - o["cost_giou"] * giou(boxes[None], targets[:, None]))
    rows, columns = linear_sum_assignment(cost)
    there = np.zeros(logits.shape, bool)
    there[columns, labels[rows]] = True
    ce = focal(logits, there, *shape)[:, valid].sum()
    bbox = np.abs(corners(boxes[columns]) - corners(targets[rows])).sum()
    wanted = np.zeros(len(objectness))
    if o["objectness_from_scores"]:
        if valid.any():
            wanted = (1 / (1 + np.exp(-logits[:, valid]))).max(1)
    else:
        wanted[columns] = 1
    thing = -(wanted * -np.logaddexp(0, -objectness) + (1 - wanted) * -np.logaddexp(0, objectness)).mean()
    patches = np.full(len(labels), -1)
    patches[rows] = columns
    return (ce, bbox, (1 - giou(boxes[columns], targets[rows])).sum(), thing, len(rows)), patches


def losses(found, targets, options):
    """found: (logits, boxes, objectness, valid) of the batch; targets: (labels, boxes) of each photo."""
    o = {**DEFAULTS, **options}
    terms, pairs = [], {}
    for b, (labels, boxes) in enumerate(targets):
        photo, pairs[f"pairs.{b}"] = photo_terms(*(part[b] for part in found), labels, boxes, o)
        terms.append(photo)
    terms = np.array(terms)
    matched = terms[:, 4]
    if o["batch_normalization"]:
        ce, bbox, g = terms[:, :3].sum(0) / max(1, matched.sum())
    else:
        ce, bbox, g = (terms[:, :3] / np.maximum(1, matched)[:, None]).mean(0)
    thing = terms[:, 3].mean()
    total = (o["weight_ce"] * ce + o["weight_bbox"] * bbox + o["weight_giou"] * g
             + o["weight_objectness"] * thing)
    names = ("loss", "loss_dict.loss_ce", "loss_dict.loss_bbox", "loss_dict.loss_giou",
             "loss_dict.loss_objectness")
    return {n: np.float64(v) for n, v in zip(names, (total, ce, bbox, g, thing))}, pairs


def random_boxes(rng, *shape):
    return np.concatenate([rng.uniform(0.1, 0.9, (*shape, 2)), rng.uniform(0.02, 0.5, (*shape, 2))],
                          -1).astype(np.float32)


def as_targets(rng, counts, classes):
    return [(rng.integers(0, classes, n), random_boxes(rng, n)) for n in counts]


def label_tensors(targets):
    out = {}
    for b, (labels, boxes) in enumerate(targets):
        out[f"labels.{b}.class_labels"] = np.asarray(labels, np.int64)
        out[f"labels.{b}.boxes"] = boxes
    return out


def write_case(path, seed, counts, patches, queries, options=None, change=None):
    rng = np.random.default_rng(seed)
    photos, options = len(counts), options or {}
    logits = (3 * rng.standard_normal((photos, patches, queries)) - 2).astype(np.float32)
    boxes = random_boxes(rng, photos, patches)
    objectness = (2 * rng.standard_normal((photos, patches)) - 1).astype(np.float32)
    valid = np.ones((photos, queries), bool)
    targets = as_targets(rng, counts, max(1, queries - 1))
    if change:
        change(logits, boxes, valid, targets)
    options = {k: float(np.float32(v)) for k, v in options.items()}
    found = (logits.astype(np.float64), boxes.astype(np.float64), objectness.astype(np.float64), valid)
    expected, pairs = losses(found, [(l, b.astype(np.float64)) for l, b in targets], options)
    save_file({"logits": logits, "pred_boxes": boxes, "objectness_logits": objectness,
               "valid": valid.astype(np.uint8), **label_tensors(targets), **pairs, **expected,
               **{f"loss_options.{k}": np.float32(v) for k, v in options.items()}}, path)
    print(path.name, {k.split(".")[-1]: round(float(v), 4) for k, v in expected.items()})


def last_query_is_padding(logits, boxes, valid, targets):
    logits[:, :, -1] = -1e6
    valid[:, -1] = False


def duplicates(logits, boxes, valid, targets):
    """Each target twice, and one box a third time under another name."""
    for b, (labels, wanted) in enumerate(targets):
        other = (labels[:1] + 1) % logits.shape[2]
        targets[b] = (np.concatenate([labels, labels, other]), np.concatenate([wanted, wanted, wanted[:1]]))


def degenerate(logits, boxes, valid, targets):
    """Targets without area, found boxes that are exactly right or without area."""
    labels, wanted = targets[0]
    wanted[0, 2:] = 0
    wanted[1, 3] = 0
    boxes[0, 3] = wanted[0]
    boxes[0, 4] = wanted[2]
    logits[0, 4] = 40
    logits[0, 5] = -90


def write_cases(root):
    write_case(root / "plain.safetensors", 1, [3, 5], 16, 4)
    write_case(root / "options.safetensors", 2, [4, 1, 7], 25, 6,
               {"cost_ce": 2, "cost_bbox": 5, "cost_giou": 2, "weight_ce": 0.5, "weight_bbox": 5,
                "weight_giou": 2, "weight_objectness": 0.25, "focal_alpha": 0.5, "focal_gamma": 1.5,
                "batch_normalization": 1})
    write_case(root / "log_likelihood.safetensors", 3, [3, 2], 9, 3, {"focal_alpha": -1, "focal_gamma": 0})
    write_case(root / "scores.safetensors", 4, [3, 0], 9, 3, {"objectness_from_scores": 1}, last_query_is_padding)
    write_case(root / "nothing_there.safetensors", 5, [0, 0], 9, 3)
    write_case(root / "some_empty.safetensors", 6, [2, 0, 4], 9, 3, None, last_query_is_padding)
    write_case(root / "more_than_patches.safetensors", 7, [9, 2], 4, 5)
    write_case(root / "duplicates.safetensors", 8, [3, 2], 16, 4, None, duplicates)
    write_case(root / "degenerate.safetensors", 9, [5], 16, 4, None, degenerate)


def write_assignments(path):
    rng = np.random.default_rng(20)
    out = {}
    shapes = [(1, 1), (1, 7), (7, 1), (2, 2), (5, 5), (4, 9), (9, 4), (30, 30), (12, 200), (64, 50)]
    matrices = [(rng.standard_normal(s), True) for s in shapes]
    matrices += [(rng.integers(-2, 3, s).astype(float), False) for s in shapes]
    matrices += [(np.zeros((3, 5)), False), (np.full((4, 4), -7.0), False)]
    matrices += [(1e300 * rng.uniform(-1, 1, (3, 4)), True), (1e-300 * rng.uniform(-1, 1, (4, 3)), True)]
    # Rows that all want the same column most.
    matrices += [(np.add.outer(np.arange(6.0) ** 2, np.arange(6.0) ** 2) * rng.uniform(1, 2, (6, 6)), True)]
    for n, (costs, unique) in enumerate(matrices):
        rows, columns = linear_sum_assignment(costs)
        out[f"costs.{n}"] = costs
        out[f"columns.{n}"] = np.full(len(costs), -1)
        out[f"columns.{n}"][rows] = columns
        out[f"unique.{n}"] = np.array([unique], np.uint8)
    save_file(out, path)


def write_forward(root, checkpoint):
    """The labels go with the inputs of case `three`: three photos of two queries each, the last padded."""
    from safetensors.torch import load_file
    from transformers import Owlv2ForObjectDetection

    from reference import run_both

    model = Owlv2ForObjectDetection.from_pretrained(checkpoint, torch_dtype=torch.float32)
    inputs = load_file(pathlib.Path(checkpoint).parent / "three" / "inputs.safetensors")
    rng = np.random.default_rng(30)
    targets = [(np.array([1, 0, 0]), random_boxes(rng, 3)), (np.array([], int), random_boxes(rng, 0)),
               (np.array([0, 0, 0, 0]), random_boxes(rng, 4))]
    valid = np.array([[1, 1], [1, 1], [1, 0]], bool)
    runs = []
    for run in run_both(model, lambda m, i: m(**i), inputs):
        found = [run[n].double().numpy() for n in ("logits", "pred_boxes", "objectness_logits")]
        runs.append(losses((*found, valid), [(l, b.astype(np.float64)) for l, b in targets], {}))
    (double, pairs), (single, other_pairs) = runs
    assert all((pairs[n] == other_pairs[n]).all() for n in pairs), "a pairing hangs on rounding"
    root.mkdir(exist_ok=True)
    numpy_inputs = {k: v.numpy() for k, v in inputs.items()}
    save_file({**numpy_inputs, **label_tensors(targets)}, root / "inputs.safetensors")
    save_file(double, root / "expected.safetensors")
    errors = {n: {"error": abs(float(single[n] - double[n])), "max": float(double[n])} for n in double}
    report = {"head": "Owlv2ForObjectDetection", "tensors": errors}
    (root / "errors.json").write_text(json.dumps(report, indent=1) + "\n")
    print("forward", {n: round(float(v), 4) for n, v in double.items()})


def main():
    root, checkpoint = pathlib.Path(sys.argv[1]), sys.argv[2]
    root.mkdir(parents=True, exist_ok=True)
    write_assignments(root / "assignment.safetensors")
    write_cases(root)
    write_forward(root / "forward", checkpoint)


if __name__ == "__main__":
    main()
