"""Passes anything to `pytyto.transformers`, and ends with a line for each kind of answer that no
caller expects: an exception of another type than Python's usual ones. A crash ends the process.

usage: anything.py [examples of each call]      30 by default; 3000 take a quarter of an hour
"""

from __future__ import annotations

import faulthandler
import logging
import resource
import sys
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import hypothesis
import numpy as np
from golden import DATA
from hypothesis import strategies as st

import pytyto.transformers as ours

USUAL = (
    ValueError,
    TypeError,
    OSError,
    NotImplementedError,
    OverflowError,
    KeyError,
    IndexError,
    AttributeError,
    ImportError,
    MemoryError,
)
DTYPES = (
    "uint8",
    "int8",
    "int16",
    "uint16",
    "int32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
    ">f4",
    ">i8",
    "bool",
    "complex64",
    "O",
    "U3",
    "S2",
    "M8[s]",
    "longdouble",
)
EXTREMES = (
    0,
    -1,
    1,
    2,
    3,
    7,
    255,
    2**15,
    2**31 - 1,
    2**31,
    -(2**31),
    2**63 - 1,
    2**63,
    2**64,
    10**30,
)
NUMBERS = st.one_of(
    st.sampled_from(EXTREMES),
    st.integers(-5, 64),
    st.floats(),
    st.sampled_from([float("nan"), float("inf"), -0.0, 1e-320, 1e300]),
)
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["a cat", "", " ", "\0", "\ud800", "[MASK]", "<|endoftext|>", "é" * 40, "a " * 90]
    ),
)
SIDES = st.integers(0, 9)
USUAL_SHAPES = st.sampled_from(
    [
        (),
        (0,),
        (3, 8, 8),
        (8, 8, 3),
        (1, 3, 16, 16),
        (2, 5),
        (1, 16),
        (1, 9, 3),
        (1, 9, 4),
        (1, 4, 8),
    ]
)


@st.composite
def arrays(draw: Any) -> Any:
    """An array of any type and shape, perhaps with gaps, turned, read-only, with NaN."""
    shape = draw(st.one_of(USUAL_SHAPES, st.lists(SIDES, max_size=6).map(tuple)))
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    values = np.arange(int(np.prod(shape))).reshape(shape) % draw(st.sampled_from([1, 2, 7, 300]))
    array = np.array(values.astype(dtype))
    if dtype.kind in "fc" and array.size and draw(st.booleans()):
        array.reshape(-1)[0] = draw(st.sampled_from([float("nan"), float("inf"), -float("inf")]))
    return laid(draw, array)


def laid(draw: Any, array: Any) -> Any:
    """An array turned, with gaps, or read-only."""
    way = draw(st.integers(0, 5))
    if way == 1:
        array = array[..., ::-1] if array.ndim else array
    elif way == 2:
        array = array.T
    elif way == 3:
        array.flags.writeable = False
    elif way == 4 and array.ndim:
        array = np.repeat(array, 2, axis=0)[::2]
    return array


@st.composite
def near(draw: Any, right: Any) -> Any:
    """What a call wants, or nearly that: of another type, a part of it, values out of range."""
    array = np.array(right)
    way = draw(st.integers(0, 6))
    if way == 1:
        array = array[..., : draw(st.integers(0, array.shape[-1]))]
    elif way == 2 and array.size:
        parts = [array[0], array[None], array[:0], np.repeat(array, 2, axis=0)]
        array = np.array(draw(st.sampled_from(parts)))
    elif way == 3:
        array = array.astype(
            draw(st.sampled_from([t for t in DTYPES if np.dtype(t).kind not in "M"]))
        )
    elif way == 4 and array.size and array.dtype.kind in "iuf":
        limits = np.iinfo(array.dtype) if array.dtype.kind in "iu" else np.finfo(array.dtype)
        worst = [limits.min, limits.max, 0, 100] + [np.nan, np.inf] * (array.dtype.kind == "f")
        array.reshape(-1)[-1] = draw(st.sampled_from(worst))
    elif way == 5:
        return laid(draw, array)
    return array


