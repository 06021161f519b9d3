"""Tokenizers that the library runs, and that know where tokens stand in their texts."""

from __future__ import annotations

import copy
import json
import os
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from ._backend import Backend, Encoded
from ._batch_encoding import BatchEncoding, Encoding
from ._special_tokens import AddedToken
from ._tokenizer_files import FULL_TOKENIZER_FILE, prefixed
from .tokenization_utils_base import PreTrainedTokenizerBase, TruncationStrategy
from .utils.generic import PaddingStrategy

TOKENIZER_FILE = FULL_TOKENIZER_FILE


def byte_letters() -> dict[str, int]:
    """The letter that stands for each byte in a vocabulary of byte pairs → that byte.

    Printable ones stand for themselves, the others borrow code points from 256 on.
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {chr(byte): byte for byte in printable}
    others = [byte for byte in range(256) if chr(byte) not in letters]
    return letters | {chr(256 + i): byte for i, byte in enumerate(others)}


_LETTERS = byte_letters()


def spelled(tokens: Sequence[str]) -> str:
    """The text of tokens that are spelled in byte letters; those that aren't stand for themselves."""
    parts = []
    for token in tokens:
        letters = [_LETTERS.get(letter) for letter in token]
        whole = [byte for byte in letters if byte is not None]
        parts.append(bytes(whole) if len(whole) == len(letters) else token.encode("utf-8"))
    return b"".join(parts).decode("utf-8", errors="replace")


