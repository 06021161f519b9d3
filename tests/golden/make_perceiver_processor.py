"""Writes small pictures and what the reference's PerceiverImageProcessor makes of them.

    python make_perceiver_processor.py FOLDER

The files are those of make_processor.py, but expected pixels that stay bytes are U8; some configurations are as older versions wrote them.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import PerceiverImageProcessor

from clip_vocabulary import write_json
from make_processor import picture

# height, width. Pictures of one or three rows are left out: the reference takes these for channels.
MANY = [(2, 2), (9, 1), (2, 5), (5, 2), (40, 3), (17, 31), (24, 24), (23, 25), (48, 64), (101, 7), (7, 101), (101, 67)]
FEWER = [(5, 7), (24, 18)]
FEW = [(5, 7), (41, 29), (13, 37), (24, 18)]
SMALL = {"size": {"height": 16, "width": 16}, "crop_size": {"height": 18, "width": 18}}
BYTES = {"do_rescale": False, "do_normalize": False}
OLD = {"feature_extractor_type": "PerceiverFeatureExtractor", "crop_size": 256, "do_center_crop": True, "do_normalize": True, "do_resize": True,
       "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "resample": 3, "size": 224}

CONFIGS = {
    # Of a picture that is one pixel thin the crop leaves nothing: the reference goes on with that.
    "small": (SMALL, MANY[:1] + MANY[2:]),
    "bytes": ({**SMALL, **BYTES}, MANY[:1] + MANY[2:]),
    "oblong": ({"size": {"height": 20, "width": 33}, "crop_size": {"height": 21, "width": 40}}, FEW),
    # The crop is larger than the picture along one side or both.
    "grown": ({"size": {"height": 20, "width": 20}, "crop_size": {"height": 15, "width": 17}, **BYTES}, MANY),
    "grown_no_resize": ({"size": {"height": 20, "width": 20}, "crop_size": {"height": 15, "width": 17}, "do_resize": False, **BYTES}, FEW + [(9, 1), (2, 5), (24, 24)]),
    "no_crop": ({**SMALL, "do_center_crop": False}, FEW),
    "no_resize": ({**SMALL, "do_resize": False}, FEW),
    "no_rescale": ({**SMALL, "do_rescale": False}, FEW),
    "no_normalize": ({**SMALL, "do_normalize": False}, FEW),
    "nothing": ({"do_center_crop": False, "do_resize": False, **BYTES}, FEW),
    "factor": ({**SMALL, "rescale_factor": 1 / 127.5, "image_mean": [1.0, 0.5, -2.0], "image_std": [3.0, 0.1, -1.0]}, FEW),
    "whole_factor": ({**SMALL, "rescale_factor": 3, "image_mean": 100, "image_std": 50.0}, FEW),
    "large_factor": ({**SMALL, "rescale_factor": 300, "do_normalize": False}, FEW),
    "negative_factor": ({**SMALL, "rescale_factor": -200, "do_normalize": False}, FEW),
}
for number, name in enumerate(["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"]):
    CONFIGS[f"{name}_down"] = ({"size": {"height": 11, "width": 14}, "do_center_crop": False, "resample": number, **BYTES}, MANY)
    CONFIGS[f"{name}_up"] = ({"size": {"height": 60, "width": 47}, "do_center_crop": False, "resample": number, **BYTES}, FEWER)


def main():
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    for seed, (name, (changes, sizes)) in enumerate({**CONFIGS, "old": (OLD, [(37, 50)]), "old_list": ({**OLD, "size": [9, 12], "crop_size": [10, 12], "resample": None}, FEWER)}.items()):
        processor = PerceiverImageProcessor(**changes)
        rng = np.random.default_rng(seed + 100)
        images, expected = {}, {}
        for height, width in sizes:
            image = picture(rng, height, width)
            key = f"{height}x{width}"
            images[key] = torch.from_numpy(image)
            pixels = processor(image, return_tensors="np")["pixel_values"][0]
            as_bytes = changes.items() >= BYTES.items()
            expected[key] = torch.from_numpy(np.ascontiguousarray(pixels, dtype=np.uint8 if as_bytes else np.float32))
        (out / name).mkdir(parents=True)
        write_json(out / name / "preprocessor_config.json", changes if name.startswith("old") else processor.to_dict())
        save_file(images, out / name / "images.safetensors")
        save_file(expected, out / name / "expected.safetensors")


if __name__ == "__main__":
    main()
