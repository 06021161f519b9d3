"""Tracking, measured on videos of sprites whose identities are known: docs/tracking.md's table.

    python bench/tracking/measure.py COMMAND OUT      needs numpy, Pillow, SciPy and Noto Color Emoji

A video's frames are drawn by tools/demo_model/scenes.py, whose sprites the model that comes with tyto knows.

IDF1: each true identity is paired with at most one that was given, so that as many true boxes as possible
are covered by their partner's box in the same frame (intersection over union of half or more): IDTP. Then
IDF1 = 2 IDTP / (true boxes + given boxes). A switch: a true thing is covered by another identity than when
it was covered the last time. The comparison, overlap alone, gives a box the identity of the box of the frame
before that it overlaps most, best pairs first, if that is a fifth or more.
"""
import json
import pathlib
import subprocess
import sys

import numpy as np
from PIL import ImageFont
from scipy.optimize import linear_sum_assignment

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "demo_model"))
import scenes  # noqa: E402

SIDE, FRAMES, RATE, VIDEOS = 320, 60, 25, 5
NAMES = ["rabbit", "globe", "butterfly", "gift", "owl", "flamingo", "cookie", "tiger"]


def iou(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    both = max(w, 0) * max(h, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def path(kind, rng, i, n):
    """Thing i of n: its centre at each frame."""
    t = np.linspace(0, 1, FRAMES)
    y = 60 + 200 * i / max(n - 1, 1) + 0 * t
    left, right = 55 + rng.uniform(0, 20), SIDE - 55 - rng.uniform(0, 20)
    x = left + (right - left) * (t if i % 2 == 0 else 1 - t)
    if kind == "moving":
        return x, y + 12 * np.sin(6 * t + rng.uniform(0, 6))
    if kind == "vanishing":
        return x, y
    # Crossing: all meet in the middle, on straight lines; or turn back there.
    y = 160 + (y - 160) * np.abs(1 - 2 * t) * (np.sign(1 - 2 * t) if kind == "crossing" else 1)
    if kind == "turning":
        x = np.where(t < 0.5, x, x[::-1])
    return x, y


def video(kind, seed, sprites, file):
    """Writes a video; returns for each frame {identity: box} of what can be seen."""
    rng = np.random.default_rng(seed)
    n = 2 if kind in ("crossing", "turning", "alike") else 3
    which = rng.choice(len(NAMES), n, replace=False)
    if kind == "alike":
        which[:] = which[0]
    drawn = [scenes.draw_sprite(rng, sprites[k], 84, 8, 0) for k in which]
    paths = [path("crossing" if kind == "alike" else kind, rng, i, n) for i in range(n)]
    ground = scenes.background(rng, SIDE, SIDE, False)
    truth = []
    file.write(f"YUV4MPEG2 W{SIDE} H{SIDE} F{RATE}:1 Ip A1:1 C444\n".encode())
    for f in range(FRAMES):
        canvas, boxes = ground.astype(np.uint8), {}
        for i, picture in enumerate(drawn):
            h, w = picture.shape[:2]
            x, y = int(paths[i][0][f] - w / 2), int(paths[i][1][f] - h / 2)
            scenes.paste(canvas, picture, x, y)
            boxes[i] = (x, y, x + w, y + h)
        if kind == "vanishing":  # behind a wall, a sprite and a half wide
            canvas[:, 100:220] = (120, 110, 100)
        hidden = lambda b: (min(b[2], 220) - max(b[0], 100)) / (b[2] - b[0]) > 0.5
        covered = lambda i: any(k > i and iou(boxes[i], boxes[k]) > 0.5 for k in boxes)
        truth.append({i: b for i, b in boxes.items() if not covered(i)
                      and not (kind == "vanishing" and hidden(b))})
        r, g, b = (canvas[..., c].astype(np.float64) for c in range(3))
        planes = (16 + 0.256788 * r + 0.504129 * g + 0.097906 * b,
                  128 - 0.148223 * r - 0.290993 * g + 0.439216 * b,
                  128 + 0.439216 * r - 0.367788 * g - 0.071427 * b)
        file.write(b"FRAME\n")
        for plane in planes:
            file.write(plane.round().clip(0, 255).astype(np.uint8).tobytes())
    return truth


def detect(command, path, *options):
    words = [w for name in NAMES for w in ("-t", name)]
    run = subprocess.run([command, "detect", path, *words, "-f", "jsonl", *options],
                         capture_output=True, text=True, check=True)
    return [[(d.get("track"), tuple(d["box"].values())) for d in json.loads(line)["detections"]]
            for line in run.stdout.splitlines()]


def by_overlap(frames):
    """The comparison: identities from frame to frame, by overlap alone."""
    before, given, out = [], 0, []
    for frame in frames:
        pairs = sorted(((iou(box, old), i, k) for i, (_, box) in enumerate(frame)
                        for k, (_, old) in enumerate(before)), reverse=True)
        ids, taken = {}, set()
        for overlap, i, k in pairs:
            if overlap >= 0.2 and i not in ids and k not in taken:
                ids[i] = before[k][0]
                taken.add(k)
        now = []
        for i, (_, box) in enumerate(frame):
            if i not in ids:
                given += 1
                ids[i] = given
            now.append((ids[i], box))
        out.append(now)
        before = now
    return out


def score(truth, given):
    """(IDTP, true boxes, given boxes, switches)."""
    true_ids = sorted({i for frame in truth for i in frame})
    ids = sorted({i for frame in given for i, _ in frame if i is not None})
    together, last, switches = np.zeros((len(true_ids), max(len(ids), 1))), {}, 0
    for boxes, found in zip(truth, given):
        found = [(i, box) for i, box in found if i is not None]
        if not boxes or not found:
            continue
        overlap = np.array([[iou(box, b) for _, b in found] for box in boxes.values()])
        for r, c in zip(*linear_sum_assignment(-overlap)):
            if overlap[r, c] >= 0.5:
                thing, got = list(boxes)[r], found[c][0]
                switches += last.get(thing, got) != got
                last[thing] = got
        for r, thing in enumerate(boxes):
            for c, (i, _) in enumerate(found):
                together[true_ids.index(thing), ids.index(i)] += overlap[r, c] >= 0.5
    rows, columns = linear_sum_assignment(-together)
    return np.array([together[rows, columns].sum(), sum(map(len, truth)),
                     sum(i is not None for frame in given for i, _ in frame), switches])


def main():
    command, out = sys.argv[1], pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    objects = scenes.load_objects()
    font = ImageFont.truetype(scenes.FONT, scenes.STRIKE)
    sprites = [scenes.sprite_levels(font, next(o for o in objects if o["name"] == name)["sprites"][0])
               for name in NAMES]
    print("| videos | IDF1, overlap alone | switches | IDF1, `--track` | switches |\n|---|---|---|---|---|")
    for kind in ("moving", "crossing", "turning", "alike", "vanishing"):
        plain = tracked = 0
        for seed in range(VIDEOS):
            path = out / f"{kind}-{seed}.y4m"
            with open(path, "wb") as file:
                truth = video(kind, seed, sprites, file)
            plain = plain + score(truth, by_overlap(detect(command, path, "--nms", "all")))
            tracked = tracked + score(truth, detect(command, path, "--track"))
        cells = [f"{2 * s[0] / (s[1] + s[2]):.3f} | {int(s[3])}" for s in (plain, tracked)]
        print(f"| {kind} | {cells[0]} | {cells[1]} |", flush=True)


if __name__ == "__main__":
    main()
