"""Writes small tokenizers, texts, and what the reference makes of them.

    python make_tokenizer.py data/tokenizer

Each folder is a tokenizer with `cases.json`:

    texts    [{"text", "ids", "decoded", "skipped"}]: ids with start and end; both decodings
    batches  [{"padding", "truncation", "max_length", "special_tokens", "texts", "ids", "mask"}]
    decodes  [{"ids", "text"}]: ids that no text gives

`plain/points.json` has, for each context and each block of code points, a hash over the ids of the
context around every code point of the block, so that all of Unicode is compared.
"""

import json
import random
import shutil
import sys
import unicodedata
from pathlib import Path

import transformers
from clip_vocabulary import END, START, write_tokenizer
from transformers import CLIPTokenizerFast

BLOCK = 1024
BLOCKS = [*range(0, 0x33000, BLOCK), 0xE0000, 0xFFC00, 0x10FC00]
CONTEXTS = ["%", "a%b", "E\u0301%\u0323\u0301 'S%", "\u0f71%1%\u0338"]

NASTY = [
    "", " ", "\t\n\r \u00a0\u3000", "a photo of a cat", "A PHOTO OF A CAT!", "it's they'RE we'Ve I'M you'LL he'D don'T",
    "'sun 'tis 're've''s !'s '", "’s ʼs 'ſ 'S", "e\u0301 é E\u0301 É", "a\u0323\u0307 a\u0307\u0323 \u1e9b\u0323",
    "İstanbul ıI İ̇", "ΣΑΣ Σ ΑΣ. ς", "ẞ ß ŉ ǰ ΐ", "Ω Å K ſ", "ǅ ǈ ǋ ǲ", "ﬁ ﬀ ﬅ", "1234 12.5e-3 ½ ² Ⅷ ⅷ ٣ ५ 一 〇 ㊿",
    "가나다 \u1100\u1161\u11a8 \uac00\u11a8", "日本語のテキスト が \u304b\u3099", "हिन्दी क़ \u0915\u093c \u0958", "ไทยภาษา กำ", "עברית שׁ \ufb2c", "العربية لا ﷺ",
    "😀 👩‍👩‍👧‍👦 👨🏽‍🚀 🏳️‍🌈 🇩🇪 1️⃣ #️⃣", "\u200b\u200c\u200d\u2060\ufeff", "\x00 \x01\x1f \x7f \x80\x85\x9f", "a\x00b", "\ue000\uf8ff \U000f0000 \U0010fffd",
    "\u0345\u0334\u0301", "a" + "\u0301\u0334" * 40, "\u0f71\u0f72\u0f74 \u0f73 \u0f75 \u0f81", "\U0001d15e\U0001d1bb \U0001d157\U0001d165",
    "\U0001e947\U0001e922\U0001e900 \u13a0\uab70 \u1c90\u10d0", "\U00011935\U00011930 \U00011938", "\U0001e030 \U00011f02 \u2e2f \u16ee",
    "a\u180eb \u2028 \u2029 \u1680 \u205f", "!" * 40, "x" * 200, "ab" * 120, "supercalifragilisticexpialidocious " * 3,
    f"{START}{END}", f"a{START.upper()}b {END}c", f"{END[:-1]} {START[1:]}", f"!{END}!", "a!b ! c!!d", "<|endoftext|", "http://x.org/?q=a&b=c#d_e",
    "C++ & <html> \"quotes\" (brackets) [a] {b} ~`@#$%^*-_=+\\|;:,./", "naïve café Zoë Đorđe Łódź İğdır", "Ελληνικά Кириллица Հայերեն ქართული አማርኛ",
    "\u1e0b\u0323 d\u0323\u0307 q\u0307\u0323", "\u00c5ngstro\u0308m", "\ufb1d \ufb4f \u2adc", "a\u0340\u0341\u0343\u0344", "\u0bc6\u0bbe \u0cc6\u0cc2 \u1b05\u1b35",
    "\u1101\u1173\u11a7 \uac00\u11a7 \uac00\u11a8 \uac00\u11c2 \uac00\u11c3 \u1112\u1175 \u1113\u1161 \u1100\u1176 \uac01\u11a8",
]

BLOCK_RANGES = [(0x20, 0x7F), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x530), (0x590, 0x780), (0x900, 0x1100), (0x1AB0, 0x2100), (0x2000, 0x2C00),
                (0x3000, 0xA000), (0xAC00, 0xD7A4), (0xF900, 0xFFFF), (0x10000, 0x12000), (0x1D000, 0x1FB00), (0xE0000, 0xE01F0), (0, 0x110000)]


