"""Loads checkpoints of initial values, which tyto makes, with the reference: by hand.

    python check_initial.py build/tyto data/owlv2 data/perceiver

For each checkpoint there whose class needs no parts of the user's own: makes one of the same config,
whole and in parts, and loads it. Nothing may be missing, unexpected or mismatched, and every value
must be the file's.

2026-11-30, transformers 4.37.2 and torch 2.4.1: done for all 17 checkpoints, whole and in two parts.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers.models.owlv2 import modeling_owlv2
from transformers.models.perceiver import modeling_perceiver


def check(tyto, config, folder, size):
    subprocess.run([tyto, "convert", "--init", config, "-o", folder, "--seed", "5", "--max-shard-size", size], check=True)
    name = json.loads((Path(folder) / "config.json").read_text())["architectures"][0]
    kind = getattr(modeling_owlv2, name, None) or getattr(modeling_perceiver, name)
    model, info = kind.from_pretrained(folder, output_loading_info=True)
    assert not any(info.values()), info
    files = {}
    for file in Path(folder).glob("*.safetensors"):
        files.update(load_file(file))
    state = model.state_dict()
    assert state.keys() == files.keys()
    assert all(torch.equal(state[n], files[n]) and state[n].dtype == files[n].dtype for n in state)
    return name, len(files)


def main():
    tyto = sys.argv[1]
    for data in map(Path, sys.argv[2:]):
        for config in sorted(data.glob("*/model/config.json")):
            if (config.parent.parent / "parts.json").exists():
                continue
            with tempfile.TemporaryDirectory() as room:
                print(config.parent.parent.name, *check(tyto, config, f"{room}/new", "5GB"), flush=True)
                half = (Path(room) / "new/model.safetensors").stat().st_size // 2
                print("  in parts", *check(tyto, config, f"{room}/parts", str(half)), flush=True)


if __name__ == "__main__":
    main()
