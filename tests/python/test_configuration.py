"""Configs: defaults, reading, writing, and the same JSON as the reference's."""

from __future__ import annotations

import json
import pathlib
import pickle
import subprocess
import sys

import pytest

import pytyto.transformers as ours
from pytyto.transformers.modeling_outputs import BaseModelOutput
from pytyto.transformers.utils import ModelOutput, TensorType

DATA = pathlib.Path(__file__).parent.parent / "golden" / "data"
CLASSES = ["Owlv2Config", "Owlv2TextConfig", "Owlv2VisionConfig", "PerceiverConfig"]


def test_defaults_are_not_written() -> None:
    written = json.loads(ours.PerceiverConfig(d_latents=64, num_labels=3).to_json_string())
    assert written["d_latents"] == 64 and written["num_latents"] == 256
    assert written["id2label"] == {"0": "LABEL_0", "1": "LABEL_1", "2": "LABEL_2"}
    assert "is_decoder" not in written and "max_length" not in written


@pytest.mark.parametrize("name", CLASSES)
def test_round_trip(name: str, tmp_path: pathlib.Path) -> None:
    cls = getattr(ours, name)
    config = cls(id2label={0: "a", 1: "b", 2: "c"}, something="else", output_attentions=True)
    config.save_pretrained(tmp_path)
    read = cls.from_pretrained(tmp_path)
    assert read.to_dict() == config.to_dict()
    assert ours.AutoConfig.from_pretrained(tmp_path).to_diff_dict() == {
        **config.to_diff_dict(),
        "_name_or_path": str(tmp_path),
    }
    assert pickle.loads(pickle.dumps(config)) == config
    assert read.num_labels == 3 and read.something == "else"


def test_keywords_replace_what_the_file_says() -> None:
    folder = DATA / "owlv2" / "odd" / "model"
    config, unused = ours.Owlv2Config.from_pretrained(
        folder, projection_dim=5, vision_config={"image_size": 21}, x=1, return_unused_kwargs=True
    )
    assert config.projection_dim == 5 and config.vision_config.image_size == 21
    assert config.text_config.hidden_size == 36 and unused["x"] == 1
    assert ours.Owlv2TextConfig.from_pretrained(folder).hidden_size == 36
    assert ours.Owlv2VisionConfig.from_pretrained(folder).patch_size == 7


def test_files_of_newer_versions() -> None:
    config = ours.AutoConfig.from_pretrained(DATA / "saved_by_5" / "owlv2" / "odd")
    assert str(config.torch_dtype).endswith("float32")
    assert config.vision_config.image_size == 63


def test_errors(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="problem_type"):
        ours.PerceiverConfig(problem_type="guess")
    with pytest.raises(ValueError, match="id2label"):
        ours.PerceiverConfig.from_dict({}, num_labels=2, id2label={0: "a"})
    with pytest.raises(OSError):
        ours.PerceiverConfig.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(OSError, match="JSON"):
        ours.PerceiverConfig.from_pretrained(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="model_type"):
        ours.AutoConfig.from_pretrained(tmp_path)
    with pytest.raises(ValueError, match="TensorType: got"):
        TensorType("tensors")


@pytest.mark.parametrize("name", CLASSES)
def test_same_as_the_reference(name: str) -> None:
    theirs = pytest.importorskip("transformers")
    if theirs.__version__ != ours.__version__:
        pytest.skip("another version")
    kwargs = {"num_labels": 3, "output_hidden_states": True, "further": [1, 2]}
    mine, other = getattr(ours, name)(**kwargs), getattr(theirs, name)(**kwargs)
    assert mine.to_dict() == other.to_dict()
    assert list(mine.to_dict()) == list(other.to_dict())
    assert mine.to_json_string() == other.to_json_string()
    assert mine.to_json_string(use_diff=False) == other.to_json_string(use_diff=False)


def test_outputs_are_read_three_ways() -> None:
    output = BaseModelOutput(last_hidden_state=[[1.0]], attentions=(2,))
    assert output[0] == output["last_hidden_state"] == output.last_hidden_state == [[1.0]]
    assert output[1:] == ((2,),) and list(output) == ["last_hidden_state", "attentions"]
    assert "hidden_states" not in output and output.hidden_states is None
    output.attentions = (3,)
    assert output["attentions"] == (3,)
    copy = pickle.loads(pickle.dumps(output))
    assert type(copy) is BaseModelOutput and copy == output
    for refused in (output.pop, output.setdefault, output.update):
        with pytest.raises(Exception, match="an output has no"):
            refused("attentions", None)
    with pytest.raises(Exception, match="an output has no"):
        del output["attentions"]
    assert BaseModelOutput({"attentions": (1,)}).attentions == (1,)
    assert isinstance(output, ModelOutput)


def test_import_needs_no_torch_and_little_time() -> None:
    code = (
        "import sys, pytyto.transformers as t; t.Owlv2Config(); t.PerceiverConfig();"
        "assert not {'torch', 'PIL', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
