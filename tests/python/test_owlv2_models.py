"""OWLv2's models: the reference's numbers, parameters as memory, loading, saving."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import pickle
import subprocess
import sys

import golden
import numpy as np
import pytest

from pytyto.transformers import (
    Owlv2Config,
    Owlv2ForObjectDetection,
    Owlv2Model,
    Owlv2TextModel,
    Owlv2VisionModel,
)

DATA = golden.DATA / "owlv2"
ODD = DATA / "odd"
TEXT = {
    "vocab_size": 40,
    "hidden_size": 16,
    "intermediate_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
VISION = {
    "hidden_size": 24,
    "intermediate_size": 12,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 16,
    "patch_size": 4,
}


def small() -> Owlv2ForObjectDetection:
    return Owlv2ForObjectDetection(Owlv2Config(dict(TEXT), dict(VISION), projection_dim=16))


@pytest.fixture(scope="module")
def detector() -> Owlv2ForObjectDetection:
    return Owlv2ForObjectDetection.from_pretrained(ODD / "model")


@pytest.mark.parametrize("name", ["one", "three", "masks", "no_mask"])
def test_detection(detector: Owlv2ForObjectDetection, name: str) -> None:
    inputs, expected = golden.case(ODD / name)
    output = detector(**inputs, output_attentions=True, output_hidden_states=True)
    golden.compare(output, expected)
    tuples = detector(**inputs, return_dict=False)
    assert len(tuples) == 8 and tuples[0] is not None
    np.testing.assert_allclose(tuples[4], output.image_embeds, atol=1e-5)
    assert len(tuples[6]) == len(tuples[7]) == 2
    assert len(output.to_tuple()[-1]) == 4


def test_image_guided_detection(detector: Owlv2ForObjectDetection) -> None:
    inputs, expected = golden.case(ODD / "image_guided")
    golden.compare(detector.image_guided_detection(**inputs), expected)
    assert len(detector.image_guided_detection(**inputs, return_dict=False)) == 7


def test_parts_of_the_head(detector: Owlv2ForObjectDetection) -> None:
    inputs, _ = golden.case(ODD / "three")
    whole = detector(**inputs)
    feature_map, tower = detector.image_embedder(inputs["pixel_values"])
    features = feature_map.reshape(feature_map.shape[0], -1, feature_map.shape[-1])
    close = lambda a, b: np.testing.assert_allclose(a, b, atol=2e-5)
    close(feature_map, whole.image_embeds)
    close(tower.pooler_output, whole.vision_model_output.pooler_output)
    close(detector.box_predictor(features, feature_map), whole.pred_boxes)
    close(detector.objectness_predictor(features), whole.objectness_logits)
    mask = inputs["input_ids"].reshape(3, 2, -1)[..., 0] > 0
    logits, embeds = detector.class_predictor(features, whole.text_embeds, mask)
    close(logits, whole.logits)
    close(embeds, whole.class_embeds)
    zeros, lengths = detector.class_predictor(features)
    assert not zeros.any() and zeros.shape == features.shape
    close(lengths / np.linalg.norm(lengths, axis=-1, keepdims=True), whole.class_embeds)
    query, index, boxes = detector.embed_image_query(features, feature_map)
    assert query.shape[:2] == index.shape == (3, 1)
    close(boxes, whole.pred_boxes)
    texts, image_map, base = detector.image_text_embedder(**inputs)
    close(texts.reshape(whole.text_embeds.shape), whole.text_embeds)
    close(image_map, feature_map)
    assert base.logits_per_image.shape == (3, 6)
    assert detector.compute_box_bias(feature_map).shape == (features.shape[1], 4)


@pytest.mark.parametrize("model", ["contrastive", "sharded"])
def test_comparison(model: str) -> None:
    base = Owlv2Model.from_pretrained(DATA / model / "model")
    inputs, expected = golden.case(DATA / model / "contrastive")
    wanted = {key: value for key, value in expected.items() if key != "base_image_embeds"}
    golden.compare(base(**inputs, return_loss="loss" in expected), wanted)
    with pytest.warns(FutureWarning):
        output = base(**inputs, return_base_image_embeds=True)
    golden.compare(output, {"image_embeds": expected["base_image_embeds"]})
    inputs, expected = golden.case(DATA / model / "text_features")
    golden.compare({"text_features": base.get_text_features(**inputs)}, expected)
    inputs, expected = golden.case(DATA / model / "image_features")
    golden.compare({"image_features": base.get_image_features(**inputs)}, expected)
    for cls, name in ((Owlv2TextModel, "text_model"), (Owlv2VisionModel, "vision_model")):
        inputs, expected = golden.case(DATA / model / name)
        tower = cls.from_pretrained(DATA / model / "model")
        output = tower(**inputs, output_attentions=True, output_hidden_states=True)
        golden.compare(output, expected)
        inside = getattr(base, name)(**inputs)
        np.testing.assert_allclose(inside.pooler_output, output.pooler_output, atol=1e-5)


def test_labels_give_a_loss() -> None:
    folder = golden.DATA / "detection_loss" / "forward"
    inputs, expected = golden.case(folder)
    labels = [
        {key: inputs.pop(f"labels.{i}.{key}") for key in ("class_labels", "boxes")}
        for i in range(3)
    ]
    source = ODD / "model"
    output = Owlv2ForObjectDetection.from_pretrained(source)(**inputs, labels=labels)
    assert set(output.loss_dict) == {key.split(".")[1] for key in expected if "." in key}
    golden.compare(output, expected)


def test_writing_into_parameters_counts() -> None:
    model = small()
    inputs = {"input_ids": np.array([[1, 5, 39]]), "pixel_values": np.ones((1, 3, 16, 16), "f4")}
    before = model(**inputs)
    assert not model._grown
    names = dict(model.named_parameters())
    assert np.array_equal(model(**inputs).logits, before.logits)
    golden.memory(names["class_head.logit_shift.bias"])[...] += 1.0
    after = model(**inputs)
    assert (after.logits != before.logits).all()
    assert np.array_equal(after.pred_boxes, before.pred_boxes)
    golden.memory(names["owlv2.logit_scale"])[()] = 0.0
    assert model.state_dict()["owlv2.logit_scale"] == 0.0
    assert model.num_parameters() == sum(golden.memory(v).size for v in names.values())


def test_state_dicts() -> None:
    first, second = small(), small()
    inputs = {"input_ids": np.array([[1, 5, 39]]), "pixel_values": np.ones((1, 3, 16, 16), "f4")}
    assert not np.array_equal(first(**inputs).logits, second(**inputs).logits)
    fit = second.load_state_dict(first.state_dict())
    assert not fit.missing_keys and not fit.unexpected_keys
    assert np.array_equal(first(**inputs).logits, second(**inputs).logits)
    state = dict(first.state_dict())
    state["further"] = state.pop("layer_norm.bias")
    with pytest.raises(RuntimeError, match="layer_norm.bias"):
        second.load_state_dict(state)
    fit = second.load_state_dict(state, strict=False)
    assert (fit.missing_keys, fit.unexpected_keys) == (["layer_norm.bias"], ["further"])
    with pytest.raises(RuntimeError, match="shape"):
        second.load_state_dict({"layer_norm.bias": np.zeros(3)}, strict=False)
    copy = pickle.loads(pickle.dumps(first))
    assert np.array_equal(first(**inputs).logits, copy(**inputs).logits)


def test_saving(tmp_path: pathlib.Path) -> None:
    model = small()
    inputs = {"input_ids": np.array([[1, 5, 39]]), "pixel_values": np.ones((1, 3, 16, 16), "f4")}
    (tmp_path / "preprocessor_config.json").write_text("{}")
    model.save_pretrained(tmp_path, max_shard_size="10KB")
    assert (tmp_path / "model.safetensors.index.json").is_file()
    loaded, info = Owlv2ForObjectDetection.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(info.values())
    assert np.array_equal(model(**inputs).logits, loaded(**inputs).logits)
    model.save_pretrained(tmp_path)
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {"preprocessor_config.json", "config.json", "model.safetensors"}
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["architectures"] == ["Owlv2ForObjectDetection"]
    assert config["torch_dtype"] == "float32"


def test_other_classes_checkpoints(tmp_path: pathlib.Path) -> None:
    model = small()
    model.save_pretrained(tmp_path / "whole")
    vision, info = Owlv2VisionModel.from_pretrained(tmp_path / "whole", output_loading_info=True)
    assert not info["missing_keys"] and "class_head.dense0.bias" in info["unexpected_keys"]
    base = Owlv2Model.from_pretrained(tmp_path / "whole")
    pixels = np.ones((1, 3, 16, 16), "f4")
    assert np.array_equal(vision(pixels).pooler_output, base.vision_model(pixels).pooler_output)
    base.save_pretrained(tmp_path / "base")
    again, info = Owlv2ForObjectDetection.from_pretrained(
        tmp_path / "base", output_loading_info=True
    )
    assert len(info["missing_keys"]) == 20 and not info["unexpected_keys"]
    assert np.array_equal(again.owlv2.get_image_features(pixels), base.get_image_features(pixels))
    with pytest.raises(RuntimeError, match="ignore_mismatched_sizes"):
        Owlv2Model.from_pretrained(tmp_path / "base", projection_dim=8)
    other, info = Owlv2Model.from_pretrained(
        tmp_path / "base",
        projection_dim=8,
        ignore_mismatched_sizes=True,
        output_loading_info=True,
    )
    assert len(info["mismatched_keys"]) == 2 and other.get_image_features(pixels).shape == (1, 8)


def test_errors() -> None:
    model = small()
    with pytest.raises(ValueError):
        model(input_ids=np.zeros((1, 3), int), pixel_values=np.zeros((1, 3, 8, 8)))
    with pytest.raises(ValueError, match="config"):
        Owlv2ForObjectDetection("google/owlv2-base-patch16")
    with pytest.raises(OSError):
        Owlv2ForObjectDetection.from_pretrained("not/there", local_files_only=True)
    for refused in (model.cuda, lambda: model.to("cuda"), lambda: model.prune_heads({})):
        with pytest.raises(NotImplementedError):
            refused()
    with pytest.raises(NotImplementedError, match="device_map"):
        Owlv2ForObjectDetection.from_pretrained(ODD / "model", device_map="cuda:0")
    assert model.to("cpu") is model and model.eval().training is False


@pytest.mark.parametrize(("name", "why"), [("TFOwlv2Model", "TensorFlow"), ("Trainer", "learn"), ("Owl", "'Owl'$")])
def test_what_is_not_there_says_why(name: str, why: str) -> None:
    import pytyto.transformers

    with pytest.raises(AttributeError, match=why):
        getattr(pytyto.transformers, name)


def test_types() -> None:
    model = small().half()
    inputs = {"input_ids": np.array([[1, 5, 39]]), "pixel_values": np.ones((1, 3, 16, 16), "f4")}
    assert str(model.dtype).endswith("float16") and model(**inputs).logits.dtype == np.float16
    assert str(model.float().dtype).endswith("float32")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_types_of_weights(dtype: str, tmp_path: pathlib.Path) -> None:
    whole = Owlv2ForObjectDetection.from_pretrained(ODD / "model")
    model = Owlv2ForObjectDetection.from_pretrained(ODD / "model", torch_dtype=dtype)
    inputs, _ = golden.case(ODD / "one")
    wanted, found = whole(**inputs).pred_boxes, model(**inputs).pred_boxes
    assert 0 < np.abs(wanted - found.astype("f4")).max() < 0.02
    model.save_pretrained(tmp_path)
    assert str(Owlv2Config.from_pretrained(tmp_path).torch_dtype).endswith(dtype)
    assert Owlv2ForObjectDetection.from_pretrained(tmp_path).state_dict()["layer_norm.bias"].dtype
    again = Owlv2ForObjectDetection.from_pretrained(tmp_path, torch_dtype="auto")
    assert np.array_equal(again(**inputs).pred_boxes, found)


def test_any_layout_of_memory_gives_the_same() -> None:
    model = small()
    pixels = np.random.default_rng(0).random((2, 3, 16, 16), dtype="f4")
    ids = np.array([[1, 5, 39], [2, 38, 0]])
    wanted = model(input_ids=ids, pixel_values=pixels).logits
    strided = np.zeros((2, 16, 16, 3), "f4")
    strided[...] = pixels.transpose(0, 2, 3, 1)
    frozen = pixels.copy()
    frozen.flags.writeable = False
    for same in (strided.transpose(0, 3, 1, 2), frozen, pixels.astype(">f4"), pixels.astype("f8")):
        assert np.array_equal(model(input_ids=ids, pixel_values=same).logits, wanted)
    for same in (ids.astype("i2"), ids.astype(">i4"), np.asfortranarray(ids), ids[::-1][::-1]):
        assert np.array_equal(model(input_ids=same, pixel_values=pixels).logits, wanted)
    for bad in (pixels.astype("c8"), np.array(["a"]), pixels[0], pixels[:, :, :8], pixels[:0]):
        with pytest.raises(ValueError):
            model(input_ids=ids, pixel_values=bad)
    for bad_ids in (ids + 40, -ids, ids.astype("f4"), ids[0], np.zeros((2, 17), int)):
        with pytest.raises(ValueError):
            model(input_ids=bad_ids, pixel_values=pixels)


def test_threads_share_a_model() -> None:
    model = small()
    pixels = np.random.default_rng(0).random((4, 1, 3, 16, 16), dtype="f4")
    ids = np.array([[1, 5, 39]])
    wanted = [model(input_ids=ids, pixel_values=one).logits for one in pixels]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        runs = pool.map(lambda one: model(input_ids=ids, pixel_values=one).logits, pixels)
        assert all(np.array_equal(a, b) for a, b in zip(runs, wanted))


def test_checkpoints_of_the_same_class_stay_mapped(tmp_path: pathlib.Path) -> None:
    small().save_pretrained(tmp_path)
    config = Owlv2Config.from_pretrained(tmp_path)
    inputs = {"input_ids": np.array([[1, 5, 39]]), "pixel_values": np.ones((1, 3, 16, 16), "f4")}
    mapped = Owlv2ForObjectDetection.from_pretrained(tmp_path)
    config.further = 1
    copied = Owlv2ForObjectDetection.from_pretrained(tmp_path, config=config)
    assert np.array_equal(mapped(**inputs).logits, copied(**inputs).logits)
    mapped.save_pretrained(tmp_path)
    again = Owlv2ForObjectDetection.from_pretrained(tmp_path)
    assert np.array_equal(mapped(**inputs).logits, again(**inputs).logits)


TORCH = """
import sys, torch, numpy as np
sys.path.insert(0, sys.argv[1])
from test_owlv2_models import *

