"""What the tests share: folders of this tree, the model that comes along, golden cases."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import pytyto
from support import GOLDEN, PHOTOS, SCENE


@pytest.fixture(scope="session")
def small() -> pytyto.Model:
    """The model that comes along, in fp32."""
    return pytyto.Model.open(precision="fp32")


@pytest.fixture(scope="session")
def odd() -> pytyto.Model:
    """A seeded detector of odd sizes."""
    return pytyto.Model.open(GOLDEN / "owlv2/odd/model", precision="fp32")


@pytest.fixture(scope="session")
def scene() -> str:
    """A scene of seven drawn things."""
    return str(SCENE)


@pytest.fixture(scope="session")
def cat() -> str:
    """A photo."""
    return str(PHOTOS / "cat.jpg")