def random_text(rng):
    out = []
    for _ in range(rng.randrange(1, 6)):
        kind = rng.randrange(6)
        low, high = rng.choice(BLOCK_RANGES)
        points = [p for p in (rng.randrange(low, high) for _ in range(rng.randrange(1, 6))) if not 0xD800 <= p < 0xE000]
        text = "".join(map(chr, points))
        if kind == 1:
            text = unicodedata.normalize("NFD", text)
        elif kind == 2:
            text = rng.choice("aeoAEOsk") + "".join(rng.choice("\u0300\u0301\u0308\u0323\u0327\u0345\u0338\u3099") for _ in range(3))
        elif kind == 3:
            text = rng.choice(["'s", "'T", "'re", "!", " ", END, START, "the", "photo", "12", "In", "an"])
        elif kind == 4:
            text = "".join(rng.choice("abcdefghinorstu") for _ in range(rng.randrange(1, 20)))
        out.append(text + rng.choice(["", "", " "]))
    return "".join(out)


def fnv(ids):
    """FNV-1a of 64 bits over ids as four bytes each, low one first."""
    h = 0xCBF29CE484222325
    for i in ids:
        for b in i.to_bytes(4, "little"):
            h = (h ^ b) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def save(path, value, indent=None):
    text = json.dumps(value, ensure_ascii=True, indent=indent, separators=(",", ":") if indent is None else None)
    path.write_text(text.replace("},{", "},\n{") + "\n")


def points(tokenizer):
    hashes = []
    for context in CONTEXTS:
        row = []
        for first in BLOCKS:
            texts = [context.replace("%", chr(c)) for c in range(first, first + BLOCK) if not 0xD800 <= c < 0xE000]
            ids = tokenizer(texts)["input_ids"] if texts else []
            row.append(f"{fnv([i for r in ids for i in r]):016x}")
        hashes.append(row)
    return {"block": BLOCK, "firsts": BLOCKS, "contexts": CONTEXTS, "hashes": hashes}


def batch(tokenizer, texts, padding, truncation, max_length, special_tokens):
    made = tokenizer(texts, padding=padding, truncation=truncation, max_length=max_length, add_special_tokens=special_tokens)
    return {
        "padding": {False: 0, "longest": 1, "max_length": 2}[padding],
        "truncation": truncation,
        "max_length": max_length or 0,
        "special_tokens": special_tokens,
        "texts": texts,
        "ids": made["input_ids"],
        "mask": made["attention_mask"],
    }


def write_cases(folder, texts, rng, pads=True):
    tokenizer = CLIPTokenizerFast.from_pretrained(folder)
    cases = {"size": len(tokenizer), "texts": [], "batches": [], "decodes": []}
    for text in texts:
        ids = tokenizer(text)["input_ids"]
        decoded, skipped = tokenizer.decode(ids), tokenizer.decode(ids, skip_special_tokens=True)
        cases["texts"].append({"text": text, "ids": ids, "decoded": decoded, "skipped": skipped})
    few = ["a photo of a cat", "", f"two {END} ! words", "a very long one, longer than all of the others by far"]
    kinds = [(False, True, None, True), (False, True, 5, True), (False, True, 3, False), (False, True, 2, True)]
    if pads:
        kinds += [("longest", False, None, True), ("longest", True, 7, False), ("max_length", True, None, True), ("max_length", False, 9, True)]
    for kind in kinds:
        cases["batches"].append(batch(tokenizer, few, *kind))
    for _ in range(40):
        ids = [rng.randrange(len(tokenizer) + 2) for _ in range(rng.randrange(12))]
        cases["decodes"].append({"ids": ids, "text": tokenizer.decode(ids)})
    save(folder / "cases.json", cases)


def plain_specials(folder):
    """special_tokens_map.json as older versions wrote it: without `special`, which the reference refuses there."""
    specials = load(folder / "special_tokens_map.json")
    for value in specials.values():
        if isinstance(value, dict):
            value.pop("special", None)
    save(folder / "special_tokens_map.json", specials, 1)


def token(content, **flags):
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False} | flags


