"""NVIDIA's client of the Open Inference Protocol: tritonclient[http]."""

import numpy as np
import pytest
from conftest import CAT, GOLDEN, Tensor, load_tensors, save_tensors, text_inputs, tyto

client = pytest.importorskip("tritonclient.http")
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

MODELS = {"owl": "owlv2/odd", "flow": "perceiver/flow", "many": "perceiver/multimodal",
          "text": "perceiver_tasks/texts", "pictures": "perceiver_tasks/pictures"}
NUMPY = {"F32": np.float32, "I64": np.int64}


@pytest.fixture(scope="module")
def models(serve_module):
    return serve_module(*(word for name, folder in MODELS.items()
                          for word in ("-m", f"{name}={GOLDEN / folder}/model")), "--allow-load")


@pytest.fixture(scope="module")
def triton(models):
    with client.InferenceServerClient(f"{models.host}:{models.port}") as one:
        yield one


def arrays(tensors):
    return {name: np.frombuffer(t.data, NUMPY[t.dtype]).reshape(t.shape) for name, t in tensors.items()}


def ask(triton, model, inputs, binary, wanted=None, **more):
    given = []
    for name, array in inputs.items():
        one = client.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype))
        one.set_data_from_numpy(array, binary_data=binary)
        given.append(one)
    outputs = [client.InferRequestedOutput(name, binary_data=binary) for name in wanted] if wanted else None
    return triton.infer(model, given, outputs=outputs, **more)


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(("model", "head", "case"), [
    ("owl", None, "owlv2/odd/three"), ("owl", "Owlv2ForObjectDetection.image_guided_detection", "owlv2/odd/image_guided"),
    ("flow", None, "perceiver/flow/frames"), ("many", None, "perceiver/multimodal/chunk"),
    ("text", None, None), ("pictures", None, None)])
def test_results_equal_the_commands(triton, tmp_path, model, head, case, binary):
    if case:
        tensors = load_tensors(GOLDEN / case / "inputs.safetensors")
    elif model == "text":
        tensors = text_inputs()
    else:
        tensors = {"inputs": Tensor("F32", [2, 3, 11, 11], np.linspace(-1, 1, 726, dtype=np.float32).tobytes())}
    given, out = save_tensors(tmp_path / "in.safetensors", tensors), tmp_path / "out.safetensors"
    tyto("forward", "-m", GOLDEN / MODELS[model] / "model", "--inputs", given, "-o", out,
         *(["--head", head] if head else []))
    expected = load_tensors(out)
    found = ask(triton, model, arrays(tensors), binary, list(expected), request_id="7",
                parameters={"head": head} if head else None, priority=1, timeout=60_000_000)
    assert found.get_response()["id"] == "7"
    for name, t in expected.items():
        assert found.as_numpy(name).tobytes() == t.data and list(found.as_numpy(name).shape) == t.shape, name


@pytest.mark.parametrize("binary", [False, True])
def test_texts_and_pictures(triton, tmp_path, binary):
    made, out = tmp_path / "made.safetensors", tmp_path / "out.safetensors"
    tyto("preprocess", "-m", GOLDEN / "owlv2/odd/model", CAT, "-t", "a cat", "-t", "coffee", "--batch", "-o", made)
    tyto("forward", "-m", GOLDEN / "owlv2/odd/model", "--inputs", made, "-o", out)
    texts = client.InferInput("input_ids", [2], "BYTES")
    texts.set_data_from_numpy(np.array(["a cat", "coffee"], dtype=np.object_), binary_data=binary)
    pictures = client.InferInput("pixel_values", [1], "BYTES")
    pictures.set_data_from_numpy(np.array([CAT.read_bytes()], dtype=np.object_), binary_data=True)
    found = triton.infer("owl", [texts, pictures])
    for name, t in load_tensors(out).items():
        assert found.as_numpy(name).tobytes() == t.data, name


def test_default_outputs_are_all(triton):
    inputs = arrays(load_tensors(GOLDEN / "owlv2/odd/three/inputs.safetensors"))
    found = ask(triton, "owl", inputs, True).get_response()["outputs"]
    said = triton.get_model_metadata("owl")["outputs"]
    assert [one["name"] for one in found] == [one["name"] for one in said]
    for one, about in zip(found, said):
        assert one["datatype"] == about["datatype"]
        assert all(b in (-1, a) for a, b in zip(one["shape"], about["shape"], strict=True))


def test_health_metadata_and_statistics(triton):
    assert triton.is_server_live() and triton.is_server_ready()
    assert triton.is_model_ready("owl") and triton.is_model_ready("owl", "1") and not triton.is_model_ready("none")
    assert triton.get_server_metadata()["name"] == "tyto"
    inputs = triton.get_model_metadata("text")["inputs"]
    assert inputs[0] == {"name": "inputs", "datatype": "INT64", "shape": [-1, -1]}
    assert triton.get_inference_statistics("owl")["model_stats"][0]["name"] == "owl"


def test_errors_are_the_clients(triton):
    ids = np.array([[7, 8]], np.int64)
    for model, inputs, more, code in [("none", {"inputs": ids}, {}, "404"), ("text", {"wrong": ids}, {}, "400"),
                                      ("text", {"inputs": ids}, {"timeout": 1}, "504"),
                                      ("text", {"inputs": ids}, {"model_version": "3"}, "404")]:
        with pytest.raises(InferenceServerException) as error:
            ask(triton, model, inputs, True, **more)
        assert code in str(error.value.status()), error.value


def test_the_repository(triton):
    assert {one["name"] for one in triton.get_model_repository_index()} >= set(MODELS)
    triton.unload_model("pictures")
    assert not triton.is_model_ready("pictures")


def test_many_at_once(triton):
    ids = np.array([[7, 8]], np.int64)
    one = client.InferInput("inputs", [1, 2], "INT64")
    one.set_data_from_numpy(ids)
    asked = [triton.async_infer("text", [one]) for _ in range(20)]
    found = [a.get_result().as_numpy("logits") for a in asked]
    assert all((f == found[0]).all() for f in found)
