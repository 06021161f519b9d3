"""Runs the reference's own tests of image processors, their steps, processors and pipelines, with
pytyto's classes in the place of the reference's.

usage: pictures.py CHECKOUT [arguments of pytest]

CHECKOUT is a copy of the reference's repository at v4.37.2; the reference of the same version,
torch, Pillow, pytest and parameterized are installed. OWL-ViT's processor tests are run with
OWLv2's classes, which they fit but for what is listed.
"""

from __future__ import annotations

import importlib
import sys

import torch  # noqa: F401 (tests are about tensors too)
import transformers

import pytyto.transformers as ours
import runner

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


def main() -> int:
    checkout = runner.checkout_of(__doc__)
    runner.prepare(checkout)
    runner.stub("datasets", "load_dataset", runner.from_server)
    replace()
    return runner.run(checkout, FILES, LEFT_OUT, sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
