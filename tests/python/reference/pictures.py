"""Runs the reference's own tests of image processors, their steps, processors and pipelines, with
pytyto's classes in the place of the reference's.

usage: pictures.py CHECKOUT [arguments of pytest]

CHECKOUT is a copy of the reference's repository at v4.37.2; the reference of the same version,
torch, Pillow, pytest and parameterized are installed. OWL-ViT's processor tests are run with
OWLv2's classes, which they fit but for what is listed.
"""

from __future__ import annotations

import importlib
import os
import pathlib
import sys
import types
import unittest
from typing import Any

import pytest
import torch  # noqa: F401 (tests are about tensors too)
import transformers

import pytyto.transformers as ours

FILES = (
    "tests/models/owlv2/test_image_processor_owlv2.py",
    "tests/models/owlvit/test_processor_owlvit.py",
    "tests/test_image_transforms.py",
    "tests/utils/test_image_utils.py",
    "tests/pipelines/test_pipelines_fill_mask.py",
    "tests/pipelines/test_pipelines_image_classification.py",
    "tests/pipelines/test_pipelines_text_classification.py",
    "tests/pipelines/test_pipelines_zero_shot_image_classification.py",
    "tests/pipelines/test_pipelines_zero_shot_object_detection.py",
)
MODULES = ("image_transforms", "image_utils", "feature_extraction_utils")
NAMES = {
    "AutoFeatureExtractor": "AutoFeatureExtractor",
    "AutoImageProcessor": "AutoImageProcessor",
    "AutoProcessor": "AutoProcessor",
    "BatchFeature": "BatchFeature",
    "CLIPTokenizer": "CLIPTokenizer",
    "CLIPTokenizerFast": "CLIPTokenizerFast",
    "OwlViTImageProcessor": "Owlv2ImageProcessor",
    "OwlViTProcessor": "Owlv2Processor",
    "Owlv2ImageProcessor": "Owlv2ImageProcessor",
    "Owlv2Processor": "Owlv2Processor",
    "pipeline": "pipeline",
}

SERVER = "needs checkpoints or pictures from a server"
NUMBER = "has one number for a size, as OWL-ViT's may be and OWLv2's may not"
OLDER = "of a mixin for feature extractors, which these models' processors never use"
# Tests that aren't run, by the beginning of their names (or Class::name), and why.
LEFT_OUT = {
    "FillMaskPipelineTests": SERVER,
    "ImageClassificationPipelineTests": SERVER,
    "TextClassificationPipelineTests": SERVER,
    "ZeroShotImageClassificationPipelineTests": SERVER,
    "ZeroShotObjectDetectionPipelineTests": SERVER,
    "ImageFeatureExtractionTester::test_center_crop": OLDER,
    "ImageFeatureExtractionTester::test_conversion": OLDER,
    "ImageFeatureExtractionTester::test_normalize": OLDER,
    "ImageFeatureExtractionTester::test_resize": OLDER,
    "LoadImageTester::test_load_img_url": SERVER,
    "LoadImageTester::test_load_img_base64": SERVER,
    "OwlViTProcessorTest::test_image_processor": NUMBER,
    "OwlViTProcessorTest::test_processor_case": SERVER,
    "OwlViTProcessorTest::test_processor_with_": SERVER,
    "OwlViTProcessorTest::test_processor": NUMBER,
    "test_image_processor_integration_test": SERVER,
}


def replace() -> None:
    """Puts pytyto's classes and functions where the reference's tests import them."""
    for name in MODULES:
        theirs = importlib.import_module(f"transformers.{name}")
        mine = importlib.import_module(f"pytyto.transformers.{name}")
        for key in dir(mine):
            if not key.startswith("_") and hasattr(theirs, key) and callable(getattr(mine, key)):
                setattr(theirs, key, getattr(mine, key))
    for theirs_name, name in NAMES.items():
        setattr(transformers, theirs_name, getattr(ours, name))


def skip(*args: Any, **kwargs: Any) -> None:
    """Skips the test that calls it."""
    raise unittest.SkipTest(SERVER)


class Chosen:
    """Leaves out the tests of the list."""

    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        gone = [item for item in items if any(f"::{key}" in item.nodeid for key in LEFT_OUT)]
        config.hook.pytest_deselected(items=gone)
        items[:] = [item for item in items if item not in gone]


def main() -> int:
    checkout = pathlib.Path(sys.argv[1]).resolve()
    os.chdir(checkout)
    sys.path[:0] = [str(checkout), str(checkout / "utils")]
    sys.modules["datasets"] = datasets = types.ModuleType("datasets")
    vars(datasets)["load_dataset"] = skip
    # The reference's helpers import these from where older versions of pytest had them.
    for name, place in (("import_path", "_pytest.pathlib"), ("skip", "_pytest.outcomes")):
        value = getattr(importlib.import_module(place), name)
        vars(importlib.import_module("_pytest.doctest")).setdefault(name, value)
    replace()
    files = [str(checkout / file) for file in FILES]
    own = ["-p", "no:cacheprovider", "--rootdir", str(checkout), "-q", "-W", "ignore"]
    return int(pytest.main([*files, *own, *sys.argv[2:]], plugins=[Chosen()]))


if __name__ == "__main__":
    sys.exit(main())
