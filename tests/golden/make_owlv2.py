"""Writes small OWLv2 checkpoints and what the reference computes with them.

    python make_owlv2.py FOLDER

FOLDER/CHECKPOINT/model/   a checkpoint as people have it
FOLDER/CHECKPOINT/CASE/    inputs.safetensors, expected.safetensors, errors.json (see README.md)
FOLDER/activations.safetensors   x, and every activation of that x by its name, in float64
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import Owlv2Config, Owlv2ForObjectDetection, Owlv2Model, Owlv2TextModel, Owlv2VisionModel
from transformers.activations import ACT2FN

from clip_vocabulary import write_json, write_tokenizer
from reference import randomize, run_both, write_case

MERGES = 86  # 2·256 letters + 86 merges + 2 special tokens: a vocabulary of 600
VOCAB = 600
TEXTS = [
    "a photo of a cat",
    "the remote!",
    "a photo of two owls in a barn, at night, on a very old wooden beam",
    "",
    "Élan 42's",
    "an",
]


def config_of(name):
    """The config.json that is asked of the reference; fields that it omits take their defaults."""
    text = {"vocab_size": VOCAB, "bos_token_id": VOCAB - 2, "eos_token_id": VOCAB - 1}
    if name == "odd":
        return Owlv2Config(
            text_config={**text, "hidden_size": 36, "intermediate_size": 51, "num_hidden_layers": 2,
                         "num_attention_heads": 3, "hidden_act": "gelu", "layer_norm_eps": 1e-3},
            vision_config={"hidden_size": 44, "intermediate_size": 77, "num_hidden_layers": 3,
                           "num_attention_heads": 4, "patch_size": 7, "image_size": 63},
            projection_dim=36,
        )
    if name == "sharded":  # 33 isn't a multiple of 5: the last 3 pixels are never seen
        return Owlv2Config(
            text_config={**text, "hidden_size": 28, "intermediate_size": 65, "num_hidden_layers": 2,
                         "num_attention_heads": 4, "hidden_act": "relu", "max_position_embeddings": 11},
            vision_config={"hidden_size": 40, "intermediate_size": 33, "num_hidden_layers": 2,
                           "num_attention_heads": 5, "patch_size": 5, "image_size": 33, "hidden_act": "gelu"},
            projection_dim=28,
        )
    if name == "partial":  # 12 layers, 8 and 12 heads, quick_gelu: all by default
        return Owlv2Config(
            text_config={**text, "hidden_size": 24, "intermediate_size": 19},
            vision_config={"hidden_size": 36, "intermediate_size": 21, "patch_size": 8, "image_size": 24,
                           "hidden_act": "gelu_new"},
            projection_dim=24,
        )
    if name == "contrastive":
        return Owlv2Config(
            text_config={**text, "hidden_size": 30, "intermediate_size": 40, "num_hidden_layers": 2,
                         "num_attention_heads": 2, "hidden_act": "silu"},
            vision_config={"hidden_size": 33, "intermediate_size": 50, "num_hidden_layers": 2,
                           "num_attention_heads": 3, "patch_size": 4, "image_size": 20, "num_channels": 1,
                           "hidden_act": "mish"},
            projection_dim=20,
        )
    raise KeyError(name)


def strip_config(path, drop):
    """Leaves out of config.json the fields that a hand-written one would leave out."""
    config = json.loads(path.read_text())
    for tower, fields in drop.items():
        config[tower] = {k: v for k, v in config[tower].items() if k in fields}
    write_json(path, config)


def write_checkpoint(folder, name, seed, model_class, dtype=torch.float32, layout="files", **save):
    """Saves a seeded checkpoint, and returns it as the reference loads it, with its tokenizer."""
    model = model_class(config_of(name))
    randomize(model, seed)
    model.to(dtype)
    model.save_pretrained(folder, **save)
    config = model.config
    length = config.text_config.max_position_embeddings
    tokenizer = write_tokenizer(folder, MERGES, layout=layout, max_length=length)
    size = config.vision_config.image_size
    processor = {"do_normalize": True, "do_pad": True, "do_rescale": True, "do_resize": True,
                 "image_mean": [0.48145466, 0.4578275, 0.40821073],
                 "image_std": [0.26862954, 0.26130258, 0.27577711],
                 "image_processor_type": "Owlv2ImageProcessor", "processor_class": "Owlv2Processor",
                 "resample": 2, "rescale_factor": 0.00392156862745098, "size": {"height": size, "width": size}}
    write_json(folder / "preprocessor_config.json", processor)
    return tokenizer


def load(folder, model_class):
    """Loads in float32, insisting that the checkpoint has exactly the network's parameters."""
    model, report = model_class.from_pretrained(folder, output_loading_info=True, torch_dtype=torch.float32)
    assert not any(report.values()), report
    return model


