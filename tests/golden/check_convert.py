"""Holds what `tyto convert` writes against what the reference makes of it.

    python check_convert.py CHECKPOINT... [--command tyto]

Converts each checkpoint to every type, whole and in parts, and loads the result with from_pretrained: no name
may be missing or unexpected, every tensor must equal the source's, cast by torch, and the network's outputs
must be those of the source so cast.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
import transformers

DTYPES = {"keep": None, "float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def load(folder):
    kind = getattr(transformers, json.loads((folder / "config.json").read_text())["architectures"][0])
    model, info = kind.from_pretrained(folder, output_loading_info=True)
    return model.eval(), info


def inputs_of(model):
    torch.manual_seed(0)
    config, name = model.config, type(model).__name__
    if name == "Owlv2ForObjectDetection":
        side = config.vision_config.image_size
        ids = torch.randint(1, config.text_config.vocab_size, (2, config.text_config.max_position_embeddings))
        return {"input_ids": ids, "pixel_values": torch.randn(1, 3, side, side)}
    if name in ("PerceiverForMaskedLM", "PerceiverForSequenceClassification"):
        return {"inputs": torch.randint(0, config.vocab_size, (1, config.max_position_embeddings))}
    if name == "PerceiverForImageClassificationLearned":
        return {"inputs": torch.randn(1, 3, config.image_size, config.image_size)}
    return None


def check(source, dtype, size, command, room):
    out = Path(room) / "converted"
    words = [command, "convert", source, "-o", out, "--dtype", dtype, "--force"]
    subprocess.run([str(word) for word in words + (["--max-shard-size", size] if size else [])], check=True)
    wanted, _ = load(source)
    if DTYPES[dtype]:
        wanted = wanted.to(DTYPES[dtype]).float()
    given, info = load(out)
    problems = [f"{what}: {names}" for what, names in info.items() if names]
    state = given.state_dict()
    problems += [name for name, tensor in wanted.state_dict().items() if not torch.equal(tensor, state[name])]
    inputs, compared = inputs_of(given), "weights"
    if inputs:
        with torch.no_grad():
            logits = [model(**inputs).logits for model in (wanted, given)]
        problems += [] if torch.equal(*logits) else [f"logits differ by {(logits[0] - logits[1]).abs().max()}"]
        compared = "weights and logits"
    if DTYPES[dtype] and given.config.torch_dtype != DTYPES[dtype]:
        problems.append(f"torch_dtype: {given.config.torch_dtype}")
    if bool(size) != (out / "model.safetensors.index.json").exists():
        problems.append("required parts" if size else "required one file")
    files = sorted(path.name for path in out.glob("model*"))
    if size:
        index = json.loads((out / "model.safetensors.index.json").read_text())
        parts = sorted(set(index["weight_map"].values()))
        problems += [] if parts == [name for name in files if "index" not in name] else ["parts not as listed"]
    print(f"{source}  {dtype}  {len(files)} files  {compared}: {'; '.join(problems) or 'equal'}", flush=True)
    return not problems


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("checkpoints", type=Path, nargs="+")
    options.add_argument("--command", default="tyto")
    options.add_argument("--dtypes", nargs="+", choices=DTYPES, default=list(DTYPES))
    args = options.parse_args()
    transformers.utils.logging.disable_progress_bar()
    good = True
    with tempfile.TemporaryDirectory() as room:
        for source in args.checkpoints:
            weights = sum(path.stat().st_size for path in source.glob("*.safetensors"))
            weights = weights or sum(path.stat().st_size for path in source.glob("*.bin"))
            for dtype in args.dtypes:
                for size in (None, f"{max(1, weights // 5000)}KB"):
                    good = check(source, dtype, size, args.command, room) and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
