"""Tokens that are added to a vocabulary, and those with a role such as end of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, overload

from .utils import logging

logger = logging.get_logger(__name__)

Token = "str | AddedToken"


class AddedToken:
    """A text that is cut out of others before they are split into tokens.

    `single_word`: only where no letter touches it. `lstrip`, `rstrip`: with the white space before
    or after it. `special`: decodings may leave it out. `normalized`: looked for in the normalised
    text; None means whenever it isn't special.

    >>> AddedToken("<mask>", lstrip=True).normalized
    True
    """

    def __init__(
        self,
        content: str = "",
        single_word: bool = False,
        lstrip: bool = False,
        rstrip: bool = False,
        special: bool = False,
        normalized: bool | None = None,
    ) -> None:
        if not isinstance(content, str):
            raise TypeError(f"content: got {type(content).__name__}, required a string")
        self.content = content
        self.single_word = bool(single_word)
        self.lstrip = bool(lstrip)
        self.rstrip = bool(rstrip)
        self.special = bool(special)
        self._normalized = normalized

    @property
    def normalized(self) -> bool:
        """Whether it is looked for in the normalised text."""
        return not self.special if self._normalized is None else bool(self._normalized)

    def __getstate__(self) -> dict[str, Any]:
        names = ("content", "single_word", "lstrip", "rstrip", "normalized", "special")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, "_normalized" if name == "normalized" else name, value)

    def __reduce__(self) -> Any:
        return _token_of, (self.__getstate__(),)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AddedToken):
            return NotImplemented
        return self.__getstate__() == other.__getstate__()

    def __hash__(self) -> int:
        return hash((AddedToken, self.content))

    def __str__(self) -> str:
        return self.content

    def __len__(self) -> int:
        return len(self.content)

    def __repr__(self) -> str:
        return (
            f'AddedToken("{self.content}", rstrip={self.rstrip}, lstrip={self.lstrip}, '
            f"single_word={self.single_word}, normalized={self.normalized}, "
            f"special={self.special})"
        )


def _token_of(state: dict[str, Any]) -> AddedToken:
    return AddedToken(**state)


def as_token(token: Any) -> Any:
    """A token of this package for one of the library tokenizers; other values as they are."""
    if isinstance(token, (str, AddedToken)) or type(token).__name__ != "AddedToken":
        return token
    return AddedToken(**token.__getstate__())


def plain_token(content: str, special: bool) -> AddedToken:
    """A token that takes nothing along, and is normalised unless it is special."""
    return AddedToken(content, special=special, normalized=not special)


class _Role:
    """The text of the token with a role, such as `tokenizer.eos_token`; None: there is none."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> _Role: ...
    @overload
    def __get__(self, instance: SpecialTokensMixin, owner: type) -> Any: ...
    def __get__(self, instance: SpecialTokensMixin | None, owner: type) -> Any:
        if instance is None:
            return self
        value = getattr(instance, "_" + self.name)
        if value is None and instance.verbose:
            logger.error("%s is asked for, but was never set", self.name)
        return None if value is None else str(value)

    def __set__(self, instance: SpecialTokensMixin, value: Any) -> None:
        value = as_token(value)
        if value is not None and not isinstance(value, (str, AddedToken)):
            raise ValueError(
                f"{self.name}: got {type(value).__name__}, required a string or an AddedToken"
            )
        setattr(instance, "_" + self.name, value)


