"""CLIP's tokenizer step by step in Python: words, and the byte pairs that they are made of."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from ..._backend import Backend
from ..._special_tokens import AddedToken, as_token
from ..._tokenizer_files import load_json, prefixed, write_json
from ...tokenization_utils import PreTrainedTokenizer
from ...tokenization_utils_fast import byte_letters
from ...utils import logging

logger = logging.get_logger(__name__)

VOCAB_FILES_NAMES = {"vocab_file": "vocab.json", "merges_file": "merges.txt"}
END_OF_WORD = "</w>"
# Lines of merges.txt that count: CLIP's vocabulary has no more.
_MERGES = 49152 - 256 - 2
_CONTRACTIONS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")
_WHOLE = ("<|startoftext|>", "<|endoftext|>")
# Chinese characters, each of which is a word: first and last of their blocks.
_CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


def _made(token: Any) -> Any:
    return AddedToken(token) if isinstance(token, str) else as_token(token)


class BasicTokenizer:
    """White space tidied, control characters dropped, Chinese characters set apart, lower case.

    >>> BasicTokenizer().tokenize("A  photo\\tof\\u4e2d")
    ['a', 'photo', 'of', '中']
    """

    def __init__(
        self,
        do_lower_case: bool = True,
        never_split: Any = None,
        tokenize_chinese_chars: bool = True,
        strip_accents: bool | None = None,
        do_split_on_punc: bool = True,
    ) -> None:
        self.do_lower_case = do_lower_case
        self.never_split = set(never_split or ())
        self.tokenize_chinese_chars = tokenize_chinese_chars
        self.strip_accents = strip_accents
        self.do_split_on_punc = do_split_on_punc

    def tokenize(self, text: str, never_split: Any = None) -> list[str]:
        """The words of a text."""
        kept = self.never_split | set(never_split or ())
        text = "".join(map(self._tidied, text))
        words = []
        for word in unicodedata.normalize("NFC", text).split():
            if word not in kept:
                word = self._cased(word)
            words += [word] if word in kept or not self.do_split_on_punc else _apart(word)
        return " ".join(words).split()

    def _tidied(self, letter: str) -> str:
        if letter in "\t\n\r" or unicodedata.category(letter) == "Zs":
            return " "
        code = ord(letter)
        if code in (0, 0xFFFD) or unicodedata.category(letter)[0] == "C":
            return ""
        if self.tokenize_chinese_chars and any(low <= code <= high for low, high in _CJK):
            return f" {letter} "
        return letter

    def _cased(self, word: str) -> str:
        word = word.lower() if self.do_lower_case else word
        strips = self.do_lower_case if self.strip_accents is None else self.strip_accents
        if not strips:
            return word
        letters = unicodedata.normalize("NFD", word)
        return "".join(letter for letter in letters if unicodedata.category(letter) != "Mn")


def _apart(word: str) -> list[str]:
    """A word with its punctuation as words of their own."""
    parts = "".join(f" {c} " if _is_punctuation(c) else c for c in word)
    return parts.split()


def _is_punctuation(letter: str) -> bool:
    if letter < "\x7f":
        return not letter.isalnum() and letter > " "
    return unicodedata.category(letter)[0] == "P"


@lru_cache(maxsize=4096)
def _kind(letter: str) -> str:
    """"L" for letters, "N" for numbers, " " for white space, "." for the rest."""
    category = unicodedata.category(letter)[0]
    if category in "LN":
        return category
    # A mark whose other case is a letter is neither a letter nor anything else, and left out.
    return " " if letter.isspace() or letter == "\u0345" else "."


def split_words(text: str) -> Iterator[str]:
    """The words of a text: contractions, letters, single numbers, and other marks.

    >>> list(split_words("it's 12 o'clock!!"))
    ['it', "'s", '1', '2', 'o', "'", 'clock', '!!']
    """
    plain = text.replace("\u017f", "s").lower() if "\u017f" in text else text.lower()
    plain = plain if len(plain) == len(text) else text
    at = 0
    while at < len(text):
        whole = [w for w in (*_WHOLE, *_CONTRACTIONS) if plain.startswith(w, at)]
        kind = _kind(text[at])
        end = at + (len(whole[0]) if whole else 1)
        while not whole and kind != "N" and end < len(text) and _kind(text[end]) == kind:
            end += 1
        if kind != " ":
            yield text[at:end]
        at = end


class ClipRows:
    """How texts become rows, of either of CLIP's tokenizers."""

    bos_token_id: Any
    eos_token_id: Any

    def build_inputs_with_special_tokens(
        self, token_ids_0: list[int], token_ids_1: list[int] | None = None
    ) -> list[int]:
        """start text end, or start text end end text end, as ids."""
        start, end = self.bos_token_id, self.eos_token_id
        ids = [start, *token_ids_0, end]
        return ids if token_ids_1 is None else [*ids, end, *token_ids_1, end]

    def create_token_type_ids_from_sequences(
        self, token_ids_0: list[int], token_ids_1: list[int] | None = None
    ) -> list[int]:
        """0 for each id, special tokens included: CLIP has no types."""
        return [0] * len(self.build_inputs_with_special_tokens(token_ids_0, token_ids_1))


