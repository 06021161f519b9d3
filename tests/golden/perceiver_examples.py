"""Runs each example of the reference's Perceiver documentation in both, at the published sizes with seeded weights.

    python perceiver_examples.py FOLDER [--command tyto] [--only NAME,...]

FOLDER/NAME/model/       the checkpoint, with its tokenizer or image processor; 0.2 to 0.9 GB each
FOLDER/NAME/parts.json   the composition, of the two examples that make one
FOLDER/NAME/case/        a case as in README.md: the example's inputs, a float64 and a float32 run of the reference

Prints for every example the shapes and the largest differences of `tyto forward`, then what `tyto fill-mask` or
`tyto classify` say of the same text or photo. Fails when a shape, a number or a label differs. The example's
photo is assets/photos/cat.jpg. What is there is not made again. Takes up to 16 GB (flow) and some minutes each.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import load_file
from transformers import PerceiverConfig, PerceiverImageProcessor, PerceiverTokenizer
from transformers.models.perceiver import modeling_perceiver as P

import compare
from clip_vocabulary import write_json
from make_full_perceiver import KINDS, call, inputs_of
from make_perceiver import randomize_all, run_both
from reference import write_case

PHOTO = Path(__file__).resolve().parent / "../../assets/photos/cat.jpg"
TEXT = "This is an incomplete sentence where some words are missing."
HELLO = "hello world"
LEARNED_QUERY = {"num_channels": 1280, "trainable_position_encoding_kwargs": {"num_channels": 1280, "index_dims": 1},
                 "use_query_residual": True}
CONV1X1 = {"prep_type": "conv1x1", "spatial_downsample": 1, "out_channels": 256, "position_encoding_type": "trainable",
           "concat_or_add_pos": "concat", "project_pos_dim": 256,
           "trainable_position_encoding_kwargs": {"num_channels": 256, "index_dims": 224**2}}


def composed(preprocessor, arguments, **config):
    """A PerceiverModel of an input preprocessor and the classification decoder, and its description."""
    config = PerceiverConfig(**config)
    parts = {"input_preprocessor": {"type": preprocessor, **arguments},
             "decoder": {"type": "PerceiverClassificationDecoder", **LEARNED_QUERY}}
    model = P.PerceiverModel(config, input_preprocessor=getattr(P, preprocessor)(config, **arguments),
                             decoder=P.PerceiverClassificationDecoder(config, **LEARNED_QUERY))
    return model, parts


def published(kind, head=None):
    name, config = KINDS[kind]
    return getattr(P, head or name)(PerceiverConfig(**config)), None


def photo():
    return {"inputs": PerceiverImageProcessor()(Image.open(PHOTO), return_tensors="pt").pixel_values}


def hello():
    return {"inputs": PerceiverTokenizer()(HELLO, return_tensors="pt").input_ids}


# The model, the inputs, the shapes that the documentation prints, and the words of a command on the same file or text.
EXAMPLES = {
    "text_classifier": (lambda: composed("PerceiverTextPreprocessor", {}), hello, {"logits": [1, 2]}, ["classify", HELLO]),
    "image_classifier": (lambda: composed("PerceiverImagePreprocessor", CONV1X1, image_size=224), photo, {"logits": [1, 2]},
                         ["classify", PHOTO]),
    "masked_lm": (lambda: published("language"), lambda: inputs_of("language"), {"logits": [1, 2048, 262], "loss": []},
                  ["fill-mask", TEXT, "--mask-text", " missing."]),
    "sequence": (lambda: published("language", "PerceiverForSequenceClassification"), hello, {"logits": [1, 2]}, ["classify", HELLO]),
    "learned": (lambda: published("learned"), photo, {"logits": [1, 1000]}, ["classify", PHOTO]),
    "fourier": (lambda: published("fourier"), photo, {"logits": [1, 1000]}, ["classify", PHOTO]),
    "conv": (lambda: published("conv"), photo, {"logits": [1, 1000]}, ["classify", PHOTO]),
    "flow": (lambda: published("flow"), lambda: inputs_of("flow"), {"logits": [1, 368, 496, 2]}, None),
    "multimodal": (lambda: published("multimodal"), lambda: inputs_of("multimodal"),
                   {"logits.audio": [1, 240], "logits.image": [1, 6272, 3], "logits.label": [1, 700]}, None),
}


def make(folder, build, inputs, words):
    """The checkpoint and the reference's two runs."""
    model, parts = build()
    randomize_all(model, 1)
    model.save_pretrained(folder / "model", max_shard_size="10GB")
    if words and words[-1] == PHOTO:
        PerceiverImageProcessor().save_pretrained(folder / "model")
    elif words:
        PerceiverTokenizer().save_pretrained(folder / "model")
    if parts:
        write_json(folder / "parts.json", parts)
    given = inputs()
    double, single = run_both(model, call, given)
    write_case(folder / "case", type(model).__name__, given, double, single, lambda name: name.split(".")[0] in ("logits", "loss"))


def run_task(command, folder, words):
    parts = ["--parts", folder / "parts.json"] if (folder / "parts.json").exists() else []
    line = [command, *words, "-m", folder / "model", "-f", "json", *parts]
    return json.loads(subprocess.run([str(w) for w in line], check=True, capture_output=True).stdout)[0]


def check_task(command, folder, words):
    """Whether the command gives the reference's classes, or its bytes; says which."""
    logits = load_file(folder / "case" / "expected.safetensors")["logits"][0].double()
    made = run_task(command, folder, words)
    if words[0] == "fill-mask":
        given = [mask["guesses"][0]["id"] for mask in made["masks"]]
        required = logits[52:61].argmax(-1).tolist()
        said = f"most likely bytes {bytes(max(i - 6, 0) for i in given)}"
    else:
        best = logits.softmax(-1).topk(min(5, logits.numel()))
        names = json.loads((folder / "model" / "config.json").read_text()).get("id2label", {"0": "LABEL_0", "1": "LABEL_1"})
        given = [c["label"] for c in made["classes"]]
        required = [names.get(str(int(i)), f"LABEL_{i}") for i in best.indices]
        scores = torch.tensor([c["score"] for c in made["classes"]]).double()
        said = f"{given[0]} {made['classes'][0]['score']:.6f}, scores differ by at most {float((scores - best.values).abs().max()):.1e}"
        if not torch.allclose(scores, best.values, atol=1e-5):
            required = [*required, best.values.tolist()]
    print(f"  tyto {words[0]}: {said}")
    if given != required:
        print(f"  got {given}, required {required}")
    return given == required


def check(command, folder, shapes, words):
    rows = compare.compare_case(folder / "case", folder / "model", command)
    expected = load_file(folder / "case" / "expected.safetensors")
    good = all(row["holds"] for row in rows)
    for name, shape in shapes.items():
        good = good and list(expected[name].shape) == shape
        print(f"  {name} {list(expected[name].shape)}")
    compare.show(rows)
    return good and (not words or check_task(command, folder, words))


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--command", default="tyto")
    options.add_argument("--only", type=lambda text: text.split(","), default=list(EXAMPLES))
    chosen = options.parse_args()
    bad = []
    for name in chosen.only:
        build, inputs, shapes, words = EXAMPLES[name]
        folder = chosen.folder / name
        if not (folder / "case" / "errors.json").exists():
            make(folder, build, inputs, words)
        print(name, flush=True)
        if not check(chosen.command, folder, shapes, words):
            bad.append(name)
    print("all as the reference" if not bad else f"not as the reference: {', '.join(bad)}")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
