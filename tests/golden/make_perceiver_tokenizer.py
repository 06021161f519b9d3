"""Writes tokenizers of bytes, and what the reference makes of texts with every option.

    python make_perceiver_tokenizer.py data/perceiver_tokenizer

Each folder is a tokenizer with `cases.json`:

    size    tokens of the vocabulary
    tokens  [{"text", "id", "back"}] by convert_tokens_to_ids, convert_ids_to_tokens
    calls   [{"texts", "pairs", options…, "made": what the call returned, or "error"}]
    decodes [{"ids", "skip", "spaces", "clean", "text"}]

`clip` holds calls alone, of the tokenizer in data/tokenizer/added.
"""

import json
import random
import sys
import warnings
from pathlib import Path

import transformers
from transformers import AddedToken, CLIPTokenizerFast, PerceiverTokenizer

TEXTS = [
    "", " ", "a", "This is an incomplete sentence where some words are missing.", "e\u0301 é ÿ Ā \u0080", "日本語 😀 \U0010ffff",
    "[MASK]", "a[MASK]b [MASK] [PAD][BOS][EOS][CLS][SEP]", " [MASK] ", "[MASK][MASK", "[[MASK]]", "[mask]", "\x00\x01\x7f\n\t\r",
    "don't . stop ? now ! , ' n't 'm 's 've 're", "\u3000[MASK]\u00a0\u2003x", "<x><xy> <x y>\u2028<x>z", "ab abc abcd bcd abdx", "word1 word 1word word",
    "left left  left\tleft", "right  right\u00a0\n right", "été ä",
]
ALPHABET = ["a", "b", "c", "d", "x", "y", " ", "  ", "\t", "\u00a0", "é", "[", "]", "<", ">", "[MASK]", "[SEP]", "<x>", "word", "left", "right", "\u2003", "\x1c", "abc", "bcd", "abd", "ä", "😀"]


def random_text(rng, length=12):
    return "".join(rng.choice(ALPHABET) for _ in range(rng.randrange(length)))


def call(tokenizer, texts, pairs=None, **options):
    case = {"texts": texts, "pairs": pairs, **options}
    names = {"special": "add_special_tokens", "overflow": "return_overflowing_tokens", "mask": "return_special_tokens_mask",
             "types": "return_token_type_ids", "words": "is_split_into_words", "max_length": "max_length", "split_special": "split_special_tokens",
             "padding": "padding", "truncation": "truncation", "stride": "stride", "multiple": "pad_to_multiple_of"}
    sides = tokenizer.padding_side, tokenizer.truncation_side
    tokenizer.padding_side = options.get("padding_side", sides[0])
    tokenizer.truncation_side = options.get("truncation_side", sides[1])
    given = {names[k]: v for k, v in options.items() if k in names}
    try:
        made = tokenizer(texts, pairs, return_length=True, return_attention_mask=True, **given)
        case["made"] = dict(made)
    except BaseException as e:
        if isinstance(e, KeyboardInterrupt):
            raise
        case["error"] = True
    tokenizer.padding_side, tokenizer.truncation_side = sides
    return case


def random_call(tokenizer, rng, clip):
    words = rng.random() < 0.3
    count = rng.randrange(1, 4)
    one = (lambda: [random_text(rng, 4) for _ in range(rng.randrange(1, 4))]) if words else (lambda: random_text(rng))
    texts = [one() for _ in range(count)]
    pairs = [one() for _ in range(count)] if rng.random() < 0.5 else None
    options = {"words": words}
    options["padding"] = rng.choice([False, False, "longest", "max_length"])
    options["truncation"] = rng.choice([False, "longest_first", "longest_first", "only_first", "only_second"])
    if rng.random() < 0.8:
        options["max_length"] = rng.randrange(4 if clip else 1, 20)
    if rng.random() < 0.4:
        options["stride"] = rng.randrange(0, 5)
    if rng.random() < 0.3:
        options["multiple"] = rng.choice([1, 2, 3, 8])
    for name, chance in [("overflow", 0.4), ("mask", 0.4), ("types", 0.3)]:
        if rng.random() < chance:
            options[name] = True
    if rng.random() < 0.25:
        options["special"] = False
    if not clip and rng.random() < 0.2:
        options["split_special"] = True
    for side in ["padding_side", "truncation_side"]:
        if rng.random() < 0.4:
            options[side] = rng.choice(["left", "right"])
    return call(tokenizer, texts, pairs, **options)