LEAVES = st.one_of(
    st.none(), st.booleans(), NUMBERS, TEXTS, arrays(), st.binary(max_size=16), st.just(object())
)
NAMES = st.sampled_from(["height", "width", "shortest_edge", "image", "audio", "0", ""])
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(NAMES, inner, max_size=2),
    ),
    max_leaves=4,
)
PHOTO = near(np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3))
PICTURES = st.one_of(PHOTO, st.lists(PHOTO, max_size=2), ANYTHING)
SEVERAL = st.lists(TEXTS, max_size=3)
LINES = st.one_of(TEXTS, SEVERAL, st.lists(SEVERAL, max_size=2), ANYTHING)


def keywords(**known: Any) -> Any:
    """Some of the keywords that a call has."""
    return st.fixed_dictionaries({}, optional=known)


def _value(*usual: Any) -> Any:
    return st.one_of(st.sampled_from(usual), LEAVES)


SIZE = st.one_of(
    st.dictionaries(NAMES, st.one_of(st.integers(-2, 40), NUMBERS), max_size=2), LEAVES
)
PICTURE_WORDS = keywords(
    do_resize=_value(True, False),
    size=SIZE,
    resample=_value(0, 2, 3),
    do_rescale=_value(True, False),
    rescale_factor=NUMBERS,
    do_normalize=_value(True, False),
    image_mean=ANYTHING,
    image_std=ANYTHING,
    do_pad=_value(True, False),
    do_center_crop=_value(True, False),
    crop_size=SIZE,
    data_format=_value("channels_first", "channels_last"),
    input_data_format=_value("channels_last", "none"),
    return_tensors=_value("np", None, "tf"),
)
TEXT_WORDS = keywords(
    text_pair=LINES,
    padding=_value(True, False, "max_length", "longest"),
    truncation=_value(True, False, "longest_first", "only_second"),
    max_length=_value(1, 4, 16),
    stride=_value(0, 1, 3),
    is_split_into_words=_value(True, False),
    pad_to_multiple_of=_value(8),
    return_tensors=_value("np", None),
    return_overflowing_tokens=_value(True),
    return_special_tokens_mask=_value(True),
    return_offsets_mapping=_value(True),
    return_length=_value(True),
    add_special_tokens=_value(False),
)
ATTENTION = {
    "output_attentions": _value(True),
    "output_hidden_states": _value(True),
    "return_dict": _value(False),
}
PROBABLY = st.one_of(st.just(0.1), NUMBERS)


def often(right: Any) -> Any:
    """Nearly what is right, or anything."""
    return st.one_of(near(right), near(right), near(right), ANYTHING)


SCORES, BOXES = np.linspace(-3, 3, 18).reshape(1, 9, 2), np.linspace(0, 1, 36).reshape(1, 9, 4)
OUTPUTS = st.fixed_dictionaries(
    {"logits": often(SCORES), "pred_boxes": often(BOXES), "target_pred_boxes": often(BOXES)}
)
DONE_WORDS = keywords(
    threshold=PROBABLY,
    target_sizes=often([[30.0, 40.0]]),
    boxes=_value("image", "reference"),
)


