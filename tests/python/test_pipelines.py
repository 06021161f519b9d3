"""Pipelines: shapes and options of their results, and the reference's scores."""

from __future__ import annotations

import pathlib
import warnings
from typing import Any

import numpy as np
import pytest

import pytyto.transformers as ours
from pytyto.transformers.pipelines import Pipeline, PipelineException

TOP = pathlib.Path(__file__).parent.parent.parent
MODEL = TOP / "models" / "tyto-small"
SCENE = str(TOP / "assets" / "scenes" / "seven.jpg")
LABELS = ["rabbit", "globe", "a cup of coffee", "tree"]


@pytest.fixture(scope="module")
def detector() -> Any:
    return ours.pipeline("zero-shot-object-detection", model=MODEL)


def _close(got: Any, wanted: Any) -> None:
    """Equal, but for rounding of scores, and of boxes to whole pixels."""
    if isinstance(wanted, dict):
        assert got.keys() == wanted.keys()
        for key in wanted:
            _close(got[key], wanted[key])
    elif isinstance(wanted, list):
        assert len(got) == len(wanted)
        for one, other in zip(got, wanted):
            _close(one, other)
    elif isinstance(wanted, str):
        assert got == wanted
    elif isinstance(wanted, float):
        assert got == pytest.approx(wanted, abs=1e-4)
    else:
        assert abs(got - wanted) <= 1 and isinstance(got, int)


def test_detection(detector: Any) -> None:
    found = detector(SCENE, candidate_labels=LABELS)
    assert [one["label"] for one in found[:2]] == ["globe", "rabbit"]
    assert found == sorted(found, key=lambda one: -one["score"])
    assert found[0]["score"] > 0.8 and all(one["score"] > 0.1 for one in found)
    assert list(found[0]["box"]) == ["xmin", "ymin", "xmax", "ymax"]
    assert all(isinstance(side, int) for side in found[0]["box"].values())
    assert detector(SCENE, candidate_labels=",".join(LABELS)) == found
    assert detector(SCENE, text_queries=LABELS, top_k=2) == found[:2]
    assert detector(SCENE, candidate_labels=LABELS, threshold=0.99) == []
    assert detector(SCENE, candidate_labels=[]) == []


def test_a_label_counts_by_itself(detector: Any) -> None:
    together = detector(SCENE, candidate_labels=LABELS, threshold=0.02)
    for label in LABELS:
        alone = detector(SCENE, candidate_labels=[label], threshold=0.02)
        _close(alone, [one for one in together if one["label"] == label])


def test_several_inputs(detector: Any) -> None:
    inputs = [{"image": SCENE, "candidate_labels": [label]} for label in LABELS[:2]]
    one_by_one = [detector(one) for one in inputs]
    assert detector(inputs) == one_by_one
    stream = detector(one for one in inputs)
    assert next(stream) == one_by_one[0]
    assert list(stream) == one_by_one[1:]
    assert detector([SCENE], candidate_labels=LABELS[:1], batch_size=2) == one_by_one[:1]
    pixels = np.asarray(ours.image_utils.load_image(SCENE))
    assert detector(pixels, candidate_labels=LABELS[:1]) == one_by_one[0]


def test_picture_classes(detector: Any) -> None:
    classifier = ours.pipeline("zero-shot-image-classification", model=MODEL)
    scores = classifier(SCENE, candidate_labels=LABELS, hypothesis_template="{}")
    assert sorted(one["label"] for one in scores) == sorted(LABELS)
    assert sum(one["score"] for one in scores) == pytest.approx(1, abs=1e-5)


def test_what_cannot_be(detector: Any) -> None:
    with pytest.raises(KeyError):
        ours.pipeline("translation", model=MODEL)
    with pytest.raises(RuntimeError):
        ours.pipeline()
    with pytest.raises(OSError):
        ours.pipeline("zero-shot-object-detection", model="no/such/folder")
    with pytest.raises(NotImplementedError):
        ours.pipeline("zero-shot-object-detection", model=MODEL, device_map="auto")
    with pytest.raises(NotImplementedError):
        ours.pipeline("zero-shot-object-detection", model=MODEL, device="cuda:0")
    with pytest.raises(ValueError):
        detector(SCENE)
    with pytest.raises(ValueError):
        detector("no such photo", candidate_labels=LABELS)


def test_parts_may_be_given(detector: Any) -> None:
    again = ours.pipeline(
        model=detector.model,
        tokenizer=detector.tokenizer,
        image_processor=detector.image_processor,
    )
    assert again.task == "zero-shot-object-detection"
    assert again(SCENE, candidate_labels=LABELS) == detector(SCENE, candidate_labels=LABELS)


