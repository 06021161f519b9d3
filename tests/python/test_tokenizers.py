"""Tokenizers: the goldens of the engine's own tests, by the reference's names; and what goes wrong."""

from __future__ import annotations

import copy
import doctest
import importlib
import json
import pathlib
import pickle
from typing import Any

import numpy as np
import pytest

import pytyto.transformers as ours
from pytyto.transformers.tokenization_utils import Trie

DATA = pathlib.Path(__file__).parent.parent / "golden" / "data"
CLIP = DATA / "tokenizer"
BYTES = DATA / "perceiver_tokenizer"
MODULES = [
    "_special_tokens",
    "_batch_encoding",
    "tokenization_utils",
    "tokenization_utils_base",
    "models.clip.tokenization_clip",
    "models.perceiver.tokenization_perceiver",
]
OPTIONS = {
    "special": "add_special_tokens",
    "overflow": "return_overflowing_tokens",
    "mask": "return_special_tokens_mask",
    "types": "return_token_type_ids",
    "words": "is_split_into_words",
    "max_length": "max_length",
    "split_special": "split_special_tokens",
    "padding": "padding",
    "truncation": "truncation",
    "stride": "stride",
    "multiple": "pad_to_multiple_of",
}


def load(path: pathlib.Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def perceiver(name: str) -> Any:
    if name == "plain":
        return ours.PerceiverTokenizer()
    return ours.PerceiverTokenizer.from_pretrained(BYTES / name)


@pytest.fixture(scope="module")
def clip() -> Any:
    return ours.CLIPTokenizerFast.from_pretrained(CLIP / "plain")


@pytest.fixture(scope="module")
def slow() -> Any:
    return ours.CLIPTokenizer.from_pretrained(CLIP / "plain")


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(f"pytyto.transformers.{name}")
    failed, tried = doctest.testmod(module)
    assert tried > 0 and failed == 0


# ---------------------------------------------------------------------------------------- goldens


@pytest.mark.parametrize("name", ["plain", "added", "legacy", "gaps", "bare"])
def test_clip_fast(name: str) -> None:
    tokenizer = ours.CLIPTokenizerFast.from_pretrained(CLIP / name)
    cases = load(CLIP / name / "cases.json")
    assert len(tokenizer) == cases["size"]
    for case in cases["texts"]:
        assert tokenizer(case["text"]).input_ids == case["ids"]
        assert tokenizer.decode(case["ids"]) == case["decoded"]
        assert tokenizer.decode(case["ids"], skip_special_tokens=True) == case["skipped"]
    for case in cases["batches"]:
        made = tokenizer(
            case["texts"],
            padding=[False, "longest", "max_length"][case["padding"]],
            truncation=case["truncation"],
            max_length=case["max_length"] or None,
            add_special_tokens=case["special_tokens"],
        )
        assert made.input_ids == case["ids"] and made.attention_mask == case["mask"]
    for case in cases["decodes"]:
        assert tokenizer.decode(case["ids"]) == case["text"]


@pytest.mark.parametrize("name", ["plain", "added", "legacy", "gaps", "bare"])
def test_offsets(name: str) -> None:
    tokenizer = ours.CLIPTokenizerFast.from_pretrained(CLIP / name)
    tokenizer.truncation_side = "right"
    for case in load(DATA / "offsets" / f"{name}.json"):
        made = tokenizer(
            *case.get("texts", case.get("words")),
            is_split_into_words="words" in case,
            truncation=case["max_length"] > 0,
            max_length=case["max_length"] or None,
            stride=case["stride"],
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        if not case.get("texts", ["x", ""])[-1] and len(case.get("texts", [])) == 2:
            continue  # an empty second text is none
        for i, row in enumerate(case["rows"]):
            assert made.input_ids[i] == row["ids"]
            assert [n for span in made.offset_mapping[i] for n in span] == row["spans"]
            assert [-1 if w is None else w for w in made.word_ids(i)] == row["tokens"]
            assert [-1 if s is None else s for s in made.sequence_ids(i)] == row["sequences"]


@pytest.mark.parametrize("name", ["added", "older", "plain", "split", "clip"])
def test_calls(name: str) -> None:
    if name == "clip":
        tokenizer: Any = ours.CLIPTokenizerFast.from_pretrained(CLIP / "added")
    else:
        tokenizer = perceiver(name)
    sides = tokenizer.padding_side, tokenizer.truncation_side
    cases = load(BYTES / name / "cases.json")
    for case in cases["calls"]:
        given = {OPTIONS[key]: value for key, value in case.items() if key in OPTIONS}
        tokenizer.padding_side = case.get("padding_side", sides[0])
        tokenizer.truncation_side = case.get("truncation_side", sides[1])
        given |= {"return_length": True, "return_attention_mask": True}
        if "made" not in case:
            with pytest.raises((ValueError, TypeError)):
                tokenizer(case["texts"], case["pairs"], **given)
            continue
        assert dict(tokenizer(case["texts"], case["pairs"], **given)) == case["made"], case
    for case in cases["decodes"]:
        text = tokenizer.decode(
            case["ids"],
            skip_special_tokens=case["skip"],
            spaces_between_special_tokens=case["spaces"],
            clean_up_tokenization_spaces=case["clean"],
        )
        assert text == case["text"]


# ------------------------------------------------------------------------------- slow beside fast


def test_slow_equals_fast(clip: Any, slow: Any) -> None:
    for text in ["a photo of a cat", "it's 12.5 o'clock!!", "E\u0301te\u0301", "<|endoftext|> x", ""]:
        assert slow(text).input_ids == clip(text).input_ids
        assert slow.decode(clip(text).input_ids) == clip.decode(clip(text).input_ids)
    # The slow one has Chinese characters apart, and drops control characters.
    assert slow.tokenize("\u4e2d\u56fd") != clip.tokenize("\u4e2d\u56fd")
    assert slow.tokenize("a\u200bb") == slow.tokenize("ab")


def test_places(clip: Any) -> None:
    made = clip("two  Cats", "a dog")
    chars = [made.token_to_chars(i) for i in range(len(made.input_ids))]
    assert chars[0] is None and chars[1] is not None and chars[1].start == 0
    word = made.char_to_word(5)
    assert word == 1 and made.word_to_chars(1) == (5, 9) and made.char_to_token(3) is None
    tokens = made.word_to_tokens(1, sequence_index=1)
    assert tokens is not None and made.token_to_sequence(tokens.start) == 1
    assert made.word_to_chars(1, sequence_index=1) == (2, 5)
    assert made[0].ids == made.input_ids and made.encodings[0].n_sequences == 2
    assert made.tokens()[0] == "<|startoftext|>" and made.n_sequences == 2
    again = pickle.loads(pickle.dumps(made))
    assert again.input_ids == made.input_ids and again.tokens() == made.tokens()


def test_slow_has_no_places(slow: Any) -> None:
    made = slow("a cat")
    assert not made.is_fast and made.encodings is None
    for method in ("tokens", "word_ids", "sequence_ids"):
        with pytest.raises(ValueError, match="fast"):
            getattr(made, method)()
    with pytest.raises(ValueError, match="fast"):
        made.char_to_token(0)
    with pytest.raises(NotImplementedError, match="CLIPTokenizerFast"):
        slow("a cat", return_offsets_mapping=True)
    with pytest.raises(KeyError):
        made[0]
    assert made[:1]["input_ids"] == made.input_ids[:1]


# ---------------------------------------------------------------------------------------- changing


@pytest.mark.parametrize("kind", ["clip", "slow", "bytes"])
def test_added_tokens(kind: str, tmp_path: pathlib.Path, clip: Any, slow: Any) -> None:
    known = {"clip": clip, "slow": slow, "bytes": ours.PerceiverTokenizer()}
    tokenizer = copy.deepcopy(known[kind])
    before = len(tokenizer)
    assert tokenizer.add_tokens(["<new>", ours.AddedToken("<b>", lstrip=True)]) == 2
    assert tokenizer.add_special_tokens({"sep_token": "<sep>"}) == 1
    assert len(tokenizer) == before + 3 and len(known[kind]) == before
    ids = tokenizer("a <b><new><sep>", add_special_tokens=False).input_ids
    assert ids[-3:] == [before + 1, before, before + 2] and tokenizer.sep_token_id == before + 2
    assert "<sep>" not in tokenizer.decode(ids, skip_special_tokens=True)
    tokenizer.save_pretrained(tmp_path)
    for read in (type(tokenizer).from_pretrained(tmp_path), pickle.loads(pickle.dumps(tokenizer))):
        assert read("a <b><new><sep>").input_ids == tokenizer("a <b><new><sep>").input_ids
        assert read.get_vocab() == tokenizer.get_vocab()
        assert read.special_tokens_map == tokenizer.special_tokens_map
    auto = ours.AutoTokenizer.from_pretrained(tmp_path, use_fast=kind == "clip")
    assert type(auto) is type(tokenizer)


def test_settings(clip: Any) -> None:
    tokenizer = copy.deepcopy(clip)
    tokenizer.padding_side = "left"
    tokenizer.pad_token = "a</w>"
    made = tokenizer(["a", "a b"], padding=True)
    assert made.input_ids[0][0] == tokenizer.convert_tokens_to_ids("a</w>")
    assert made.attention_mask == [[0, 1, 1, 1], [1, 1, 1, 1]]
    tokenizer.mask_token_id = 5
    assert tokenizer.mask_token == tokenizer.convert_ids_to_tokens(5)
    assert tokenizer.max_len_single_sentence == tokenizer.model_max_length - 2
    with pytest.raises(ValueError):
        tokenizer.max_len_single_sentence = 3
    with pytest.raises(ValueError):
        tokenizer.bos_token = 3
    tokenizer.pad_token = None
    with pytest.raises(ValueError, match="pad_token"):
        tokenizer(["a"], padding=True)
    assert tokenizer("a cat").input_ids == clip("a cat").input_ids


def test_pad() -> None:
    tokenizer = ours.PerceiverTokenizer()
    rows = [tokenizer("ab"), tokenizer("abcd")]
    padded = tokenizer.pad(rows, return_tensors="np")
    assert padded["input_ids"].tolist() == tokenizer(["ab", "abcd"], padding=True).input_ids
    arrays = [{"input_ids": np.array([4, 5])}, {"input_ids": np.array([4, 9, 5])}]
    assert isinstance(tokenizer.pad(arrays)["attention_mask"], np.ndarray)
    assert tokenizer.pad({"input_ids": [4, 5]}, padding="max_length", max_length=4)[
        "attention_mask"
    ] == [1, 1, 0, 0]
    with pytest.raises(ValueError, match="input_ids"):
        tokenizer.pad([{"ids": [1]}])


def test_tensors(clip: Any) -> None:
    made = clip(["a", "a cat"], padding=True, return_tensors="np")
    assert made["input_ids"].dtype == np.int64 and made.input_ids.shape == made.attention_mask.shape
    assert clip(["a", "a cat"], return_tensors="np")["input_ids"].dtype == object
    with pytest.raises(ImportError):
        clip("a", return_tensors="tf")
    assert clip.decode(made.input_ids[0]) == clip.batch_decode(made.input_ids)[0]
    torch = pytest.importorskip("torch")
    made = clip(["a", "a cat"], padding=True, return_tensors="pt")
    assert made.input_ids.dtype == torch.int64 and made.to("cpu") is made
    with pytest.raises(ValueError, match="padding=True"):
        clip(["a", "a cat"], return_tensors="pt")
    assert clip.batch_decode(made.input_ids) == clip.batch_decode(made.input_ids.tolist())


# ---------------------------------------------------------------------------------------- refusing


@pytest.mark.parametrize("kind", ["clip", "slow", "bytes"])
def test_refused(kind: str, clip: Any, slow: Any) -> None:
    tokenizer = {"clip": clip, "slow": slow, "bytes": ours.PerceiverTokenizer()}[kind]
    with pytest.raises(ValueError):
        tokenizer(None)
    for wrong in (3, [3], {"a": 1}, b"bytes", [[["a", 1]]]):
        with pytest.raises((ValueError, TypeError)):
            tokenizer(wrong)
    with pytest.raises(TypeError):
        tokenizer(["a", "b"], "c")
    with pytest.raises(ValueError):
        tokenizer(["a", "b"], ["c"])
    with pytest.raises(ValueError, match="required one of"):
        tokenizer("a", padding="longer")
    with pytest.raises(ValueError, match="required one of"):
        tokenizer("a", truncation="longer")
    with pytest.raises(TypeError):
        tokenizer.add_tokens([3])
    with pytest.raises(AssertionError):
        tokenizer.add_special_tokens({"other_token": "x"})
    with pytest.raises(NotImplementedError):
        tokenizer.push_to_hub("x")
    with pytest.raises(NotImplementedError):
        tokenizer.apply_chat_template([])
    for text in ["a\0b", "\ud800", "x" * 3000]:
        try:
            tokenizer(text)
        except (ValueError, UnicodeEncodeError):
            assert text == "\ud800"


def test_files_that_are_not_there(tmp_path: pathlib.Path) -> None:
    for cls in (ours.CLIPTokenizer, ours.CLIPTokenizerFast, ours.PerceiverTokenizer):
        with pytest.raises(OSError):
            cls.from_pretrained(tmp_path)
    with pytest.raises(ValueError):
        ours.AutoTokenizer.from_pretrained(tmp_path)
    with pytest.raises(EnvironmentError):
        ours.AutoTokenizer()
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(OSError, match="JSON"):
        ours.CLIPTokenizerFast.from_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"model": {"type": "WordPiece", "vocab": {}}}')
    tokenizer = ours.PreTrainedTokenizerFast.from_pretrained(tmp_path)
    with pytest.raises(NotImplementedError):
        tokenizer("a")
    with pytest.raises(ValueError):
        ours.PreTrainedTokenizerFast()


@pytest.mark.parametrize("options", [{"stride": -1}, {"pad_to_multiple_of": 2**40, "padding": True}])
def test_numbers_out_of_range(options: dict[str, Any], clip: Any) -> None:
    with pytest.raises(ValueError, match="required 0 to"):
        clip(["a", "a b"], **options)
    for max_length in (0, -1, 1):
        with pytest.raises(ValueError, match="max_length"):
            clip("a cat", truncation=True, max_length=max_length)


def test_another_class_is_said(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    ours.PerceiverTokenizer().save_pretrained(tmp_path)
    ours.PerceiverTokenizer.from_pretrained(tmp_path)
    assert not caplog.records
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / name).write_bytes((CLIP / "plain" / name).read_bytes())
    ours.CLIPTokenizer.from_pretrained(tmp_path)
    assert "PerceiverTokenizer" in caplog.text


def test_trie() -> None:
    trie = Trie()
    for word in ("ABC", "B", "CD", "<a>", ""):
        trie.add(word)
    assert trie.split("ABCD x<a>B") == ["ABC", "D x", "<a>", "B"]
    assert trie.data["C"] == {"D": {"": 1}} and Trie().split("ab") == ["ab"]
