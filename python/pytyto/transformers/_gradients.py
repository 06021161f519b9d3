"""What stands in torch's graph for a run of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import _arrays

_function: Any = None


def _make() -> Any:
    torch = _arrays.torch()

    class Run(torch.autograd.Function):  # type: ignore[misc,name-defined]
        """A run whose outputs depend on the model's parameters."""

        @staticmethod
        def forward(ctx: Any, anchor: Any, tensors: Sequence[Any]) -> Any:
            return tuple(tensors)

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            raise NotImplementedError(
                "backward: tyto computes no gradients yet; compute under torch.no_grad(), "
                "or train with the reference and open its checkpoint here"
            )

    return Run


def attach(tensors: Sequence[Any]) -> tuple[Any, ...]:
    """The same tensors, as results of something that requires gradients."""
    global _function
    if _function is None:
        _function = _make()
    anchor = _arrays.torch().empty(0, requires_grad=True)
    outputs: tuple[Any, ...] = _function.apply(anchor, list(tensors))
    return outputs


__all__ = ["attach"]
