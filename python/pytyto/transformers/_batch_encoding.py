"""What tokenizers return, and where its tokens stand in their texts."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ._named import Named
from .feature_extraction_utils import import_torch, tensor_functions
from .utils.generic import TensorType


class CharSpan(NamedTuple):
    """Characters of a text, from `start` up to `end`."""

    start: int
    end: int


class TokenSpan(NamedTuple):
    """Tokens of an encoding, from `start` up to `end`."""

    start: int
    end: int


class Encoding:
    """One row of ids, and for each where it stands: what a fast tokenizer knows of a text.

    `offsets` are spans of characters in the text as it was given (in its word, where it came split
    into words), `word_ids` words counted from 0, `sequence_ids` 0 or, in the second text of a pair,
    1. Special tokens around texts and padding have (0, 0), None and None.
    """

    def __init__(
        self,
        ids: list[int],
        type_ids: list[int],
        attention_mask: list[int],
        special_tokens_mask: list[int],
        offsets: list[tuple[int, int]],
        word_ids: list[int | None],
        sequence_ids: list[int | None],
        n_sequences: int,
        tokens: Callable[[Encoding], list[str]],
    ) -> None:
        self.ids = ids
        self.type_ids = type_ids
        self.attention_mask = attention_mask
        self.special_tokens_mask = special_tokens_mask
        self.offsets = offsets
        self.word_ids = word_ids
        self.sequence_ids = sequence_ids
        self.n_sequences = n_sequences
        self.overflowing: list[Encoding] = []
        self._tokens: list[str] | None = None
        self._name = tokens

    @property
    def tokens(self) -> list[str]:
        """The ids as the vocabulary spells them."""
        if self._tokens is None:
            self._tokens = self._name(self)
        return self._tokens

    @property
    def words(self) -> list[int | None]:
        """The same as `word_ids`."""
        return self.word_ids

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"Encoding(num_tokens={len(self)})"

    def __getstate__(self) -> dict[str, Any]:
        # The tokens are spelled out: their names come from a tokenizer, which stays behind.
        return {**self.__dict__, "_tokens": self.tokens, "_name": None}

    def _of_sequence(self, sequence: int) -> Sequence[int]:
        """Places of a sequence's tokens; all places, when there is no such sequence."""
        if not 0 <= sequence < self.n_sequences:
            return range(len(self))
        return [i for i, s in enumerate(self.sequence_ids) if s == sequence]

    def token_to_sequence(self, token_index: int) -> int | None:
        """The sequence that a token belongs to."""
        return self.sequence_ids[token_index] if 0 <= token_index < len(self) else None

    def token_to_word(self, token_index: int) -> int | None:
        """The word that a token belongs to."""
        return self.word_ids[token_index] if 0 <= token_index < len(self) else None

    def token_to_chars(self, token_index: int) -> tuple[int, int] | None:
        """Where a token stands."""
        if self.token_to_sequence(token_index) is None:
            return None
        return self.offsets[token_index]

    def word_to_tokens(self, word_index: int, sequence_index: int = 0) -> tuple[int, int] | None:
        """The tokens of a word."""
        found = [i for i in self._of_sequence(sequence_index) if self.word_ids[i] == word_index]
        return (found[0], found[-1] + 1) if found else None

    def word_to_chars(self, word_index: int, sequence_index: int = 0) -> tuple[int, int] | None:
        """Where a word stands."""
        span = self.word_to_tokens(word_index, sequence_index)
        return (self.offsets[span[0]][0], self.offsets[span[1] - 1][1]) if span else None

    def char_to_token(self, char_pos: int, sequence_index: int = 0) -> int | None:
        """The first token that a character is part of."""
        for i in self._of_sequence(sequence_index):
            if self.offsets[i][0] <= char_pos < self.offsets[i][1]:
                return i
        return None

    def char_to_word(self, char_pos: int, sequence_index: int = 0) -> int | None:
        """The word that a character is part of."""
        token = self.char_to_token(char_pos, sequence_index)
        return None if token is None else self.token_to_word(token)


