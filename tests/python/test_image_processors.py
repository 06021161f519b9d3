"""Image processors: the reference's pixels, whatever pictures come as, and its errors."""

from __future__ import annotations

import base64
import itertools
import json
import pathlib
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from golden import DATA, tensors

import pytyto.transformers as ours
from pytyto.transformers.image_utils import PILImageResampling, load_image

PHOTO = np.random.default_rng(0).integers(0, 256, (45, 60, 3), dtype=np.uint8)
SMALL: dict[str, Any] = {"size": {"height": 24, "width": 20}}
SMALL_CROP: dict[str, Any] = {**SMALL, "crop_size": {"height": 28, "width": 28}}
CLASSES: list[tuple[str, dict[str, Any]]] = [
    ("Owlv2ImageProcessor", SMALL),
    ("PerceiverImageProcessor", SMALL_CROP),
]
GOLDEN = [
    *((ours.Owlv2ImageProcessor, one) for one in sorted((DATA / "processor").iterdir())),
    *((ours.PerceiverImageProcessor, one) for one in sorted((DATA / "perceiver_processor").iterdir())),
]


@pytest.mark.parametrize("cls, folder", GOLDEN, ids=lambda one: getattr(one, "name", ""))
def test_golden_pixels(cls: Any, folder: pathlib.Path) -> None:
    processor = cls.from_pretrained(folder)
    images = tensors(folder / "images.safetensors")
    for name, wanted in tensors(folder / "expected.safetensors").items():
        # Three rows or columns would be taken for channels.
        got = processor(images[name], input_data_format="channels_last").pixel_values[0]
        if min(images[name].shape[:2]) > 3:
            np.testing.assert_allclose(got, wanted, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("name, settings", CLASSES)
def test_pictures_as_they_come(name: str, settings: dict[str, Any]) -> None:
    processor = getattr(ours, name)(**settings)
    wanted = processor(PHOTO, return_tensors="np").pixel_values
    first = PHOTO.transpose(2, 0, 1)
    frozen = PHOTO.copy()
    frozen.flags.writeable = False
    spread = np.zeros((90, 60, 3), np.uint8)[::2]
    spread[:] = PHOTO
    for photo in (first, frozen, spread, [PHOTO], (PHOTO,), PHOTO[None], list(PHOTO[None])):
        assert np.array_equal(processor(photo, return_tensors="np").pixel_values, wanted)
    for kind in (np.float32, np.float64, np.int64, ">f4", ">i2"):
        got = processor(PHOTO.astype(kind), return_tensors="np").pixel_values
        np.testing.assert_allclose(got, wanted, atol=2e-5)
    last = processor(PHOTO, data_format="channels_last", return_tensors="np").pixel_values
    assert np.array_equal(last[0].transpose(2, 0, 1), wanted[0])
    assert wanted.dtype == np.float32 and wanted.shape == (1, 3, 24, 20)
    assert isinstance(processor(PHOTO).pixel_values, list)


def test_steps_of_one_s_own_are_used() -> None:
    class Darker(ours.Owlv2ImageProcessor):  # type: ignore[misc]
        def rescale(self, image: Any, scale: float, **kwargs: Any) -> Any:
            return super().rescale(image, scale / 2, **kwargs)

    usual = ours.Owlv2ImageProcessor(do_normalize=False, do_pad=False, **SMALL)(PHOTO)
    darker = Darker(do_normalize=False, do_pad=False, **SMALL)(PHOTO)
    np.testing.assert_allclose(darker.pixel_values[0] * 2, usual.pixel_values[0], atol=1e-5)


@pytest.mark.parametrize("name, settings", CLASSES)
def test_errors(name: str, settings: dict[str, Any]) -> None:
    processor = getattr(ours, name)(**settings)
    for photo in (None, "photo.png", [[PHOTO]], [], PHOTO[..., 0], PHOTO[..., [0, 1, 2, 0]], 3):
        with pytest.raises(ValueError):
            processor(photo)
    for wrong in ({"image_mean": [1, 2]}, {"data_format": "channels_middle"}):
        with pytest.raises(ValueError):
            processor(PHOTO, **wrong)
    for framework in ("tf", "jax"):
        with pytest.raises(ImportError):
            processor(PHOTO, return_tensors=framework)
    with pytest.raises(ValueError):
        processor(PHOTO, return_tensors="xx")
    processor.size = None
    with pytest.raises(ValueError):
        processor(PHOTO)


def test_reading_and_writing(tmp_path: pathlib.Path) -> None:
    processor = ours.Owlv2ImageProcessor(do_pad=False, image_mean=0.5, something="else", **SMALL)
    assert processor.save_pretrained(tmp_path) == [str(tmp_path / "preprocessor_config.json")]
    read = ours.Owlv2ImageProcessor.from_pretrained(tmp_path)
    assert read.to_dict() == processor.to_dict()
    assert json.loads(read.to_json_string())["image_processor_type"] == "Owlv2ImageProcessor"
    assert json.loads(read.to_json_string())["resample"] == 2
    read, rest = ours.Owlv2ImageProcessor.from_pretrained(
        tmp_path / "preprocessor_config.json",
        size={"height": 4, "width": 5},
        do_pad=True,
        unknown=1,
        return_unused_kwargs=True,
    )
    assert (read.size, read.do_pad, rest) == ({"height": 4, "width": 5}, True, {"unknown": 1})
    with pytest.raises(OSError):
        ours.Owlv2ImageProcessor.from_pretrained(tmp_path / "nothing")
    (tmp_path / "processor_config.json").write_text(
        '{"image_processor": {"image_processor_type": "Owlv2ImageProcessorFast", "do_pad": true}}'
    )
    assert ours.Owlv2ImageProcessor.from_pretrained(tmp_path).do_pad is True


def test_pictures_from_files() -> None:
    path = next((DATA / "images" / "good").glob("*.png"))
    photo = np.asarray(load_image(str(path)))
    assert photo.ndim == 3 and photo.shape[2] == 3 and photo.dtype == np.uint8
    text = base64.b64encode(path.read_bytes()).decode()
    for given in (text, f"data:image/png;base64,{text}", path):
        assert np.array_equal(np.asarray(load_image(given)), photo)
    for wrong in (3, "no such file", None):
        with pytest.raises(ValueError):
            load_image(wrong)


# ---------------------------------------------------------------------------------- what is found


def _cases(name: str) -> list[dict[str, Any]]:
    stored = tensors(DATA / "postprocess" / f"{name}.safetensors")
    count = len({key.split(".")[0] for key in stored})
    return [
        {key.split(".", 1)[1]: value for key, value in stored.items() if key.startswith(f"{i}.")}
        for i in range(count)
    ]


@pytest.mark.parametrize("case", _cases("cases"))
def test_object_detection(case: dict[str, Any]) -> None:
    processor = ours.Owlv2ImageProcessor()
    outputs = SimpleNamespace(logits=case["logits"][None], pred_boxes=case["pred_boxes"][None])
    sizes = case["size"][None] if case["size"].any() else None
    for given in (sizes, None if sizes is None else [tuple(sizes[0])]):
        (found,) = processor.post_process_object_detection(outputs, float(case["threshold"]), given)
        np.testing.assert_allclose(found["scores"], case["scores"], atol=1e-6)
        assert np.array_equal(found["labels"], case["labels"])
        np.testing.assert_allclose(found["boxes"], case["boxes"], rtol=1e-5, atol=1e-5)
    if sizes is not None:
        with pytest.warns(FutureWarning):
            (everything,) = processor.post_process(outputs, sizes)
        assert len(everything["boxes"]) == len(case["logits"])


@pytest.mark.parametrize("case", _cases("guided"))
def test_image_guided_detection(case: dict[str, Any]) -> None:
    (found,) = ours.Owlv2ImageProcessor().post_process_image_guided_detection(
        {"logits": case["logits"][None], "target_pred_boxes": case["pred_boxes"][None]},
        threshold=float(case["threshold"]),
        nms_threshold=float(case["nms_threshold"]),
        target_sizes=case["size"][None],
    )
    assert found["labels"] is None
    np.testing.assert_allclose(found["scores"], case["scores"], atol=1e-5)
    np.testing.assert_allclose(found["boxes"], case["boxes"], rtol=1e-5, atol=1e-5)


def test_boxes_of_the_image() -> None:
    # One box in the photo, which is twice as wide as high, and one in the padding below it.
    outputs = SimpleNamespace(
        logits=np.array([[[3.0], [3.0]]]),
        pred_boxes=np.array([[[0.5, 0.25, 0.5, 0.5], [0.5, 0.9, 0.2, 0.1]]]),
    )
    processor = ours.Owlv2ImageProcessor()
    (found,) = processor.post_process_object_detection(outputs, 0.1, [(100, 200)], boxes="image")
    assert found["boxes"].tolist() == [[50.0, 0.0, 150.0, 100.0]]
    for wrong in ({"boxes": "photo"}, {"target_sizes": [(1, 2), (3, 4)]}):
        with pytest.raises(ValueError):
            processor.post_process_object_detection(outputs, **wrong)
    with pytest.raises(ValueError):
        processor.post_process_image_guided_detection(
            {"logits": outputs.logits, "target_pred_boxes": outputs.pred_boxes},
            target_sizes=np.array([[1, 2, 3]]),
        )


# -------------------------------------------------------------------------- beside the reference

SETTINGS: list[dict[str, Any]] = [
    {},
    {"do_rescale": False},
    {"do_pad": False},
    {"do_resize": False},
    {"do_normalize": False},
    {"image_mean": 0.5, "image_std": 0.5},
    {"size": {"height": 20, "width": 30}},
    {"size": {"shortest_edge": 3}},
    {"rescale_factor": 2},
    {"data_format": "channels_last", "return_tensors": "pt"},
    {"input_data_format": "channels_last", "image_mean": 0, "image_std": 1},
    {"do_center_crop": False, "resample": PILImageResampling.LANCZOS},
    {"crop_size": 20},
]


def _photos() -> dict[str, Any]:
    image = pytest.importorskip("PIL.Image")
    torch = pytest.importorskip("torch")
    return {
        "PIL": image.fromarray(PHOTO),
        "grey PIL": image.fromarray(PHOTO).convert("L"),
        "PIL with alpha": image.fromarray(PHOTO).convert("RGBA"),
        "torch": torch.from_numpy(PHOTO.transpose(2, 0, 1).copy()),
        "fractions": (PHOTO / 255).astype(np.float32),
        "half fractions": (PHOTO / 255).astype(np.float16),
        "floats": PHOTO.astype(np.float64),
        "integers": PHOTO.astype(np.int32),
        "grey": PHOTO[..., :1],
        "alpha": np.dstack([PHOTO, PHOTO[..., :1]]),
        "several": [PHOTO, PHOTO[:20, :20]],
        "three rows": PHOTO[:3],
    }


@pytest.mark.parametrize("name, settings", CLASSES)
def test_the_reference(name: str, settings: dict[str, Any]) -> None:
    theirs = pytest.importorskip("transformers", reason="the reference isn't installed")
    if not theirs.__version__.startswith("4.37"):
        pytest.skip("the reference is another version")
    pair = getattr(theirs, name)(**settings), getattr(ours, name)(**settings)
    for (kind, photo), changes in itertools.product(_photos().items(), SETTINGS):
        results: list[Any] = []
        for processor in pair:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    results.append(processor(photo, **changes).pixel_values)
                except Exception as error:
                    results.append(error)
        wanted, got = results
        if isinstance(wanted, Exception):
            assert isinstance(got, type(wanted)), (kind, changes, wanted, got)
            continue
        for one, other in zip(wanted, got, strict=True):
            assert one.dtype == other.dtype, (kind, changes)
            one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
            np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-5, err_msg=f"{kind} {changes}")


def test_tensors_give_tensors() -> None:
    torch = pytest.importorskip("torch")
    processor = ours.Owlv2ImageProcessor(**SMALL)
    assert isinstance(processor(PHOTO, return_tensors="pt").pixel_values, torch.Tensor)
    outputs = SimpleNamespace(
        logits=torch.randn(2, 5, 3, requires_grad=True), pred_boxes=torch.rand(2, 5, 4)
    )
    sizes = torch.tensor([[10.0, 20.0], [30.0, 40.0]])
    for found in processor.post_process_object_detection(outputs, 0.0, sizes):
        assert all(isinstance(value, torch.Tensor) for value in found.values())
        assert found["labels"].dtype == torch.int64 and found["boxes"].shape == (5, 4)
