"""A checkpoint as a torch module that takes and gives flat named tensors. Runs in the torch stacks."""

import json
from pathlib import Path

import torch
import transformers


def load(folder, dtype=torch.float32):
    head = json.loads((Path(folder) / "config.json").read_text())["architectures"][0]
    return getattr(transformers, head).from_pretrained(folder, torch_dtype=dtype).eval().requires_grad_(False)


def nested(inputs):
    """{"inputs.image": t} as {"inputs": {"image": t}}; a video's labels are decoded with each piece."""
    out = {}
    for name, value in inputs.items():
        outer, _, inner = name.partition(".")
        if inner:
            out.setdefault(outer, {})[inner] = value
        else:
            out[outer] = value
    if "subsampled_output_points" in out:
        out["subsampled_output_points"]["label"] = None
    return out


def field(outputs, name):
    for part in name.split("."):
        outputs = outputs[part]
    return outputs


class Flat(torch.nn.Module):
    """Tensors in, tensors out, in the order of `names` and `wanted`: what exporters take."""

    def __init__(self, model, names, wanted):
        super().__init__()
        self.model, self.names, self.wanted = model, names, wanted
        self.eval()

    def forward(self, *tensors):
        outputs = self.model(**nested(dict(zip(self.names, tensors))))
        return tuple(field(outputs, name) for name in self.wanted)
