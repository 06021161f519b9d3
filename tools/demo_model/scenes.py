"""Scenes drawn from colour emoji: the data on which the demo model is trained and judged.

A scene is a function of its seed alone. Seeds of the test and validation sets lie apart from
those of training (see SETS), so no scene is in two sets.

    python scenes.py --set test --count 500 --out DIR     pictures and coco.json
"""
import argparse
import json
import pathlib

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

HERE = pathlib.Path(__file__).parent
FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
STRIKE = 109  # the one size of the font's bitmaps: 136 x 128 pixels
SETS = {"test": 1_000_000_000, "validation": 2_000_000_000, "train": 3_000_000_000}
SIDE = 320  # longer side of a written picture
LEVELS = (1.0, 0.7, 0.5, 0.35, 0.25)  # sizes at which a sprite is kept, for resampling
GREY = 127  # what the processor pads with: 0.5


def load_objects():
    return json.loads((HERE / "objects.json").read_text())


def load_sprites(objects):
    """Per object the list of its sprites, each a list of premultiplied pictures, large to small."""
    font = ImageFont.truetype(FONT, STRIKE)
    return [[sprite_levels(font, code) for code in item["sprites"]] for item in objects]


def sprite_levels(font, code):
    picture = Image.new("RGBA", (160, 160))
    ImageDraw.Draw(picture).text((8, 8), chr(int(code, 16)), font=font, embedded_color=True)
    picture = picture.crop(picture.getbbox()).convert("RGBa")
    sizes = [tuple(max(1, round(side * level)) for side in picture.size) for level in LEVELS]
    return [picture.resize(size, Image.BOX) for size in sizes]


def draw_sprite(rng, levels, side, turn, strength):
    """A sprite whose longer side is `side` pixels, turned by up to `turn` degrees, perhaps
    flipped, its colours jittered; premultiplied RGBA uint8 [h, w, 4], cut to what is visible."""
    level = next((x for x in reversed(levels) if max(x.size) >= side), levels[0])
    width, height = level.size
    zoom = max(width, height) / side
    angle = np.deg2rad(rng.uniform(-turn, turn))
    across = zoom * rng.uniform(0.93, 1.07) * (1 if rng.random() < 0.5 else -1)
    c, s = np.cos(angle), np.sin(angle)
    room = int(side * 1.45) + 4
    matrix = [across * c, across * s, 0, -zoom * s, zoom * c, 0]
    for row, middle in ((0, width / 2), (3, height / 2)):
        matrix[row + 2] = middle - (matrix[row] + matrix[row + 1]) * room / 2
    drawn = np.asarray(level.transform((room, room), Image.AFFINE, matrix, Image.BILINEAR))
    seen = drawn[..., 3] > 64
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    drawn = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return jitter(rng, drawn, strength)


def jitter(rng, drawn, strength):
    """Brightness, saturation and tint, as one 3 x 3 matrix on premultiplied colours."""
    gain = 1 + strength * rng.uniform(-0.2, 0.2) + strength * rng.uniform(-0.08, 0.08, 3)
    grey = strength * rng.uniform(-0.2, 0.35)
    mix = (np.eye(3) * (1 - grey) + grey / 3) * gain
    out = np.empty_like(drawn)
    out[..., 3] = drawn[..., 3]
    colours = drawn[..., :3].reshape(-1, 3) @ mix.astype(np.float32)
    out[..., :3] = np.clip(colours, 0, drawn[..., 3].reshape(-1, 1)).reshape(drawn.shape[:2] + (3,))
    return out


