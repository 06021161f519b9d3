"""Big scenes of many small objects: what a network that sees the whole picture at once misses.

Most objects are 40 to 110 pixels long, whatever the picture's size; a few are a fifth to two fifths
of its longer side, so that a search by parts alone misses something too. A scene is a function of
its seed and its size. Its seeds lie apart from those of scenes.py.

    python crowds.py --count 20 --out DIR     pictures and coco.json
"""
import argparse

import numpy as np

import scenes

FIRST_SEED = 4_000_000_000
SMALL = (40, 110)  # pixels of the longer side of an object
LARGE = (0.2, 0.4)  # of the picture's longer side
ROOM = 60_000  # pixels of the picture for each small object
COVER = 0.15  # of an object, at most, by another one


def sizes(rng, width, height):
    """Longer sides of the objects to draw, large ones first."""
    large = max(width, height) * np.exp(rng.uniform(*np.log(LARGE), int(rng.integers(1, 4))))
    small = np.exp(rng.uniform(*np.log(SMALL), max(1, width * height // ROOM)))
    return [*large, *small]


def render(seed, sprites, width, height):
    """(uint8 [h, w, 3], boxes float [n, 4] as x0 y0 x1 y1 in pixels, object indices [n])."""
    rng = np.random.default_rng(seed)
    canvas = scenes.background(rng, width, height, rng.random() < 0.5)
    boxes, labels = [], []
    for side in sizes(rng, width, height):
        label = int(rng.integers(len(sprites)))
        levels = sprites[label][int(rng.integers(len(sprites[label])))]
        drawn = scenes.draw_sprite(rng, levels, side, 20, 0.7)
        h, w = drawn.shape[:2]
        at = scenes.place(rng, boxes, (w, h), width, height, COVER, tries=100)
        if at:
            scenes.paste(canvas, drawn, *at)
            boxes.append((at[0], at[1], at[0] + w, at[1] + h))
            labels.append(label)
    canvas += rng.normal(0, rng.uniform(0, 6), canvas.shape)
    return canvas.clip(0, 255).astype(np.uint8), np.array(boxes, np.float64), np.array(labels)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--height", type=int, default=1536)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    sprites = scenes.load_sprites(scenes.load_objects())
    numbers = range(options.first, options.first + options.count)
    rendered = ((n, *render(FIRST_SEED + n, sprites, options.width, options.height))
                for n in numbers)
    scenes.write_set(rendered, options.out, "emoji scenes, many small objects")


if __name__ == "__main__":
    main()