def photos(config, count, seed):
    """Smooth seeded pictures with a little noise, in the range that normalised photos have."""
    rng = np.random.default_rng(seed)
    size, channels = config.vision_config.image_size, config.vision_config.num_channels
    y, x = np.mgrid[0:size, 0:size] / size
    waves = rng.uniform(-6, 6, (count, channels, 3))
    smooth = np.sin(waves[..., 0, None, None] * x + waves[..., 1, None, None] * y + waves[..., 2, None, None])
    return torch.from_numpy((1.3 * smooth + 0.3 * rng.standard_normal(smooth.shape)).astype(np.float32))


def tokens(tokenizer, texts):
    return dict(tokenizer(texts, padding="max_length", truncation=True, return_tensors="pt"))


def detect(flags):
    return lambda model, inputs: model(**inputs, **flags)


def write_outputs(folder, model, head, name, inputs, keep=None, call=None, **flags):
    double, single = run_both(model, call or detect(flags), inputs)
    write_case(folder / name, head, inputs, double, single, keep)


def contrast(model, inputs, with_loss):
    """All that the forward of Owlv2Model can return."""
    outputs = dict(model(**inputs, return_loss=with_loss))
    base = model(**inputs, return_base_image_embeds=True)
    return {**outputs, "base_image_embeds": base.image_embeds}


def heads_of_base(folder, model, text, pixels):
    """The calls of Owlv2Model and of its two towers, on the weights of `model`."""
    base = getattr(model, "owlv2", model)
    square = len(pixels) == len(text["input_ids"])  # the loss pairs each photo with a text
    write_outputs(folder, base, "Owlv2Model", "contrastive", {**text, "pixel_values": pixels},
                    call=lambda m, i: contrast(m, i, square))
    write_outputs(folder, base, "Owlv2Model.get_text_features", "text_features", text,
                    call=lambda m, i: {"text_features": m.get_text_features(**i)})
    image = {"pixel_values": pixels}
    write_outputs(folder, base, "Owlv2Model.get_image_features", "image_features", image,
                    call=lambda m, i: {"image_features": m.get_image_features(**i)})
    towers = {"output_hidden_states": True, "output_attentions": True}
    write_outputs(folder, base, "Owlv2TextModel", "text_model", text,
                    call=lambda m, i: m.text_model(**i, **towers))
    write_outputs(folder, base, "Owlv2VisionModel", "vision_model", image,
                    call=lambda m, i: m.vision_model(**i, **towers))


def choose_query(model, inputs):
    """The reference's choice of a box in each query picture."""
    features, _ = model.image_embedder(pixel_values=inputs["query_pixel_values"])
    flat = features.reshape(features.shape[0], -1, features.shape[-1])
    embeds, _, boxes = model.embed_image_query(flat, features)
    return {"query_embeds": embeds, "query_pred_boxes": boxes}


def make_odd(folder):
    """F32, vocab.json + merges.txt: head sizes 11 and 12, 82 tokens, every kind of batch and mask."""
    tokenizer = write_checkpoint(folder / "model", "odd", 1, Owlv2ForObjectDetection)
    model = load(folder / "model", Owlv2ForObjectDetection)
    head = "Owlv2ForObjectDetection"
    one, three = photos(model.config, 1, 11), photos(model.config, 3, 12)
    text = tokens(tokenizer, TEXTS)
    two = {k: v[:2] for k, v in text.items()}
    write_outputs(folder, model, head, "one", {**two, "pixel_values": one}, output_hidden_states=True,
                    keep=lambda n: "hidden_states.1" not in n)
    # Two queries a photo; the last photo has one, and a row of zeros in place of the other.
    ids, mask = text["input_ids"].clone(), text["attention_mask"].clone()
    ids[5], mask[5] = 0, 0
    write_outputs(folder, model, head, "three", {"input_ids": ids, "attention_mask": mask, "pixel_values": three},
                    keep=lambda n: "vision_model_output.last" not in n and "image_embeds" not in n)
    write_outputs(folder, model, head, "no_mask", {"input_ids": text["input_ids"][:5], "pixel_values": one},
                    keep=lambda n: "vision" not in n and "image" not in n)
    # Padding on the left, holes, and tokens without a single end: rows that a mask leaves without a key.
    rng = np.random.default_rng(13)
    ids = torch.from_numpy(rng.integers(1, VOCAB, (3, 9)))
    ids[2, [3, 6]] = VOCAB - 1
    mask = torch.tensor([[0, 0, 0, 1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 1, 0, 1, 1, 0], [0] * 9])
    write_outputs(folder, model, head, "masks", {"input_ids": ids, "attention_mask": mask, "pixel_values": one},
                    output_attentions=True, keep=lambda n: "vision" not in n and "image" not in n)
    guided = {"pixel_values": three, "query_pixel_values": photos(model.config, 1, 14)}
    write_outputs(folder, model, head + ".image_guided_detection", "image_guided", guided,
                    call=lambda m, i: m.image_guided_detection(**i),
                    keep=lambda n: "vision" not in n and "embeds" not in n)
    write_outputs(folder, model, head + ".embed_image_query", "query",
                    {"query_pixel_values": photos(model.config, 4, 15)}, call=choose_query)