model = small()
assert isinstance(model, torch.nn.Module) and isinstance(model, Owlv2ForObjectDetection)
assert type(model).__name__ == "Owlv2ForObjectDetection"
inputs = {"input_ids": torch.tensor([[1, 5, 39]]), "pixel_values": torch.ones(1, 3, 16, 16)}
before = model(**inputs)
assert before.logits.requires_grad
try:
    before.logits.sum().backward()
    raise AssertionError
except NotImplementedError as error:
    assert "gradients" in str(error)
with torch.no_grad():
    assert not model(**inputs).logits.requires_grad
    assert isinstance(model.class_head.dense0, torch.nn.Linear)
    model.class_head.logit_shift.bias.add_(1.0)
    second = model(**inputs).logits
    assert (second != before.logits).all()
    model.class_head.logit_shift.bias.data.sub_(0.5)
    assert (model(**inputs).logits != second).all()
optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
for parameter in model.parameters():
    parameter.grad = torch.zeros_like(parameter)
model.layer_norm.bias.grad += 1.0
optimizer.step()
assert (model(**inputs).pred_boxes != before.pred_boxes).any()
torch.manual_seed(3); one = small().state_dict()
torch.manual_seed(3); two = small().state_dict()
assert all(torch.equal(one[key], two[key]) for key in one)
half = model.to(torch.bfloat16)
assert half(**inputs).logits.dtype == torch.bfloat16 == half.dtype
frozen = small().requires_grad_(False)
assert not frozen._grown and not frozen(**inputs).logits.requires_grad
assert not any(p.requires_grad for p in frozen.parameters())
outer = torch.nn.Sequential(small(), torch.nn.Linear(2, 2))
other = torch.nn.Sequential(small(), torch.nn.Linear(2, 2))
other.load_state_dict(outer.state_dict())
assert torch.equal(other[0](**inputs).logits, outer[0](**inputs).logits)
try:
    torch.jit.trace(small(), tuple(inputs.values()))
    raise AssertionError
