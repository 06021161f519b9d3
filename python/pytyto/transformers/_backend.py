"""Byte-pair tokenizers of the library, from what a tokenizer.json says and further tokens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .._binding import call, made, options
from .._tyto import ffi, lib
from ._special_tokens import AddedToken

_PADDING = {
    "do_not_pad": lib.TYTO_PADDING_NONE,
    "longest": lib.TYTO_PADDING_LONGEST,
    "max_length": lib.TYTO_PADDING_MAX_LENGTH,
}
_TRUNCATION = {
    "do_not_truncate": lib.TYTO_TRUNCATION_NONE,
    "longest_first": lib.TYTO_TRUNCATION_LONGEST_FIRST,
    "only_first": lib.TYTO_TRUNCATION_ONLY_FIRST,
    "only_second": lib.TYTO_TRUNCATION_ONLY_SECOND,
}
_SIDES = {"right": lib.TYTO_SIDE_RIGHT, "left": lib.TYTO_SIDE_LEFT}
_LENGTH_MAX = 2**31 - 1


class Encoded(NamedTuple):
    """Rows of ids one after another: row i has the entries from `bounds[i]` up to `bounds[i + 1]`."""

    bounds: list[int]
    samples: list[int]
    ids: np.ndarray[Any, Any]
    attention_mask: np.ndarray[Any, Any]
    special_tokens_mask: np.ndarray[Any, Any]
    token_type_ids: np.ndarray[Any, Any]
    spans: np.ndarray[Any, Any]
    words: np.ndarray[Any, Any]
    texts: np.ndarray[Any, Any]


def _count(name: str, value: int) -> int:
    if not 0 <= value <= _LENGTH_MAX:
        raise ValueError(f"{name}: got {value}, required 0 to {_LENGTH_MAX}")
    return value


def _copied(pointer: Any, count: int) -> np.ndarray[Any, Any]:
    if count == 0:
        return np.empty(0, np.int64)
    return np.frombuffer(ffi.buffer(pointer, 8 * count), np.int64).copy()


def _words_of(texts: Sequence[Sequence[str]], held: list[Any]) -> Any:
    """Texts as lists of words; what `held` gets must live as long as they."""
    out = ffi.new("tyto_words[]", len(texts))
    for i, words in enumerate(texts):
        contents = [word.encode("utf-8", "surrogatepass") for word in words]
        items = [ffi.from_buffer("char[]", content) for content in contents]
        array = ffi.new("char *[]", items)
        lengths = ffi.new("size_t[]", [len(content) for content in contents])
        held += [contents, items, array, lengths]
        out[i].items, out[i].lengths_bytes, out[i].count = array, lengths, len(contents)
    return out


class Backend:
    """The vocabulary, merges and steps of a tokenizer.json, and tokens that were added to them.

    `document` is its content. ValueError and NotImplementedError for what isn't CLIP's kind of
    tokenizer, when it is first used.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        if not isinstance(document.get("model"), dict):
            raise ValueError("tokenizer.json: got no model, required one of byte pairs")
        self.document = document
        self._vocab: dict[str, int] = document["model"].get("vocab") or {}
        self._names: dict[int, str] | None = None
        self._added: dict[str, int] = {}
        self._tokens: dict[int, AddedToken] = {}
        self._special: set[str] = set()
        self._later: list[AddedToken] = []
        self._handle: Any = None
        for value in document.get("added_tokens") or []:
            token = AddedToken(**{key: flag for key, flag in value.items() if key != "id"})
            self._put(token)

    @classmethod
    def from_file(cls, path: str) -> Backend:
        """The tokenizer of a tokenizer.json. OSError for what is no JSON."""
        from ._tokenizer_files import load_json

        return cls(load_json(path))

    @classmethod
    def from_vocabulary(
        cls,
        vocab: dict[str, int],
        merges: Sequence[tuple[str, ...]],
        unknown: str,
        start: tuple[str, int],
        end: tuple[str, int],
    ) -> Backend:
        """CLIP's tokenizer of a vocabulary and merges, with the tokens around a text."""
        pattern = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
        spaces = {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}
        split = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Removed"}
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
        around = {"sep": [*end], "cls": [*start], "trim_offsets": False, "add_prefix_space": False}
        return cls(
            {
                "version": "1.0",
                "truncation": None,
                "padding": None,
                "added_tokens": [],
                "normalizer": {
                    "type": "Sequence",
                    "normalizers": [{"type": "NFC"}, spaces, {"type": "Lowercase"}],
                },
                "pre_tokenizer": {
                    "type": "Sequence",
                    "pretokenizers": [{**split, "invert": True}, {**level, "use_regex": True}],
                },
                "post_processor": {"type": "RobertaProcessing", **around},
                "decoder": {**level, "add_prefix_space": True, "use_regex": True},
                "model": {
                    "type": "BPE",
                    "dropout": None,
                    "unk_token": unknown,
                    "continuing_subword_prefix": "",
                    "end_of_word_suffix": "</w>",
                    "fuse_unk": False,
                    "byte_fallback": False,
                    "vocab": dict(sorted(vocab.items(), key=lambda item: item[1])),
                    "merges": [" ".join(merge) for merge in merges],
                },
            }
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_handle": None}

    def __deepcopy__(self, memo: dict[int, Any]) -> Backend:
        copied = Backend.__new__(Backend)
        copied.__dict__.update(self.__dict__)
        for name in ("_added", "_tokens", "_special", "_later"):
            setattr(copied, name, type(getattr(self, name))(getattr(self, name)))
        return copied

    # ------------------------------------------------------------------------------- vocabulary

    def token_to_id(self, token: str) -> int | None:
        """The id of a token, or None."""
        id_ = self._added.get(token)
        return self._vocab.get(token) if id_ is None else id_

    def id_to_token(self, id_: int) -> str | None:
        """The token of an id, or None."""
        token = self._tokens.get(id_)
        if token is not None:
            return token.content
        if self._names is None:
            self._names = {number: name for name, number in self._vocab.items()}
        return self._names.get(id_)

    def get_vocab(self, with_added_tokens: bool = True) -> dict[str, int]:
        """Token → id."""
        return {**self._vocab, **(self._added if with_added_tokens else {})}

    def get_vocab_size(self, with_added_tokens: bool = True) -> int:
        """How many tokens there are."""
        beyond = sum(content not in self._vocab for content in self._added)
        return len(self._vocab) + (beyond if with_added_tokens else 0)

    def get_added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Id → added token, by id."""
        return dict(sorted(self._tokens.items()))

    def _put(self, token: AddedToken) -> bool:
        """Adds a token, or changes its flags; False when it's there with just these."""
        if not token.content or token in self._tokens.values():
            return False
        id_ = self.token_to_id(token.content)
        if id_ is None:
            id_ = max(len(self._vocab), max(self._added.values(), default=-1) + 1)
        self._added[token.content] = id_
        self._tokens[id_] = token
        return True

    def add_tokens(self, tokens: Sequence[Any]) -> int:
        """Adds tokens, or changes their flags; returns how many weren't there just so."""
        added = 0
        for given in tokens:
            state = {"content": given} if isinstance(given, str) else given.__getstate__()
            token = AddedToken(**state)
            self._later.append(token)
            added += self._put(token)
        self._handle = None if tokens else self._handle
        return added

    def add_special_tokens(self, tokens: Sequence[Any]) -> int:
        """The same for tokens that decodings may leave out."""
        for token in tokens:
            if not isinstance(token, str):
                token.__setstate__({"special": True})
        return self.add_tokens(
            [AddedToken(token, special=True) if isinstance(token, str) else token for token in tokens]
        )

    @property
    def around(self) -> int:
        """Special tokens around a text: 2, or 0."""
        processor = self.document.get("post_processor") or {}
        return 0 if processor.get("type") in (None, "ByteLevel") else 2

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """Special tokens around a text, or around the texts of a pair."""
        return self.around * (2 if pair else 1)

    # ------------------------------------------------------------------------------------- texts

    @property
    def handle(self) -> Any:
        """The library's tokenizer, which is made when it's first needed."""
        if self._handle is None:
            document = json.dumps(self.document, ensure_ascii=False).encode("utf-8", "surrogatepass")
            tokens = ffi.new("tyto_added_token[]", len(self._later))
            held = []
            for token, out in zip(self._later, tokens):
                if "\0" in token.content:
                    raise ValueError("an added token must not have a NUL character in it")
                held.append(ffi.new("char[]", token.content.encode("utf-8", "surrogatepass")))
                out.content = held[-1]
                for flag in ("single_word", "lstrip", "rstrip", "normalized", "special"):
                    setattr(out, flag, getattr(token, flag))
            self._handle = made(
                "tyto_tokenizer",
                lib.tyto_tokenizer_create_bpe,
                document,
                len(document),
                tokens,
                len(held),
                destroy=lib.tyto_tokenizer_destroy,
            )
        return self._handle

    def encode_batch(
        self,
        firsts: Sequence[Any],
        seconds: Sequence[Any] | None = None,
        *,
        is_split_into_words: bool = False,
        add_special_tokens: bool = True,
        padding: str = "do_not_pad",
        truncation: str = "do_not_truncate",
        max_length: int | None = None,
        stride: int = 0,
        pad_to_multiple_of: int | None = None,
        padding_side: str = "right",
        truncation_side: str = "right",
        pad_id: int | None = None,
        overflowing_tokens: bool = False,
    ) -> Encoded:
        """Texts, or lists of words, as rows of ids."""
        if truncation != "do_not_truncate" and max_length is not None and max_length < 1:
            raise ValueError(f"max_length: got {max_length}, required 1 or more")
        wanted = options("tyto_encode_options")
        wanted.padding = _PADDING[padding]
        wanted.truncation = _TRUNCATION[truncation]
        wanted.padding_side, wanted.truncation_side = _SIDES[padding_side], _SIDES[truncation_side]
        wanted.max_length = min(max_length or 0, _LENGTH_MAX)
        wanted.no_special_tokens = not add_special_tokens
        wanted.pad_to_multiple_of = _count("pad_to_multiple_of", pad_to_multiple_of or 0)
        wanted.stride = _count("stride", stride)
        wanted.overflowing_tokens = bool(overflowing_tokens)
        wanted.special_tokens_mask = wanted.token_type_ids = wanted.offsets = True
        wanted.whole_texts = not is_split_into_words
        wanted.has_pad_id, wanted.pad_id = pad_id is not None, pad_id or 0
        held: list[Any] = []
        batches = [
            ffi.NULL
            if texts is None
            else _words_of(texts if is_split_into_words else [[text] for text in texts], held)
            for texts in (firsts, seconds)
        ]
        out = ffi.new("tyto_encoding *")
        call(lib.tyto_tokenizer_encode_words, self.handle, *batches, len(firsts), wanted, out)
        try:
            bounds = _copied(out.offsets, out.count + 1).tolist()
            names = ["input_ids", "attention_mask", "special_tokens_mask", "token_type_ids"]
            counts = dict.fromkeys([*names, "words", "texts"], bounds[-1])
            counts["spans"] = 2 * bounds[-1]
            arrays = {name: _copied(getattr(out, name), n) for name, n in counts.items()}
            samples = _copied(out.samples, out.count).tolist()
        finally:
            lib.tyto_encoding_clear(out)
        return Encoded(
            bounds,
            samples,
            arrays["input_ids"],
            arrays["attention_mask"],
            arrays["special_tokens_mask"],
            arrays["token_type_ids"],
            arrays["spans"].reshape(-1, 2),
            arrays["words"],
            arrays["texts"],
        )

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = True) -> str:
        """The text of ids; those that there aren't give nothing."""
        wanted = options("tyto_decode_options")
        wanted.skip_special_tokens = skip_special_tokens
        wanted.clean_up = lib.TYTO_CLEAN_UP_OFF
        out, length = ffi.new("char **"), ffi.new("size_t *")
        array = ffi.new("int64_t[]", [int(id_) for id_ in ids])
        call(lib.tyto_tokenizer_decode, self.handle, array, len(ids), wanted, out, length)
        try:
            return bytes(ffi.buffer(out[0], length[0])).decode("utf-8", "replace")
        finally:
            lib.tyto_free(out[0])

    # ------------------------------------------------------------------------------------ writing

    def to_dict(self) -> dict[str, Any]:
        """The content of a tokenizer.json, with all added tokens."""
        added = [{"id": i, **t.__getstate__()} for i, t in sorted(self._tokens.items())]
        return {**self.document, "added_tokens": added}

    def to_str(self, pretty: bool = False) -> str:
        """The same as text."""
        return json.dumps(self.to_dict(), indent=2 if pretty else None, ensure_ascii=False)

    def save(self, path: str, pretty: bool = True) -> None:
        """Writes a tokenizer.json."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.to_str(pretty))
