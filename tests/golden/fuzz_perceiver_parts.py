"""Writes random compositions of Perceiver parts, and what the reference computes with them.

    python fuzz_perceiver_parts.py FOLDER [--seed N] [--count N]
    TYTO_TEST_DATA=FOLDER build/tests/test_perceiver

FOLDER is laid out as tests/, with the committed checkpoints linked. Descriptions that the reference refuses are drawn again. Bounds are
those of the committed cases, twice the reference's own error: of some hundreds of cases, one may miss them by rounding.
"""

import argparse
import json
import math
import random
import shutil
from pathlib import Path

import torch
from transformers.models.perceiver import modeling_perceiver as P

from make_perceiver import compose, fourier, rng_tensor, trainable, write

HERE = Path(__file__).resolve().parent


class Draw:
    """One description, and the inputs that it takes."""

    def __init__(self, rng, index):
        self.rng, self.index, self.seeds = rng, index, 0
        self.batch = rng.randrange(1, 4)
        self.samples = rng.randrange(1, 6)
        self.labels = rng.randrange(1, 7)

    def tensor(self, *shape):
        self.seeds += 1
        return rng_tensor(1000 * self.index + self.seeds, *shape)

    def position(self, axes, rows, wanted=None):
        """A position encoding over a grid of `axes`, with its channels; `wanted` channels where that is possible."""
        rng = self.rng
        if rng.random() < 0.5:
            channels = wanted or rng.randrange(1, 14)
            return trainable(channels, rng.choice([rows, [rows]])), channels
        bands, alone, joined = rng.randrange(1, 5), rng.random() < 0.3, rng.random() < 0.7
        resolution = [rng.randrange(1, 30) for _ in axes]
        channels = len(axes) * bands * (1 if alone else 2) + (len(axes) if joined else 0)
        return fourier(bands, resolution, sine_only=alone, concat_pos=joined), channels

    def placed(self, part, axes, content):
        """Adds positions to `content` channels; returns all channels, or None where they don't fit."""
        rng, rows = self.rng, math.prod(axes)
        adds = rng.random() < 0.35
        position, channels = self.position(axes, rows, content if adds else None)
        part.update(position, concat_or_add_pos="add" if adds else "concat")
        convolves = part.get("prep_type") in ("conv", "conv1x1") or part.get("conv_after_patching")
        if rng.random() < 0.4 and (not convolves or channels == content):
            part["out_channels"] = channels
            channels = part["project_pos_dim"] = content if adds else rng.randrange(1, 14)
        if adds and channels != content:
            return None
        return channels if adds else channels + content

    def image(self):
        rng = self.rng
        part = {"type": "PerceiverImagePreprocessor", "prep_type": rng.choice(["conv", "conv1x1", "patches", "pixels"])}
        colours, space, time = rng.randrange(1, 5), rng.randrange(1, 4), rng.randrange(1, 3)
        height, width, frames = rng.randrange(4, 13), rng.randrange(4, 13), rng.randrange(1, 4)
        film = part["prep_type"] in ("patches", "pixels") and rng.random() < 0.5
        content = colours
        if part["prep_type"] == "conv":
            space, content = rng.choice([4, 16]), rng.randrange(2, 12)
            axes = [height, width]
            for _ in range(round(math.log(space, 4))):
                axes = [(-(-n // 2) - 3) // 2 + 1 for n in axes]  # a convolution with padding, a pool without
            part.update(conv2d_use_batchnorm=rng.random() < 0.5, out_channels=content)
        elif part["prep_type"] == "conv1x1":
            content = part["out_channels"] = rng.randrange(2, 12)
            axes = [-(-height // space), -(-width // space)]
        elif part["prep_type"] == "patches":
            height, width, frames = height // space * space, width // space * space, frames * time
            axes = ([frames // time] if film else []) + [height // space, width // space]
            content = colours * space**2 * (time if film else 1)
            if film and axes[0] == 1:
                axes = axes[1:]
            if rng.random() < 0.4:
                part.update(conv_after_patching=True, conv_after_patching_in_channels=content)
                content = part["out_channels"] = rng.randrange(2, 12)
        else:
            axes = [-(-frames // time), -(-height // space), -(-width // space)] if film else [height, width]
            if not film:  # batch and channels are what it thins
                self.batch, content = -(-self.batch // space), -(-colours // space)
        if min(axes) < 1:
            return part, None, None, axes
        part.update(in_channels=colours, spatial_downsample=space, temporal_downsample=time if film else 1)
        batch = self.batch if part["prep_type"] != "pixels" or film else (self.batch - 1) * space + 1
        shape = [batch, *([frames] if film else []), colours, height, width]
        return part, self.tensor(*shape), self.placed(part, axes, content), axes

    def audio(self):
        rows = self.rng.randrange(2, 12)
        part = {"type": "PerceiverAudioPreprocessor", "samples_per_patch": self.rng.randrange(1, 7)}
        shape = [self.batch, rows * part["samples_per_patch"]]
        inputs = self.tensor(*shape, *([1] if self.rng.random() < 0.5 else []))
        return part, inputs, self.placed(part, [rows], part["samples_per_patch"]), [rows]

    def label(self):
        return {"type": "PerceiverOneHotPreprocessor"}, self.tensor(self.batch, self.labels), self.labels, [1]

    def many(self):
        """A multimodal preprocessor of two or three."""
        makers = self.rng.sample([self.audio, self.label, self.audio, self.image], self.rng.randrange(2, 4))
        part = {"type": "PerceiverMultimodalPreprocessor", "modalities": {}, "min_padding_size": self.rng.randrange(4)}
        inputs, widest = {}, 0
        for name, make in zip("bca", makers):
            inner, tensor, channels, _ = make()
            if channels is None or tensor.shape[0] != self.batch:
                return part, inputs, None, None
            part["modalities"][name] = inner
            inputs[f"inputs.{name}"] = tensor
            widest = max(widest, channels)
        if self.rng.random() < 0.5:
            part["mask_probs"] = {name: self.rng.choice([0.0, 0.3, 0.8, 1.0]) for name in part["modalities"]}
            if any(0 < v < 1 for v in part["mask_probs"].values()):
                inputs["mask_seed"] = torch.tensor(self.rng.randrange(2**40))
        return part, inputs, widest + part["min_padding_size"], None

    def layer(self):
        """Arguments of a decoder's layer: heads and channels."""
        heads, part = self.rng.randrange(1, 4), {}
        for name in ("qk_channels", "v_channels"):
            part[name] = heads * self.rng.randrange(1, 5)
        return {**part, "num_heads": heads, "widening_factor": self.rng.randrange(1, 3)}

    def decoder(self, channels, axes):
        rng = self.rng
        kind = rng.choice(["none", "classes", "basic", "basic", "flow"])
        if kind == "none":
            return None
        if kind == "classes":
            width = rng.randrange(2, 14)
            return {"type": "PerceiverClassificationDecoder", "num_channels": width, **trainable(width, 1), **self.layer(),
                    "use_query_residual": rng.random() < 0.5}
        if kind == "flow" and axes and len(axes) == 2:
            return {"type": "PerceiverOpticalFlowDecoder", "output_image_shape": axes, "output_num_channels": rng.randrange(1, 4),
                    "rescale_factor": rng.choice([100.0, 3.0, 0.5]), "num_channels": channels, **self.layer(),
                    "position_encoding_type": "none", "use_query_residual": rng.random() < 0.5}
        grid = [rng.randrange(1, 5) for _ in range(rng.randrange(1, 4))]
        part = {"type": "PerceiverBasicDecoder", "output_num_channels": rng.randrange(1, 9), "final_project": rng.random() < 0.8,
                "use_query_residual": rng.random() < 0.5, "output_index_dims": grid, **self.layer()}
        width = rng.randrange(2, 14)
        part.update(trainable(width, rng.choice([grid, math.prod(grid)])), num_channels=width)
        if rng.random() < 0.4:
            part.update(out_channels=width, project_pos_dim=rng.randrange(1, 14))
            part["num_channels"] = part["project_pos_dim"]
        return part

    def postprocessor(self, decoder):
        rng = self.rng
        if not decoder or decoder["type"] != "PerceiverBasicDecoder" or rng.random() < 0.4:
            return None
        width = decoder["output_num_channels"] if decoder["final_project"] else decoder["num_channels"]
        kind = rng.choice(["Projection", "Audio", "Classification"])
        more = {"out_channels": rng.randrange(1, 6)} if kind == "Projection" else {}
        return {"type": f"Perceiver{kind}Postprocessor", "in_channels": width, **more}


def call(model, inputs):
    nested = {}
    for name, value in inputs.items():
        head, _, rest = name.partition(".")
        if rest:
            nested.setdefault(head, {})[rest] = value
        elif name != "mask_seed":
            nested[name] = value
    return model(**nested, output_attentions=True, output_hidden_states=True)


def write_one(out, rng, index):
    """Whether the reference took the description."""
    draw = Draw(rng, index)
    part, inputs, channels, axes = rng.choice([draw.image, draw.image, draw.audio, draw.many])()
    if channels is None:
        return False
    inputs = inputs if isinstance(inputs, dict) else {"inputs": inputs}
    decoder = draw.decoder(channels, axes)
    post = draw.postprocessor(decoder)
    parts = {"input_preprocessor": part, "decoder": decoder, "output_postprocessor": post}
    name = f"random{index:04}"
    try:
        folder, model = compose(out, name, index, {k: v for k, v in parts.items() if v},
                                {"num_labels": draw.labels, "samples_per_patch": draw.samples}, torch.float32)
        write(folder, model, "PerceiverModel", "case", inputs, call=call,
              keep=lambda n: n.startswith("logits") or "last" in n or "cross" in n)
    except (RuntimeError, ValueError, IndexError, TypeError, AttributeError, KeyError) as e:
        print(f"{name}: the reference refuses {json.dumps(parts)}: {e}")
        shutil.rmtree(out / name, ignore_errors=True)
        return False
    return True


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--count", type=int, default=200)
    chosen = options.parse_args()
    out = chosen.folder / "golden" / "data" / "perceiver"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for folder in sorted((HERE / "data" / "perceiver").iterdir()):
        (out / folder.name).symlink_to(folder)
    rng, index, written = random.Random(chosen.seed), chosen.seed * 10000, 0
    while written < chosen.count:
        written += write_one(out, rng, index)
        index += 1


if __name__ == "__main__":
    main()
