"""Writes a full-size OWLv2 checkpoint with seeded weights, and what the reference computes with it.

    python make_full.py FOLDER [--size b16|l14] [--checkpoint-only | --case text|image_guided]

FOLDER/model/       checkpoint with the published configuration of google/owlv2-base-patch16-ensemble
                    (or -large-patch14-), the real CLIP tokenizer, and its image processor
FOLDER/photo.png    a CC0 photo of scikit-image's sample data
FOLDER/query.png    the cup in it
FOLDER/CASE/        a case as in README.md: inputs.safetensors, expected.safetensors, errors.json

A checkpoint that is there already is kept. The float64 runs take some minutes and about 8 GB (B/16) or 16 GB (L/14).
"""

import argparse
from pathlib import Path

import skimage
import torch
from PIL import Image
from transformers import CLIPTokenizerFast, Owlv2Config, Owlv2ForObjectDetection, Owlv2ImageProcessor

from clip_vocabulary import write_tokenizer
from reference import randomize, run_both, write_case

SIZES = {
    "b16": {
        "text_config": {"hidden_size": 512, "intermediate_size": 2048, "num_attention_heads": 8},
        "vision_config": {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12,
                          "num_hidden_layers": 12, "image_size": 960, "patch_size": 16},
        "projection_dim": 512,
    },
    "l14": {
        "text_config": {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12},
        "vision_config": {"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16,
                          "num_hidden_layers": 24, "image_size": 1008, "patch_size": 14},
        "projection_dim": 768,
    },
}
QUERIES = ["a photo of a cup", "a photo of a spoon"]
CUP = (170, 30, 450, 330)  # left, top, right, bottom in the photo
CASES = ("text", "image_guided")
DETECTION = "Owlv2ForObjectDetection"


def write_checkpoint(folder, size):
    config = Owlv2Config(**SIZES[size])
    model = Owlv2ForObjectDetection(config)
    randomize(model, seed=1)
    model.save_pretrained(folder, max_shard_size="10GB")
    side = config.vision_config.image_size
    processor = Owlv2ImageProcessor(size={"height": side, "width": side})
    processor.save_pretrained(folder)
    write_tokenizer(folder)


def write_photos(folder):
    """A cup of coffee, by Rachel Michetti, CC0, and a piece of it to search it by."""
    photo = Image.open(Path(skimage.__file__).parent / "data" / "coffee.png").convert("RGB")
    photo.save(folder / "photo.png")
    query = photo.crop(CUP)
    query.save(folder / "query.png")
    return photo, query


def run_case(folder, case, photo, query):
    """What the reference computes from the folder's checkpoint, in float32 and float64."""
    processor = Owlv2ImageProcessor.from_pretrained(folder / "model")
    tokenizer = CLIPTokenizerFast.from_pretrained(folder / "model")
    model = Owlv2ForObjectDetection.from_pretrained(folder / "model", torch_dtype=torch.float32)
    inputs = dict(processor(photo, return_tensors="pt"))
    if case == "text":
        head = DETECTION
        inputs.update(tokenizer(QUERIES, padding="max_length", max_length=16, truncation=True, return_tensors="pt"))
        double, single = run_both(model, lambda m, i: m(**i), inputs)
    else:
        head = f"{DETECTION}.image_guided_detection"
        inputs["query_pixel_values"] = processor(query, return_tensors="pt")["pixel_values"]
        double, single = run_both(model, lambda m, i: m.image_guided_detection(**i), inputs)
    write_case(folder / case, head, inputs, double, single)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--size", choices=SIZES, default="b16")
    options.add_argument("--checkpoint-only", action="store_true", help="don't run the reference")
    options.add_argument("--case", choices=CASES, help="run this one alone")
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    if not (chosen.folder / "model" / "model.safetensors").exists():
        write_checkpoint(chosen.folder / "model", chosen.size)
    photo, query = write_photos(chosen.folder)
    for case in CASES:
        if not chosen.checkpoint_only and chosen.case in (None, case):
            run_case(chosen.folder, case, photo, query)


if __name__ == "__main__":
    main()