class _RoleId:
    """The id of the token with a role, such as `tokenizer.eos_token_id`; None: there is none."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name.removesuffix("_id")

    @overload
    def __get__(self, instance: None, owner: type) -> _RoleId: ...
    @overload
    def __get__(self, instance: SpecialTokensMixin, owner: type) -> Any: ...
    def __get__(self, instance: SpecialTokensMixin | None, owner: type) -> Any:
        if instance is None:
            return self
        if getattr(instance, "_" + self.name) is None:
            return None
        return instance.convert_tokens_to_ids(getattr(instance, self.name))

    def __set__(self, instance: SpecialTokensMixin, value: int | None) -> None:
        token = None if value is None else instance.convert_ids_to_tokens(value)
        setattr(instance, "_" + self.name, token)


class SpecialTokensMixin:
    """Tokens with a role: their texts and ids as attributes that can be set."""

    SPECIAL_TOKENS_ATTRIBUTES = [
        "bos_token",
        "eos_token",
        "unk_token",
        "sep_token",
        "pad_token",
        "cls_token",
        "mask_token",
        "additional_special_tokens",
    ]

    bos_token = _Role()
    eos_token = _Role()
    unk_token = _Role()
    sep_token = _Role()
    pad_token = _Role()
    cls_token = _Role()
    mask_token = _Role()
    bos_token_id = _RoleId()
    eos_token_id = _RoleId()
    unk_token_id = _RoleId()
    sep_token_id = _RoleId()
    pad_token_id = _RoleId()
    cls_token_id = _RoleId()
    mask_token_id = _RoleId()

    def __init__(self, verbose: bool = False, **kwargs: Any) -> None:
        for role in self.SPECIAL_TOKENS_ATTRIBUTES[:-1]:
            setattr(self, "_" + role, None)
        self._pad_token_type_id = 0
        self._additional_special_tokens: list[Any] = []
        self.verbose = verbose
        for key in kwargs.keys() & set(self.SPECIAL_TOKENS_ATTRIBUTES):
            value = as_token(kwargs[key])
            if value is None:
                continue
            if key == "additional_special_tokens":
                value = _token_list(value, key)
            elif not isinstance(value, (str, AddedToken)):
                raise TypeError(
                    f"{key}: got {type(value).__name__}, required a string or an AddedToken"
                )
            setattr(self, key, value)

    # What subclasses know of their vocabulary.

    def _convert_token_to_id_with_added_voc(self, token: str) -> Any:
        raise NotImplementedError

    def convert_tokens_to_ids(self, tokens: Any) -> Any:
        """The id of a token, or the list of those of several; None stays None."""
        if tokens is None:
            return None
        if isinstance(tokens, str):
            return self._convert_token_to_id_with_added_voc(tokens)
        return [self._convert_token_to_id_with_added_voc(token) for token in tokens]

    def convert_ids_to_tokens(self, ids: Any, skip_special_tokens: bool = False) -> Any:
        """The token of an id, or the list of those of several."""
        raise NotImplementedError

    def _add_tokens(self, new_tokens: Sequence[Any], special_tokens: bool = False) -> int:
        raise NotImplementedError

    # ------------------------------------------------------------------------------------ adding

    def sanitize_special_tokens(self) -> int:
        """Adds the tokens with roles that the vocabulary lacks; returns how many those were."""
        return self.add_tokens(self.all_special_tokens_extended, special_tokens=True)

    def add_special_tokens(
        self, special_tokens_dict: dict[str, Any], replace_additional_special_tokens: bool = True
    ) -> int:
        """Gives tokens roles, and adds those that the vocabulary lacks; returns how many it lacked.

        The dictionary's keys are those of `SPECIAL_TOKENS_ATTRIBUTES`. AssertionError for another
        key, ValueError for what is no token.
        """
        added: list[AddedToken] = []
        for key, value in (special_tokens_dict or {}).items():
            assert key in self.SPECIAL_TOKENS_ATTRIBUTES, f"{key} is no special token's role"
            if key == "additional_special_tokens":
                added += self._set_additional(value, key, replace_additional_special_tokens)
                continue
            token = as_token(value)
            if not isinstance(token, (str, AddedToken)):
                raise ValueError(
                    f"{key}: got {type(value).__name__}, required a string or an AddedToken"
                )
            token = plain_token(token, True) if isinstance(token, str) else token
            setattr(self, key, token)
            if token not in added:
                added.append(token)
        return self.add_tokens(added, special_tokens=True)

    def _set_additional(self, value: Any, key: str, replace: bool) -> list[AddedToken]:
        tokens = [
            plain_token(token, True) if isinstance(token, str) else token
            for token in _token_list(value, key)
        ]
        if not replace:
            known = self.additional_special_tokens
            tokens = [token for token in tokens if str(token) not in known]
            self._additional_special_tokens.extend(tokens)
        elif tokens:
            self.additional_special_tokens = list(tokens)
        return tokens

    def add_tokens(self, new_tokens: Any, special_tokens: bool = False) -> int:
        """Adds a token or several to the vocabulary, behind its last id; returns how many it lacked.

        They are cut out of a text before it is split, each whole.
        """
        if not new_tokens:
            return 0
        if not isinstance(new_tokens, (list, tuple)):
            new_tokens = [new_tokens]
        return self._add_tokens([as_token(t) for t in new_tokens], special_tokens=special_tokens)

    # ------------------------------------------------------------------------------------- roles

    @property
    def additional_special_tokens(self) -> Any:
        """Texts of special tokens without one of the other roles."""
        if self._additional_special_tokens is None:
            if self.verbose:
                logger.error("additional_special_tokens is asked for, but was never set")
            return None
        return [str(token) for token in self._additional_special_tokens]

    @additional_special_tokens.setter
    def additional_special_tokens(self, value: Any) -> None:
        self._additional_special_tokens = value

    @property
    def additional_special_tokens_ids(self) -> list[int]:
        """Ids of `additional_special_tokens`."""
        ids: list[int] = self.convert_tokens_to_ids(self.additional_special_tokens)
        return ids

    @additional_special_tokens_ids.setter
    def additional_special_tokens_ids(self, values: Iterable[int]) -> None:
        self._additional_special_tokens = [self.convert_ids_to_tokens(id_) for id_ in values]

    @property
    def pad_token_type_id(self) -> int:
        """What token_type_ids are padded with."""
        return self._pad_token_type_id

    @property
    def special_tokens_map(self) -> dict[str, Any]:
        """Role → text, or list of texts, of the tokens that are set."""
        named = {role: getattr(self, role) for role in self.special_tokens_map_extended}
        return {role: value for role, value in named.items() if value}

    @property
    def special_tokens_map_extended(self) -> dict[str, Any]:
        """The same with AddedToken where the token is one."""
        named = {role: getattr(self, "_" + role) for role in self.SPECIAL_TOKENS_ATTRIBUTES}
        return {role: value for role, value in named.items() if value}

    @property
    def all_special_tokens_extended(self) -> list[Any]:
        """Every special token once, by role; AddedToken where it is one."""
        found: dict[str, Any] = {}
        for value in self.special_tokens_map_extended.values():
            known = set(found)
            for token in value if isinstance(value, (list, tuple)) else [value]:
                if str(token) not in known:
                    found.setdefault(str(token), token)
        return list(found.values())

    @property
    def all_special_tokens(self) -> list[str]:
        """Texts of all special tokens."""
        return [str(token) for token in self.all_special_tokens_extended]

    @property
    def all_special_ids(self) -> list[int]:
        """Ids of all special tokens."""
        ids: list[int] = self.convert_tokens_to_ids(self.all_special_tokens)
        return ids


def _token_list(value: Any, key: str) -> list[Any]:
    assert isinstance(value, (list, tuple)), f"{key}: got {value!r}, required a list of tokens"
    tokens = [as_token(token) for token in value]
    assert all(isinstance(token, (str, AddedToken)) for token in tokens), (
        f"{key}: got {value!r}, required strings or AddedToken"
    )
    return tokens
