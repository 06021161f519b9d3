"""Trees of named parameters: torch's modules where the program uses torch, else our own of arrays.

A class that derives from `Module` has no base of either kind: its instances get one when they are
made, by what is imported then, or when they get their parameters. With torch, an instance is a
`torch.nn.Module` like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .. import _arrays

Self = TypeVar("Self", bound="ArrayModule")


class ArrayModule:
    """The part of torch.nn.Module's interface that makes sense without torch. Parameters are
    arrays of numpy; writing into one changes the model."""

    training: bool
    _modules: dict[str, Any]
    _parameters: dict[str, Any]
    _buffers: dict[str, Any]

    def __init__(self) -> None:
        for name in ("_modules", "_parameters", "_buffers"):
            self.__dict__.setdefault(name, {})
        self.__dict__["training"] = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Computes the module's output, where it is one that can be run by itself."""
        raise NotImplementedError(f"{type(self).__name__}: can't be run by itself")

    def __getattr__(self, name: str) -> Any:
        for kind in ("_parameters", "_buffers", "_modules"):
            held = self.__dict__.get(kind)
            if held is not None and name in held:
                return held[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        for kind in ("_parameters", "_buffers"):
            held = self.__dict__.get(kind, {})
            if name in held:
                held[name] = np.asarray(value)
                return
        if isinstance(value, ArrayModule) and "_modules" in self.__dict__:
            self.__dict__.pop(name, None)
            self._modules[name] = value
        else:
            object.__setattr__(self, name, value)

    def __dir__(self) -> list[str]:
        own = {*self._modules, *self._parameters, *self._buffers}
        return sorted({*super().__dir__(), *own})

    def __getitem__(self, index: int) -> Any:
        if isinstance(index, int):
            return list(self._modules.values())[index]
        raise TypeError(f"{type(self).__name__}: got {index!r}, required a whole number")

    def __len__(self) -> int:
        return len(self._modules)

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    # ------------------------------------------------------------------------------------ walks

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """This module and all below it, with their names."""
        yield prefix, self
        for name, module in self._modules.items():
            yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name)

    def modules(self) -> Iterator[Any]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """The modules right below this one, with their names."""
        return iter(list(self._modules.items()))

    def children(self) -> Iterator[Any]:
        """The modules right below this one."""
        return (module for _, module in self.named_children())

    def _named(self, kind: str, prefix: str, recurse: bool) -> Iterator[tuple[str, Any]]:
        modules = self.named_modules(prefix=prefix) if recurse else iter([(prefix, self)])
        for name, module in modules:
            for key, value in getattr(module, kind).items():
                # A module of torch's has None in place of what it lacks.
                if value is not None:
                    yield (f"{name}.{key}" if name else key), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """All parameters with their names."""
        return self._named("_parameters", prefix, recurse)

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """All parameters."""
        return (value for _, value in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """What is saved and is no parameter, with names."""
        return self._named("_buffers", prefix, recurse)

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """What is saved and is no parameter."""
        return (value for _, value in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Any:
        """The module of a dotted name."""
        module: Any = self
        for name in target.split(".") if target else ():
            module = getattr(module, name)
        return module

    def get_parameter(self, target: str) -> Any:
        """The parameter of a dotted name."""
        path, _, name = target.rpartition(".")
        return getattr(self.get_submodule(path), name)

    def state_dict(
        self, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Parameters and buffers by their names; the arrays are the model's own."""
        held = {} if destination is None else destination
        held.update(self.named_parameters(prefix.rstrip(".")))
        held.update(self.named_buffers(prefix.rstrip(".")))
        return dict(held)

    # ---------------------------------------------------------------------------------- changes

    def apply(self: Self, fn: Callable[[Any], Any]) -> Self:
        """Calls a function with each module, those below before this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self: Self, fn: Callable[[Any], Any], recurse: bool = True) -> Self:
        for module in self.modules():
            for held in (module._parameters, module._buffers):
                for name, value in held.items():
                    held[name] = fn(value)
        return self

    def _astype(self: Self, dtype: Any) -> Self:
        return self._apply(lambda v: v.astype(dtype) if v.dtype.kind == "f" else v)

    def half(self: Self) -> Self:
        """Makes parameters float16."""
        return self._astype(np.float16)

    def float(self: Self) -> Self:
        """Makes parameters float32."""
        return self._astype(np.float32)

    def double(self: Self) -> Self:
        """Makes parameters float64."""
        return self._astype(np.float64)

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Makes parameters another type."""
        dtype = kwargs.get("dtype", args[0] if args else None)
        return self if dtype is None else self._astype(np.dtype(dtype))

    def train(self: Self, mode: bool = True) -> Self:
        """Marks the module, and those below it, as being trained."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: Self) -> Self:
        """Marks the module as not being trained."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Nothing to do without torch."""
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Nothing to do without torch."""

    def extra_repr(self) -> str:
        """What a module's line says about it."""
        return ", ".join(f"{name}={list(v.shape)}" for name, v in self._parameters.items())

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__}({self.extra_repr()}"]
        for name, module in self.named_children():
            lines.append(f"  ({name}): " + repr(module).replace("\n", "\n  "))
        return lines[0] + ")" if len(lines) == 1 else "\n".join([*lines, ")"])


_bound: dict[tuple[type, type], type] = {}


def _base() -> type:
    torch = _arrays.torch()
    found: type = getattr(getattr(torch, "nn", None), "Module", ArrayModule)
    return found


def _bind(cls: type) -> type:
    """The class of that name that derives from torch's Module too, or from ours."""
    base = _base()
    if issubclass(cls, ArrayModule) or issubclass(cls, base):
        return cls
    known = _bound.get((cls, base))
    if known is None:
        namespace = {key: getattr(cls, key) for key in ("__module__", "__qualname__", "__doc__")}
        make: Any = type(cls)  # a metaclass, where the user's class has one
        known = make(cls.__name__, (cls, base), {**namespace, "_unbound": cls})
        _bound[cls, base] = known
    return known


def adopt(module: Any) -> None:
    """Makes a module one of torch's when torch was imported after it, if it holds no arrays yet."""
    base: Any = _base()
    if not isinstance(module, ArrayModule) or base is ArrayModule:
        return
    if module._parameters or module._buffers:
        return
    kept = dict(module.__dict__)
    module.__class__ = _bind(getattr(type(module), "_unbound", type(module)))
    base.__init__(module)
    module.__dict__.update(kept)
    for child in module._modules.values():
        adopt(child)


if TYPE_CHECKING:
    _Base = ArrayModule
else:

    class _Base:
        """Chooses the base of an instance's class when the instance is made."""

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return object.__new__(_bind(cls))


class Module(_Base):
    """A module of torch's or of arrays, by what is imported when it is made."""

    _unbound: type[Any]

    def __reduce__(self) -> Any:
        return _rebuild, (getattr(type(self), "_unbound", type(self)), self.__dict__)


def _rebuild(cls: type, state: dict[str, Any]) -> Any:
    module: Any = cls.__new__(cls)  # type: ignore[call-overload]
    module.__dict__.update(state)
    return module


# ------------------------------------------------------------------------------------ plain nodes


class Node(Module):
    """A module that has no class of its own here: a name that parameters are below."""


_EMBEDDINGS = ("embeddings", "token_embedding", "position_embedding", "position_embeddings")


def _torch_leaf(name: str, tensors: Mapping[str, Any]) -> Any:
    """torch's own module for a node's tensors, or None where none fits."""
    nn = _arrays.torch().nn
    weight = tensors.get("weight")
    if weight is None or not set(tensors) <= {
        "weight",
        "bias",
        "running_mean",
        "running_var",
        "num_batches_tracked",
    }:
        return None
    shape = list(weight.shape)
    with_bias = "bias" in tensors
    device = {"device": "meta"}
    if "running_mean" in tensors:
        return nn.BatchNorm2d(shape[0], **device)
    if len(shape) == 4:
        stride = shape[2:] if name == "patch_embedding" else 1
        return nn.Conv2d(
            shape[1], shape[0], tuple(shape[2:]), stride=stride, bias=with_bias, **device
        )
    if len(shape) == 1:
        return nn.LayerNorm(shape[0], **device)
    if name in _EMBEDDINGS:
        return nn.Embedding(shape[0], shape[1], **device)
    return nn.Linear(shape[1], shape[0], bias=with_bias, **device)


def _node(name: str, tensors: Mapping[str, Any], children: list[str]) -> Any:
    torch = _arrays.torch()
    if _base() is ArrayModule:
        return Node()
    if tensors and not children:
        leaf = _torch_leaf(name, tensors)
        if leaf is not None:
            return leaf
    if children and not tensors and all(child.isdigit() for child in children):
        return torch.nn.ModuleList()
    return Node()


def grow(
    root: Any, tensors: Mapping[str, Any], buffers: set[str], make: Callable[[str], Any | None]
) -> None:
    """Fills a module with a tree of tensors by their dotted names.

    `make(path)` gives the module that stands at a path, or None for a plain one.
    """
    below: dict[str, list[str]] = {}
    leaves: dict[str, dict[str, Any]] = {}
    for name in tensors:
        path, _, last = name.rpartition(".")
        leaves.setdefault(path, {})[last] = tensors[name]
        while path:
            above, _, last = path.rpartition(".")
            if last in below.setdefault(above, []):
                break
            below[above].append(last)
            path = above

    def fill(module: Any, path: str) -> None:
        for last, tensor in leaves.get(path, {}).items():
            name = f"{path}.{last}" if path else last
            (module._buffers if name in buffers else module._parameters)[last] = tensor
        for last in below.get(path, []):
            name = f"{path}.{last}" if path else last
            child = make(name)
            adopt(child)
            if child is None:
                child = _node(last, leaves.get(name, {}), below.get(name, []))
            module._modules[last] = child
            fill(child, name)

    fill(root, "")


def find(root: Any, name: str) -> Any:
    """The tensor at a dotted name of a tree. KeyError where it is gone."""
    module = root
    *path, last = name.split(".")
    for step in path:
        module = module._modules[step]
    held = module._parameters.get(last)
    return held if held is not None else module._buffers[last]


__all__ = ["ArrayModule", "Module", "Node", "adopt", "find", "grow"]
