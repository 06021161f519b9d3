"""Makes every kind of call again and again, with those that fail and those that are interrupted, and
ends with 1 where memory grows.

usage: leaks.py [calls]      1000 by default, of all kinds in turns; 10000 take minutes
"""

from __future__ import annotations

import gc
import logging
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np
from golden import DATA

import pytyto
import pytyto.transformers as ours
from pytyto import pictures

GROWTH_BYTES = 1 << 20
ODD = DATA / "owlv2/odd/model"
TASKS = DATA / "perceiver_tasks"


def fails(*errors: type[BaseException]) -> Callable[[Callable[[], Any]], Callable[[], None]]:
    """A call that must end with an exception."""

    def wrap(call: Callable[[], Any]) -> Callable[[], None]:
        def failing() -> None:
            try:
                call()
            except errors:
                return
            raise AssertionError("the call didn't fail")

        return failing

    return wrap


def interrupt(step: Any) -> None:
    """Ctrl-C within a call."""
    os.kill(os.getpid(), signal.SIGINT)


def own(folder: str) -> dict[str, Callable[[], Any]]:
    """Calls of the package's own interface."""
    model = pytyto.Model.open(ODD, precision="fp32", threads=1)
    photo_ = np.random.default_rng(1).integers(0, 255, (40, 50, 3), np.uint8)
    file = f"{folder}/photo.png"
    pictures.save(file, photo_)
    photo, words = model.encode(photo_), model.vocabulary(["a cat", "a dog"])
    found = model.detect(photo, words, threshold=0)
    words.save(f"{folder}/words.safetensors")
    masked = pytyto.Model.open(TASKS / "fill_mask/model", threads=1)
    seen = pytyto.Model.open(TASKS / "pictures/model", threads=1)
    texts = pytyto.Model.open(TASKS / "texts/model", threads=1)
    flow = pytyto.Model.open(DATA / "perceiver/flow/model", threads=1)
    size = flow.config["train_size"]
    frame = np.zeros((*size, 3), np.uint8)
    gone, stopped = (ValueError, OSError, TypeError), (KeyboardInterrupt,)
    return {
        "open": lambda: pytyto.Model.open(TASKS / "texts/model", threads=1),
        "open nothing": fails(*gone)(lambda: pytyto.Model.open(f"{folder}/nothing")),
        "detect": lambda: model.detect(file, ["a cat", "a dog"], threshold=0),
        "detect several": lambda: model.detect([photo_, photo, file], words, embeddings=True),
        "detect objects": lambda: model.detect(photo, nms="all"),
        "detect tiles": lambda: model.detect(photo_, words, tiles=30),
        "detect wrongly": fails(*gone)(lambda: model.detect(photo, words, threshold=7)),
        "detect nothing": fails(*gone)(lambda: model.detect(b"no picture", words)),
        "detect cancelled": fails(pytyto.Cancelled)(
            lambda: model.detect(photo_, words, progress=lambda step: False)
        ),
        "detect interrupted": fails(*stopped)(
            lambda: model.detect(photo_, words, progress=interrupt)
        ),
        "match": lambda: model.match(photo, (photo, (1, 2, 30, 30))),
        "encode": lambda: model.encode(photo_),
        "vocabulary": lambda: model.vocabulary(["a"], [photo_]) + words,
        "vocabulary of NUL": fails(*gone)(lambda: model.vocabulary(["a\0"])),
        "vocabulary file": lambda: pytyto.Vocabulary.load(f"{folder}/words.safetensors").features,
        "vocabulary averaged": lambda: words.averaged().names,
        "embed": lambda: (model.embed(["a", "b"]), model.embed(photo_)),
        "similarity": lambda: model.similarity(photo_, ["a", "b"]),
        "plot": lambda: (found.plot(), found._repr_html_()),
        "document": lambda: [found.document(name) for name in ("json", "coco", "yolo", "voc")],
        "document of nothing": fails(*gone)(lambda: found.document("nothing")),
        "crops": lambda: found[:2].save_crop(folder),
        "classify": lambda: (seen.classify(photo_), texts.classify(["a", "b"])),
        "fill_mask": lambda: masked.fill_mask("a [MASK]"),
        "fill_mask of numbers": fails(AttributeError)(lambda: masked.fill_mask(3)),  # type: ignore[arg-type]
        "flow": lambda: flow.flow(frame, frame, overlap=2),
        "forward nothing": fails(*gone)(lambda: model.forward(None, {"pixel_values": frame})),
    }


