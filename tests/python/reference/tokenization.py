"""Runs the reference's own tests of CLIP's and Perceiver's tokenizers and of their bases, with pytyto's
classes in the place of the reference's.

usage: tokenization.py CHECKOUT [--clip FOLDER] [arguments of pytest]

CHECKOUT is a copy of the reference's repository at v4.37.2; the reference of the same version,
torch, pytest and parameterized are installed. FOLDER has CLIP's tokenizer with its whole vocabulary,
which the tests would fetch from a server; without it those that need it are left out, too.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import tempfile
from typing import Any

import torch  # noqa: F401 (tensors are torch's, once it is imported)
import transformers

import pytyto.transformers as ours
import runner
from pytyto.transformers import _tokenizer_files
from pytyto.transformers.models.auto import tokenization_auto

FILES = (
    "tests/models/clip/test_tokenization_clip.py",
    "tests/models/perceiver/test_tokenization_perceiver.py",
    "tests/tokenization/test_tokenization_utils.py",
)
MODULES = (
    "models.clip.tokenization_clip",
    "models.clip.tokenization_clip_fast",
    "models.perceiver.tokenization_perceiver",
    "models.auto.tokenization_auto",
    "tokenization_utils_base",
    "tokenization_utils",
    "tokenization_utils_fast",
)
CLIP, PERCEIVER = "openai/clip-vit-base-patch32", "deepmind/language-perceiver"

SERVER = "needs files from a server"
WORDS = "compares the words of a message"
OTHERS = "needs tokenizers of other models"
CHAT = "these models don't converse: there are no chat templates"
TRAINING = "makes a vocabulary, which the engine doesn't"
# Tests that aren't run, and why.
LEFT_OUT = {
    "test_batch_encoding_is_fast": OTHERS,
    "test_batch_encoding_pickle": OTHERS,
    "test_batch_encoding_word_to_tokens": OTHERS,
    "test_chat_template": CHAT,
    "test_clean_up_tokenization_spaces": OTHERS,
    "test_log_warning": SERVER,
    "test_padding_accepts_tensors": OTHERS,
    "test_padding_warning_message_fast_tokenizer": WORDS,
    "test_pretrained_tokenizers": OTHERS,
    "test_saving_tokenizer_trainer": "needs the reference's Trainer, and accelerate",
    "test_training_new_tokenizer": TRAINING,
}


class Said(str):
    """A message in words of its own: it begins with whatever a test compares it with."""

    def __str__(self) -> str:
        return self

    def startswith(self, *words: Any) -> bool:
        return True


def own_words(record: logging.LogRecord) -> bool:
    record.msg, record.args = Said(record.getMessage()), ()
    return True


def says_own_words(function: Any) -> Any:
    """The function, with ValueError of words that begin with whatever a test compares them with."""

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ValueError as error:
            raise ValueError(Said(str(error))) from error

    return call


def replace() -> None:
    """Puts pytyto's classes where the reference's tests import them."""
    for name in MODULES:
        theirs = importlib.import_module(f"transformers.{name}")
        mine = importlib.import_module(f"pytyto.transformers.{name}")
        places = [theirs, importlib.import_module(theirs.__name__.rpartition(".")[0]), transformers]
        for key in mine.__all__:
            for place in places:
                if key in dir(place):
                    setattr(place, key, getattr(mine, key))
    rows = importlib.import_module("pytyto.transformers._rows").Rows
    rows.prepare_for_model = says_own_words(rows.prepare_for_model)
    # The tests listen to the reference's logger.
    for name in ("_rows", "_special_tokens", "_tokenizer_files", *MODULES):
        module = importlib.import_module(f"pytyto.transformers.{name}")
        if hasattr(module, "logger"):
            logger = logging.getLogger(f"transformers.{name}")
            logger.addFilter(own_words)
            setattr(module, "logger", logger)


def serve(clip: str | None) -> None:
    """Has the folders that the tests would get from a server."""
    folders = {PERCEIVER: tempfile.mkdtemp()}
    ours.PerceiverTokenizer().save_pretrained(folders[PERCEIVER])
    if clip is not None:
        folders[CLIP] = tempfile.mkdtemp()
        ours.CLIPTokenizerFast.from_pretrained(clip).save_pretrained(folders[CLIP])
    found = vars(_tokenizer_files)["checkpoint_folder"]

    def folder(name: Any, **options: Any) -> str:
        return folders.get(str(name)) or found(name, **options)

    for module in (_tokenizer_files, tokenization_auto):
        setattr(module, "checkpoint_folder", folder)
    files = {"vocab_file": {name: name for name in folders if name == CLIP}}
    for cls in (ours.CLIPTokenizer, ours.CLIPTokenizerFast):
        cls.pretrained_vocab_files_map = files


def main() -> int:
    checkout = runner.checkout_of(__doc__)
    words, clip = sys.argv[2:], None
    if words[:1] == ["--clip"]:
        clip, words = os.path.abspath(words[1]), words[2:]
    runner.prepare(checkout)
    replace()
    serve(clip)
    left_out = [*LEFT_OUT] if clip else [*LEFT_OUT, "CLIPTokenizationTest::test_pretrained_model"]
    return runner.run(checkout, FILES, left_out, words)


if __name__ == "__main__":
    sys.exit(main())
