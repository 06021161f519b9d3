"""Writes random cases of the Perceiver's tokenizer and image processor, as the reference answers them.

    python fuzz_perceiver.py FOLDER [--seed N] [--calls N] [--processors N]
    TYTO_TEST_DATA=FOLDER build/tests/test_perceiver_tokenizer
    TYTO_TEST_DATA=FOLDER build/tests/test_processors_image

FOLDER is laid out as tests/: what isn't random is linked. Texts are random Unicode, tokenizers have random added tokens,
processors random switches, sizes and filters, some in files as older versions wrote them.
"""

import argparse
import random
import shutil
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers import AddedToken, CLIPTokenizerFast, PerceiverImageProcessor, PerceiverTokenizer

import make_perceiver_tokenizer as tokens
from clip_vocabulary import write_json
from make_processor import picture

HERE = Path(__file__).resolve().parent
RANGES = [(0, 0x7F), (0x80, 0x2FF), (0x300, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF), (0x2000, 0x206F)]


def any_text(rng, length=12):
    """Pieces of the committed cases' alphabet between characters from everywhere."""
    pieces = []
    for _ in range(rng.randrange(length)):
        if rng.random() < 0.6:
            pieces.append(rng.choice(tokens.ALPHABET))
        else:
            pieces.append(chr(rng.randint(*rng.choice(RANGES))))
    return "".join(pieces)


def any_token(rng):
    """An added token that is more than space."""
    text = ""
    while not text.strip():
        text = any_text(rng, 4)
    flags = {name: rng.random() < 0.3 for name in ("lstrip", "rstrip", "single_word", "normalized", "special")}
    return text, AddedToken(text, **flags)


def any_tokenizer(rng):
    options = {}
    if rng.random() < 0.5:
        options["model_max_length"] = rng.randrange(5, 40)
    for side in ("padding_side", "truncation_side"):
        if rng.random() < 0.5:
            options[side] = rng.choice(["left", "right"])
    if rng.random() < 0.3:
        options["split_special_tokens"] = True
    for role in ("pad", "bos", "eos", "mask", "cls", "sep"):
        if rng.random() < 0.15:
            options[f"{role}_token"] = any_token(rng)[1]
    tokenizer = PerceiverTokenizer(**options)
    known = [any_token(rng) for _ in range(rng.randrange(6))]
    tokenizer.add_tokens([token for _, token in known])
    if rng.random() < 0.5:
        more = any_token(rng)
        known.append(more)
        tokenizer.add_special_tokens({"additional_special_tokens": [more[1]]})
    return tokenizer, [text for text, _ in known]


def write_tokenizers(out, rng, calls):
    committed, alphabet = list(tokens.TEXTS), list(tokens.ALPHABET)
    tokens.random_text = any_text
    (out / "plain").mkdir(parents=True)
    write_json(out / "plain" / "config.json", {"model_type": "perceiver"})
    tokens.write(out / "plain", PerceiverTokenizer(), rng, calls)
    for name in ("added", "older", "split"):
        tokenizer, known = any_tokenizer(rng)
        tokens.ALPHABET[:] = alphabet + known * 2
        tokens.TEXTS[:] = committed + [any_text(rng, 30) for _ in range(40)]
        tokens.write(out / name, tokens.save(out / name, tokenizer), rng, calls)
    tokens.ALPHABET[:] = alphabet
    tokens.write(out / "clip", CLIPTokenizerFast.from_pretrained(HERE / "data/tokenizer/added"), rng, calls, clip=True)


def any_size(rng, largest):
    size = {"height": rng.randrange(1, largest), "width": rng.randrange(1, largest)}
    return dict.fromkeys(size, size["width"]) if rng.random() < 0.3 else size


def any_scale(rng, positive):
    value = rng.choice([rng.uniform(0.1, 2), rng.uniform(-2, 2), 2, 100]) or 1
    value = abs(value) if positive else value
    return value if rng.random() < 0.4 else [value, rng.uniform(0.1, 1), rng.uniform(0.1, 1)]


def any_processor(rng):
    config = {name: rng.random() < 0.7 for name in ("do_center_crop", "do_resize", "do_rescale", "do_normalize")}
    config.update(size=any_size(rng, 60), crop_size=any_size(rng, 90), resample=rng.randrange(6))
    config["rescale_factor"] = rng.choice([1 / 255, 1 / 255, 1 / 127.5, 1, 0.013, -0.01])
    if rng.random() < 0.6:
        config.update(image_mean=any_scale(rng, False), image_std=any_scale(rng, True))
    if rng.random() < 0.25:  # as the published checkpoints carry it
        for name in ("size", "crop_size"):
            config[name] = config[name]["height"]
        config["feature_extractor_type"] = "PerceiverFeatureExtractor"
    else:
        config["image_processor_type"] = "PerceiverImageProcessor"
    return config


def leaves_something(processor, shorter):
    """Whether the crop does; where not, the reference goes on with nothing, and tyto refuses."""
    cut = (int(processor.size[side] / processor.crop_size[side] * shorter) for side in ("height", "width"))
    return not processor.do_center_crop or min(cut) > 0


def write_processors(out, rng, count):
    noise = np.random.default_rng(rng.randrange(1 << 30))
    for index in range(count):
        config = any_processor(rng)
        processor = PerceiverImageProcessor(**{k: v for k, v in config.items() if not k.endswith("_type")})
        images, expected = {}, {}
        for _ in range(4):
            height, width = (rng.choice([2, *range(4, 140)]) for _ in range(2))
            image = picture(noise, height, width)
            if leaves_something(processor, min(height, width)):
                pixels = processor(image, return_tensors="np")["pixel_values"][0]
                images[f"{height}x{width}"] = torch.from_numpy(image)
                expected[f"{height}x{width}"] = torch.from_numpy(pixels.astype(np.float32))
        if images:
            folder = out / f"{index:04}"
            folder.mkdir(parents=True)
            write_json(folder / "preprocessor_config.json", config)
            save_file(images, folder / "images.safetensors")
            save_file(expected, folder / "expected.safetensors")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("folder", type=Path)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--calls", type=int, default=2000, help="of each of five tokenizers")
    options.add_argument("--processors", type=int, default=200, help="each with four pictures")
    chosen = options.parse_args()
    transformers.logging.set_verbosity(transformers.logging.CRITICAL)
    data = chosen.folder / "golden" / "data"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    for name in ("tokenizer", "processor"):
        (data / name).symlink_to(HERE / "data" / name)
    rng = random.Random(chosen.seed)
    write_tokenizers(data / "perceiver_tokenizer", rng, chosen.calls)
    write_processors(data / "perceiver_processor", rng, chosen.processors)


if __name__ == "__main__":
    main()