def drop_in(folder: str) -> dict[str, Callable[[], Any]]:
    """Calls of pytyto.transformers."""
    processor = ours.Owlv2Processor.from_pretrained(ODD)
    model = ours.Owlv2ForObjectDetection.from_pretrained(ODD)
    masked = ours.PerceiverForMaskedLM.from_pretrained(TASKS / "fill_mask/model")
    tokenizer = ours.PerceiverTokenizer(model_max_length=masked.config.max_position_embeddings)
    perceiver = ours.PerceiverImageProcessor()
    image = np.zeros((40, 50, 3), np.uint8)
    inputs = processor(text=[["a cat", "a dog"]], images=image, return_tensors="np")
    query = processor(images=image, query_images=image, return_tensors="np")
    outputs, guided = model(**inputs), model.image_guided_detection(**query)
    ids = tokenizer("some words", padding="max_length", return_tensors="np")
    sizes = [(40, 50)]
    pipeline = ours.pipeline("zero-shot-object-detection", model=str(ODD))
    config = ours.Owlv2TextConfig(
        vocab_size=20,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
    )

    def written() -> None:
        made = ours.Owlv2TextModel(config)
        made.load_state_dict(made.state_dict())
        made(input_ids=np.array([[1, 2]]))

    def saved() -> None:
        ours.Owlv2TextModel(config).save_pretrained(folder)
        ours.Owlv2TextModel.from_pretrained(folder)

    return {
        "processor": lambda: processor(text=[["a cat"]], images=image, return_tensors="np"),
        "processor of nothing": fails(ValueError)(lambda: processor()),
        "tokenizers": lambda: (
            processor.tokenizer.decode([1, 2]),
            processor.tokenizer(["a b", "c"], return_offsets_mapping=True),
            tokenizer.batch_decode(tokenizer(["a", "b"])["input_ids"]),
        ),
        "perceiver pictures": lambda: perceiver(image, return_tensors="np"),
        "model": lambda: model(**inputs, output_attentions=True, output_hidden_states=True),
        "model of wrong ids": fails(ValueError, IndexError)(
            lambda: model(**{**inputs, "input_ids": inputs["input_ids"] - 10**6})
        ),
        "guided": lambda: model.image_guided_detection(**query),
        "post_process": lambda: (
            processor.post_process_object_detection(outputs, 0.0, sizes),
            processor.post_process_image_guided_detection(guided, 0.0, 0.3, sizes),
        ),
        "masked": lambda: masked(inputs=ids["input_ids"], labels=ids["input_ids"]),
        "pipeline": lambda: pipeline(image, candidate_labels=["a cat", "a dog"]),
        "parameters": written,
        "folders": saved,
    }


def resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def main() -> int:
    logging.disable()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        kinds = {**own(folder), **drop_in(folder)}
        rounds = -(-count // len(kinds))
        before = 0
        for i in range(rounds + rounds // 2):
            if i == rounds // 2:
                gc.collect()
                before = resident_bytes()
            for name, call in kinds.items():
                try:
                    call()
                except BaseException:
                    print(name, file=sys.stderr)
                    raise
        gc.collect()
        grown = resident_bytes() - before
    print(f"{len(kinds)} kinds of calls, {rounds} times each: {grown / 2**20:.2f} MB more")
    return 1 if grown > GROWTH_BYTES else 0


if __name__ == "__main__":
    sys.exit(main())