def write_added(folder):
    """tokenizer.json with added tokens of every kind."""
    write_tokenizer(folder, count=80, layout="json")
    document, first = load(folder / "tokenizer.json"), 80 + 512 + 2
    added = [
        token("<mask>", lstrip=True, special=True), token("<word>", single_word=True), token("<Norm>", normalized=True), token("<tail>", rstrip=True, normalized=True),
        token("[a]"), token("[a][b]", lstrip=True, rstrip=True), token("new  token", normalized=True), token("e\u0301x", normalized=True, single_word=True), token("\u2003"),
    ]
    document["added_tokens"] += [{"id": first + i, **t} for i, t in enumerate(added)]
    document["added_tokens"].append({"id": document["model"]["vocab"]["th"], **token("th")})
    save(folder / "tokenizer.json", document)
    config = load(folder / "tokenizer_config.json")
    config |= {"mask_token": "<mask>", "additional_special_tokens": ["<extra>"], "clean_up_tokenization_spaces": False}
    save(folder / "tokenizer_config.json", config, 1)


def write_pairs(folder, texts, rng):
    """tokenizer.json as newer versions write it: merges as pairs, which the reference can't read yet."""
    write_tokenizer(folder, count=80, layout="json")
    document = load(folder / "tokenizer.json")
    document["truncation"] = {"direction": "Left", "max_length": 9, "strategy": "LongestFirst", "stride": 0}
    document["padding"] = {"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": None, "pad_id": 0, "pad_type_id": 0, "pad_token": "!"}
    save(folder / "tokenizer.json", document)
    write_cases(folder, texts, rng)
    document["model"] |= {"merges": [m.split(" ") for m in document["model"]["merges"]], "ignore_merges": False}
    save(folder / "tokenizer.json", document)


def write_legacy(folder):
    """vocab.json and merges.txt with the older files around them, and no limit of length."""
    write_tokenizer(folder, count=80, pad=END)
    plain_specials(folder)
    config = load(folder / "tokenizer_config.json")
    del config["added_tokens_decoder"]
    save(folder / "tokenizer_config.json", config | {"model_max_length": int(1e30), "padding_side": "left", "truncation_side": "left"}, 1)
    save(folder / "added_tokens.json", {"<new>": 594, "<Newer>": 595})


def write_gaps(folder):
    """A vocabulary without some letters: unknown tokens, one for neighbours; merges that come twice."""
    write_tokenizer(folder, count=80, layout="json")
    document = load(folder / "tokenizer.json")
    model = document["model"]
    for letter in "xyzq":
        del model["vocab"][letter], model["vocab"][letter + "</w>"]
    names = sorted(model["vocab"], key=model["vocab"].get)
    model |= {"vocab": {n: i for i, n in enumerate(names)}, "fuse_unk": True}
    model["merges"] = [m for m in model["merges"] if not set(m) & set("xyzq")]
    model["merges"].append(model["merges"][0])
    document["added_tokens"] = [t | {"id": model["vocab"][t["content"]]} for t in document["added_tokens"]]
    for key in ("sep", "cls"):
        document["post_processor"][key][1] = model["vocab"][document["post_processor"][key][0]]
    save(folder / "tokenizer.json", document)
    (folder / "tokenizer_config.json").unlink()
    plain_specials(folder)


def compact(folder):
    """Writes what is bulky without white space."""
    for name in ("vocab.json", "tokenizer.json"):
        if (folder / name).exists():
            save(folder / name, load(folder / name))


def main(root):
    transformers.logging.set_verbosity_error()
    rng = random.Random(1)
    shutil.rmtree(root, ignore_errors=True)
    texts = NASTY + [random_text(rng) for _ in range(430)]
    few = NASTY[:30] + [random_text(rng) for _ in range(20)]
    parts = ["<mask>", "<MASK>", "<word>", "<norm>", "<NORM>", "<tail>", "[a]", "[b]", "[a][b]", "new  token", "NEW token", "e\u0301x", "\u00e9X", "\u2003", "th", "TH", "<new>",
             "<Newer>", "<newer>", "<extra>", "!", " ", "  ", "a", "_", "1", "\u0301", "\u24b6", "\u200d", "xy", "Qz", START, END]
    mixed = ["".join(rng.choice(parts) for _ in range(rng.randrange(1, 8))) for _ in range(120)]

    write_tokenizer(root / "plain", count=1000)
    write_cases(root / "plain", texts, rng)
    save(root / "plain" / "points.json", points(CLIPTokenizerFast.from_pretrained(root / "plain")))
    write_pairs(root / "pairs", few, rng)
    write_added(root / "added")
    write_cases(root / "added", mixed, rng)
    write_legacy(root / "legacy")
    write_cases(root / "legacy", mixed[:60], rng)
    write_gaps(root / "gaps")
    write_cases(root / "gaps", few + mixed[:30], rng)
    write_tokenizer(root / "bare", count=80)
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        (root / "bare" / name).unlink()
    write_cases(root / "bare", few, rng)
    for folder in root.iterdir():
        compact(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
