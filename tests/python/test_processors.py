"""Owlv2Processor, and the classes that find a checkpoint's processors."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
import pytest

import pytyto.transformers as ours

MODEL = pathlib.Path(__file__).parent.parent.parent / "models" / "tyto-small"
PHOTO = np.random.default_rng(0).integers(0, 256, (45, 60, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def processor() -> Any:
    return ours.Owlv2Processor.from_pretrained(MODEL)


def test_texts_and_pictures(processor: Any) -> None:
    inputs = processor(text=[["a cat", "a dog"], ["sun"]], images=[PHOTO, PHOTO])
    assert list(inputs) == ["input_ids", "attention_mask", "pixel_values"]
    assert inputs.input_ids.shape == inputs.attention_mask.shape == (4, 16)
    assert inputs.pixel_values.shape[:2] == (2, 3)
    # The shorter list is filled up by a text of its own.
    assert processor.batch_decode(inputs.input_ids, skip_special_tokens=True)[:3] == [
        "a cat",
        "a dog",
        "sun",
    ]
    assert processor.decode(inputs.input_ids[2], skip_special_tokens=True) == "sun"
    assert list(processor(images=PHOTO, query_images=PHOTO)) == [
        "query_pixel_values",
        "pixel_values",
    ]
    assert list(processor(images=PHOTO)) == ["pixel_values"]
    for text in ("sun", ["sun"], [["sun"]]):
        assert np.array_equal(processor(text=text).input_ids, inputs.input_ids[2:3])


def test_errors(processor: Any) -> None:
    with pytest.raises(ValueError):
        processor()
    with pytest.raises(TypeError):
        processor(text=3)
    with pytest.raises(ValueError):
        processor(text="sun", return_tensors=None)
    with pytest.raises(ValueError):
        ours.Owlv2Processor(processor.tokenizer, processor.image_processor)
    with pytest.raises((TypeError, ValueError)):
        ours.Owlv2Processor(processor.image_processor)
    with pytest.raises(OSError):
        ours.Owlv2Processor.from_pretrained("no/such/folder")


def test_saving_and_finding(processor: Any, tmp_path: pathlib.Path) -> None:
    processor.save_pretrained(tmp_path)
    for found in (
        ours.Owlv2Processor.from_pretrained(tmp_path),
        ours.AutoProcessor.from_pretrained(tmp_path),
    ):
        assert type(found) is ours.Owlv2Processor
        assert found.image_processor.to_dict() == processor.image_processor.to_dict()
        assert found.tokenizer.get_vocab() == processor.tokenizer.get_vocab()
    for auto in (ours.AutoImageProcessor, ours.AutoFeatureExtractor):
        assert type(auto.from_pretrained(tmp_path)) is ours.Owlv2ImageProcessor
        with pytest.raises(OSError):
            auto()
    other = '{"image_processor_type": "ViTImageProcessor"}'
    (tmp_path / "preprocessor_config.json").write_text(other)
    with pytest.raises(ValueError):
        ours.AutoImageProcessor.from_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text("{}")
    (tmp_path / "config.json").write_text('{"model_type": "perceiver"}')
    assert type(ours.AutoImageProcessor.from_pretrained(tmp_path)) is ours.PerceiverImageProcessor


def test_settings_of_the_parts_are_replaced() -> None:
    changed = ours.Owlv2Processor.from_pretrained(MODEL, do_normalize=False, bos_token="(BOS)")
    assert changed.image_processor.do_normalize is False
    assert changed.tokenizer.bos_token == "(BOS)"


def test_the_reference(processor: Any) -> None:
    theirs = pytest.importorskip("transformers")
    if not theirs.__version__.startswith("4.37"):
        pytest.skip("the reference is another version")
    original = theirs.Owlv2Processor.from_pretrained(MODEL)
    for tensors in ("np", "pt"):
        given: dict[str, Any] = {
            "text": [["a cat", "two dogs in the park"], ["sun"]],
            "images": [PHOTO, PHOTO],
            "return_tensors": tensors,
        }
        wanted, got = original(**given), processor(**given)
        assert list(wanted) == list(got)
        for name in wanted:
            assert type(wanted[name]) is type(got[name])
            np.testing.assert_allclose(got[name], wanted[name], atol=1e-5)
