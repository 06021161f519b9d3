"""Perceiver's tokenizer: bytes are tokens, behind six special ones."""

from __future__ import annotations

from typing import Any

from ..._special_tokens import AddedToken, as_token
from ...tokenization_utils import PreTrainedTokenizer


def _made(token: Any) -> Any:
    return AddedToken(token) if isinstance(token, str) else as_token(token)


class PerceiverTokenizer(PreTrainedTokenizer):
    """Texts as the bytes of their UTF-8, each of which has the id six higher.

    >>> tokenizer = PerceiverTokenizer()
    >>> tokenizer("Hi").input_ids
    [4, 78, 111, 5]
    >>> tokenizer.decode([78, 111, tokenizer.mask_token_id])
    'Hi[MASK]'
    """

    model_input_names = ["input_ids", "attention_mask"]

    def __init__(
        self,
        pad_token: str | AddedToken = "[PAD]",
        bos_token: str | AddedToken = "[BOS]",
        eos_token: str | AddedToken = "[EOS]",
        mask_token: str | AddedToken = "[MASK]",
        cls_token: str | AddedToken = "[CLS]",
        sep_token: str | AddedToken = "[SEP]",
        model_max_length: int = 2048,
        **kwargs: Any,
    ) -> None:
        given = {
            "pad_token": pad_token,
            "bos_token": bos_token,
            "eos_token": eos_token,
            "mask_token": mask_token,
            "cls_token": cls_token,
            "sep_token": sep_token,
        }
        tokens = {role: _made(token) for role, token in given.items()}
        self._utf_vocab_size = 256
        self._added_tokens_decoder = dict(enumerate(tokens.values()))
        self._num_special_tokens = len(tokens)
        super().__init__(**tokens, model_max_length=model_max_length, **kwargs)

    @property
    def vocab_size(self) -> int:
        """256: the special tokens are counted as added ones."""
        return self._utf_vocab_size

    def get_vocab(self) -> dict[str, int]:
        """Token → id; bytes are spelled as the code points of their numbers."""
        first = self._num_special_tokens
        vocab = {chr(byte): byte + first for byte in range(self._utf_vocab_size)}
        return {**vocab, **self.added_tokens_encoder}

    def get_special_tokens_mask(
        self,
        token_ids_0: list[int],
        token_ids_1: list[int] | None = None,
        already_has_special_tokens: bool = False,
    ) -> list[int]:
        """1 where special tokens stand, or will stand, around a text or a pair."""
        if already_has_special_tokens:
            return super().get_special_tokens_mask(token_ids_0, token_ids_1, True)
        mask = [1] + [0] * len(token_ids_0) + [1]
        return mask if token_ids_1 is None else mask + [0] * len(token_ids_1) + [1]

    def build_inputs_with_special_tokens(
        self, token_ids_0: list[int], token_ids_1: list[int] | None = None
    ) -> list[int]:
        """[CLS] text [SEP], or [CLS] text [SEP] text [SEP], as ids."""
        ids = [self.cls_token_id, *token_ids_0, self.sep_token_id]
        return ids if token_ids_1 is None else [*ids, *token_ids_1, self.sep_token_id]

    def _tokenize(self, text: str, **kwargs: Any) -> list[str]:
        return [chr(byte) for byte in text.encode("utf-8")]

    def _convert_token_to_id(self, token: str) -> Any:
        return ord(token) + self._num_special_tokens if len(token) == 1 else self.unk_token_id

    def _convert_id_to_token(self, index: int) -> str:
        return chr(index - self._num_special_tokens)

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        """The text of bytes and added tokens; bytes that are no UTF-8 become U+FFFD."""
        added = self.added_tokens_encoder
        parts = [t.encode("utf-8") if t in added else bytes([ord(t)]) for t in tokens]
        return b"".join(parts).decode("utf-8", errors="replace")

    def save_vocabulary(
        self, save_directory: str, filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Nothing: bytes need no file."""
        return ()


__all__ = ["PerceiverTokenizer"]
