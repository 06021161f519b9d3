"""Writes a full-size OWLv2 checkpoint with seeded weights, and what the reference computes with it.

    python make_full.py FOLDER [--size b16|l14] [--checkpoint-only]

FOLDER/model/       checkpoint with the published configuration of google/owlv2-base-patch16-ensemble
                    (or -large-patch14-), the real CLIP tokenizer, and its image processor
FOLDER/photo.png    a CC0 photo of scikit-image's sample data
FOLDER/text/        a case as in README.md: inputs.safetensors, expected.safetensors, errors.json

The float64 run takes some minutes and about 8 GB (B/16).
"""

import argparse
from pathlib import Path

import skimage
import torch
from PIL import Image
from transformers import Owlv2Config, Owlv2ForObjectDetection, Owlv2ImageProcessor

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


def write_checkpoint(folder, size):
    config = Owlv2Config(**SIZES[size])
    model = Owlv2ForObjectDetection(config)
    randomize(model, seed=1)
    model.save_pretrained(folder, max_shard_size="10GB")
    side = config.vision_config.image_size
    processor = Owlv2ImageProcessor(size={"height": side, "width": side})
    processor.save_pretrained(folder)
    return processor, write_tokenizer(folder)


def write_photo(path):
    """A cup of coffee, by Rachel Michetti, CC0."""
    photo = Image.open(Path(skimage.__file__).parent / "data" / "coffee.png").convert("RGB")
    photo.save(path)
    return photo


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--size", choices=SIZES, default="b16")
    options.add_argument("--checkpoint-only", action="store_true", help="don't run the reference")
    chosen = options.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    processor, tokenizer = write_checkpoint(chosen.folder / "model", chosen.size)
    photo = write_photo(chosen.folder / "photo.png")
    if chosen.checkpoint_only:
        return
    text = tokenizer(QUERIES, padding="max_length", truncation=True, return_tensors="pt")
    inputs = {**text, **processor(photo, return_tensors="pt")}
    model = Owlv2ForObjectDetection.from_pretrained(chosen.folder / "model", torch_dtype=torch.float32)
    double, single = run_both(model, lambda m, i: m(**i), inputs)
    write_case(chosen.folder / "text", "Owlv2ForObjectDetection", inputs, double, single)


if __name__ == "__main__":
    main()