def is_case(case):
    """Cases that a C caller can state alike: an only length of the model would fill pages."""
    made = case.get("made")
    return not made or all(len(row) < 100 for row in made["input_ids"])


def decodes(tokenizer, rng, count):
    out, ids_there = [], sorted(set(range(262)) | set(tokenizer.added_tokens_decoder))
    special = [i for i in ids_there if i < 6 or i > 261]
    for k in range(count):
        ids = [rng.choice(special if rng.random() < 0.3 else ids_there) for _ in range(rng.randrange(9))]
        if k % 3 == 0:
            ids = tokenizer(rng.choice(TEXTS))["input_ids"]
        skip, spaces, clean = (rng.random() < 0.5 for _ in range(3))
        text = tokenizer.decode(ids, skip_special_tokens=skip, spaces_between_special_tokens=spaces, clean_up_tokenization_spaces=clean)
        out.append({"ids": ids, "skip": skip, "spaces": spaces, "clean": clean, "text": text})
    return out


def write(folder, tokenizer, rng, calls, clip=False):
    cases = {"calls": [], "tokens": [], "decodes": []}
    if not clip:
        cases["size"] = len(tokenizer)
        cases["max_length"] = min(tokenizer.model_max_length, 2**63 - 1)
        for text in ["a", "\x7f", "\x80", "ÿ", "[MASK]", "two", *tokenizer.get_added_vocab()]:
            i = tokenizer.convert_tokens_to_ids(text) if text in tokenizer.get_vocab() else None
            cases["tokens"].append({"text": text, "id": i, "back": None if i is None else tokenizer.convert_ids_to_tokens(i)})
        cases["calls"] = [call(tokenizer, [text]) for text in TEXTS]
        cases["decodes"] = decodes(tokenizer, rng, 60)
    while len(cases["calls"]) < calls:
        case = random_call(tokenizer, rng, clip)
        if is_case(case):
            cases["calls"].append(case)
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(cases, ensure_ascii=True, separators=(",", ":"))
    (folder / "cases.json").write_text(text.replace('},{"texts"', '},\n{"texts"').replace('},{"ids"', '},\n{"ids"') + "\n")


def save(folder, tokenizer):
    """As save_pretrained does, read again as a user would."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(folder)
    return PerceiverTokenizer.from_pretrained(folder)


def write_older(folder):
    """tokenizer_config.json without added_tokens_decoder, and special_tokens_map.json."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"tokenizer_class": "PerceiverTokenizer", "model_max_length": 2048, "padding_side": "left", "pad_token": "[PAD]", "eos_token": "[SEP]", "mask_token": "<x>"}
    specials = {"mask_token": {"content": "[MASK]", "lstrip": True, "rstrip": True, "single_word": False, "normalized": False}, "unk_token": "abc", "cls_token": "é",
                "additional_special_tokens": ["word", "[MASK]", "a"]}
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1) + "\n")
    (folder / "special_tokens_map.json").write_text(json.dumps(specials, indent=1) + "\n")
    return PerceiverTokenizer.from_pretrained(folder)


def main():
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    out, rng = Path(sys.argv[1]), random.Random(5)
    # No file at all but the model's.
    plain = out / "plain"
    plain.mkdir(parents=True, exist_ok=True)
    (plain / "config.json").write_text('{"model_type": "perceiver"}\n')
    write(plain, PerceiverTokenizer(), rng, 260)

    added = PerceiverTokenizer(model_max_length=30, clean_up_tokenization_spaces=False)
    added.add_tokens([AddedToken("<x>", lstrip=True), AddedToken("word", single_word=True), AddedToken("left", lstrip=True), AddedToken("right", rstrip=True), "abc", "bcd", "abd", "b", "é"])
    added.add_special_tokens({"additional_special_tokens": ["<xy>", AddedToken("ä", single_word=True)]})
    write(out / "added", save(out / "added", added), rng, 160)
    write(out / "older", write_older(out / "older"), rng, 100)

    split = PerceiverTokenizer(split_special_tokens=True, padding_side="left", truncation_side="left", model_max_length=None, sep_token=AddedToken("[SEP]", rstrip=True), mask_token="[M]")
    write(out / "split", save(out / "split", split), rng, 60)

    clip = CLIPTokenizerFast.from_pretrained(out.parent / "tokenizer" / "added")
    write(out / "clip", clip, rng, 200, clip=True)


if __name__ == "__main__":
    main()
