"""Writes small pictures and what the reference's Owlv2ImageProcessor makes of them.

    python make_processor.py FOLDER

FOLDER/NAME/preprocessor_config.json   switches and sizes
FOLDER/NAME/images.safetensors         pictures, U8 [height, width, 3], by name
FOLDER/NAME/expected.safetensors       the processor's pixels of each, F32 [3, height, width]
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import Owlv2ImageProcessor

from clip_vocabulary import write_json

# height, width. Pictures of one or three rows are left out: the reference takes these for channels.
MANY = [(9, 1), (2, 5), (5, 2), (40, 3), (17, 31), (24, 24), (23, 25), (12, 12), (48, 64),
        (101, 7), (7, 101), (101, 67)]
FEW = [(5, 7), (41, 29), (13, 37)]

# What a configuration changes, and the sizes of its pictures.
CONFIGS = {
    "defaults": ({"size": {"height": 24, "width": 24}}, MANY),
    "oblong": ({"size": {"height": 20, "width": 33}}, FEW),
    "no_pad": ({"do_pad": False}, FEW),
    "no_rescale": ({"do_rescale": False}, MANY),
    "no_rescale_no_pad": ({"do_rescale": False, "do_pad": False, "do_normalize": False}, FEW),
    "no_resize": ({"do_resize": False}, FEW),
    "no_resize_no_pad": ({"do_resize": False, "do_pad": False}, FEW),
    "no_normalize": ({"do_normalize": False}, FEW),
    "nothing": ({"do_rescale": False, "do_pad": False, "do_resize": False, "do_normalize": False}, FEW),
    "factor": ({"rescale_factor": 1 / 127.5, "image_mean": [1.0, 0.5, -2.0], "image_std": [3.0, 0.1, -1.0]}, FEW),
    "whole_factor": ({"rescale_factor": 1, "image_mean": 100, "image_std": 50.0}, FEW),
    "negative_factor": ({"rescale_factor": -0.01}, FEW),
}


def picture(rng, height, width):
    """Waves with noise, some of it clipped, and a frame of extremes."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    wave = rng.uniform(-9, 9, (3, 3))
    smooth = np.sin(wave[0] * x[..., None] + wave[1] * y[..., None] + wave[2])
    noisy = 127.5 + 140 * smooth + rng.normal(0, 20, (height, width, 3))
    image = np.clip(noisy, 0, 255).astype(np.uint8)
    image[0], image[-1], image[:, -1] = 255, 0, 255
    return image


def main():
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    for seed, (name, (changes, sizes)) in enumerate(CONFIGS.items()):
        processor = Owlv2ImageProcessor(**{"size": {"height": 16, "width": 16}, **changes})
        rng = np.random.default_rng(seed)
        images, expected = {}, {}
        for height, width in sizes:
            image = picture(rng, height, width)
            key = f"{height}x{width}"
            images[key] = torch.from_numpy(image)
            pixels = processor(image, return_tensors="np")["pixel_values"][0]
            expected[key] = torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.float32))
        (out / name).mkdir(parents=True)
        write_json(out / name / "preprocessor_config.json", processor.to_dict())
        save_file(images, out / name / "images.safetensors")
        save_file(expected, out / name / "expected.safetensors")
        print(name, {k: tuple(v.shape) for k, v in expected.items()})


if __name__ == "__main__":
    main()