def soft_noise(rng, width, height, cells):
    """Smooth noise in [-1, 1] with about `cells` hills across the longer side."""
    longer = max(width, height)
    shape = (max(2, cells * height // longer), max(2, cells * width // longer))
    small = rng.uniform(-1, 1, shape).astype(np.float32)
    return np.asarray(Image.fromarray(small, "F").resize((width, height), Image.BICUBIC))


def background(rng, width, height, busy):
    """float32 [height, width, 3], 0 to 255. A busy one has more contrast and more parts."""
    longer = max(width, height)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / longer
    first, second = rng.uniform(20, 255, (2, 3)).astype(np.float32)
    if rng.random() < 0.5:  # pale, as paper and sky are
        first, second = 255 - (255 - first) * 0.35, 255 - (255 - second) * 0.35
    if not busy:
        second = first + (second - first) * 0.5
    angle = rng.uniform(0, 2 * np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    kind = rng.integers(7)
    if kind == 0:
        weight = np.zeros_like(x)
    elif kind == 1:
        weight = (along - along.min()) / np.ptp(along)
    elif kind == 2:
        middle = rng.uniform(0.2, 0.8, 2)
        weight = np.clip(np.hypot(x - middle[0], y - middle[1]) / rng.uniform(0.4, 0.9), 0, 1)
    elif kind == 3:
        waves = np.sin(along * 2 * np.pi * rng.uniform(2, 12))
        weight = 0.5 + 0.5 * np.clip(waves * rng.uniform(1, 6), -1, 1)
    elif kind == 4:
        across = y * np.cos(angle) - x * np.sin(angle)
        cells = 2 * np.pi * rng.uniform(2, 8)
        weight = 0.5 + 0.5 * np.clip(4 * np.sin(along * cells) * np.sin(across * cells), -1, 1)
    else:
        weight = 0.5 + 0.5 * soft_noise(rng, width, height, int(rng.integers(3, 14)))
    if kind in (3, 4) and not busy:
        weight = weight * 0.5
    out = first + weight[..., None] * (second - first)
    if rng.random() < (0.5 if busy else 0.15):
        out = with_shapes(rng, out, int(rng.integers(2, 9)))
    if rng.random() < 0.5:
        light = soft_noise(rng, width, height, int(rng.integers(2, 6)))
        out += light[..., None] * rng.uniform(5, 30 if busy else 15)
    return np.clip(out, 0, 255).astype(np.float32)


def with_shapes(rng, out, count):
    height, width = out.shape[:2]
    picture = Image.fromarray(out.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture, "RGBA")
    for _ in range(count):
        middle = rng.uniform(0, 1, 2) * (width, height)
        half = rng.uniform(0.04, 0.3, 2) * max(width, height)
        box = [*(middle - half), *(middle + half)]
        fill = (*rng.integers(0, 256, 3).tolist(), int(rng.integers(60, 200)))
        kind = rng.integers(3)
        if kind == 0:
            draw.rectangle(box, fill=fill)
        elif kind == 1:
            draw.ellipse(box, fill=fill)
        else:
            corners = middle + rng.uniform(-1, 1, (int(rng.integers(3, 6)), 2)) * half
            draw.polygon([tuple(corner) for corner in corners], fill=fill)
    if rng.random() < 0.4:
        picture = picture.filter(ImageFilter.GaussianBlur(max(width, height) / 80))
    return np.asarray(picture).astype(np.float32)


def plan(rng, hard):
    """How many objects, how large (shares of the longer side), and how much they may overlap."""
    if hard:
        return {"count": int(rng.integers(3, 9)), "sides": (0.17, 0.42), "cover": 0.25}
    return {"count": int(rng.integers(1, 5)), "sides": (0.28, 0.6), "cover": 0.08}


def place(rng, taken, size, width, height, cover, tries=20):
    """A place for a box of `size` that covers at most that share of any other; or None."""
    w, h = size
    if w > width or h > height:
        return None
    for _ in range(tries):
        x, y = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
        for a, b, c, d in taken:
            common = max(0, min(x + w, c) - max(x, a)) * max(0, min(y + h, d) - max(y, b))
            if common > cover * min(w * h, (c - a) * (d - b)):
                break
        else:
            return x, y
    return None


def paste(canvas, drawn, x, y):
    """Lays premultiplied uint8 `drawn` over float or uint8 `canvas`, in place."""
    h, w = drawn.shape[:2]
    part = canvas[y : y + h, x : x + w]
    keep = (255 - drawn[..., 3:]).astype(np.uint16)
    if canvas.dtype == np.uint8:
        part[:] = drawn[..., :3] + ((part * keep + 127) >> 8).astype(np.uint8)
    else:
        part[:] = drawn[..., :3] + part * (keep / np.float32(255))


def render(seed, sprites, longer=SIDE):
    """(uint8 [h, w, 3], boxes float [n, 4] as x0 y0 x1 y1 in pixels, object indices [n])."""
    rng = np.random.default_rng(seed)
    hard = rng.random() < 0.5
    shape = rng.random()
    shorter = longer if shape < 0.6 else int(longer * rng.uniform(0.62, 0.95))
    width, height = (longer, shorter) if shape < 0.8 else (shorter, longer)
    wanted = plan(rng, hard)
    canvas = background(rng, width, height, hard)
    boxes, labels = [], []
    for _ in range(wanted["count"]):
        label = int(rng.integers(len(sprites)))
        levels = sprites[label][int(rng.integers(len(sprites[label])))]
        side = longer * np.exp(rng.uniform(*np.log(wanted["sides"])))
        drawn = draw_sprite(rng, levels, side, 25 if hard else 10, 1.0 if hard else 0.5)
        h, w = drawn.shape[:2]
        at = place(rng, boxes, (w, h), width, height, wanted["cover"])
        if at:
            paste(canvas, drawn, *at)
            boxes.append((at[0], at[1], at[0] + w, at[1] + h))
            labels.append(label)
    if hard:
        canvas += rng.normal(0, rng.uniform(0, 10), canvas.shape)
    canvas = (canvas - 128) * rng.uniform(0.85, 1.1) + 128 + rng.uniform(-12, 12)
    return canvas.clip(0, 255).astype(np.uint8), np.array(boxes, np.float64), np.array(labels)


def write_set(rendered, out, description, quality=90):
    """JPEGs and coco.json in folder `out`, of (number, picture, boxes, labels) one after the other."""
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for number, picture, boxes, labels in rendered:
        file = f"{number:04d}.jpg"
        Image.fromarray(picture).save(out / file, quality=quality)
        height, width = picture.shape[:2]
        images.append({"id": number + 1, "file_name": file, "width": width, "height": height})
        for (x0, y0, x1, y1), label in zip(boxes.tolist(), labels.tolist()):
            box = [x0, y0, x1 - x0, y1 - y0]
            annotations.append({"id": len(annotations) + 1, "image_id": number + 1,
                                "category_id": label + 1, "bbox": box, "area": box[2] * box[3],
                                "iscrowd": 0})
    categories = [{"id": i + 1, "name": item["name"]} for i, item in enumerate(load_objects())]
    coco = {"info": {"description": description,
                     "contributor": "drawn from Noto Color Emoji (SIL Open Font License 1.1)"},
            "images": images, "annotations": annotations, "categories": categories}
    (out / "coco.json").write_text(json.dumps(coco, indent=None, separators=(",", ":")) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", choices=SETS, default="test")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--side", type=int, default=SIDE)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    sprites = load_sprites(load_objects())
    numbers = range(options.first, options.first + options.count)
    rendered = ((n, *render(SETS[options.set] + n, sprites, options.side)) for n in numbers)
    write_set(rendered, options.out, f"emoji scenes, {options.set} seeds")


if __name__ == "__main__":
    main()