class PreTrainedTokenizerFast(PreTrainedTokenizerBase):
    """The base of fast tokenizers: of a tokenizer.json (`tokenizer_file`), of a slow tokenizer's
    files, or of a `tokenizers.Tokenizer` (`tokenizer_object`).

    ValueError without any of them. What isn't a tokenizer of byte pairs like CLIP's raises
    NotImplementedError when it's used. Ends of words become spaces in every decoding, which the
    reference does for CLIP's own class alone; a batch is of texts or of pairs, not of both.
    """

    vocab_files_names = {"tokenizer_file": TOKENIZER_FILE}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        tokenizer_object = kwargs.pop("tokenizer_object", None)
        slow = kwargs.pop("__slow_tokenizer", None)
        path = kwargs.pop("tokenizer_file", None)
        from_slow = kwargs.pop("from_slow", False)
        decoder = kwargs.pop("added_tokens_decoder", {})
        if tokenizer_object is not None:
            self._tokenizer = _backend_of(tokenizer_object)
        elif path is not None and not from_slow:
            self._tokenizer = Backend.from_file(path)
        else:
            if slow is None and self.slow_tokenizer_class is not None:
                slow = self.slow_tokenizer_class(*args, **kwargs)
            if slow is None:
                raise ValueError(
                    f"{type(self).__name__}: got no vocabulary, required tokenizer_file, "
                    "tokenizer_object or a slow tokenizer's files"
                )
            self._tokenizer = slow._fast_backend()
            kwargs.update(slow.init_kwargs)
        for key, value in _document_settings(self._tokenizer.document).items():
            kwargs.setdefault(key, value)
        super().__init__(**kwargs)
        self._add_missing(decoder)

    def _add_missing(self, decoder: dict[int, AddedToken]) -> None:
        """Adds tokens that files give by id, then those with roles, unless they are there."""
        tokens: list[Any] = [token for _, token in sorted(decoder.items())]
        known = [*self.added_tokens_encoder, *map(str, tokens)]
        for token in self.all_special_tokens_extended:
            if token not in known and token not in tokens:
                tokens.append(token)
        special = set(self.all_special_tokens)
        for token in tokens:
            is_special = str(token) in special or getattr(token, "special", False)
            self._add_tokens([token], special_tokens=is_special)

    @property
    def is_fast(self) -> bool:
        """True: encodings know where their tokens stand."""
        return True

    @property
    def can_save_slow_tokenizer(self) -> bool:
        """Whether the slow tokenizer's files can be written: they always can."""
        return True

    # ------------------------------------------------------------------------------- vocabulary

    @property
    def vocab_size(self) -> int:
        """Tokens of the vocabulary, without those added to it."""
        return self._tokenizer.get_vocab_size(with_added_tokens=False)

    def get_vocab(self) -> dict[str, int]:
        """Token → id, with those added."""
        return self._tokenizer.get_vocab(with_added_tokens=True)

    @property
    def vocab(self) -> dict[str, int]:
        """The same as `get_vocab`."""
        return self.get_vocab()

    @property
    def added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Id → added token, by id."""
        return self._tokenizer.get_added_tokens_decoder()

    def get_added_vocab(self) -> dict[str, int]:
        """Text of an added token → id, by id."""
        return self.added_tokens_encoder

    def __len__(self) -> int:
        return self._tokenizer.get_vocab_size(with_added_tokens=True)

    @property
    def backend_tokenizer(self) -> Backend:
        """The tokenizer proper, below the special tokens' roles."""
        return self._tokenizer

    def _add_tokens(self, new_tokens: Sequence[Any], special_tokens: bool = False) -> int:
        for token in new_tokens:
            if not isinstance(token, (str, AddedToken)):
                raise TypeError(
                    f"add_tokens: got {type(token).__name__}, required strings or AddedToken"
                )
        if special_tokens:
            return self._tokenizer.add_special_tokens(new_tokens)
        return self._tokenizer.add_tokens(new_tokens)

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """Special tokens around a text, or around the texts of a pair."""
        return self._tokenizer.num_special_tokens_to_add(pair)

    def _convert_token_to_id_with_added_voc(self, token: str) -> Any:
        id_ = self._tokenizer.token_to_id(token)
        if id_ is not None:
            return id_
        unknown = self._unknown()
        return None if unknown is None or unknown == token else self.unk_token_id

    def _unknown(self) -> str | None:
        token = getattr(self, "_unk_token")
        return None if token is None else str(token)

    def _convert_id_to_token(self, index: int) -> str | None:
        return self._tokenizer.id_to_token(int(index))

    def convert_ids_to_tokens(self, ids: Any, skip_special_tokens: bool = False) -> Any:
        """The token of an id, or the list of those of several."""
        if isinstance(ids, int):
            return self._tokenizer.id_to_token(ids)
        special = set(self.all_special_ids) if skip_special_tokens else set()
        return [self._convert_id_to_token(id_) for id_ in ids if int(id_) not in special]

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        """The text that tokens spell, as the vocabulary has them."""
        return spelled(tokens)

    # ------------------------------------------------------------------------------------- texts

    def tokenize(
        self, text: str, pair: str | None = None, add_special_tokens: bool = False, **kwargs: Any
    ) -> list[str]:
        """A text, or a pair, as the vocabulary spells its tokens."""
        made = self.encode_plus(text, pair, add_special_tokens=add_special_tokens, **kwargs)
        return made.tokens()

    def _batch_encode_plus(
        self,
        batch_text_or_text_pairs: Any,
        add_special_tokens: bool = True,
        padding_strategy: PaddingStrategy = PaddingStrategy.DO_NOT_PAD,
        truncation_strategy: TruncationStrategy = TruncationStrategy.DO_NOT_TRUNCATE,
        max_length: int | None = None,
        stride: int = 0,
        is_split_into_words: bool = False,
        pad_to_multiple_of: int | None = None,
        return_tensors: Any = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_offsets_mapping: bool = False,
        return_length: bool = False,
        verbose: bool = True,
    ) -> BatchEncoding:
        firsts, seconds = _inputs(batch_text_or_text_pairs, is_split_into_words)
        rows = self._tokenizer.encode_batch(
            firsts,
            seconds,
            is_split_into_words=is_split_into_words,
            add_special_tokens=add_special_tokens,
            padding=padding_strategy.value,
            truncation=truncation_strategy.value,
            max_length=max_length,
            stride=stride,
            pad_to_multiple_of=pad_to_multiple_of,
            padding_side=self.padding_side,
            truncation_side=self.truncation_side,
            pad_id=self.pad_token_id if padding_strategy != PaddingStrategy.DO_NOT_PAD else None,
            overflowing_tokens=return_overflowing_tokens,
        )
        encodings = self._encodings(rows, firsts, seconds, is_split_into_words)
        names = self.model_input_names
        out: dict[str, Any] = {"input_ids": [e.ids for e in encodings]}
        if return_token_type_ids or (return_token_type_ids is None and "token_type_ids" in names):
            out["token_type_ids"] = [e.type_ids for e in encodings]
        if return_attention_mask or (return_attention_mask is None and "attention_mask" in names):
            out["attention_mask"] = [e.attention_mask for e in encodings]
        if return_special_tokens_mask:
            out["special_tokens_mask"] = [e.special_tokens_mask for e in encodings]
        if return_offsets_mapping:
            out["offset_mapping"] = [e.offsets for e in encodings]
        if return_length:
            out["length"] = [len(e) for e in encodings]
        if return_overflowing_tokens:
            out["overflow_to_sample_mapping"] = rows.samples
        for encoding in encodings:
            self._eventual_warn_about_too_long_sequence(encoding.ids, max_length, verbose)
        return BatchEncoding(out, encodings, tensor_type=return_tensors)

    def _encode_plus(self, text: Any, text_pair: Any = None, **options: Any) -> BatchEncoding:
        batch = [(text, text_pair)] if text_pair else [text]
        made = self._batch_encode_plus(batch, **options)
        if options.get("return_tensors") or options.get("return_overflowing_tokens"):
            return made
        alone = {
            name: value[0] if len(value) > 0 and isinstance(value[0], list) else value
            for name, value in made.items()
        }
        return BatchEncoding(alone, made.encodings)

    def _encodings(
        self, rows: Encoded, firsts: Sequence[Any], seconds: Sequence[Any] | None, split: bool
    ) -> list[Encoding]:
        """An Encoding for each row; the first of each sample has those that overflow."""
        out: list[Encoding] = []
        heads: dict[int, Encoding] = {}
        for i, sample in enumerate(rows.samples):
            part = slice(rows.bounds[i], rows.bounds[i + 1])
            texts = (firsts[sample], None if seconds is None else seconds[sample])
            encoding = Encoding(
                rows.ids[part].tolist(),
                rows.token_type_ids[part].tolist(),
                rows.attention_mask[part].tolist(),
                rows.special_tokens_mask[part].tolist(),
                [(start, end) for start, end in rows.spans[part].tolist()],
                [None if word < 0 else word for word in rows.words[part].tolist()],
                [None if text < 0 else text for text in rows.texts[part].tolist()],
                1 if seconds is None else 2,
                _Names(self._tokenizer, texts, split),
            )
            if sample in heads:
                heads[sample].overflowing.append(encoding)
            else:
                heads[sample] = encoding
            out.append(encoding)
        return out

    def _decode(
        self,
        token_ids: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        **kwargs: Any,
    ) -> str:
        ids = [token_ids] if isinstance(token_ids, int) else token_ids
        text = self._tokenizer.decode(ids, skip_special_tokens=skip_special_tokens)
        if clean_up_tokenization_spaces is None:
            clean_up_tokenization_spaces = self.clean_up_tokenization_spaces
        return self.clean_up_tokenization(text) if clean_up_tokenization_spaces else text

    # ------------------------------------------------------------------------------------- files

    def _save_pretrained(
        self,
        save_directory: str | os.PathLike[str],
        file_names: tuple[str, ...],
        legacy_format: bool | None = None,
        filename_prefix: str | None = None,
    ) -> tuple[str, ...]:
        if legacy_format and self.slow_tokenizer_class is None:
            raise ValueError("legacy_format: got True, and there is no slow tokenizer of this kind")
        if legacy_format is not False and self.slow_tokenizer_class is not None:
            file_names += self._save_vocabulary_files(save_directory, filename_prefix)
        if not legacy_format:
            path = prefixed(save_directory, TOKENIZER_FILE, filename_prefix)
            self._tokenizer.save(path)
            file_names += (path,)
        return file_names

    def train_new_from_iterator(self, *args: Any, **kwargs: Any) -> Any:
        """Raises NotImplementedError."""
        raise NotImplementedError("train_new_from_iterator: vocabularies aren't made here")


