"""Perceivers: the reference's numbers for each class and composition, losses, and parameters."""

from __future__ import annotations

import json
import pathlib
import pickle
import subprocess
import sys
from typing import Any

import golden
import numpy as np
import pytest

import pytyto.transformers as ours
from pytyto.transformers import PerceiverConfig, PerceiverModel
from pytyto.transformers.models.perceiver import modeling_perceiver as modeling

DATA = golden.DATA / "perceiver"
CASES = sorted(path.parent for path in DATA.glob("*/*/inputs.safetensors"))
WITHOUT_CONFIG = {
    "PerceiverMultimodalPreprocessor",
    "PerceiverMultimodalPostprocessor",
    "PerceiverProjectionPostprocessor",
}


def part(config: PerceiverConfig, described: dict[str, Any]) -> Any:
    """A part of its description."""
    described = dict(described)
    name = described.pop("type")
    if "modalities" in described:
        inside = described["modalities"].items()
        described["modalities"] = {key: part(config, one) for key, one in inside}
    if name == "PerceiverMultimodalDecoder":
        described.setdefault("num_outputs", None)
    cls = getattr(modeling, name)
    return cls(**described) if name in WITHOUT_CONFIG else cls(config, **described)


def opened(folder: pathlib.Path) -> Any:
    config = ours.AutoConfig.from_pretrained(folder / "model")
    parts = folder / "parts.json"
    if not parts.is_file():
        return getattr(ours, config.architectures[0]).from_pretrained(folder / "model")
    described = json.loads(parts.read_text())
    chosen = {key: part(config, one) for key, one in described.items()}
    return PerceiverModel.from_pretrained(folder / "model", config=config, **chosen)


def nested(inputs: dict[str, np.ndarray]) -> dict[str, Any]:
    """Inputs of several modalities as dicts."""
    found: dict[str, Any] = {}
    for key, value in inputs.items():
        name, _, modality = key.partition(".")
        if modality:
            found.setdefault(name, {})[modality] = value
        else:
            found[name] = value
    return found


