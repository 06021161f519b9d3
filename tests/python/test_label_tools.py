"""The programs of examples/python, beside the real packages where they are installed."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pytyto import pictures
from support import ROOT

SCENE = str(ROOT / "tests/data/scenes/0002.jpg")
LABELS = ["tiger", "cactus", "bell"]


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports an example; without its package the test is skipped."""
    monkeypatch.syspath_prepend(str(ROOT / "examples/python"))

    def imported(name: str, package: str) -> ModuleType:
        pytest.importorskip(package)
        return importlib.import_module(name)

    return imported


def test_supervision(example: Any, tmp_path: Path) -> None:
    program = example("supervision_boxes", "supervision")
    found = program.main(SCENE, str(tmp_path / "out.png"), *LABELS)
    assert list(found.data["class_name"][:2]) == ["bell", "cactus"]
    assert pictures.load(tmp_path / "out.png").pixels.shape == (320, 320, 3)


def test_fiftyone(example: Any) -> None:
    program = example("fiftyone_model", "fiftyone")
    model = program.TytoModel(LABELS)
    one, two = model.predict_all([pictures.load(SCENE).pixels] * 2)
    assert [thing.label for thing in one.detections[:2]] == ["bell", "cactus"]
    np.testing.assert_allclose(
        two.detections[0].bounding_box, [0.299, 0.101, 0.195, 0.202], atol=0.01
    )


def test_cvat(example: Any) -> None:
    program = example("cvat_function", "cvat_sdk")
    image = pytest.importorskip("PIL.Image").open(SCENE)
    function = program.create(",".join(LABELS))
    context = type("Context", (), {"conf_threshold": 0.6})()
    shapes = function.detect(context, image)
    names = [function.spec.labels[shape["label_id"]]["name"] for shape in shapes]
    assert names[:2] == ["bell", "cactus"] and set(names) == set(LABELS)


def test_autodistill(example: Any) -> None:
    pytest.importorskip("roboflow")
    program = example("autodistill_model", "autodistill")
    ontology = importlib.import_module("autodistill.detection").CaptionOntology
    model = program.TytoModel(ontology({"a tiger": "tiger", "a bell": "bell"}))
    assert model.predict(SCENE).class_id[0] == 1


def test_datasets(example: Any, tmp_path: Path) -> None:
    program = example("datasets_boxes", "datasets")
    pytest.importorskip("PIL")
    library = importlib.import_module("datasets")
    columns = library.Features({"image": library.Image()})
    photos = library.Dataset.from_dict({"image": [SCENE] * 2}, features=columns)
    program.boxes_of(photos, LABELS).to_parquet(str(tmp_path / "found.parquet"))
    again = library.Dataset.from_parquet(str(tmp_path / "found.parquet"), cache_dir=str(tmp_path))
    assert again[1]["objects"]["category"][:2] == [2, 1]
    assert again.features["objects"]["category"].feature.names == LABELS
