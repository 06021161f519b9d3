"""What training scripts take from the reference beside the trainer."""

from __future__ import annotations

import random

import numpy as np

from .. import _arrays


def set_seed(seed: int) -> None:
    """Seeds the generators of Python, numpy and, where it is imported, torch. Initial weights of
    models follow them."""
    random.seed(seed)
    np.random.seed(seed)
    torch = _arrays.torch()
    if torch is not None:
        torch.manual_seed(seed)


__all__ = ["set_seed"]