class CLIPTokenizer(ClipRows, PreTrainedTokenizer):
    """CLIP's byte pairs, from vocab.json and merges.txt.

    Where the library ftfy is installed it mends texts first, as the original does; otherwise
    `BasicTokenizer` tidies them. `CLIPTokenizerFast` does neither, and says where tokens stand.
    """

    vocab_files_names = VOCAB_FILES_NAMES
    max_model_input_sizes = {"openai/clip-vit-base-patch32": 77}
    model_input_names = ["input_ids", "attention_mask"]

    def __init__(
        self,
        vocab_file: str | os.PathLike[str],
        merges_file: str | os.PathLike[str],
        errors: str = "replace",
        unk_token: str | AddedToken = "<|endoftext|>",
        bos_token: str | AddedToken = "<|startoftext|>",
        eos_token: str | AddedToken = "<|endoftext|>",
        pad_token: str | AddedToken = "<|endoftext|>",
        **kwargs: Any,
    ) -> None:
        try:
            from ftfy import fix_text  # type: ignore[import-not-found,unused-ignore]

            self.fix_text: Any = fix_text
        except ImportError:
            self.fix_text = None
        self.nlp = BasicTokenizer(strip_accents=False, do_split_on_punc=False)
        self.encoder: dict[str, int] = load_json(os.fspath(vocab_file))
        self.decoder = {id_: token for token, id_ in self.encoder.items()}
        self.errors = errors
        self.byte_decoder = byte_letters()
        self.byte_encoder = {byte: letter for letter, byte in self.byte_decoder.items()}
        with open(merges_file, encoding="utf-8") as file:
            lines = file.read().strip().split("\n")[1 : _MERGES + 1]
        merges = [tuple(line.split()) for line in lines]
        self.bpe_ranks = {merge: rank for rank, merge in enumerate(merges)}
        self.cache: dict[str, str] = {token: token for token in _WHOLE}
        super().__init__(
            errors=errors,
            unk_token=_made(unk_token),
            bos_token=_made(bos_token),
            eos_token=_made(eos_token),
            pad_token=pad_token,
            **kwargs,
        )

    @property
    def vocab_size(self) -> int:
        """Tokens of vocab.json."""
        return len(self.encoder)

    def get_vocab(self) -> dict[str, int]:
        """Token → id, with those added."""
        return {**self.encoder, **self.added_tokens_encoder}

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
        return mask if token_ids_1 is None else [*mask, 1, *[0] * len(token_ids_1), 1]

    # ------------------------------------------------------------------------------- byte pairs

    def bpe(self, token: str) -> str:
        """A word in byte letters as its tokens, with spaces between them."""
        known = self.cache.get(token)
        if known is None:
            known = self.cache[token] = " ".join(self._merged(token))
        return known

    def _merged(self, token: str) -> list[str]:
        parts = [*token[:-1], token[-1] + END_OF_WORD]
        while len(parts) > 1:
            pairs = [(self.bpe_ranks.get(pair), pair) for pair in zip(parts, parts[1:])]
            best = min((found for found in pairs if found[0] is not None), default=None)
            if best is None:
                break
            parts = _join(parts, best[1])
        return parts

    def _tokenize(self, text: str, **kwargs: Any) -> list[str]:
        if self.fix_text is None:
            text = " ".join(self.nlp.tokenize(text))
        else:
            text = re.sub(r"\s+", " ", self.fix_text(text)).strip().lower()
        tokens: list[str] = []
        for word in split_words(text):
            letters = "".join(self.byte_encoder[byte] for byte in word.encode("utf-8"))
            tokens += self.bpe(letters).split(" ")
        return tokens

    def _convert_token_to_id(self, token: str) -> Any:
        id_ = self.encoder.get(token)
        return id_ if id_ is not None else self.encoder.get(self.unk_token)

    def _convert_id_to_token(self, index: int) -> Any:
        return self.decoder.get(index)

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        """The text that tokens spell, with spaces between words."""
        content = bytearray()
        for letter in "".join(token for token in tokens if token is not None):
            byte = self.byte_decoder.get(letter)
            content += letter.encode("utf-8") if byte is None else bytes((byte,))
        return content.decode("utf-8", errors=self.errors).replace(END_OF_WORD, " ").strip()

    # ------------------------------------------------------------------------------------ files

    def save_vocabulary(
        self, save_directory: str, filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Writes vocab.json and merges.txt; returns their paths. NotADirectoryError elsewhere."""
        if not os.path.isdir(save_directory):
            raise NotADirectoryError(f"{save_directory}: required a folder")
        vocab_path, merges_path = (
            prefixed(save_directory, name, filename_prefix) for name in VOCAB_FILES_NAMES.values()
        )
        write_json(vocab_path, self.encoder)
        write_merges(merges_path, list(self.bpe_ranks))
        return (vocab_path, merges_path)

    def _fast_backend(self) -> Backend:
        """The same vocabulary as the library runs it."""
        start, end = str(self.bos_token), str(self.eos_token)
        return Backend.from_vocabulary(
            self.encoder,
            list(self.bpe_ranks),
            str(self.unk_token),
            (start, self.bos_token_id),
            (end, self.eos_token_id),
        )


def _join(parts: list[str], pair: tuple[str, ...]) -> list[str]:
    """Parts of which each pair of neighbours that is this one has become one."""
    out: list[str] = []
    at = 0
    while at < len(parts):
        together = tuple(parts[at : at + 2]) == pair
        out.append("".join(pair) if together else parts[at])
        at += 2 if together else 1
    return out


def write_merges(path: str, merges: list[tuple[str, ...]]) -> None:
    """Writes a merges.txt."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("#version: 0.2\n" + "".join(" ".join(merge) + "\n" for merge in merges))


__all__ = ["BasicTokenizer", "CLIPTokenizer"]