class BatchEncoding(Named):
    """A dictionary of ids, masks and the like, whose values are attributes too.

    Of fast tokenizers it has an `Encoding` for each row, by number, and the methods from `tokens`
    to `char_to_word`, which take the number of a row first unless it is 0; others raise ValueError
    there. `tensor_type`, "np" or "pt", makes arrays of what are lists, with `prepend_batch_axis`
    around each value.

    >>> encoding = BatchEncoding({"input_ids": [[5, 7]]}, tensor_type="np")
    >>> encoding.input_ids.shape
    (1, 2)
    """

    def __init__(
        self,
        data: dict[str, Any] | None = None,
        encoding: Encoding | Sequence[Encoding] | None = None,
        tensor_type: str | TensorType | None = None,
        prepend_batch_axis: bool = False,
        n_sequences: int | None = None,
    ) -> None:
        super().__init__(data)
        self._encodings = [encoding] if isinstance(encoding, Encoding) else encoding
        if n_sequences is None and self._encodings:
            n_sequences = self._encodings[0].n_sequences
        self._n_sequences = n_sequences
        self.convert_to_tensors(tensor_type=tensor_type, prepend_batch_axis=prepend_batch_axis)

    @property
    def n_sequences(self) -> int | None:
        """Texts in each row: 1, 2 of a pair, None where it isn't known."""
        return self._n_sequences

    @property
    def is_fast(self) -> bool:
        """Whether it comes from a fast tokenizer, and has `encodings`."""
        return self._encodings is not None

    @property
    def encodings(self) -> Sequence[Encoding] | None:
        """The encoding of each row."""
        return self._encodings

    # ---------------------------------------------------------------------------------- mapping

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, str):
            return self.data[item]
        if self._encodings is not None:
            return self._encodings[item]
        if isinstance(item, slice):
            return {key: value[item] for key, value in self.data.items()}
        raise KeyError(
            f"got {item!r}, required a name such as 'input_ids', a slice or, of fast tokenizers "
            "alone, the number of a row"
        )

    def __getstate__(self) -> dict[str, Any]:
        return {"data": self.data, "encodings": self._encodings, "n_sequences": self._n_sequences}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.data = state["data"]
        self._encodings = state.get("encodings")
        self._n_sequences = state.get("n_sequences")

    # ---------------------------------------------------------------------------- where they stand

    def _row(self, batch_index: int, method: str) -> Encoding:
        if not self._encodings:
            raise ValueError(f"{method}: only encodings of fast tokenizers know it")
        return self._encodings[batch_index]

    def _place(self, first: int, second: int | None, method: str) -> tuple[Encoding, int]:
        """A row and an index in it, of which the row may be left out."""
        row = self._row(0 if second is None else first, method)
        return row, first if second is None else second

    def tokens(self, batch_index: int = 0) -> list[str]:
        """A row's ids as the vocabulary spells them."""
        return self._row(batch_index, "tokens").tokens

    def sequence_ids(self, batch_index: int = 0) -> list[int | None]:
        """For each token of a row 0 or 1, the text of a pair; None: around texts."""
        return self._row(batch_index, "sequence_ids").sequence_ids

    def word_ids(self, batch_index: int = 0) -> list[int | None]:
        """For each token of a row its word, counted from 0 in its text; None: around texts."""
        return self._row(batch_index, "word_ids").word_ids

    def words(self, batch_index: int = 0) -> list[int | None]:
        """The same as `word_ids`, which is to be preferred."""
        row = self._row(batch_index, "words")
        warnings.warn("words: use word_ids", FutureWarning, stacklevel=2)
        return row.word_ids

    def token_to_sequence(
        self, batch_or_token_index: int, token_index: int | None = None
    ) -> int | None:
        """The text of a pair that a token belongs to; negative indices count from the end."""
        row, at = self._place(batch_or_token_index, token_index, "token_to_sequence")
        return row.token_to_sequence(at + len(row) if at < 0 else at)

    def token_to_word(
        self, batch_or_token_index: int, token_index: int | None = None
    ) -> int | None:
        """The word that a token belongs to; negative indices count from the end."""
        row, at = self._place(batch_or_token_index, token_index, "token_to_word")
        return row.token_to_word(at + len(row) if at < 0 else at)

    def token_to_chars(
        self, batch_or_token_index: int, token_index: int | None = None
    ) -> CharSpan | None:
        """Where a token stands in its text; None: around texts."""
        row, at = self._place(batch_or_token_index, token_index, "token_to_chars")
        span = row.token_to_chars(at)
        return CharSpan(*span) if span is not None else None

    def word_to_tokens(
        self, batch_or_word_index: int, word_index: int | None = None, sequence_index: int = 0
    ) -> TokenSpan | None:
        """The tokens of a word; None: it has none."""
        row, at = self._place(batch_or_word_index, word_index, "word_to_tokens")
        span = row.word_to_tokens(at + len(row) if at < 0 else at, sequence_index)
        return TokenSpan(*span) if span is not None else None

    def word_to_chars(
        self, batch_or_word_index: int, word_index: int | None = None, sequence_index: int = 0
    ) -> CharSpan:
        """Where a word stands in its text. TypeError for one that isn't there."""
        row, at = self._place(batch_or_word_index, word_index, "word_to_chars")
        span = row.word_to_chars(at, sequence_index)
        if span is None:
            raise TypeError(f"word_to_chars: there is no word {at}")
        return CharSpan(*span)

    def char_to_token(
        self, batch_or_char_index: int, char_index: int | None = None, sequence_index: int = 0
    ) -> int | None:
        """The token that a character is part of; None: it is white space."""
        row, at = self._place(batch_or_char_index, char_index, "char_to_token")
        return row.char_to_token(at, sequence_index)

    def char_to_word(
        self, batch_or_char_index: int, char_index: int | None = None, sequence_index: int = 0
    ) -> int | None:
        """The word that a character is part of; None: it is white space."""
        row, at = self._place(batch_or_char_index, char_index, "char_to_word")
        return row.char_to_word(at, sequence_index)

    # ---------------------------------------------------------------------------------- tensors

    def convert_to_tensors(
        self, tensor_type: str | TensorType | None = None, prepend_batch_axis: bool = False
    ) -> BatchEncoding:
        """Makes arrays of a type of all values; None leaves them as they are.

        ValueError when rows of different lengths can't be one array.
        """
        if tensor_type is None:
            return self
        is_tensor, as_tensor = tensor_functions(tensor_type)
        for key, value in self.items():
            value = [value] if prepend_batch_axis else value
            if is_tensor(value):
                continue
            try:
                self.data[key] = as_tensor(value)
            except (TypeError, ValueError, RuntimeError, IndexError) as error:
                raise ValueError(
                    f"{key}: no tensor can be made of it ({error}); rows of one length are "
                    "required, such as padding=True and truncation=True give"
                ) from error
        return self

    def to(self, device: Any) -> BatchEncoding:
        """Moves all tensors to a device. Needs torch."""
        torch = import_torch("BatchEncoding.to")
        if isinstance(device, (str, int, torch.device)):
            self.data = {key: value.to(device=device) for key, value in self.data.items()}
        return self
