"""Writes where the reference's fast tokenizer says that tokens stand in their texts.

    python make_offsets.py data/tokenizer data/offsets

For each tokenizer of the first folder a file with an array of calls: `texts` (one, or two of a
pair), or their `words`; `max_length` and `stride` (0: nothing is cut); and what the call gave, an
entry for each row: `ids`, `spans` (start, end, start, …), `tokens` (the word of each token) and
`sequences` (−1: none).
"""

import json
import random
import sys
from pathlib import Path

import transformers
from transformers import CLIPTokenizerFast

TEXTS = [
    "a photo of a cat", "  A  PHOTO\tof\u00a0A Cat! ", "it's 12.5 o'clock", "e\u0301 \u00e9 E\u0301X", "a\u0323\u0307 a\u0307\u0323b", "\u0130stanbul \u0130",
    "\u1100\u1161\u11a8 \uac00\u11a8", "\u0915\u093c \u0958", "\u304c \u304b\u3099", "\U0001f600\U0001f468\u200d\U0001f469 x", "\u0f71\u0f72\u0f74 \u0f73 \u0f75", "\u1e0b\u0323q\u0307\u0323",
    "\u0344a\u0344", "\ufb1d\u2adc", "\U0001d15e\U0001d1bb", "", " ", "x" * 60, "<|startoftext|>ab<|endoftext|>",
]
PARTS = ["<mask>", "<MASK>", "<word>", "<norm>", "<NORM>", "<tail>", "[a]", "[b]", "[a][b]", "new  token", "NEW token", "e\u0301x", "\u00e9X", "\u2003", "th", "TH", "<new>", "<Newer>",
         "<extra>", "!", " ", "  ", "a", "_", "1", "\u0301", "\u200d", "xy", "Qz", "<|endoftext|>", "\u0130", "\u0323\u0307\u0301"]


def random_text(rng):
    return "".join(rng.choice(PARTS) for _ in range(rng.randrange(8)))


def call(tokenizer, texts, words=False, max_length=0, stride=0):
    given = [text.split("|") for text in texts] if words else texts
    if max_length:
        tokenizer.enable_truncation(max_length, stride=stride)
    first = tokenizer.encode(*given, is_pretokenized=words)
    tokenizer.no_truncation()
    rows = [
        {"ids": e.ids, "spans": [n for span in e.offsets for n in span], "tokens": [-1 if w is None else w for w in e.word_ids], "sequences": [-1 if s is None else s for s in e.sequence_ids]}
        for e in [first, *first.overflowing]
    ]
    return {"words" if words else "texts": given, "max_length": max_length, "stride": stride, "rows": rows}


def calls(tokenizer, rng):
    mixed = [random_text(rng) for _ in range(40)]
    yield from (call(tokenizer, [text]) for text in TEXTS + mixed)
    yield from (call(tokenizer, [rng.choice(TEXTS), rng.choice(mixed)]) for _ in range(6))
    yield from (call(tokenizer, ["|".join(rng.choice(mixed) for _ in range(3))], words=True) for _ in range(6))
    yield call(tokenizer, ["a photo of a cat on a mat"], max_length=6, stride=1)
    yield call(tokenizer, ["a photo of a cat", "a dog and another one"], max_length=10, stride=1)


def main(source, target):
    transformers.logging.set_verbosity_error()
    target.mkdir(exist_ok=True)
    for folder in sorted(source.iterdir()):
        if folder.name == "pairs":  # merges that the reference can't read
            continue
        tokenizer = CLIPTokenizerFast.from_pretrained(folder).backend_tokenizer
        tokenizer.no_padding()
        tokenizer.no_truncation()
        made = [json.dumps(c, separators=(",", ":")) for c in calls(tokenizer, random.Random(folder.name))]
        (target / f"{folder.name}.json").write_text("[" + ",\n".join(made) + "]\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
