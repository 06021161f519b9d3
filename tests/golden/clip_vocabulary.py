"""Writes CLIP tokenizer files, of the real vocabulary or of its first merges only.

The merges are those that open_clip_torch ships (bpe_simple_vocab_16e6.txt.gz, MIT licence).
"""

import gzip
import json
from pathlib import Path

import open_clip
from transformers import CLIPTokenizerFast

ALL_MERGES = 49152 - 256 - 2
START, END = "<|startoftext|>", "<|endoftext|>"


def byte_letters():
    """The letter that stands for each byte, in the order in which CLIP numbers them: the printable
    ones for themselves, then the others, which borrow code points from 256 on."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]


def read_merges(count=ALL_MERGES):
    """The first `count` merges, as pairs."""
    path = Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.open(path, "rt", encoding="utf-8").read().split("\n")
    return [tuple(line.split()) for line in lines[1 : count + 1]]


def vocabulary(merges):
    """Token → id: letters, letters that end a word, merged pairs, and the two special tokens."""
    letters = byte_letters()
    tokens = letters + [c + "</w>" for c in letters] + ["".join(m) for m in merges] + [START, END]
    return {token: i for i, token in enumerate(tokens)}


def write_json(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def added_token(content, special=True):
    return {
        "content": content,
        "lstrip": False,
        "normalized": content in (START, END),
        "rstrip": False,
        "single_word": False,
        "special": special,
    }


def write_tokenizer(folder, count=ALL_MERGES, pad="!", layout="files", max_length=16):
    """Writes the tokenizer into `folder` and returns it, loaded from there.

    layout "files" is vocab.json + merges.txt, "json" is tokenizer.json; both come with
    tokenizer_config.json and special_tokens_map.json. pad "!" is what the OWLv2 checkpoints have."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    merges = read_merges(count)
    vocab = vocabulary(merges)
    write_json(folder / "vocab.json", vocab)
    lines = ["#version: 0.2", *(" ".join(m) for m in merges), ""]
    (folder / "merges.txt").write_text("\n".join(lines), encoding="utf-8")
    specials = {"bos_token": added_token(START), "eos_token": added_token(END), "unk_token": added_token(END)}
    write_json(folder / "special_tokens_map.json", {**specials, "pad_token": pad})
    decoder = {str(vocab[token]): added_token(token) for token in (pad, START, END)}
    config = {
        "add_prefix_space": False,
        "added_tokens_decoder": decoder,
        "bos_token": START,
        "clean_up_tokenization_spaces": True,
        "do_lower_case": True,
        "eos_token": END,
        "errors": "replace",
        "model_max_length": max_length,
        "pad_token": pad,
        "tokenizer_class": "CLIPTokenizer",
        "unk_token": END,
    }
    write_json(folder / "tokenizer_config.json", config)
    tokenizer = CLIPTokenizerFast.from_pretrained(folder)
    if layout == "json":
        tokenizer.save_pretrained(folder)
        (folder / "vocab.json").unlink()
        (folder / "merges.txt").unlink()
        (folder / "added_tokens.json").unlink(missing_ok=True)
        tokenizer = CLIPTokenizerFast.from_pretrained(folder)
    return tokenizer
