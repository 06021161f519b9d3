"""Tokenizers that are written in Python: tokens are strings, and subclasses may replace any step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ._batch_encoding import BatchEncoding
from ._special_tokens import AddedToken, plain_token
from .tokenization_utils_base import PreTrainedTokenizerBase, TruncationStrategy
from .utils import logging
from .utils.generic import PaddingStrategy

logger = logging.get_logger(__name__)


class Trie:
    """Words to cut out of texts: from left to right, of those that begin at a place the longest.

    >>> trie = Trie()
    >>> trie.add("[CLS]")
    >>> trie.split("a[CLS]b")
    ['a', '[CLS]', 'b']
    """

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self._tokens: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, word: str) -> None:
        """Adds a word; an empty one is left out."""
        if not word:
            return
        node = self.data
        for letter in word:
            node = node.setdefault(letter, {})
        node[""] = 1
        self._tokens.add(word)
        self._pattern = None

    def split(self, text: str) -> list[str]:
        """The text in pieces, each of its words one of them."""
        if not self._tokens:
            return [text] if text else []
        if self._pattern is None:
            words = sorted(self._tokens, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, words)))
        places = [0]
        for found in self._pattern.finditer(text):
            places += found.span()
        return self.cut_text(text, places)

    def cut_text(self, text: str, offsets: Sequence[int]) -> list[str]:
        """The text in pieces that end at ascending places; an empty one is left out."""
        pieces, start = [], 0
        for end in [*offsets, len(text)]:
            if end > start:
                pieces.append(text[start:end])
                start = end
        return pieces


class PreTrainedTokenizer(PreTrainedTokenizerBase):
    """The base of slow tokenizers.

    Subclasses have `vocab_size`, `get_vocab`, `_tokenize`, `_convert_token_to_id` and
    `_convert_id_to_token`; added tokens, special tokens and all the rest are done here.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.tokens_trie = Trie()
        if not hasattr(self, "_added_tokens_decoder"):
            self._added_tokens_decoder: dict[int, Any] = {}
        self._added_tokens_decoder.update(kwargs.pop("added_tokens_decoder", {}))
        self._added_tokens_encoder = {t.content: i for i, t in self._added_tokens_decoder.items()}
        super().__init__(**kwargs)
        known = self._added_tokens_encoder
        self._add_tokens(
            [token for token in self.all_special_tokens_extended if token not in known],
            special_tokens=True,
        )

    @property
    def is_fast(self) -> bool:
        """False: tokens come without their places."""
        return False

    # -------------------------------------------------------------------- what subclasses know

    def _tokenize(self, text: str, **kwargs: Any) -> list[str]:
        raise NotImplementedError

    def _convert_token_to_id(self, token: str) -> Any:
        raise NotImplementedError

    def _convert_id_to_token(self, index: int) -> Any:
        raise NotImplementedError

    def prepare_for_tokenization(
        self, text: str, is_split_into_words: bool = False, **kwargs: Any
    ) -> tuple[str, dict[str, Any]]:
        """A text as it is before anything is cut out, and the options that are left: as it came."""
        return text, kwargs

    # ------------------------------------------------------------------------------ added tokens

    @property
    def added_tokens_encoder(self) -> dict[str, int]:
        """Text of an added token → id, by id."""
        return {t.content: i for i, t in sorted(self._added_tokens_decoder.items())}

    @property
    def added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Id → added token, by id."""
        return dict(sorted(self._added_tokens_decoder.items()))

    @added_tokens_decoder.setter
    def added_tokens_decoder(self, value: dict[int, Any]) -> None:
        for id_, token in value.items():
            if not isinstance(token, (str, AddedToken)) or not isinstance(id_, int):
                raise ValueError(
                    f"added_tokens_decoder: got {id_!r}: {token!r}, required an id and a token"
                )
            token = AddedToken(token) if isinstance(token, str) else token
            self._added_tokens_decoder[id_] = token
            self._added_tokens_encoder[token.content] = id_
        self._update_trie()

    def get_added_vocab(self) -> dict[str, int]:
        """Text of an added token → id."""
        return self._added_tokens_encoder

    def __len__(self) -> int:
        return len(self.get_vocab())

    def _add_tokens(self, new_tokens: Sequence[Any] | None, special_tokens: bool = False) -> int:
        known = dict(self.get_vocab())
        size = before = len(known)
        for given in new_tokens or ():
            token = self._as_added(given, special_tokens)
            if token is None:
                continue
            if not token.special and token.normalized and getattr(self, "do_lower_case", False):
                token.content = token.content.lower()
            if token.content not in known:
                known[token.content] = size
                size += 1
            if token.special and token.content not in self.all_special_tokens:
                self._additional_special_tokens.append(token)
            self._added_tokens_decoder[known[token.content]] = token
            self._added_tokens_encoder[token.content] = known[token.content]
        self._update_trie()
        return size - before

    def _as_added(self, token: Any, special: bool) -> AddedToken | None:
        """A token to add; None when there is nothing to do."""
        if not isinstance(token, (str, AddedToken)):
            raise TypeError(f"add_tokens: got {type(token).__name__}, required strings or AddedToken")
        if str(token) == "":
            return None
        if isinstance(token, str):
            if token in self._added_tokens_encoder:
                return None
            return plain_token(token, special or token in self.all_special_tokens)
        if special:
            token.__setstate__({"special": True, "normalized": token.normalized})
        return token

    def _update_trie(self, unique_no_split_tokens: Sequence[str] = ()) -> None:
        words = [token.content for token in self._added_tokens_decoder.values()]
        for word in (*words, *unique_no_split_tokens):
            if word not in self.tokens_trie._tokens:
                self.tokens_trie.add(word)

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """Special tokens around a text, or around the texts of a pair."""
        return len(self.build_inputs_with_special_tokens([], [] if pair else None))

    def get_special_tokens_mask(
        self,
        token_ids_0: list[int],
        token_ids_1: list[int] | None = None,
        already_has_special_tokens: bool = False,
    ) -> list[int]:
        """1 where special tokens stand, or will stand, around a text or a pair."""
        if not already_has_special_tokens:
            return [0] * (len(token_ids_0) + len(token_ids_1 or []))
        if token_ids_1 is not None:
            raise ValueError(
                "get_special_tokens_mask: got a second list of ids, required one with all tokens"
            )
        return super().get_special_tokens_mask(token_ids_0, None, True)

    # ------------------------------------------------------------------------------- text to ids

    def tokenize(
        self, text: str, pair: str | None = None, add_special_tokens: bool = False, **kwargs: Any
    ) -> list[str]:
        """A text in tokens, added ones whole. `pair` and `add_special_tokens` have no effect."""
        split_special = kwargs.pop("split_special_tokens", self.split_special_tokens)
        text, kwargs = self.prepare_for_tokenization(text, **kwargs)
        if kwargs:
            logger.warning("tokenize: %s aren't known", ", ".join(kwargs))
        if getattr(self, "do_lower_case", False):
            text = self._lowered(text)
        if split_special:
            return self._tokenize(text) if text else []
        pieces = self._without_spaces(self.tokens_trie.split(text))
        tokens: list[str] = []
        for piece in filter(None, pieces):
            tokens += [piece] if piece in self._added_tokens_encoder else self._tokenize(piece)
        return tokens

    def _lowered(self, text: str) -> str:
        """A text in lower case but for its special tokens and those that aren't normalised."""
        kept = self.all_special_tokens + [
            token.content
            for token in self._added_tokens_decoder.values()
            if not token.special and token.normalized
        ]
        pattern = "|".join(map(re.escape, filter(None, kept)))
        if not pattern:
            return text.lower()
        parts = re.split(f"({pattern})", text)
        return "".join(part if i % 2 else part.lower() for i, part in enumerate(parts))

    def _without_spaces(self, pieces: list[str]) -> list[str]:
        """Pieces of which added tokens have taken white space along, or joined a word."""
        for i, piece in enumerate(pieces):
            id_ = self._added_tokens_encoder.get(piece)
            token = self._added_tokens_decoder.get(id_) if id_ is not None else None
            if token is None:
                continue
            left = pieces[i - 1] if i > 0 else ""
            right = pieces[i + 1] if i + 1 < len(pieces) else ""
            if token.rstrip and right:
                pieces[i + 1] = right.lstrip()
            if token.lstrip and left:
                pieces[i - 1] = left.rstrip()
            if token.single_word and left and left[-1] != " ":
                pieces[i - 1] += piece
                pieces[i] = ""
            elif token.single_word and right and right[0] != " ":
                pieces[i + 1] = piece + pieces[i + 1]
                pieces[i] = ""
        return pieces

    def _convert_token_to_id_with_added_voc(self, token: str | None) -> Any:
        if token is None:
            return None
        id_ = self._added_tokens_encoder.get(token)
        return self._convert_token_to_id(token) if id_ is None else id_

    def _ids_of(self, text: Any, split: bool, options: dict[str, Any]) -> list[int]:
        """Ids of a text, of words, of tokens, or ids as they are."""
        if isinstance(text, str):
            ids: list[int] = self.convert_tokens_to_ids(self.tokenize(text, **options))
            return ids
        if isinstance(text, (list, tuple)) and len(text) > 0:
            if isinstance(text[0], str):
                if split:
                    words = [
                        self.tokenize(word, is_split_into_words=True, **options) for word in text
                    ]
                    text = [token for word in words for token in word]
                return list(self.convert_tokens_to_ids(list(text)))
            if isinstance(text[0], int):
                return list(text)
        raise ValueError(
            f"got {text!r}, required a string, a list of strings or, without "
            "is_split_into_words, a list of ids"
        )

    def _encode_plus(self, text: Any, text_pair: Any = None, **options: Any) -> BatchEncoding:
        options, tokenizing = _divide(options)
        split = options.pop("is_split_into_words", False)
        tensors = options.get("return_tensors")
        second = None if text_pair is None else self._ids_of(text_pair, split, tokenizing)
        return self.prepare_for_model(
            self._ids_of(text, split, tokenizing),
            pair_ids=second,
            padding=options.pop("padding_strategy", PaddingStrategy.DO_NOT_PAD).value,
            truncation=options.pop("truncation_strategy", TruncationStrategy.DO_NOT_TRUNCATE).value,
            prepend_batch_axis=tensors is not None,
            **options,
        )

    def _batch_encode_plus(self, batch_text_or_text_pairs: Any, **options: Any) -> BatchEncoding:
        options, tokenizing = _divide(options)
        split = options.pop("is_split_into_words", False)
        pairs = []
        for one in batch_text_or_text_pairs:
            alone = not isinstance(one, (list, tuple)) or (
                split and not (one and isinstance(one[0], (list, tuple)))
            )
            first, second = (one, None) if alone else one
            ids = self._ids_of(first, split, tokenizing)
            pair = None if second is None else self._ids_of(second, split, tokenizing)
            pairs.append((ids, pair))
        return self._batch_prepare_for_model(pairs, **options)

    def _batch_prepare_for_model(
        self,
        batch_ids_pairs: Sequence[tuple[list[int], list[int] | None]],
        padding_strategy: PaddingStrategy = PaddingStrategy.DO_NOT_PAD,
        truncation_strategy: TruncationStrategy = TruncationStrategy.DO_NOT_TRUNCATE,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        return_tensors: Any = None,
        return_attention_mask: bool | None = None,
        **options: Any,
    ) -> BatchEncoding:
        out: dict[str, list[Any]] = {}
        for ids, pair_ids in batch_ids_pairs:
            row = self.prepare_for_model(
                ids,
                pair_ids,
                padding=PaddingStrategy.DO_NOT_PAD.value,
                truncation=truncation_strategy.value,
                max_length=max_length,
                return_attention_mask=False,
                **options,
            )
            for name, value in row.items():
                out.setdefault(name, []).append(value)
        padded = self.pad(
            out,
            padding=padding_strategy.value,
            max_length=max_length,
            pad_to_multiple_of=pad_to_multiple_of,
            return_attention_mask=return_attention_mask,
        ) if out else out
        return BatchEncoding(dict(padded), tensor_type=return_tensors)

    # ------------------------------------------------------------------------------- ids to text

    def convert_ids_to_tokens(self, ids: Any, skip_special_tokens: bool = False) -> Any:
        """The token of an id, or the list of those of several."""
        if isinstance(ids, int):
            added = self._added_tokens_decoder.get(ids)
            return added.content if added is not None else self._convert_id_to_token(ids)
        special = set(self.all_special_ids) if skip_special_tokens else set()
        kept = [int(id_) for id_ in ids if int(id_) not in special]
        return [self.convert_ids_to_tokens(id_) for id_ in kept]

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        """The text that tokens spell: with spaces between them."""
        return " ".join(tokens)

    def _decode(
        self,
        token_ids: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        spaces_between_special_tokens: bool = True,
        **kwargs: Any,
    ) -> str:
        tokens = self.convert_ids_to_tokens(token_ids, skip_special_tokens=skip_special_tokens)
        apart = set(self._added_tokens_encoder) - set(self.all_special_tokens)
        for token in self.additional_special_tokens or []:
            if self.convert_tokens_to_ids(token) >= self.vocab_size:
                apart.add(token)
        parts: list[str] = []
        run: list[str] = []
        for token in [*([tokens] if isinstance(tokens, str) else tokens), None]:
            if token is not None and token not in apart:
                run.append(token)
                continue
            text = self.convert_tokens_to_string(run) if run else ""
            parts += [text] if text or (run and token is None) else []
            parts += [token] if token is not None else []
            run = []
        text = (" " if spaces_between_special_tokens else "").join(parts)
        if clean_up_tokenization_spaces is None:
            clean_up_tokenization_spaces = self.clean_up_tokenization_spaces
        return self.clean_up_tokenization(text) if clean_up_tokenization_spaces else text


# Options that `prepare_for_model` takes; others are for `tokenize`.
_PREPARING = frozenset(
    (
        "add_special_tokens",
        "padding_strategy",
        "truncation_strategy",
        "max_length",
        "stride",
        "is_split_into_words",
        "pad_to_multiple_of",
        "return_tensors",
        "return_token_type_ids",
        "return_attention_mask",
        "return_overflowing_tokens",
        "return_special_tokens_mask",
        "return_length",
        "verbose",
    )
)


def _divide(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options for the rows, and options for `tokenize`."""
    if options.pop("return_offsets_mapping", False):
        raise NotImplementedError(
            "return_offsets_mapping: only fast tokenizers know where tokens stand, such as "
            "CLIPTokenizerFast"
        )
    rest = {name: value for name, value in options.items() if name not in _PREPARING}
    return {name: value for name, value in options.items() if name in _PREPARING}, rest


__all__ = ["AddedToken", "PreTrainedTokenizer", "Trie"]
