"""Trees, measured on drawn scenes of shirts with prints: docs/trees.md's table.

    python bench/trees/measure.py COMMAND OUT      needs numpy, Pillow and Noto Color Emoji

A scene of 640 x 640 pixels has three T-shirts, each with a small animal printed on it, and two large animals
beside them, drawn by tools/demo_model/scenes.py with sprites that the model that comes with tyto knows. A print
is found when a box with its name covers it by half or more (intersection over union). What is said to be printed
is right when it is one: an animal inside a shirt, or, without a tree, one whose middle lies in the box of a shirt.
"""
import json
import pathlib
import subprocess
import sys

import numpy as np
from PIL import Image, ImageFont

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "demo_model"))
import scenes  # noqa: E402

SIDE, SCENES = 640, 40
ANIMALS = ["rabbit", "owl", "tiger", "butterfly", "panda", "frog"]
TREE = f"[t-shirt [{', '.join(ANIMALS)}]]"
LOW = TREE.replace("t-shirt", "t-shirt@0.1")
TEXTS = [word for name in ["t-shirt", *ANIMALS] for word in ("-t", name)]


def iou(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    both = max(w, 0) * max(h, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def scene(seed, sprites):
    """A picture, and what is printed in it: [(name, box)]."""
    rng = np.random.default_rng(seed)
    canvas = scenes.background(rng, SIDE, SIDE, False)
    taken, prints = [], []
    names = rng.permutation(ANIMALS)
    for i in range(5):
        side = rng.uniform(200, 240) if i < 3 else rng.uniform(120, 160)
        thing = scenes.draw_sprite(rng, sprites["t-shirt" if i < 3 else names[i]], side, 6, 0)
        h, w = thing.shape[:2]
        at = scenes.place(rng, taken, (w, h), SIDE, SIDE, 0, 2000)
        if at is None:
            continue
        scenes.paste(canvas, thing, *at)
        taken.append((*at, at[0] + w, at[1] + h))
        if i < 3:
            small = scenes.draw_sprite(rng, sprites[names[i]], rng.uniform(56, 68), 10, 0)
            x, y = at[0] + (w - small.shape[1]) // 2, at[1] + int(0.58 * h) - small.shape[0] // 2
            scenes.paste(canvas, small, x, y)
            prints.append((names[i], (x, y, x + small.shape[1], y + small.shape[0])))
    return canvas.astype(np.uint8), prints


def corners(found):
    return [found["box"][side] for side in ("xmin", "ymin", "xmax", "ymax")]


def by_tree(photo):
    return [(inner["label"], corners(inner)) for shirt in photo["found"] for inner in shirt["inside"]]


def by_place(photo):
    """Animals whose middle lies in a shirt."""
    shirts = [corners(d) for d in photo["detections"] if d["label"] == "t-shirt"]
    found = [(d["label"], corners(d)) for d in photo["detections"] if d["label"] != "t-shirt"]
    inside = lambda x, y: any(s[0] < x < s[2] and s[1] < y < s[3] for s in shirts)
    return [(n, b) for n, b in found if inside((b[0] + b[2]) / 2, (b[1] + b[3]) / 2)]


def main():
    command, out = sys.argv[1], pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    objects = scenes.load_objects()
    font = ImageFont.truetype(scenes.FONT, scenes.STRIKE)
    sprites = {o["name"]: scenes.sprite_levels(font, o["sprites"][0]) for o in objects
               if o["name"] in ("t-shirt", *ANIMALS)}
    truth = []
    for seed in range(SCENES):
        picture, prints = scene(seed, sprites)
        Image.fromarray(picture).save(out / f"{seed:02d}.png")
        truth.append(prints)
    print("| search | prints found | said to be prints, and right |\n|---|---|---|")
    for name, words, read in (
        ("the whole photo: `-t t-shirt -t rabbit …`", [*TEXTS, "--nms", "class"], by_place),
        ("the same, `--tiles=320`", [*TEXTS, "--nms", "class", "--tiles=320"], by_place),
        ("`[t-shirt [rabbit, …]]`", ["--tree", TREE], by_tree),
        ("`[t-shirt@0.1 [rabbit, …]]`", ["--tree", LOW], by_tree),
        ("the same, `--tree-margin 0.1`", ["--tree", LOW, "--tree-margin", "0.1"], by_tree),
        ("the same, `--tree-margin 0.25`", ["--tree", LOW, "--tree-margin", "0.25"], by_tree),
        ("the same, `--tree-margin 0.5`", ["--tree", LOW, "--tree-margin", "0.5"], by_tree),
    ):
        files = [str(out / f"{seed:02d}.png") for seed in range(SCENES)]
        lines = subprocess.run([command, "detect", *files, *words, "-f", "jsonl", "-q"], check=True,
                               stdout=subprocess.PIPE).stdout.splitlines()
        said = right = hit = 0
        for prints, line in zip(truth, lines):
            found = read(json.loads(line))
            said += len(found)
            right += sum(any(n == m and iou(b, c) >= 0.5 for m, c in prints) for n, b in found)
            hit += sum(any(n == m and iou(b, c) >= 0.5 for n, b in found) for m, c in prints)
        share = f"{right / said:.3f} of {said}" if said else "none"
        print(f"| {name} | {hit / sum(map(len, truth)):.3f} of {sum(map(len, truth))} | {share} |", flush=True)


if __name__ == "__main__":
    main()
