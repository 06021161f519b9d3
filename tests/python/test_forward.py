"""The one door: named arrays in and out, whatever their memory looks like."""

from __future__ import annotations

import numpy as np
import pytest

import pytyto
from support import GOLDEN, assert_near, case

CASES = [
    "owlv2/odd/one",
    "owlv2/odd/three",
    "owlv2/odd/image_guided",
    "perceiver/masked_lm/masks",
    "perceiver/convolution/oblong",
    "perceiver/flow/frames",
    "perceiver/multimodal/chunk",
]


@pytest.mark.parametrize("folder", CASES)
def test_heads_give_the_reference_numbers(folder: str) -> None:
    head, inputs, expected, notes = case(folder)
    model = pytyto.Model.open((GOLDEN / folder).parent / "model", precision="fp32")
    outputs = model.forward(head, inputs, list(expected))
    assert list(outputs) == list(expected)
    for name, values in expected.items():
        assert_near(name, outputs[name], values, notes[name])


def test_memory_of_any_kind_gives_the_same(odd: pytyto.Model) -> None:
    head, inputs, _, _ = case("owlv2/odd/one")
    plain = odd.forward(head, inputs, ["logits"])["logits"]
    pixels = inputs["pixel_values"]
    wide = np.empty((*pixels.shape[:-1], 2 * pixels.shape[-1]), np.float32)
    wide[..., ::2] = pixels
    fixed = pixels.copy()
    fixed.flags.writeable = False
    kinds = {
        "strided": wide[..., ::2],
        "read-only": fixed,
        "big-endian": pixels.astype(">f4"),
        "double": pixels.astype(np.float64),
        "backwards": np.ascontiguousarray(pixels[..., ::-1])[..., ::-1],
        "column-major": np.asfortranarray(pixels),
    }
    for kind, values in kinds.items():
        got = odd.forward(head, {**inputs, "pixel_values": values}, ["logits"])["logits"]
        np.testing.assert_array_equal(got, plain, err_msg=kind)
    ids = inputs["input_ids"]
    for dtype in (np.int32, ">i8", np.uint16):
        got = odd.forward(head, {**inputs, "input_ids": ids.astype(dtype)}, ["logits"])["logits"]
        np.testing.assert_array_equal(got, plain, err_msg=str(dtype))


def test_what_is_wrong_is_said(odd: pytyto.Model) -> None:
    head, inputs, _, _ = case("owlv2/odd/one")
    with pytest.raises(ValueError, match="head: got 'Nothing'"):
        odd.forward("Nothing", inputs)
    with pytest.raises(ValueError, match="pixel_values"):
        odd.forward(head, {**inputs, "pixel_values": inputs["pixel_values"][0]})
    with pytest.raises(ValueError, match="nonsense"):
        odd.forward(head, inputs, ["nonsense"])
    with pytest.raises(ValueError, match="extra"):
        odd.forward(head, {**inputs, "extra": np.zeros(1)})
    with pytest.raises(ValueError, match="object"):
        odd.forward(head, {**inputs, "pixel_values": np.array([None])})
    with pytest.raises(ValueError, match="9 dimensions"):
        odd.forward(head, {**inputs, "pixel_values": np.zeros((1,) * 9)})
    with pytest.raises(ValueError, match="vocab_size"):
        odd.forward(head, {**inputs, "input_ids": inputs["input_ids"] + 10**6})
    with pytest.raises(ValueError, match="NUL"):
        odd.forward(head, {**inputs, "a\0b": np.zeros(1)})


def test_tensors_give_tensors(odd: pytyto.Model) -> None:
    torch = pytest.importorskip("torch")
    head, inputs, _, _ = case("owlv2/odd/one")
    plain = odd.forward(head, inputs, ["logits"])["logits"]
    given = {name: torch.from_numpy(values) for name, values in inputs.items()}
    got = odd.forward(head, given, ["logits"])["logits"]
    assert isinstance(got, torch.Tensor)
    np.testing.assert_array_equal(got.numpy(), plain)
    half = {**given, "pixel_values": given["pixel_values"].bfloat16()}
    rounded = {**inputs, "pixel_values": half["pixel_values"].float().numpy()}
    np.testing.assert_array_equal(
        odd.forward(head, half, ["logits"])["logits"].numpy(),
        odd.forward(head, rounded, ["logits"])["logits"],
    )


def test_no_numbers_pass_through(odd: pytyto.Model) -> None:
    head, inputs, _, _ = case("owlv2/odd/one")
    pixels = np.full_like(inputs["pixel_values"], np.nan)
    logits = odd.forward(head, {**inputs, "pixel_values": pixels}, ["logits"])["logits"]
    assert np.isnan(logits).all()
