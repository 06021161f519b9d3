"""A Hugging Face dataset with what is found in its pictures, as OBJECTS columns have it.

    boxes_of(load_dataset("imagefolder", data_dir="photos", split="train"), ["a cat"])

Needs the packages datasets and Pillow.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import datasets

import pytyto


def boxes_of(
    pictures: datasets.Dataset, labels: Sequence[str], model: str | None = None, **options: Any
) -> datasets.Dataset:
    """The dataset with a column `objects`: bbox (x, y, width, height), category, score."""
    opened = pytyto.Model.open(model)
    vocabulary = opened.vocabulary(labels)

    def objects(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        column = []
        for found in opened.detect(batch["image"], vocabulary, **options):
            x0, y0, x1, y1 = found.boxes.xyxy.T
            column.append(
                {
                    "bbox": list(map(list, zip(*(v.tolist() for v in (x0, y0, x1 - x0, y1 - y0))))),
                    "category": found.boxes.cls.tolist(),
                    "score": found.boxes.conf.tolist(),
                }
            )
        return {"objects": column}

    features = datasets.Features(
        {
            **pictures.features,
            "objects": datasets.Sequence(
                {
                    "bbox": datasets.Sequence(datasets.Value("float32"), length=4),
                    "category": datasets.ClassLabel(names=list(labels)),
                    "score": datasets.Value("float32"),
                }
            ),
        }
    )
    return pictures.map(objects, batched=True, batch_size=8, features=features)
