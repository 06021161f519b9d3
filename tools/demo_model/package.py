"""Joins the two trained sides into a model folder as the reference reads it, in float16.

    python package.py --text DIR --state DIR --out models/tyto-small
"""
import argparse
import json
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file
from transformers import Owlv2ForObjectDetection

import network
import train

FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
         "preprocessor_config.json", "config.json")
# What tyto says of the model and takes as its threshold; other programs ignore it.
ADVICE = {
    "note": "it knows 125 kinds of drawn objects and nothing of photographs; for a photograph: "
            "-m google/owlv2-base-patch16-ensemble (620 MB, fetched once)",
    "threshold": 0.4,
}


def image_side(folder):
    """The running mean of the weights of a training run."""
    shared = train.Shared()
    shared.mean.copy_(torch.load(folder / "state.pt", weights_only=True)["mean"])
    return network.to_checkpoint(shared.views(shared.mean))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", type=pathlib.Path, required=True, help="what text.py wrote")
    parser.add_argument("--state", type=pathlib.Path, required=True, help="of train.py")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        if (options.text / file).resolve() != (options.out / file).resolve():
            shutil.copyfile(options.text / file, options.out / file)
    config = options.out / "config.json"
    described = json.loads(config.read_text()) | {"torch_dtype": "float16", "tyto": ADVICE}
    config.write_text(json.dumps(described, indent=2, sort_keys=True) + "\n")
    tensors = load_file(options.text / "model.safetensors")
    image = image_side(options.state)
    unknown = set(image) - set(tensors)
    if unknown:
        raise SystemExit(f"package: not in the reference's model: {sorted(unknown)}")
    tensors.update(image)
    # Image embeddings in the names' space: the class head's own projection serves.
    tensors["owlv2.visual_projection.weight"] = image["class_head.dense0.weight"].clone()
    half = {name: tensor.half().contiguous() for name, tensor in tensors.items()
            if not name.endswith("position_ids")}
    save_file(half, options.out / "model.safetensors", metadata={"format": "pt"})
    (options.out / "model.safetensors").chmod(0o644)
    model, said = Owlv2ForObjectDetection.from_pretrained(options.out, output_loading_info=True)
    if said["missing_keys"] or said["unexpected_keys"]:
        raise SystemExit(f"package: {said}")
    count = sum(weight.numel() for weight in model.parameters())
    size = (options.out / "model.safetensors").stat().st_size
    print(f"{options.out}: {count} parameters, {size} bytes")


if __name__ == "__main__":
    main()