except NotImplementedError as error:
    assert "torch.jit" in str(error)
import copy
assert torch.equal(copy.deepcopy(outer)[0](**inputs).logits, outer[0](**inputs).logits)
assert isinstance(frozen(input_ids=np.array([[1, 2]]), pixel_values=np.ones((1, 3, 16, 16))).logits,
                  np.ndarray)
"""


def test_with_torch() -> None:
    pytest.importorskip("torch")
    here = str(pathlib.Path(__file__).parent)
    subprocess.run([sys.executable, "-c", TORCH, here], check=True)


@pytest.mark.parametrize("touched", ["", "list(model.parameters())"])
def test_a_model_made_before_torch_is_imported(touched: str) -> None:
    pytest.importorskip("torch")
    program = f"""
import numpy as np
from pytyto.transformers import Owlv2ForObjectDetection
model = Owlv2ForObjectDetection.from_pretrained({str(ODD / "model")!r})
{touched}
import torch
kinds = {{type(parameter) for parameter in model.parameters()}}
assert kinds == {{np.ndarray if {bool(touched)} else torch.nn.Parameter}}, kinds
assert isinstance(model, torch.nn.Module) is not {bool(touched)}
side = model.config.vision_config.image_size
inputs = dict(pixel_values=torch.zeros(1, 3, side, side), input_ids=torch.tensor([[1, 2, 3, 4]]))
plain = model(**inputs).logits
assert isinstance(plain, torch.Tensor)
model.load_state_dict(model.state_dict())
assert torch.equal(model(**inputs).logits, plain)
assert model.half()(**inputs).logits.dtype == torch.float16
assert model.float()(**inputs).logits.dtype == torch.float32
"""
    settings = {**os.environ, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=settings
    )
    assert done.returncode == 0, done.stderr


def test_a_compiled_model_gives_the_same() -> None:
    torch = pytest.importorskip("torch")
    if not hasattr(torch, "compile"):
        pytest.skip("torch before 2.0 doesn't compile")
    model = Owlv2ForObjectDetection.from_pretrained(ODD / "model")
    side = model.config.vision_config.image_size
    compiled = torch.compile(model, backend="eager")
    for value in (0.0, 0.5):
        inputs = {
            "pixel_values": torch.full((1, 3, side, side), value),
            "input_ids": torch.tensor([[1, 2, 3, 4]]),
        }
        with torch.no_grad():
            assert torch.equal(compiled(**inputs).logits, model(**inputs).logits)
