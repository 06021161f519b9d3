"""Writes files of torch.save, and the same tensors as safetensors.

    python make_torch_bin.py FOLDER OWLV2_FOLDER

FOLDER/{zip,protocol4,legacy}.bin   tensors of every type, place and nesting, in each form
FOLDER/expected.safetensors         what they hold, under names joined by dots
FOLDER/text_tower/                  OWLV2_FOLDER/text_tower/model, with pytorch_model.bin (zip)
FOLDER/vision_tower/                OWLV2_FOLDER/vision_tower/model, with three shards (legacy)
"""

import json
import shutil
import sys
from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

TYPES = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]
# Later versions of torch write these as they write the types that have no storage class of their own.
UNTYPED = ["uint16", "uint32", "uint64"]


def allow_untyped():
    known = torch.storage._new_dtypes()
    torch.storage._new_dtypes = lambda: known | {getattr(torch, name) for name in UNTYPED}


def tensors():
    """A dict as a training run saves it."""
    base = torch.arange(60, dtype=torch.float32).reshape(3, 4, 5) / 7
    half = torch.arange(24, dtype=torch.float16).reshape(4, 6)
    plain = {name: torch.tensor([0, 1, 2, 3, 100], dtype=torch.float64).to(getattr(torch, name)) for name in TYPES}
    plain["int16"] = -plain["int16"]
    state = OrderedDict()
    state["whole"] = base
    state["tied"] = base
    state["transposed"] = base.permute(2, 0, 1)
    state["part"] = base[1:, 1:3]
    state["row"] = base[2, 3]
    state["steps"] = base[::2, ::3, 1::2]
    state["scalar"] = torch.tensor(2.5)
    state["element"] = base[1, 2, 3]
    state["empty"] = torch.zeros(0, 3)
    state["repeated"] = half[1].expand(3, 6)
    state["ones"] = half.t()[:1, :1].expand(1, 1)
    state["parameter"] = torch.nn.Parameter(half[:, 1:4])
    state["été"] = torch.tensor([1.0])
    state._metadata = OrderedDict([("", {"version": 1}), ("layer", {"version": 2})])
    return {"types": plain, "state": state, "list": [base[0], {"a": torch.tensor([True, False])}], 7: half,
            "epoch": 3, "loss": 0.25, "note": "text", "none": None, "steps": [-1, 300, 70000, 2**40, 2**70],
            "sizes": (1, 2)}


def expected(values, name=""):
    found = {}
    items = enumerate(values) if isinstance(values, (list, tuple)) else values.items()
    for key, value in items:
        full = f"{name}.{key}" if name else str(key)
        if isinstance(value, torch.Tensor):
            found[full] = value.detach().clone(memory_format=torch.contiguous_format)
        elif isinstance(value, (dict, list, tuple)):
            found.update(expected(value, full))
    return found


def write_towers(folder, source):
    for name in ("text_tower", "vision_tower"):
        to = folder / name
        to.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name / "model" / "config.json", to)
    state = OrderedDict(load_file(source / "text_tower/model/model.safetensors"))
    state._metadata = OrderedDict([("", {"version": 1})])
    torch.save(state, folder / "text_tower/pytorch_model.bin")
    state = load_file(source / "vision_tower/model/model.safetensors")
    names, weight_map = sorted(state), {}
    for i in range(3):
        file = f"pytorch_model-{i + 1:05d}-of-00003.bin"
        part = {n: state[n] for n in names[i::3]}
        torch.save(part, folder / "vision_tower" / file, _use_new_zipfile_serialization=False)
        weight_map.update({n: file for n in part})
    index = {"metadata": {"total_size": sum(t.nbytes for t in state.values())}, "weight_map": weight_map}
    (folder / "vision_tower/pytorch_model.bin.index.json").write_text(json.dumps(index, indent=1) + "\n")


def main():
    folder, source = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    values = tensors()
    torch.save(values, folder / "legacy.bin", _use_new_zipfile_serialization=False)
    allow_untyped()
    values["types"].update({n: torch.tensor([0, 1, 255], dtype=torch.uint8).to(getattr(torch, n)) for n in UNTYPED})
    torch.save(values, folder / "zip.bin")
    torch.save(values, folder / "protocol4.bin", pickle_protocol=4)
    save_file(expected(values), folder / "expected.safetensors")
    write_towers(folder, source)


main()
