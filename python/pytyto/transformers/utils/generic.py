"""Outputs of models, and the enumerations that arguments are taken from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, NoReturn

import numpy as np

from ... import _arrays


class ExplicitEnum(str, Enum):
    """An enumeration of strings that names its values when it is given another.

    >>> TensorType("np") == "np"
    True
    """

    @classmethod
    def _missing_(cls, value: Any) -> Any:
        known = ", ".join(repr(member.value) for member in cls)
        raise ValueError(f"{cls.__name__}: got {value!r}, required one of {known}")


class TensorType(ExplicitEnum):
    """What arrays come as: `return_tensors`."""

    PYTORCH = "pt"
    TENSORFLOW = "tf"
    NUMPY = "np"
    JAX = "jax"


class PaddingStrategy(ExplicitEnum):
    """How texts are filled up: `padding`."""

    LONGEST = "longest"
    MAX_LENGTH = "max_length"
    DO_NOT_PAD = "do_not_pad"


def is_array(value: Any) -> bool:
    """Whether a value is an array of numpy or a tensor of torch."""
    return isinstance(value, np.ndarray) or _arrays.is_tensor(value)


_registered: set[type] = set()


def _register(cls: type) -> None:
    """Makes an output class known to torch's trees, which data-parallel training walks."""
    if cls in _registered or _arrays.torch() is None:
        return
    _registered.add(cls)
    try:
        from torch.utils import _pytree
    except ImportError:
        return
    register = getattr(_pytree, "register_pytree_node", None)
    register = register or getattr(_pytree, "_register_pytree_node", None)
    if register is not None:
        register(
            cls,
            lambda output: (list(output.values()), (type(output), list(output.keys()))),
            lambda values, context: context[0](**dict(zip(context[1], values))),
        )


_names: dict[type, tuple[str, ...]] = {}


def _checked(cls: type) -> tuple[str, ...]:
    """The names of an output class's fields, which are looked at once."""
    known = fields(cls)
    if not known:
        raise ValueError(f"{cls.__name__} has no fields")
    if any(field.default is not None for field in known[1:]):
        raise ValueError(f"{cls.__name__}: required None as default of all but one field")
    _names[cls] = tuple(field.name for field in known)
    return _names[cls]


class ModelOutput(OrderedDict[str, Any]):
    """What a model returns: fields that are read by attribute, by key, or by index.

    Subclasses are dataclasses. A field that is None is no key and no item of the tuple, but is an
    attribute. Outputs are built whole: what takes keys away or adds several raises an error.

    >>> from pytyto.transformers.modeling_outputs import BaseModelOutput
    >>> output = BaseModelOutput(last_hidden_state=np.zeros((1, 2, 3)))
    >>> output[0] is output["last_hidden_state"] is output.last_hidden_state
    True
    >>> len(output), output.attentions
    (1, None)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _register(type(self))
        if type(self) is not ModelOutput and not is_dataclass(self):
            raise TypeError(f"{type(self).__name__}: required a class with the @dataclass decorator")

    def __post_init__(self) -> None:
        cls = type(self)
        names = _names.get(cls) or _checked(cls)
        _register(cls)
        own = self.__dict__
        held = {name: value for name in names if (value := own[name]) is not None}
        if len(held) == 1 and names[0] in held:
            first = held[names[0]]
            if not is_array(first) and self._from_pairs(first):
                return
        for name, value in held.items():
            super().__setitem__(name, value)

    def _from_pairs(self, first: Any) -> bool:
        """Takes fields from pairs of key and value; False when the value is no list of such."""
        try:
            pairs: list[Any] = list(first.items() if isinstance(first, dict) else iter(first))
        except TypeError:
            return False
        for i, pair in enumerate(pairs):
            if not (isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str)):
                if i == 0:
                    return False
                raise ValueError(f"got {pair!r}, required a pair of key and value as those before it")
        for key, value in pairs:
            setattr(self, key, value)
            if value is not None:
                self[key] = value
        return bool(pairs)

    def _refuse(self, name: str) -> NoReturn:
        raise Exception(f"{type(self).__name__}: an output has no {name}")

    def __delitem__(self, *args: Any, **kwargs: Any) -> None:
        self._refuse("__delitem__")

    def setdefault(self, *args: Any, **kwargs: Any) -> Any:
        """Raises an error."""
        self._refuse("setdefault")

    def pop(self, *args: Any, **kwargs: Any) -> Any:
        """Raises an error."""
        self._refuse("pop")

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Raises an error."""
        self._refuse("update")

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(key) if isinstance(key, str) else self.to_tuple()[key]

    def __setattr__(self, name: str, value: Any) -> None:
        if value is not None and name in self:
            super().__setitem__(name, value)
        super().__setattr__(name, value)

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        super().__setattr__(key, value)

    def __reduce__(self) -> Any:
        if not is_dataclass(self):
            return super().__reduce__()
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    def to_tuple(self) -> tuple[Any, ...]:
        """All fields that are not None."""
        return tuple(self[key] for key in self.keys())


def to_tuple(value: Any) -> Any:
    """A nested output as the tuple that `return_dict=False` gives; other values as they are."""
    return value.to_tuple() if isinstance(value, ModelOutput) else value


def present(values: Iterable[Any]) -> tuple[Any, ...]:
    """The values that are not None."""
    return tuple(value for value in values if value is not None)


__all__ = ["ExplicitEnum", "ModelOutput", "PaddingStrategy", "TensorType"]
