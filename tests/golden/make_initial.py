"""Writes what the reference's own initialisation gives: for every tensor of small models, its shape
and the moments of its values over many seeds.

    python make_initial.py data/initial data/owlv2 data/perceiver

FOLDER/moments.json: for each case its config (and parts), and for each tensor of its state dict, in
order, {"shape", "buffer", "count", "mean", "std", "fourth"}: `count` values in all, `fourth` the
fourth central moment over std⁴ (3 for a normal distribution, 1.8 for a uniform one). Tensors whose
values are all alike have {"constant"} instead of moments.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers.models.owlv2 import modeling_owlv2
from transformers.models.perceiver import modeling_perceiver as P

from make_perceiver import build

SEEDS = 24


def make(config, parts):
    """The reference's model of a config.json, as its class makes it."""
    kinds = {"owlv2": transformers.Owlv2Config, "owlv2_text_model": transformers.Owlv2TextConfig,
             "owlv2_vision_model": transformers.Owlv2VisionConfig, "perceiver": transformers.PerceiverConfig}
    own = kinds[config["model_type"]].from_dict(config)
    name = config["architectures"][0]
    kind = getattr(modeling_owlv2, name, None) or getattr(P, name)
    return kind(own, **{k: build(v, own) for k, v in (parts or {}).items()})


def moments(values):
    """Of all seeds' values of a tensor, in float64."""
    values = np.concatenate(values)
    if values.size == 0:
        return {"count": 0}
    if (values == values[0]).all():
        return {"count": values.size, "constant": float(values[0])}
    centred = values - values.mean()
    std = float(np.sqrt((centred**2).mean()))
    return {"count": values.size, "mean": float(values.mean()), "std": std, "fourth": float((centred**4).mean()) / std**4}


def case(config, parts=None):
    values, shapes, buffers = {}, {}, set()
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        model = make(config, parts)
        buffers = {n for n, _ in model.named_buffers()}
        for name, tensor in model.state_dict().items():
            values.setdefault(name, []).append(tensor.double().numpy().ravel())
            shapes[name] = list(tensor.shape)
    out = {"config": config, "tensors": {n: {"shape": shapes[n], "buffer": n in buffers, **moments(values[n])} for n in values}}
    if parts:
        out["parts"] = parts
    return out


def variants():
    """Configs whose own numbers the rules use."""
    text = {"model_type": "owlv2_text_model", "architectures": ["Owlv2TextModel"], "hidden_size": 12, "intermediate_size": 20,
            "num_hidden_layers": 3, "num_attention_heads": 2, "vocab_size": 31, "max_position_embeddings": 5,
            "initializer_factor": 0.5, "initializer_range": 0.07}
    vision = {"model_type": "owlv2_vision_model", "architectures": ["Owlv2VisionModel"], "hidden_size": 18,
              "intermediate_size": 14, "num_hidden_layers": 2, "num_attention_heads": 3, "image_size": 21, "patch_size": 5,
              "initializer_factor": 1.5, "initializer_range": 0.05}
    whole = {"model_type": "owlv2", "architectures": ["Owlv2ForObjectDetection"], "projection_dim": 12,
             "text_config": text, "vision_config": vision, "initializer_factor": 0.25, "logit_scale_init_value": 1.25}
    perceiver = {"model_type": "perceiver", "architectures": ["PerceiverForMaskedLM"], "num_latents": 5, "d_latents": 12,
                 "d_model": 16, "num_self_attends_per_block": 1, "num_self_attention_heads": 2, "qk_channels": 8,
                 "v_channels": 12, "num_cross_attention_heads": 1, "vocab_size": 40, "max_position_embeddings": 9,
                 "initializer_range": 0.11}
    return {"text_factor": text, "vision_factor": vision, "whole_factor": whole, "perceiver_range": perceiver}


def main():
    out = Path(sys.argv[1])
    cases = {name: case(config) for name, config in variants().items()}
    for data in map(Path, sys.argv[2:]):
        for file in sorted(data.glob("*/model/config.json")):
            parts = file.parent.parent / "parts.json"
            name = f"{data.name}/{file.parent.parent.name}"
            cases[name] = case(json.loads(file.read_text()), json.loads(parts.read_text()) if parts.exists() else None)
            print(name, len(cases[name]["tensors"]))
    out.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in cases.items())
    (out / "moments.json").write_text("{" + lines + "}\n")


if __name__ == "__main__":
    main()