@pytest.mark.parametrize("folder", CASES, ids=lambda f: f"{f.parent.name}-{f.name}")
def test_same_numbers(folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, expected = golden.case(folder)
    seed = inputs.pop("mask_seed", None)
    if seed is not None:
        monkeypatch.setattr(PerceiverModel, "_further", lambda self: {"mask_seed": seed})
    model = opened(folder.parent)
    kwargs = nested(inputs)
    output = model(**kwargs, output_attentions=True, output_hidden_states=True)
    golden.compare(output, expected, 5e-5)
    tuples = model(**kwargs, return_dict=False)
    first = tuples[1 if "labels" in kwargs else 0]
    name = "logits" if "logits" in output else "last_hidden_state"
    if not isinstance(first, dict):
        np.testing.assert_allclose(first, output[name], atol=1e-4, rtol=1e-4)


def small(**kwargs: Any) -> PerceiverConfig:
    sizes = {
        "num_latents": 4,
        "d_latents": 16,
        "d_model": 8,
        "num_self_attends_per_block": 2,
        "num_self_attention_heads": 2,
        "num_cross_attention_heads": 1,
        "vocab_size": 20,
        "max_position_embeddings": 6,
    }
    return PerceiverConfig(**{**sizes, **kwargs})


IDS = np.array([[1, 2, 3, 4], [5, 6, 7, 19]])


def test_composition_has_its_parts() -> None:
    config = small(num_labels=3)
    preprocessor = modeling.PerceiverTextPreprocessor(config)
    decoder = modeling.PerceiverClassificationDecoder(
        config,
        num_channels=16,
        trainable_position_encoding_kwargs={"num_channels": 16, "index_dims": 1},
        use_query_residual=True,
    )
    model = PerceiverModel(config, input_preprocessor=preprocessor, decoder=decoder)
    output = model(inputs=IDS)
    assert output.logits.shape == (2, 3) and output.last_hidden_state.shape == (2, 4, 16)
    assert model.input_preprocessor is preprocessor and model.decoder is decoder
    assert model.output_postprocessor is None
    assert preprocessor.embeddings.weight.shape == (20, 8)
    golden.memory(preprocessor.embeddings.weight)[...] = 0.0
    assert not np.array_equal(model(inputs=IDS).logits, output.logits)
    assert model.get_input_embeddings().shape == (4, 16)
    with pytest.raises(NotImplementedError, match="inside of a PerceiverModel"):
        preprocessor(IDS)
    with pytest.raises(NotImplementedError, match="got object"):
        PerceiverModel(config, input_preprocessor=object())
    copy = pickle.loads(pickle.dumps(model))
    assert np.array_equal(copy(inputs=IDS).logits, model(inputs=IDS).logits)


def test_bare_model() -> None:
    model = PerceiverModel(small())
    rows = np.ones((2, 5, 8), "f4")
    output = model(inputs=rows, output_attentions=True, output_hidden_states=True)
    assert output.logits is None and "logits" not in output
    assert len(output.hidden_states) == 3 and len(output.attentions) == 2
    assert len(output.cross_attentions) == 1
    tuples = model(rows, output_attentions=True, output_hidden_states=True, return_dict=False)
    assert len(tuples) == 4 and len(tuples[1]) == 3
    with pytest.raises(ValueError):
        model(inputs=np.ones((2, 5, 9), "f4"))


@pytest.mark.parametrize("problem", ["single", "multi", "regression"])
def test_labels_decide_the_problem(problem: str) -> None:
    labels: Any = {
        "single": np.array([2, 0]),
        "multi": np.array([[1.0, 0, 1], [0, 0, 1]]),
        "regression": np.array([0.5, 1.0]),
    }[problem]
    config = small(num_labels=1 if problem == "regression" else 3)
    model = ours.PerceiverForSequenceClassification(config)
    output = model(input_ids=IDS, labels=labels)
    assert config.problem_type.startswith(problem)
    logits = output.logits.astype(float)
    if problem == "single":
        chosen = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        wanted = -chosen[np.arange(2), labels].mean()
    elif problem == "multi":
        wanted = (np.log1p(np.exp(logits)) - labels * logits).mean()
    else:
        wanted = ((logits[:, 0] - labels) ** 2).mean()
    assert output.loss.shape == () and abs(output.loss - wanted) < 1e-5
    assert model(input_ids=IDS, labels=labels, return_dict=False)[0] == output.loss


def test_problem_of_the_config_counts() -> None:
    model = ours.PerceiverForSequenceClassification(small(num_labels=3))
    before = model(input_ids=IDS).logits
    model.config.problem_type = "regression"
    labels = np.zeros((2, 3), "f4")
    output = model(input_ids=IDS, labels=labels)
    assert abs(output.loss - (output.logits**2).mean()) < 1e-6
    assert np.array_equal(output.logits, before)


def test_masked_lm_takes_points_and_labels() -> None:
    model = ours.PerceiverForMaskedLM(small())
    whole = model(input_ids=IDS, attention_mask=np.array([[1, 1, 1, 0], [1, 1, 1, 1]]))
    assert whole.logits.shape == (2, 6, 20)
    some = model(inputs=IDS, subsampled_output_points=np.array([1, 4]))
    np.testing.assert_allclose(some.logits, model(inputs=IDS).logits[:, [1, 4]], atol=1e-5)
    labels = np.full((2, 6), -100)
    labels[0, 1] = 3
    assert model(inputs=IDS, labels=labels).loss > 0
    with pytest.raises(ValueError, match="input_ids"):
        model(inputs=IDS, input_ids=IDS)
    with pytest.raises(ValueError, match="required"):
        model()
    latents = model.perceiver(inputs=IDS).last_hidden_state
    assert latents.shape == (2, 4, 16)


def test_losses_that_are_not_there() -> None:
    model = ours.PerceiverForOpticalFlow(small(train_size=[4, 6]))
    frames = np.zeros((1, 2, 27, 4, 6), "f4")
    assert model(inputs=frames).logits.shape == (1, 4, 6, 2)
    with pytest.raises(NotImplementedError, match="labels"):
        model(inputs=frames, labels=frames)


@pytest.mark.parametrize("name", ["learned", "fourier", "convolution"])
def test_auto_classes(name: str, tmp_path: pathlib.Path) -> None:
    model = ours.AutoModelForImageClassification.from_pretrained(DATA / name / "model")
    assert type(model).__name__ == model.config.architectures[0]
    model.save_pretrained(tmp_path)
    again = ours.AutoModelForImageClassification.from_pretrained(tmp_path)
    assert type(again).__name__ == type(model).__name__
    with pytest.raises(ValueError, match="required one of Owlv2Config"):
        ours.AutoModelForZeroShotObjectDetection.from_pretrained(tmp_path)


TORCH = """
import sys, torch
sys.path.insert(0, sys.argv[1])
from test_perceiver_models import *

config = small(num_labels=3)
model = ours.PerceiverForSequenceClassification(config)
ids = torch.from_numpy(IDS)
output = model(inputs=ids, labels=torch.tensor([2, 0]))
assert output.loss.requires_grad and output.loss.dim() == 0
assert torch.allclose(output.loss, torch.nn.functional.cross_entropy(output.logits,
                                                                     torch.tensor([2, 0])))
decoder = modeling.PerceiverBasicDecoder(config, output_num_channels=5, num_channels=7,
    position_encoding_type="fourier", output_index_dims=[9], fourier_position_encoding_kwargs=dict(
    num_bands=3, max_resolution=(9,), concat_pos=True, sine_only=False))
assert isinstance(decoder, torch.nn.Module)
batch = ours.PerceiverForImageClassificationConvProcessing(small())
assert isinstance(batch.perceiver.input_preprocessor.convnet.batchnorm, torch.nn.BatchNorm2d)
assert isinstance(batch.perceiver.encoder.self_attends, torch.nn.ModuleList)
assert {"perceiver.input_preprocessor.convnet.batchnorm.running_mean"} <= set(batch.state_dict())
assert isinstance(batch.get_input_embeddings(), torch.nn.Parameter)
"""


def test_with_torch() -> None:
    pytest.importorskip("torch")
    here = str(pathlib.Path(__file__).parent)
    subprocess.run([sys.executable, "-c", TORCH, here], check=True)