class _Names:
    """Names of an encoding's ids: added tokens are spelled as they stand in the text."""

    def __init__(self, backend: Backend, texts: tuple[Any, Any], split: bool) -> None:
        self.backend = backend
        self.texts = texts
        self.split = split

    def __call__(self, encoding: Encoding) -> list[str]:
        added = self.backend.get_added_tokens_decoder()
        names = []
        for i, id_ in enumerate(encoding.ids):
            name, sequence = self.backend.id_to_token(id_) or "", encoding.sequence_ids[i]
            token = added.get(id_)
            if token is not None and sequence is not None:
                name = self._standing(encoding, i, sequence, token)
            names.append(name)
        return names

    def _standing(self, encoding: Encoding, i: int, sequence: int, token: AddedToken) -> str:
        text = self.texts[sequence]
        text = text[encoding.word_ids[i] or 0] if self.split else text
        start, end = encoding.offsets[i]
        there = str(text[start:end])
        if token.normalized:
            there = re.sub(r"\s+", " ", unicodedata.normalize("NFC", there)).lower()
            content = re.sub(r"\s+", " ", unicodedata.normalize("NFC", token.content)).lower()
        else:
            content = token.content
        # What isn't the token itself is a part of a word that happens to have its id.
        return there if content in there else token.content


