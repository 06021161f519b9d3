"""CLIP's tokenizer as the library runs it."""

from __future__ import annotations

import json
import os
from typing import Any

from ..._special_tokens import AddedToken
from ..._tokenizer_files import prefixed
from ...tokenization_utils_fast import PreTrainedTokenizerFast
from .tokenization_clip import ClipRows, CLIPTokenizer, write_merges

VOCAB_FILES_NAMES = {
    "vocab_file": "vocab.json",
    "merges_file": "merges.txt",
    "tokenizer_file": "tokenizer.json",
}


class CLIPTokenizerFast(ClipRows, PreTrainedTokenizerFast):
    """CLIP's byte pairs, from tokenizer.json, or from vocab.json and merges.txt.

    ValueError for a tokenizer.json that isn't CLIP's.
    """

    vocab_files_names = VOCAB_FILES_NAMES
    max_model_input_sizes = {"openai/clip-vit-base-patch32": 77}
    model_input_names = ["input_ids", "attention_mask"]
    slow_tokenizer_class = CLIPTokenizer

    def __init__(
        self,
        vocab_file: str | os.PathLike[str] | None = None,
        merges_file: str | os.PathLike[str] | None = None,
        tokenizer_file: str | os.PathLike[str] | None = None,
        unk_token: str | AddedToken = "<|endoftext|>",
        bos_token: str | AddedToken = "<|startoftext|>",
        eos_token: str | AddedToken = "<|endoftext|>",
        pad_token: str | AddedToken = "<|endoftext|>",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            vocab_file,
            merges_file,
            tokenizer_file=tokenizer_file,
            unk_token=unk_token,
            bos_token=bos_token,
            eos_token=eos_token,
            pad_token=pad_token,
            **kwargs,
        )
        splitter = self._tokenizer.document.get("pre_tokenizer") or {}
        if splitter.get("type") != "Sequence":
            raise ValueError(
                "tokenizer.json: got another way of splitting texts than CLIP's: read the folder "
                "with from_slow=True"
            )

    def save_vocabulary(
        self, save_directory: str, filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Writes vocab.json and merges.txt; returns their paths."""
        model = self._tokenizer.document["model"]
        vocab_path, merges_path = (
            prefixed(save_directory, VOCAB_FILES_NAMES[name], filename_prefix)
            for name in ("vocab_file", "merges_file")
        )
        vocab = dict(sorted(model["vocab"].items(), key=lambda item: item[1]))
        with open(vocab_path, "w", encoding="utf-8") as file:
            json.dump(vocab, file, ensure_ascii=False, separators=(",", ":"))
        merges = [m.split(" ") if isinstance(m, str) else m for m in model["merges"]]
        write_merges(merges_path, [tuple(merge) for merge in merges])
        return (vocab_path, merges_path)


__all__ = ["CLIPTokenizerFast"]