def calls() -> dict[str, tuple[Callable[..., Any], tuple[Any, ...], Any]]:
    """Each call by its name, with what it gets by place and by name."""
    odd = ours.Owlv2ForObjectDetection.from_pretrained(DATA / "owlv2/odd/model")
    towers = ours.Owlv2Model.from_pretrained(DATA / "owlv2/odd/model")
    processor = ours.Owlv2Processor.from_pretrained(DATA / "owlv2/odd/model")
    pictures = ours.PerceiverImageProcessor()
    fast, slow, byte = processor.tokenizer, None, ours.PerceiverTokenizer()
    slow = ours.CLIPTokenizer.from_pretrained(DATA / "owlv2/odd/model")
    masked = ours.AutoModelForMaskedLM.from_pretrained(DATA / "perceiver_tasks/fill_mask/model")
    classes = ours.AutoModelForImageClassification.from_pretrained(
        DATA / "perceiver_tasks/pictures/model"
    )
    image = processor.image_processor
    none: Any = st.just({})
    side = odd.config.vision_config.image_size
    seen, ids = np.zeros((1, 3, side, side), np.float32), np.arange(32).reshape(2, 16) % 5
    owlv2 = st.fixed_dictionaries(
        {"pixel_values": often(seen), "input_ids": often(ids), "attention_mask": often(ids > 2)},
        optional=ATTENTION,
    )
    guided = st.fixed_dictionaries(
        {"pixel_values": often(seen), "query_pixel_values": often(seen)}, optional=ATTENTION
    )
    length = masked.config.max_position_embeddings
    bytes_ = np.arange(2 * length).reshape(2, length) % masked.config.vocab_size
    texts = st.fixed_dictionaries(
        {"inputs": often(bytes_)},
        optional={"attention_mask": often(bytes_ > 2), "labels": often(bytes_), **ATTENTION},
    )
    shown = pictures(np.zeros((9, 9, 3), np.uint8), return_tensors="np")["pixel_values"]
    shown = shown[..., : classes.config.image_size, : classes.config.image_size]
    photos = st.fixed_dictionaries(
        {"inputs": often(shown)}, optional={"labels": often([1]), **ATTENTION}
    )
    found: dict[str, tuple[Callable[..., Any], tuple[Any, ...], Any]] = {
        "Owlv2ForObjectDetection": (odd, (), owlv2),
        "image_guided_detection": (odd.image_guided_detection, (), guided),
        "Owlv2Model": (towers, (), owlv2),
        "get_text_features": (towers.get_text_features, (often(ids),), none),
        "get_image_features": (towers.get_image_features, (often(seen),), none),
        "PerceiverForMaskedLM": (masked, (), texts),
        "PerceiverForImageClassification": (classes, (), photos),
        "Owlv2Processor": (
            processor,
            (LINES, PICTURES),
            keywords(query_images=PICTURES, padding=_value(True)),
        ),
        "Owlv2ImageProcessor": (image, (PICTURES,), PICTURE_WORDS),
        "PerceiverImageProcessor": (pictures, (PICTURES,), PICTURE_WORDS),
        "Owlv2ImageProcessor()": (ours.Owlv2ImageProcessor, (), PICTURE_WORDS),
        "post_process_object_detection": (
            lambda outputs, **words: image.post_process_object_detection(
                ours.utils.ModelOutput(outputs), **words
            ),
            (OUTPUTS,),
            DONE_WORDS,
        ),
        "post_process_image_guided_detection": (
            lambda outputs, **words: image.post_process_image_guided_detection(outputs, **words),
            (OUTPUTS,),
            keywords(
                threshold=PROBABLY, nms_threshold=PROBABLY, target_sizes=often([[30.0, 40.0]])
            ),
        ),
    }
    for name, tokenizer in (("fast", fast), ("slow", slow), ("byte", byte)):
        found[f"{name} tokenizer"] = (tokenizer, (LINES,), TEXT_WORDS)
        found[f"{name} decode"] = (
            tokenizer.decode,
            (ANYTHING,),
            keywords(skip_special_tokens=_value(True)),
        )
        found[f"{name} batch_decode"] = (tokenizer.batch_decode, (ANYTHING,), none)
        found[f"{name} convert_ids_to_tokens"] = (
            tokenizer.convert_ids_to_tokens,
            (ANYTHING,),
            none,
        )
        found[f"{name} convert_tokens_to_ids"] = (
            tokenizer.convert_tokens_to_ids,
            (ANYTHING,),
            none,
        )
        found[f"{name} pad"] = (
            tokenizer.pad,
            (ANYTHING,),
            keywords(max_length=NUMBERS, return_tensors=_value("np")),
        )
    found["Owlv2TextConfig"] = (
        ours.Owlv2TextConfig,
        (),
        keywords(vocab_size=ANYTHING, hidden_size=ANYTHING),
    )
    return found


def main() -> int:
    faulthandler.enable()
    logging.disable()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    examples = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    # What is asked for by mistake is refused, not taken from the machine.
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    strange: dict[str, str] = {}
    done: dict[str, int] = {}
    for name, (function, places, words) in calls().items():

        @hypothesis.settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=examples <= 30,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(st.tuples(*places), words)
        def attempt(given: tuple[Any, ...], named: dict[str, Any]) -> None:
            try:
                function(*given, **named)
                done[name] = done.get(name, 0) + 1
            except USUAL:
                pass
            except Exception as error:
                last = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{name}: {type(error).__name__} at {last.name}:{last.lineno}"
                strange.setdefault(place, f"{error}; got {given!r} {named!r}"[:400])

        attempt()
    for place, why in strange.items():
        print(place, why)
    print(f"{sum(done.values())} of {len(calls()) * examples} gave a result:", done)
    return 1 if strange else 0


if __name__ == "__main__":
    sys.exit(main())
