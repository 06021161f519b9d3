"""What slow and fast tokenizers have in common: how they are called, and decoding."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ._batch_encoding import BatchEncoding, CharSpan, Encoding, TokenSpan
from ._rows import Rows, TruncationStrategy, to_py_obj
from ._special_tokens import AddedToken, SpecialTokensMixin
from ._tokenizer_files import TokenizerFiles
from .utils import logging
from .utils.generic import PaddingStrategy, TensorType

logger = logging.get_logger(__name__)

VERY_LARGE_INTEGER = int(1e30)
LARGE_INTEGER = int(1e20)

TextInput = str
PreTokenizedInput = list[str]
EncodedInput = list[int]
TextInputPair = tuple[str, str]
PreTokenizedInputPair = tuple[list[str], list[str]]
EncodedInputPair = tuple[list[int], list[int]]


def _is_text(value: Any) -> bool:
    """Whether a value is a text, a list of texts or words, or a list of lists of words."""
    for _ in range(3):
        if isinstance(value, str):
            return True
        if not isinstance(value, (list, tuple)):
            return False
        if not value:
            return True
        value = value[0]
    return False


def _check_text(name: str, value: Any) -> None:
    if not _is_text(value):
        raise ValueError(
            f"{name}: got {type(value).__name__}, required a string, a list of strings, or a list "
            "of lists of strings (words)"
        )


class PreTrainedTokenizerBase(SpecialTokensMixin, Rows, TokenizerFiles):
    """A tokenizer, whatever its vocabulary: `PreTrainedTokenizer` and `PreTrainedTokenizerFast`.

    `model_max_length` is what `truncation` and `padding="max_length"` go by when a call says
    nothing; `padding_side` and `truncation_side` are "right" or "left".
    """

    model_input_names: list[str] = ["input_ids", "token_type_ids", "attention_mask"]
    padding_side: str = "right"
    truncation_side: str = "right"
    slow_tokenizer_class: Any = None
    is_fast: Any

    def __init__(self, **kwargs: Any) -> None:
        self.init_inputs: Any = ()
        self.init_kwargs: dict[str, Any] = copy.deepcopy(kwargs)
        self.name_or_path = kwargs.pop("name_or_path", "")
        self._processor_class = kwargs.pop("processor_class", None)
        old_length = kwargs.pop("max_len", None)
        length = kwargs.pop("model_max_length", old_length)
        self.model_max_length = VERY_LARGE_INTEGER if length is None else length
        for side in ("padding_side", "truncation_side"):
            value = kwargs.pop(side, getattr(self, side))
            if value not in ("right", "left"):
                raise ValueError(f"{side}: got {value!r}, required 'right' or 'left'")
            setattr(self, side, value)
        self.model_input_names = kwargs.pop("model_input_names", self.model_input_names)
        self.clean_up_tokenization_spaces = kwargs.pop("clean_up_tokenization_spaces", True)
        self.split_special_tokens = kwargs.pop("split_special_tokens", False)
        self.chat_template = kwargs.pop("chat_template", None)
        self.deprecation_warnings: dict[str, bool] = {}
        self._in_target_context_manager = False
        super().__init__(**kwargs)

    # -------------------------------------------------------------------- what subclasses know

    @property
    def vocab_size(self) -> int:
        """Tokens of the vocabulary, without those added to it."""
        raise NotImplementedError

    @property
    def added_tokens_decoder(self) -> dict[int, AddedToken]:
        """Id → added token."""
        raise NotImplementedError

    @property
    def added_tokens_encoder(self) -> dict[str, int]:
        """Text of an added token → id."""
        return {token.content: id_ for id_, token in sorted(self.added_tokens_decoder.items())}

    def get_vocab(self) -> dict[str, int]:
        """Token → id, with those added."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def tokenize(
        self, text: str, pair: str | None = None, add_special_tokens: bool = False, **kwargs: Any
    ) -> list[str]:
        """A text as the vocabulary spells its tokens."""
        raise NotImplementedError

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """Special tokens around a text, or around the texts of a pair."""
        raise NotImplementedError

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        """The text that tokens spell."""
        raise NotImplementedError

    def _encode_plus(self, *args: Any, **options: Any) -> BatchEncoding:
        raise NotImplementedError

    def _batch_encode_plus(self, *args: Any, **options: Any) -> BatchEncoding:
        raise NotImplementedError

    def _decode(
        self,
        token_ids: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        **kwargs: Any,
    ) -> str:
        raise NotImplementedError

    # ------------------------------------------------------------------------------ attributes

    def _room(self, pair: bool) -> int:
        return int(self.model_max_length - self.num_special_tokens_to_add(pair=pair))

    def _set_room(self, name: str, value: int, pair: bool) -> None:
        if value != self._room(pair):
            raise ValueError(f"{name}: it follows from model_max_length, and can't be set")

    @property
    def max_len_single_sentence(self) -> int:
        """Tokens that a text may have, besides the special ones around it."""
        return self._room(False)

    @max_len_single_sentence.setter
    def max_len_single_sentence(self, value: int) -> None:
        self._set_room("max_len_single_sentence", value, False)

    @property
    def max_len_sentences_pair(self) -> int:
        """Tokens that the texts of a pair may have together, besides the special ones."""
        return self._room(True)

    @max_len_sentences_pair.setter
    def max_len_sentences_pair(self, value: int) -> None:
        self._set_room("max_len_sentences_pair", value, True)

    def _set_processor_class(self, processor_class: str) -> None:
        self._processor_class = processor_class

    def __repr__(self) -> str:
        added = "\n\t".join(f"{id_}: {token!r}," for id_, token in self.added_tokens_decoder.items())
        names = ["name_or_path", "vocab_size", "model_max_length", "is_fast"]
        names += ["padding_side", "truncation_side", "special_tokens_map"]
        names += ["clean_up_tokenization_spaces"]
        said = ", ".join(f"{n.removesuffix('_map')}={getattr(self, n)!r}" for n in names)
        return f"{type(self).__name__}({said}),  added_tokens_decoder={{\n\t{added}\n}}"

    def _warn_once(self, key: str, message: str, *values: Any) -> None:
        if not self.deprecation_warnings.get(key):
            logger.warning(message, *values)
        self.deprecation_warnings[key] = True

    # ------------------------------------------------------------------------------------ calls

    def __call__(
        self,
        text: Any = None,
        text_pair: Any = None,
        text_target: Any = None,
        text_pair_target: Any = None,
        add_special_tokens: bool = True,
        padding: bool | str | PaddingStrategy = False,
        truncation: bool | str | TruncationStrategy | None = None,
        max_length: int | None = None,
        stride: int = 0,
        is_split_into_words: bool = False,
        pad_to_multiple_of: int | None = None,
        return_tensors: str | TensorType | None = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_offsets_mapping: bool = False,
        return_length: bool = False,
        verbose: bool = True,
        **kwargs: Any,
    ) -> BatchEncoding:
        """Texts as ids and masks.

        `text` is a text or a list of them; with `is_split_into_words` a list of words or a list of
        such lists. `text_pair` has as many second texts. `padding`: True or "longest",
        "max_length", False; `truncation`: True or "longest_first", "only_first", "only_second",
        False; both to `max_length` tokens, or to `model_max_length`. Without `return_tensors` ("pt",
        "np") values are lists. `text_target` is encoded too, as "labels". ValueError for what is
        no text, TypeError when one text is to be the second of several.
        """
        if text is None and text_target is None:
            raise ValueError("text: got None, required a text, here or as text_target")
        options: dict[str, Any] = {
            "add_special_tokens": add_special_tokens,
            "padding": padding,
            "truncation": truncation,
            "max_length": max_length,
            "stride": stride,
            "is_split_into_words": is_split_into_words,
            "pad_to_multiple_of": pad_to_multiple_of,
            "return_tensors": return_tensors,
            "return_token_type_ids": return_token_type_ids,
            "return_attention_mask": return_attention_mask,
            "return_overflowing_tokens": return_overflowing_tokens,
            "return_special_tokens_mask": return_special_tokens_mask,
            "return_offsets_mapping": return_offsets_mapping,
            "return_length": return_length,
            "verbose": verbose,
            **kwargs,
        }
        made = None
        if text is not None:
            if not self._in_target_context_manager:
                self._switch_to_input_mode()
            made = self._call_one(text, text_pair, **options)
        if text_target is not None:
            self._switch_to_target_mode()
            target = self._call_one(text_target, text_pair_target, **options)
            if made is None:
                made = target
            else:
                made["labels"] = target["input_ids"]
        self._switch_to_input_mode()
        assert made is not None
        return made

    def _call_one(self, text: Any, text_pair: Any, **options: Any) -> BatchEncoding:
        _check_text("text", text)
        if text_pair is not None:
            _check_text("text_pair", text_pair)
        batched = isinstance(text, (list, tuple))
        if options["is_split_into_words"]:
            batched = batched and len(text) > 0 and isinstance(text[0], (list, tuple))
        if not batched:
            return self.encode_plus(text, text_pair, **options)
        if isinstance(text_pair, str):
            raise TypeError("text_pair: got one text, required a list as text is one")
        if text_pair is None:
            return self.batch_encode_plus(text, **options)
        if len(text) != len(text_pair):
            raise ValueError(f"text_pair: got {len(text_pair)} texts, required {len(text)}, as text")
        return self.batch_encode_plus(list(zip(text, text_pair)), **options)

    def encode(
        self,
        text: Any,
        text_pair: Any = None,
        add_special_tokens: bool = True,
        padding: bool | str | PaddingStrategy = False,
        truncation: bool | str | TruncationStrategy | None = None,
        max_length: int | None = None,
        stride: int = 0,
        return_tensors: str | TensorType | None = None,
        **kwargs: Any,
    ) -> Any:
        """The ids alone of a text or a pair, as `encode_plus` gives them."""
        made = self.encode_plus(
            text,
            text_pair,
            add_special_tokens=add_special_tokens,
            padding=padding,
            truncation=truncation,
            max_length=max_length,
            stride=stride,
            return_tensors=return_tensors,
            **kwargs,
        )
        return made["input_ids"]

    def encode_plus(
        self,
        text: Any,
        text_pair: Any = None,
        add_special_tokens: bool = True,
        padding: bool | str | PaddingStrategy = False,
        truncation: bool | str | TruncationStrategy | None = None,
        max_length: int | None = None,
        stride: int = 0,
        is_split_into_words: bool = False,
        pad_to_multiple_of: int | None = None,
        return_tensors: str | TensorType | None = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_offsets_mapping: bool = False,
        return_length: bool = False,
        verbose: bool = True,
        **kwargs: Any,
    ) -> BatchEncoding:
        """One text, or one pair, as ids and masks; options are those of a call."""
        padding_strategy, truncation_strategy, max_length, kwargs = (
            self._get_padding_truncation_strategies(
                padding, truncation, max_length, pad_to_multiple_of, verbose, **kwargs
            )
        )
        return self._encode_plus(
            text=text,
            text_pair=text_pair,
            add_special_tokens=add_special_tokens,
            padding_strategy=padding_strategy,
            truncation_strategy=truncation_strategy,
            max_length=max_length,
            stride=stride,
            is_split_into_words=is_split_into_words,
            pad_to_multiple_of=pad_to_multiple_of,
            return_tensors=return_tensors,
            return_token_type_ids=return_token_type_ids,
            return_attention_mask=return_attention_mask,
            return_overflowing_tokens=return_overflowing_tokens,
            return_special_tokens_mask=return_special_tokens_mask,
            return_offsets_mapping=return_offsets_mapping,
            return_length=return_length,
            verbose=verbose,
            **kwargs,
        )

    def batch_encode_plus(
        self,
        batch_text_or_text_pairs: Any,
        add_special_tokens: bool = True,
        padding: bool | str | PaddingStrategy = False,
        truncation: bool | str | TruncationStrategy | None = None,
        max_length: int | None = None,
        stride: int = 0,
        is_split_into_words: bool = False,
        pad_to_multiple_of: int | None = None,
        return_tensors: str | TensorType | None = None,
        return_token_type_ids: bool | None = None,
        return_attention_mask: bool | None = None,
        return_overflowing_tokens: bool = False,
        return_special_tokens_mask: bool = False,
        return_offsets_mapping: bool = False,
        return_length: bool = False,
        verbose: bool = True,
        **kwargs: Any,
    ) -> BatchEncoding:
        """A list of texts, or of pairs, as ids and masks; options are those of a call."""
        padding_strategy, truncation_strategy, max_length, kwargs = (
            self._get_padding_truncation_strategies(
                padding, truncation, max_length, pad_to_multiple_of, verbose, **kwargs
            )
        )
        return self._batch_encode_plus(
            batch_text_or_text_pairs=batch_text_or_text_pairs,
            add_special_tokens=add_special_tokens,
            padding_strategy=padding_strategy,
            truncation_strategy=truncation_strategy,
            max_length=max_length,
            stride=stride,
            is_split_into_words=is_split_into_words,
            pad_to_multiple_of=pad_to_multiple_of,
            return_tensors=return_tensors,
            return_token_type_ids=return_token_type_ids,
            return_attention_mask=return_attention_mask,
            return_overflowing_tokens=return_overflowing_tokens,
            return_special_tokens_mask=return_special_tokens_mask,
            return_offsets_mapping=return_offsets_mapping,
            return_length=return_length,
            verbose=verbose,
            **kwargs,
        )

    # ------------------------------------------------------------------------ what options mean

    def _get_padding_truncation_strategies(
        self,
        padding: Any = False,
        truncation: Any = None,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
        verbose: bool = True,
        **kwargs: Any,
    ) -> tuple[PaddingStrategy, TruncationStrategy, int | None, dict[str, Any]]:
        old_truncation = kwargs.pop("truncation_strategy", "do_not_truncate")
        old_padding = kwargs.pop("pad_to_max_length", False)
        if max_length is not None and padding is False and truncation is None:
            if verbose:
                self._warn_once(
                    "Truncation-not-explicitly-activated",
                    "max_length without truncation=True: texts are cut to it, longest first",
                )
            truncation = "longest_first"
        if padding is False and old_padding:
            warnings.warn("pad_to_max_length: use padding='max_length'", FutureWarning, stacklevel=3)
            padding = "longest" if max_length is None else "max_length"
        if truncation is None and old_truncation != "do_not_truncate":
            warnings.warn("truncation_strategy: use truncation", FutureWarning, stacklevel=3)
            truncation = old_truncation
        pads, cuts = _padding_of(padding), _truncation_of(truncation)
        if padding is True and max_length is not None and verbose and cuts.value[0] == "d":
            warnings.warn("max_length has no effect with padding=True", stacklevel=3)
        if max_length is None:
            pads, cuts, max_length = self._default_length(pads, cuts, verbose)
        pads_at_all = pads != PaddingStrategy.DO_NOT_PAD
        if pads_at_all and (self.pad_token_id is None or self.pad_token_id < 0):
            raise ValueError("padding: the tokenizer has no pad_token, required for padding")
        if (
            pads_at_all
            and cuts != TruncationStrategy.DO_NOT_TRUNCATE
            and pad_to_multiple_of is not None
            and max_length is not None
            and max_length % pad_to_multiple_of != 0
        ):
            raise ValueError(
                f"max_length: got {max_length}, required a multiple of pad_to_multiple_of, "
                f"{pad_to_multiple_of}"
            )
        return pads, cuts, max_length, kwargs

    def _default_length(
        self, pads: PaddingStrategy, cuts: TruncationStrategy, verbose: bool
    ) -> tuple[PaddingStrategy, TruncationStrategy, int | None]:
        """What is done without max_length: model_max_length counts, where there is one."""
        needed = pads == PaddingStrategy.MAX_LENGTH or cuts != TruncationStrategy.DO_NOT_TRUNCATE
        if not needed:
            return pads, cuts, None
        if self.model_max_length <= LARGE_INTEGER:
            return pads, cuts, self.model_max_length
        if verbose:
            self._warn_once(
                "Asking-for-max_length",
                "there is no max_length and no model_max_length: nothing is cut or padded to it",
            )
        if pads == PaddingStrategy.MAX_LENGTH:
            pads = PaddingStrategy.DO_NOT_PAD
        return pads, TruncationStrategy.DO_NOT_TRUNCATE, None

    def _eventual_warn_about_too_long_sequence(
        self, ids: Sequence[Any], max_length: int | None, verbose: bool
    ) -> None:
        if max_length is None and verbose and len(ids) > self.model_max_length:
            self._warn_once(
                "sequence-length-is-longer-than-the-specified-maximum",
                "a text has %d tokens, the model takes %d: it needs truncation=True",
                len(ids),
                self.model_max_length,
            )

    # ---------------------------------------------------------------------- special tokens around

    def get_special_tokens_mask(
        self,
        token_ids_0: list[int],
        token_ids_1: list[int] | None = None,
        already_has_special_tokens: bool = False,
    ) -> list[int]:
        """1 for each id that is a special token's, of ids that have those around them."""
        assert already_has_special_tokens and token_ids_1 is None, (
            "get_special_tokens_mask: only slow tokenizers say it of ids without special tokens"
        )
        special = set(self.all_special_ids)
        return [int(id_ in special) for id_ in token_ids_0]

    # ---------------------------------------------------------------------------------- decoding

    def batch_decode(
        self,
        sequences: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """The texts of several rows of ids: lists, an array or a tensor."""
        return [
            self.decode(
                row,
                skip_special_tokens=skip_special_tokens,
                clean_up_tokenization_spaces=clean_up_tokenization_spaces,
                **kwargs,
            )
            for row in sequences
        ]

    def decode(
        self,
        token_ids: Any,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool | None = None,
        **kwargs: Any,
    ) -> str:
        """The text of ids: a list, an array, a tensor, or one number.

        `skip_special_tokens` leaves special tokens out; `clean_up_tokenization_spaces` the space
        before punctuation (None: as the tokenizer was made).
        """
        return self._decode(
            token_ids=to_py_obj(token_ids),
            skip_special_tokens=skip_special_tokens,
            clean_up_tokenization_spaces=clean_up_tokenization_spaces,
            **kwargs,
        )

    @staticmethod
    def clean_up_tokenization(out_string: str) -> str:
        """A text without the space before punctuation and English contractions.

        >>> PreTrainedTokenizerBase.clean_up_tokenization("it is n't here , is it ?")
        "it isn't here, is it?"
        """
        for ending in (".", "?", "!", ","):
            out_string = out_string.replace(" " + ending, ending)
        out_string = out_string.replace(" ' ", "'")
        for ending in ("n't", "'m", "'s", "'ve", "'re"):
            out_string = out_string.replace(" " + ending, ending)
        return out_string

    # ------------------------------------------------------------------------------ other inputs

    def _switch_to_input_mode(self) -> None:
        """Subclasses may encode targets otherwise; these don't."""

    def _switch_to_target_mode(self) -> None:
        """Subclasses may encode targets otherwise; these don't."""

    @contextmanager
    def as_target_tokenizer(self) -> Iterator[None]:
        """Encodes texts as targets within; `text_target` is to be preferred."""
        warnings.warn("as_target_tokenizer: use text_target", FutureWarning, stacklevel=3)
        self._switch_to_target_mode()
        self._in_target_context_manager = True
        yield
        self._in_target_context_manager = False
        self._switch_to_input_mode()

    def prepare_seq2seq_batch(
        self,
        src_texts: list[str],
        tgt_texts: list[str] | None = None,
        max_length: int | None = None,
        max_target_length: int | None = None,
        padding: str = "longest",
        return_tensors: str | None = None,
        truncation: bool = True,
        **kwargs: Any,
    ) -> BatchEncoding:
        """Texts with targets as "labels"; `text_target` is to be preferred."""
        warnings.warn("prepare_seq2seq_batch: use text_target", FutureWarning, stacklevel=2)
        for language in ("src_lang", "tgt_lang"):
            kwargs.pop(language, None)
        length = self.model_max_length if max_length is None else max_length
        options: dict[str, Any] = {"padding": padding, "truncation": truncation}
        options["return_tensors"] = return_tensors
        made = self(src_texts, max_length=length, **options, **kwargs)
        if tgt_texts is not None:
            target_length = length if max_target_length is None else max_target_length
            target = self(text_target=tgt_texts, max_length=target_length, **options, **kwargs)
            made["labels"] = target["input_ids"]
        return made

    def apply_chat_template(self, conversation: Any, **kwargs: Any) -> Any:
        """Raises NotImplementedError: these models don't converse."""
        raise NotImplementedError("apply_chat_template: these models have no chat templates")


def _padding_of(padding: Any) -> PaddingStrategy:
    if padding is True:
        return PaddingStrategy.LONGEST
    return PaddingStrategy.DO_NOT_PAD if padding is False else PaddingStrategy(padding)


def _truncation_of(truncation: Any) -> TruncationStrategy:
    if truncation is True:
        return TruncationStrategy.LONGEST_FIRST
    if truncation is None or truncation is False:
        return TruncationStrategy.DO_NOT_TRUNCATE
    return TruncationStrategy(truncation)


__all__ = [
    "AddedToken",
    "BatchEncoding",
    "CharSpan",
    "Encoding",
    "PaddingStrategy",
    "PreTrainedTokenizerBase",
    "SpecialTokensMixin",
    "TensorType",
    "TokenSpan",
    "TruncationStrategy",
]
