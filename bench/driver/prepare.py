"""Writes what all engines run: a seeded checkpoint, its inputs, and what the outputs should be.

    python prepare.py NAME FOLDER [--batch N...] [--truth float64|fp32]

FOLDER/model/                    the checkpoint
FOLDER/inputs-N.safetensors      inputs of N items; the first item is the same in all
FOLDER/whole-N.safetensors       the same without the choice of a piece, where the reference works in pieces
FOLDER/truth.safetensors         outputs of the first item, by a float64 or an fp32 run of the reference
FOLDER/facts.json                operations of a forward of the reference, and which run the truth is

Runs in the reference's environment. What is there already stays.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden"
sys.path.insert(0, str(GOLDEN))

import torch
from safetensors.torch import load_file, save_file
from torch.utils.flop_counter import FlopCounterMode

from catalogue import MODELS, PIECE_INPUTS
from networks import Flat, load


def generate(model, folder, truth):
    case = folder / model.case / "expected.safetensors"
    if (folder / "model" / "model.safetensors").exists() and (truth == "fp32" or case.exists()):
        return
    words = [sys.executable, GOLDEN / model.generator, folder, model.word]
    words += ["--checkpoint-only"] if truth == "fp32" else []
    subprocess.run([str(word) for word in words], check=True, stdout=sys.stderr)


def first_item(model, folder):
    """The generator's inputs."""
    case = folder / model.case / "inputs.safetensors"
    if case.exists():
        return load_file(case)
    if model.generator == "make_full_perceiver.py":
        from make_full_perceiver import inputs_of

        return inputs_of(model.name)
    from PIL import Image
    from transformers import CLIPTokenizerFast, Owlv2ImageProcessor

    from make_full import QUERIES

    text = CLIPTokenizerFast.from_pretrained(folder / "model")(
        QUERIES, padding="max_length", max_length=16, truncation=True, return_tensors="pt"
    )
    photo = Image.open(folder / "photo.png").convert("RGB")
    return {**text, **Owlv2ImageProcessor.from_pretrained(folder / "model")(photo, return_tensors="pt")}


def items(name, tensor, count):
    """`count` items, each the first shifted along its last axis, so that contents differ and statistics don't."""
    if name.startswith(PIECE_INPUTS):
        return tensor
    if tensor.is_floating_point():
        return torch.cat([torch.roll(tensor, 37 * i, -1) for i in range(count)])
    return torch.cat([tensor] * count)


def write_inputs(model, folder, batch):
    path, whole = folder / f"inputs-{batch}.safetensors", folder / f"whole-{batch}.safetensors"
    if path.exists() and (model.pieces == 1 or whole.exists()):
        return
    first = {k: v for k, v in first_item(model, folder).items() if k not in model.unwanted_inputs}
    inputs = {k: items(k, v, batch).contiguous().clone() for k, v in first.items()}
    save_file(inputs, path)
    if model.pieces > 1:
        save_file({k: v for k, v in inputs.items() if not k.startswith(PIECE_INPUTS)}, whole)


def write_truth(model, folder, truth):
    """Counts the operations of a single-precision run; its outputs are the truth where no better ones are."""
    facts = folder / "facts.json"
    if facts.exists() and (truth == "fp32" or json.loads(facts.read_text())["truth"] == "float64"):
        return
    inputs = load_file(folder / "inputs-1.safetensors")
    network = Flat(load(folder / "model"), list(inputs), model.wanted)
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        outputs = dict(zip(model.wanted, network(*inputs.values())))
    case = folder / model.case / "expected.safetensors"
    if case.exists():
        expected = load_file(case)
        outputs = {name: expected[name] for name in model.wanted}
    save_file({k: v.contiguous().clone() for k, v in outputs.items()}, folder / "truth.safetensors")
    known = {"gflop": counter.get_total_flops() * 1e-9, "truth": "float64" if case.exists() else "fp32"}
    facts.write_text(json.dumps(known) + "\n")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("name", choices=MODELS)
    options.add_argument("folder", type=Path)
    options.add_argument("--batch", type=int, nargs="+", default=[1])
    options.add_argument("--truth", choices=("float64", "fp32"), default="float64")
    chosen = options.parse_args()
    model = MODELS[chosen.name]
    chosen.folder.mkdir(parents=True, exist_ok=True)
    generate(model, chosen.folder, chosen.truth)
    for batch in sorted({1, *chosen.batch}):
        write_inputs(model, chosen.folder, batch)
    write_truth(model, chosen.folder, chosen.truth)


if __name__ == "__main__":
    main()