def test_a_pipeline_of_one_s_own() -> None:
    class Lengths(Pipeline):
        def _sanitize_parameters(self, **kwargs: Any) -> Any:
            return {}, {}, {"times": kwargs["times"]} if "times" in kwargs else {}

        def preprocess(self, inputs: Any) -> Any:
            yield from inputs

        def _forward(self, one: Any) -> Any:
            return len(one)

        def postprocess(self, outputs: Any, times: int = 1) -> Any:
            return [times * one for one in outputs]

    lengths = Lengths(model=None, times=2)
    assert lengths(["ab", "c"]) == [[2, 2], [2]]
    assert lengths(("ab", "c"), times=3) == [6, 3]


# ------------------------------------------------------------------------- beside the reference

SMALL = {
    "num_latents": 8,
    "d_latents": 16,
    "num_self_attends_per_block": 2,
    "num_self_attention_heads": 2,
    "num_cross_attention_heads": 2,
    "d_model": 24,
    "max_position_embeddings": 64,
}


def _reference() -> Any:
    theirs = pytest.importorskip("transformers")
    pytest.importorskip("PIL.Image")
    if not theirs.__version__.startswith("4.37"):
        pytest.skip("the reference is another version")
    return theirs


def _perceiver(folder: pathlib.Path, name: str, **settings: Any) -> str:
    theirs = _reference()
    pytest.importorskip("torch").manual_seed(0)
    config = theirs.PerceiverConfig(**SMALL, **settings)
    getattr(theirs, name)(config).save_pretrained(folder)
    theirs.PerceiverTokenizer(model_max_length=64).save_pretrained(folder)
    theirs.PerceiverImageProcessor(size=32, crop_size=36).save_pretrained(folder)
    return str(folder)


def _same(task: str, folder: str, calls: list[tuple[Any, dict[str, Any]]]) -> None:
    pair = _reference().pipeline(task, model=folder), ours.pipeline(task, model=folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for inputs, options in calls:
            wanted, got = (pipe(inputs, **options) for pipe in pair)
            _close(got, wanted)


def test_detection_is_the_reference_s() -> None:
    given = {"image": SCENE, "candidate_labels": LABELS}
    calls: list[tuple[Any, dict[str, Any]]] = [
        (SCENE, {"candidate_labels": LABELS, "threshold": 0.02}),
        (SCENE, {"candidate_labels": LABELS, "threshold": 0.02, "top_k": 3}),
        ([given, given], {}),
    ]
    _same("zero-shot-object-detection", str(MODEL), calls)


def test_masks_are_the_reference_s(tmp_path: pathlib.Path) -> None:
    folder = _perceiver(tmp_path, "PerceiverForMaskedLM")
    calls: list[tuple[Any, dict[str, Any]]] = [
        ("ab[MASK]d", {}),
        ("ab[MASK]d", {"top_k": 3}),
        ("ab[MASK]d", {"targets": ["a", "b", "q"]}),
        (["ab[MASK]d", "x[MASK]"], {"top_k": 2}),
        (["ab[MASK]d"], {}),
        ("a[MASK][MASK]", {"top_k": 2}),
    ]
    _same("fill-mask", folder, calls)
    with pytest.raises(PipelineException):
        ours.pipeline("fill-mask", model=folder)("no mask")


@pytest.mark.parametrize("labels", [1, 3])
def test_classes_of_texts_are_the_reference_s(tmp_path: pathlib.Path, labels: int) -> None:
    folder = _perceiver(tmp_path, "PerceiverForSequenceClassification", num_labels=labels)
    calls: list[tuple[Any, dict[str, Any]]] = [
        ("hello", {}),
        ("hello", {"top_k": None}),
        ("hello", {"function_to_apply": "none"}),
        ("hello", {"return_all_scores": True}),
        (["hello", "you there"], {}),
        (["hello"], {"top_k": 2, "function_to_apply": "sigmoid"}),
        ({"text": "a", "text_pair": "b"}, {}),
    ]
    _same("text-classification", folder, calls)


@pytest.mark.parametrize("labels", [1, 7])
def test_classes_of_pictures_are_the_reference_s(tmp_path: pathlib.Path, labels: int) -> None:
    folder = _perceiver(
        tmp_path, "PerceiverForImageClassificationLearned", num_labels=labels, image_size=32
    )
    calls: list[tuple[Any, dict[str, Any]]] = [
        (SCENE, {}),
        ([SCENE, SCENE], {"top_k": 2}),
        (SCENE, {"function_to_apply": "none"}),
    ]
    _same("image-classification", folder, calls)