def make_sharded(folder):
    """BF16 in shards, tokenizer.json: attentions, and the heads of the base model."""
    tokenizer = write_checkpoint(folder / "model", "sharded", 2, Owlv2ForObjectDetection, torch.bfloat16, "json",
                                 max_shard_size="40KB")
    model = load(folder / "model", Owlv2ForObjectDetection)
    text, pixels = tokens(tokenizer, TEXTS[:4]), photos(model.config, 2, 21)
    inputs = {**text, "pixel_values": pixels[:1]}
    write_outputs(folder, model, "Owlv2ForObjectDetection", "states", inputs, output_hidden_states=True,
                    output_attentions=True)
    heads_of_base(folder, model, text, pixels)
    guided = {"pixel_values": pixels, "query_pixel_values": photos(model.config, 2, 22)}
    write_outputs(folder, model, "Owlv2ForObjectDetection.image_guided_detection", "image_guided", guided,
                    call=lambda m, i: m.image_guided_detection(**i))


def make_partial(folder):
    """F16, a config.json that leaves most to the defaults, and position_ids as older versions saved them."""
    tokenizer = write_checkpoint(folder / "model", "partial", 3, Owlv2ForObjectDetection, torch.float16)
    strip_config(folder / "model" / "config.json", {
        "text_config": ("vocab_size", "hidden_size", "intermediate_size"),
        "vision_config": ("hidden_size", "intermediate_size", "patch_size", "image_size", "hidden_act"),
    })
    model = load(folder / "model", Owlv2ForObjectDetection)
    weights = load_file(folder / "model" / "model.safetensors")
    weights["owlv2.text_model.embeddings.position_ids"] = torch.arange(16)[None]
    weights["owlv2.vision_model.embeddings.position_ids"] = torch.arange(10)[None]
    save_file(weights, folder / "model" / "model.safetensors", {"format": "pt"})
    inputs = {**tokens(tokenizer, TEXTS[:3]), "pixel_values": photos(model.config, 3, 31)}
    write_outputs(folder, model, "Owlv2ForObjectDetection", "defaults", inputs)


def make_contrastive(folder):
    """An Owlv2Model by itself: grey pictures, three sizes that all differ; and its towers as checkpoints."""
    tokenizer = write_checkpoint(folder / "model", "contrastive", 4, Owlv2Model)
    model = load(folder / "model", Owlv2Model)
    text, pixels = tokens(tokenizer, TEXTS[:5]), photos(model.config, 5, 41)
    heads_of_base(folder, model, text, pixels)


def make_towers(folder):
    """Owlv2TextModel and Owlv2VisionModel saved by themselves, each with its flat config.json."""
    whole = Owlv2Model(config_of("contrastive"))
    for name, model_class, config, seed in (("text", Owlv2TextModel, whole.config.text_config, 5),
                                            ("vision", Owlv2VisionModel, whole.config.vision_config, 6)):
        model = model_class(config)
        randomize(model, seed)
        model.half().save_pretrained(folder / f"{name}_tower" / "model")
        model = load(folder / f"{name}_tower" / "model", model_class)
        rng = np.random.default_rng(51)
        if name == "text":
            inputs = {"input_ids": torch.from_numpy(rng.integers(0, VOCAB, (3, 7)))}
        else:
            inputs = {"pixel_values": photos(whole.config, 2, 52)}
        write_outputs(folder / f"{name}_tower", model, model_class.__name__, "tower", inputs)


def make_activations(path):
    x = torch.linspace(-12, 12, 801, dtype=torch.float64).float()
    out = {"x": x}
    for name in sorted(ACT2FN):
        out[name] = ACT2FN[name](x.double()).clone()
    save_file(out, path)


def main():
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for name, make in (("odd", make_odd), ("sharded", make_sharded), ("partial", make_partial),
                       ("contrastive", make_contrastive)):
        make(out / name)
    make_towers(out)
    make_activations(out / "activations.safetensors")


if __name__ == "__main__":
    main()
