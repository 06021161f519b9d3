"""Saves golden checkpoints anew with version 5 of transformers: all of it but the weights.

    python make_saved_by_5.py FOLDER OWLV2_FOLDER PERCEIVER_FOLDER

FOLDER/FAMILY/CHECKPOINT/   config.json and the files of processor and tokenizer, as save_pretrained
                            of version 5 writes them; the weights are those of the older checkpoint

Needs transformers>=5 and the torch that it asks for, in a venv of their own (5.24.0 wrote the committed
files). Fails when version 5 saves other names or values of weights.
"""

import shutil
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file

CHECKPOINTS = {
    "owlv2": ["odd", "contrastive"],
    "perceiver": ["masked_lm", "sequence", "learned", "fourier", "convolution", "flow", "multimodal"],
}
PROCESSORS = [transformers.AutoTokenizer, transformers.AutoImageProcessor, transformers.AutoProcessor]


def save(source, target):
    config = transformers.AutoConfig.from_pretrained(source)
    model = getattr(transformers, config.architectures[0]).from_pretrained(source)
    model.save_pretrained(target)
    weights = target / "model.safetensors"
    old, new = load_file(source / "model.safetensors"), load_file(weights)
    assert old.keys() == new.keys()
    assert all(torch.equal(old[name], new[name]) and old[name].dtype == new[name].dtype for name in old)
    weights.unlink()
    for processor in PROCESSORS:
        try:
            processor.from_pretrained(source).save_pretrained(target)
        except (OSError, ValueError):
            print(f"{source}: no {processor.__name__}")
    if config.model_type == "perceiver" and "ImageClassification" in config.architectures[0]:
        transformers.PerceiverImageProcessor().save_pretrained(target)
    # AutoImageProcessor alone writes the older file, which whoever saves a processor doesn't have.
    if (target / "processor_config.json").exists():
        (target / "preprocessor_config.json").unlink(missing_ok=True)


def main():
    out, *families = map(Path, sys.argv[1:])
    shutil.rmtree(out, ignore_errors=True)
    for family, folder in zip(CHECKPOINTS, families):
        for name in CHECKPOINTS[family]:
            save(folder / name / "model", out / family / name)


main()
