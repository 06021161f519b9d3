"""Turns a checkpoint into what ONNX Runtime or OpenVINO reads, for inputs of one shape. Runs in the current torch stack.

    python export.py NAME FOLDER --to onnxruntime|openvino --batch N -o FILE
"""

import argparse
import sys
from pathlib import Path
from unittest.mock import patch

import torch
from safetensors.torch import load_file

from catalogue import MODELS
from networks import Flat, load


def to_onnx(network, names, tensors, wanted, path):
    torch.onnx.export(network, tensors, path, input_names=names, output_names=list(wanted), dynamo=True,
                      external_data=True, optimize=True, verbose=False)


def to_openvino(network, names, tensors, wanted, path):
    import openvino

    try:
        model = openvino.convert_model(network, example_input=tensors)
    except RuntimeError:  # a network that torch can't trace
        detour = path.with_suffix(".onnx")
        to_onnx(network, names, tensors, wanted, detour)
        model = openvino.convert_model(detour)
        openvino.save_model(model, path, compress_to_fp16=False)
        for part in path.parent.glob(detour.name + "*"):
            part.unlink()
        return
    for port, name in zip(model.inputs, names):
        port.get_tensor().set_names({name})
    for port, name in zip(model.outputs, wanted):
        port.get_tensor().set_names({name})
    model.reshape({port: list(tensor.shape) for port, tensor in zip(model.inputs, tensors)})
    openvino.save_model(model, path, compress_to_fp16=False)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("name", choices=MODELS)
    options.add_argument("folder", type=Path)
    options.add_argument("--to", choices=("onnxruntime", "openvino"), required=True)
    options.add_argument("--batch", type=int, default=1)
    options.add_argument("-o", "--output", type=Path, required=True)
    chosen = options.parse_args()
    model = MODELS[chosen.name]
    inputs = load_file(chosen.folder / f"inputs-{chosen.batch}.safetensors")
    network = Flat(load(chosen.folder / "model"), list(inputs), model.wanted)
    write = to_onnx if chosen.to == "onnxruntime" else to_openvino
    try:
        # Masks here are of probability 0 or 1: nothing to draw, and not every engine can.
        with torch.inference_mode(), patch("torch.bernoulli", lambda probability: probability):
            write(network, list(inputs), tuple(inputs.values()), model.wanted, chosen.output)
    except Exception as failure:
        sys.exit(f"{type(failure).__name__}: {' '.join(str(failure).split())[:300]}")


if __name__ == "__main__":
    main()
