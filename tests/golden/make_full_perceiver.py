"""Writes a full-size Perceiver checkpoint with seeded weights, and what the reference computes with it.

    python make_full_perceiver.py FOLDER --kind KIND [--checkpoint-only]

FOLDER/model/   checkpoint with the published configuration of deepmind/language-perceiver (KIND language),
                vision-perceiver-learned, -fourier, -conv (learned, fourier, conv), optical-flow-perceiver (flow)
                or multimodal-perceiver (multimodal)
FOLDER/case/    a case as in README.md: inputs.safetensors, expected.safetensors, errors.json

The float64 runs take minutes, and up to 16 GB (flow).
"""

import argparse
from pathlib import Path

import torch
from transformers import PerceiverConfig, PerceiverTokenizer
from transformers.models.perceiver import modeling_perceiver as P

from make_perceiver import nest, randomize_all, rng_tensor, run_both
from reference import write_case

VISION = {"num_latents": 512, "d_latents": 1024, "num_blocks": 8, "num_self_attends_per_block": 6,
          "num_cross_attention_heads": 1, "num_self_attention_heads": 8, "num_labels": 1000}
KINDS = {
    "language": ("PerceiverForMaskedLM", {"qk_channels": 256, "v_channels": 1280}),
    "learned": ("PerceiverForImageClassificationLearned", {**VISION, "d_model": 512, "image_size": 224}),
    "fourier": ("PerceiverForImageClassificationFourier", {**VISION, "d_model": 261}),
    "conv": ("PerceiverForImageClassificationConvProcessing", {**VISION, "d_model": 322}),
    "flow": ("PerceiverForOpticalFlow", {"num_latents": 2048, "d_latents": 512, "d_model": 322,
                                         "num_self_attends_per_block": 24, "num_self_attention_heads": 16,
                                         "num_cross_attention_heads": 1}),
    "multimodal": ("PerceiverForMultimodalAutoencoding",
                   {"num_latents": 784, "d_latents": 512, "d_model": 704, "num_self_attends_per_block": 8,
                    "num_self_attention_heads": 8, "num_cross_attention_heads": 1, "num_labels": 700}),
}


def inputs_of(kind):
    """The inputs of the reference's documentation, of seeded numbers."""
    if kind == "language":
        text = "This is an incomplete sentence where some words are missing."
        inputs = dict(PerceiverTokenizer()(text, padding="max_length", return_tensors="pt"))
        inputs["labels"] = inputs["input_ids"].clone()
        inputs["input_ids"][0, 52:61] = PerceiverTokenizer().mask_token_id
        return inputs
    if kind == "flow":
        return {"inputs": rng_tensor(1, 1, 2, 27, 368, 496)}
    if kind == "multimodal":  # the first of 128 chunks
        return {"inputs.image": rng_tensor(1, 1, 16, 3, 224, 224), "inputs.audio": rng_tensor(2, 1, 30720, 1),
                "inputs.label": torch.zeros(1, 700), "subsampled_output_points.image": torch.arange(6272),
                "subsampled_output_points.audio": torch.arange(15)}
    return {"inputs": rng_tensor(1, 1, 3, 224, 224)}


def call(model, inputs):
    nested = nest(inputs)
    if "subsampled_output_points" in nested:
        nested["subsampled_output_points"]["label"] = None
    return model(**nested)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--kind", choices=KINDS, required=True)
    options.add_argument("--checkpoint-only", action="store_true", help="don't run the reference")
    chosen = options.parse_args()
    head, config = KINDS[chosen.kind]
    model = getattr(P, head)(PerceiverConfig(**config))
    randomize_all(model, 1)
    model.save_pretrained(chosen.folder / "model", max_shard_size="10GB")
    if not chosen.checkpoint_only:
        inputs = inputs_of(chosen.kind)
        double, single = run_both(model, call, inputs)
        write_case(chosen.folder / "case", head, inputs, double, single)


if __name__ == "__main__":
    main()