def _inputs(batch: Any, split: bool) -> tuple[list[Any], list[Any] | None]:
    """First and second texts of a batch. TypeError for what is no text."""
    if not isinstance(batch, (list, tuple)):
        raise TypeError(f"texts: got {type(batch).__name__}, required a list or a tuple")
    pairs = [one for one in batch if _is_pair(one, split)]
    if pairs and len(pairs) < len(batch):
        raise ValueError("texts: got texts and pairs of texts, required one kind in a batch")
    firsts = [one[0] for one in batch] if pairs else list(batch)
    seconds = [one[1] for one in batch] if pairs else None
    for text in (*firsts, *(seconds or [])):
        words = text if split and isinstance(text, (list, tuple)) else [text]
        if (split and words == [text]) or not all(isinstance(word, str) for word in words):
            raise TypeError(
                f"got {text!r}, required {'a list of strings' if split else 'a string'}, or a pair "
                "of such"
            )
    return firsts, seconds


def _is_pair(one: Any, split: bool) -> bool:
    if not isinstance(one, (list, tuple)) or len(one) != 2:
        return False
    return isinstance(one[0], (list, tuple)) if split else True


def _backend_of(tokenizer: Any) -> Backend:
    """A copy of a backend, or of a tokenizer of the library tokenizers."""
    if isinstance(tokenizer, Backend):
        return copy.deepcopy(tokenizer)
    return Backend(json.loads(tokenizer.to_str()))


def _document_settings(document: dict[str, Any]) -> dict[str, Any]:
    """What a tokenizer.json says of padding and truncation, as arguments of a tokenizer."""
    settings: dict[str, Any] = {}
    truncation, padding = document.get("truncation"), document.get("padding")
    if truncation:
        settings["max_length"] = truncation["max_length"]
        settings["truncation_side"] = truncation.get("direction", "Right").lower()
        settings["stride"] = truncation["stride"]
    if padding:
        settings["pad_token"] = padding["pad_token"]
        settings["padding_side"] = padding.get("direction", "Right").lower()
        settings["pad_to_multiple_of"] = padding.get("pad_to_multiple_of")
    return settings


__all__ = ["AddedToken", "PreTrainedTokenizerFast"]
