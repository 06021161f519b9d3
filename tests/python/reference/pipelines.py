"""Runs what the reference's pipeline tests ask of any model (`run_pipeline_test`) on pytyto's
pipelines, with the small checkpoints of tests/golden.

usage: pipelines.py CHECKOUT

CHECKOUT as for pictures.py, which leaves out the tests of models from a server. Not run here, and
why: image classification, which needs pictures from a server; zero-shot image classification, whose
`run_pipeline_test` is commented out in the reference.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch  # noqa: F401 (tests are about tensors too)
import transformers

import pytyto.transformers as ours
import runner

DATA = Path(__file__).resolve().parents[2] / "golden/data"


def of_texts(task: str, cls: Any, folder: str) -> Any:
    """The pipeline of a Perceiver that takes bytes."""
    model = cls.from_pretrained(DATA / "perceiver_tasks" / folder / "model")
    length = model.config.max_position_embeddings
    return ours.pipeline(
        task, model=model, tokenizer=ours.PerceiverTokenizer(model_max_length=length)
    )


def fill_mask() -> tuple[Any, str, list[Any]]:
    found = of_texts("fill-mask", ours.PerceiverForMaskedLM, "fill_mask")
    return found, "FillMaskPipelineTests", []


def text_classification() -> tuple[Any, str, list[Any]]:
    found = of_texts("text-classification", ours.PerceiverForSequenceClassification, "texts")
    return found, "TextClassificationPipelineTests", []


def zero_shot_object_detection() -> tuple[Any, str, list[Any]]:
    found = ours.pipeline("zero-shot-object-detection", model=str(DATA / "owlv2/odd/model"))
    picture = "./tests/fixtures/tests_samples/COCO/000000039769.png"
    example = {"image": picture, "candidate_labels": ["cat", "remote", "couch"]}
    return found, "ZeroShotObjectDetectionPipelineTests", [example]


KINDS: tuple[Callable[[], tuple[Any, str, list[Any]]], ...] = (
    fill_mask,
    text_classification,
    zero_shot_object_detection,
)


def main() -> int:
    checkout = runner.checkout_of(__doc__)
    runner.prepare(checkout)
    runner.stub("datasets", "load_dataset", runner.from_server)
    pipelines = importlib.import_module("pytyto.transformers.pipelines")
    for place in (transformers, transformers.pipelines):
        for name in dir(pipelines):
            if name.endswith("Pipeline") or name == "PipelineException":
                setattr(place, name, getattr(pipelines, name))
    failed = 0
    for kind in KINDS:
        made, name, examples = kind()
        tests = importlib.import_module(f"tests.pipelines.test_pipelines_{kind.__name__}")
        try:
            getattr(tests, name)().run_pipeline_test(made, examples)
        except Exception:
            traceback.print_exc()
            failed += 1
    print(f"{len(KINDS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
