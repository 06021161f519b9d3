"""Rows of ids: cut, with special tokens around, and filled up to one length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import _arrays
from ._batch_encoding import BatchEncoding
from .utils import logging
from .utils.generic import ExplicitEnum, PaddingStrategy, TensorType

logger = logging.get_logger(__name__)


class TruncationStrategy(ExplicitEnum):
    """Which text of a pair is cut: `truncation`."""

    ONLY_FIRST = "only_first"
    ONLY_SECOND = "only_second"
    LONGEST_FIRST = "longest_first"
    DO_NOT_TRUNCATE = "do_not_truncate"


def to_py_obj(value: Any) -> Any:
    """Arrays and tensors as numbers and lists; what holds them, likewise."""
    if isinstance(value, Mapping):
        return {key: to_py_obj(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_py_obj(one) for one in value]
    if _arrays.is_tensor(value):
        return value.detach().cpu().tolist()
    return value.tolist() if isinstance(value, (np.ndarray, np.number)) else value


def _tensor_type_of(rows: Any) -> str | None:
    """"np" or "pt" when ids are arrays or tensors, None when they are lists of numbers."""
    first = rows[0]
    if isinstance(first, (list, tuple)):
        first = next((row[0] for row in rows if len(row)), first)
    if isinstance(first, (int, list, tuple)):
        return None
    if _arrays.is_tensor(first):
        return "pt"
    if isinstance(first, (np.ndarray, np.number)):
        return "np"
    raise ValueError(f"pad: got ids of {type(first).__name__}, required numbers, arrays or tensors")


def _cut(ids: list[int], n: int, side: str) -> list[int]:
    """Ids without n of them at one side."""
    if side not in ("right", "left"):
        raise ValueError(f"truncation_side: got {side!r}, required 'right' or 'left'")
    return ids[n:] if side == "left" else ids[: max(len(ids) - n, 0)]


class Rows:
    """What tokenizers do with ids. The attributes are those of the tokenizer."""

    model_input_names: list[str]
    padding_side: str
    truncation_side: str
    pad_token_id: Any
    pad_token_type_id: Any

    def _get_padding_truncation_strategies(
        self,
        padding: Any = False,
        truncation: Any = None,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        verbose: bool = True,
        **kwargs: Any,
    ) -> tuple[PaddingStrategy, TruncationStrategy, int | None, dict[str, Any]]:
        raise NotImplementedError

    def _warn_once(self, key: str, message: str, *values: Any) -> None:
        raise NotImplementedError

    def _eventual_warn_about_too_long_sequence(
        self, ids: Any, max_length: int | None, verbose: bool
    ) -> None:
        raise NotImplementedError

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """Special tokens around a text, or around the texts of a pair."""
        raise NotImplementedError

    def build_inputs_with_special_tokens(
        self, token_ids_0: list[int], token_ids_1: list[int] | None = None
    ) -> list[int]:
        """The ids of a text, or of a pair, with special tokens around: none here."""
        return token_ids_0 + (token_ids_1 or [])

    def create_token_type_ids_from_sequences(
        self, token_ids_0: list[int], token_ids_1: list[int] | None = None
    ) -> list[int]:
        """0 for each id of the first text, 1 for those of the second."""
        return [0] * len(token_ids_0) + [1] * len(token_ids_1 or [])

    def get_special_tokens_mask(
        self,
        token_ids_0: list[int],
        token_ids_1: list[int] | None = None,
        already_has_special_tokens: bool = False,
    ) -> list[int]:
        """1 for each id that is a special token's."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------ padding

    def pad(
        self,
        encoded_inputs: Any,
        padding: bool | str | PaddingStrategy = True,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        return_attention_mask: bool | None = None,
        return_tensors: str | TensorType | None = None,
        verbose: bool = True,
    ) -> BatchEncoding:
        """Encodings, one or several, filled up to one length.

        Takes what a call gives, a list of such, or dictionaries of lists, arrays or tensors, which
        come back as what they were unless `return_tensors` says otherwise. ValueError for what has
        no input_ids.
        """
        if isinstance(encoded_inputs, (list, tuple)) and isinstance(encoded_inputs[0], Mapping):
            names = encoded_inputs[0].keys()
            encoded_inputs = {name: [row[name] for row in encoded_inputs] for name in names}
        main = self.model_input_names[0]
        if main not in encoded_inputs:
            raise ValueError(f"pad: got {list(encoded_inputs.keys())}, required {main} among them")
        ids = encoded_inputs[main]
        if ids is None or len(ids) == 0:
            if return_attention_mask:
                encoded_inputs["attention_mask"] = []
            return encoded_inputs  # type: ignore[no-any-return]
        kind = _tensor_type_of(ids)
        if kind is not None:
            return_tensors = return_tensors or kind
            for name, value in encoded_inputs.items():
                encoded_inputs[name] = to_py_obj(value)
            ids = encoded_inputs[main]
        strategy, _, max_length, _ = self._get_padding_truncation_strategies(
            padding=padding, max_length=max_length, verbose=verbose
        )
        if not isinstance(ids[0], (list, tuple)):
            row = self._pad(
                encoded_inputs, max_length, strategy, pad_to_multiple_of, return_attention_mask
            )
            return BatchEncoding(row, tensor_type=return_tensors)
        assert all(len(value) == len(ids) for value in encoded_inputs.values()), (
            f"pad: got values of different lengths, required {len(ids)} of each, as of {main}"
        )
        if strategy == PaddingStrategy.LONGEST:
            max_length = max(len(row) for row in ids)
            strategy = PaddingStrategy.MAX_LENGTH
        out: dict[str, list[Any]] = {}
        for i in range(len(ids)):
            row = {name: value[i] for name, value in encoded_inputs.items()}
            row = self._pad(row, max_length, strategy, pad_to_multiple_of, return_attention_mask)
            for name, value in row.items():
                out.setdefault(name, []).append(value)
        return BatchEncoding(out, tensor_type=return_tensors)

    def _pad(
        self,
        encoded_inputs: Any,
        max_length: int | None = None,
        padding_strategy: PaddingStrategy = PaddingStrategy.DO_NOT_PAD,
        pad_to_multiple_of: int | None = None,
        return_attention_mask: bool | None = None,
    ) -> Any:
        """One row, filled up in place."""
        main = self.model_input_names[0]
        ids = list(encoded_inputs[main])
        if return_attention_mask is None:
            return_attention_mask = "attention_mask" in self.model_input_names
        if return_attention_mask and "attention_mask" not in encoded_inputs:
            encoded_inputs["attention_mask"] = [1] * len(ids)
        if padding_strategy == PaddingStrategy.DO_NOT_PAD:
            return encoded_inputs
        if padding_strategy == PaddingStrategy.LONGEST or max_length is None:
            max_length = len(ids)
        if pad_to_multiple_of:
            max_length += -max_length % pad_to_multiple_of
        missing = max_length - len(ids)
        if missing <= 0:
            return encoded_inputs
        if self.padding_side not in ("right", "left"):
            raise ValueError(f"padding_side: got {self.padding_side!r}, required 'right' or 'left'")
        fillers = {
            main: self.pad_token_id,
            "token_type_ids": self.pad_token_type_id,
            "special_tokens_mask": 1,
        }
        if return_attention_mask:
            fillers["attention_mask"] = 0
        for name, filler in fillers.items():
            if name in encoded_inputs:
                filling, row = [filler] * missing, list(encoded_inputs[name])
                padded = row + filling if self.padding_side == "right" else filling + row
                encoded_inputs[name] = padded
        return encoded_inputs

    # ------------------------------------------------------------------------------------ cutting

    def truncate_sequences(
        self,
        ids: list[int],
        pair_ids: list[int] | None = None,
        num_tokens_to_remove: int = 0,
        truncation_strategy: str | TruncationStrategy = "longest_first",
        stride: int = 0,
    ) -> tuple[list[int], list[int] | None, list[int]]:
        """A text or a pair without that many ids, and what went, with `stride` ids before it.

        A text that hasn't enough of them stays whole. Where both texts are cut, what went isn't
        given.
        """
        strategy = TruncationStrategy(truncation_strategy)
        if num_tokens_to_remove <= 0 or strategy == TruncationStrategy.DO_NOT_TRUNCATE:
            return ids, pair_ids, []
        if strategy == TruncationStrategy.LONGEST_FIRST and pair_ids is not None:
            first, second = self._cut_both(ids, pair_ids, num_tokens_to_remove)
            return first, second, []
        if strategy != TruncationStrategy.ONLY_SECOND:
            ids, over = self._cut_one(ids, num_tokens_to_remove, stride, "first", strategy)
            return ids, pair_ids, over
        if pair_ids is None:
            return ids, None, []
        pair_ids, over = self._cut_one(pair_ids, num_tokens_to_remove, stride, "second", strategy)
        return ids, pair_ids, over

    def _cut_one(
        self, ids: list[int], n: int, stride: int, which: str, strategy: TruncationStrategy
    ) -> tuple[list[int], list[int]]:
        if len(ids) <= n:
            logger.error(
                "truncation %s: the %s text has %d tokens, required more than the %d to remove",
                strategy.value,
                which,
                len(ids),
                n,
            )
            return ids, []
        width = min(len(ids), stride + n)
        over = ids[:width] if self.truncation_side == "left" else ids[len(ids) - width :]
        return _cut(ids, n, self.truncation_side), over

    def _cut_both(
        self, first: list[int], second: list[int], n: int
    ) -> tuple[list[int], list[int]]:
        """Cuts the longer text down to the other, then both alike."""
        self._warn_once("longest_first", "both texts of a pair are cut: what goes isn't given")
        alone = min(abs(len(first) - len(second)), n)
        shared = n - alone
        if len(first) > len(second):
            from_first, from_second = alone + shared // 2, shared - shared // 2
        else:
            from_first, from_second = shared // 2, alone + shared - shared // 2
        side = self.truncation_side
        return _cut(first, from_first, side), _cut(second, from_second, side)

    # -------------------------------------------------------------------------------------- whole

    def prepare_for_model(
        self,
        ids: list[int],
        pair_ids: list[int] | None = None,
        add_special_tokens: bool = True,
        padding: bool | str | PaddingStrategy = False,
        truncation: bool | str | TruncationStrategy | None = None,
        max_length: int | None = None,
        stride: int = 0,
        pad_to_multiple_of: int | None = None,
        return_tensors: str | TensorType | None = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_offsets_mapping: bool = False,
        return_length: bool = False,
        verbose: bool = True,
        prepend_batch_axis: bool = False,
        **kwargs: Any,
    ) -> BatchEncoding:
        """Ids of a text, or of a pair, as a call makes them of texts; options are those of a call."""
        pads, cuts, max_length, _ = self._get_padding_truncation_strategies(
            padding, truncation, max_length, pad_to_multiple_of, verbose, **kwargs
        )
        pair = pair_ids is not None
        if return_token_type_ids and not add_special_tokens:
            raise ValueError(
                "return_token_type_ids: got add_special_tokens=False, required special tokens"
            )
        if return_overflowing_tokens and pair and cuts == TruncationStrategy.LONGEST_FIRST:
            raise ValueError(
                "return_overflowing_tokens: got pairs of which both texts are cut, required "
                "truncation='only_first' or 'only_second'"
            )
        if return_overflowing_tokens and max_length is None:
            raise TypeError("return_overflowing_tokens: got no max_length, required one")
        names = self.model_input_names
        total = len(ids) + len(pair_ids or [])
        total += self.num_special_tokens_to_add(pair=pair) if add_special_tokens else 0
        over: list[int] = []
        if cuts != TruncationStrategy.DO_NOT_TRUNCATE and max_length and total > max_length:
            ids, pair_ids, over = self.truncate_sequences(
                ids, pair_ids, total - max_length, cuts, stride
            )
        out: dict[str, Any] = {}
        if return_overflowing_tokens:
            out["overflowing_tokens"] = over
            out["num_truncated_tokens"] = total - (max_length or 0)
        ids, second = list(ids), None if pair_ids is None else list(pair_ids)
        if add_special_tokens:
            out["input_ids"] = self.build_inputs_with_special_tokens(ids, second)
        else:
            out["input_ids"] = ids + (second or [])
        if return_token_type_ids or (return_token_type_ids is None and "token_type_ids" in names):
            types = self.create_token_type_ids_from_sequences(ids, second)
            out["token_type_ids"] = types if add_special_tokens else [0] * len(out["input_ids"])
        if return_special_tokens_mask:
            mask = self.get_special_tokens_mask(ids, second) if add_special_tokens else None
            out["special_tokens_mask"] = mask or [0] * len(out["input_ids"])
        self._eventual_warn_about_too_long_sequence(out["input_ids"], max_length, verbose)
        if return_attention_mask is None:
            return_attention_mask = "attention_mask" in names
        row: Any = out
        if pads != PaddingStrategy.DO_NOT_PAD or return_attention_mask:
            row = self.pad(
                out,
                max_length=max_length,
                padding=pads.value,
                pad_to_multiple_of=pad_to_multiple_of,
                return_attention_mask=return_attention_mask,
            )
        if return_length:
            row["length"] = len(row["input_ids"])
        return BatchEncoding(
            dict(row), tensor_type=return_tensors, prepend_batch_axis=prepend_batch_axis
        )
