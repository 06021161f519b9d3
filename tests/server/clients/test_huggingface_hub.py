"""Hugging Face's own client: huggingface_hub.InferenceClient."""

import json

import pytest
from conftest import CAT, GOLDEN, SEVEN, SMALL, tyto

hub = pytest.importorskip("huggingface_hub")
TASKS = GOLDEN / "perceiver_tasks"


@pytest.fixture(scope="module")
def models(serve_module):
    return serve_module(*(word for name in ("fill_mask", "texts", "pictures")
                          for word in ("-m", f"{name}={TASKS / name}/model")), "-m", f"small={SMALL}")


@pytest.fixture
def client(models):
    return lambda path, **more: hub.InferenceClient(base_url=models.url + path, **more)


def command(task, model, *given):
    return json.loads(tyto(task, "-m", model, "--format", "json", *given))


def test_fill_mask(client):
    text = "This is [MASK] sentence."
    expected = command("fill-mask", TASKS / "fill_mask/model", text)[0]["masks"][0]["guesses"]
    for path in ("", "/models/fill_mask"):
        found = client(path).fill_mask(text)
        assert [(f.token, f.token_str) for f in found] == [(e["id"], e["token"]) for e in expected]
        assert [f.score for f in found] == pytest.approx([e["score"] for e in expected], rel=1e-6)
    assert [f.token_str for f in client("").fill_mask(text, targets=["a"])] == ["a"]
    assert len(client("").fill_mask(text, top_k=2)) == 2


def test_text_classification(client):
    expected = command("classify", TASKS / "texts/model", "hello world")[0]["classes"]
    found = client("/models/texts").text_classification("hello world")
    assert [f.label for f in found] == [e["label"] for e in expected]
    assert [f.score for f in found] == pytest.approx([e["score"] for e in expected], rel=1e-6)
    assert len(client("/models/texts").text_classification("hello", top_k=1, function_to_apply="sigmoid")) == 1


def test_image_classification(client):
    expected = command("classify", TASKS / "pictures/model", CAT)[0]["classes"]
    for picture in (CAT, str(CAT), CAT.read_bytes()):
        found = client("/models/pictures").image_classification(picture)
        assert [f.label for f in found] == [e["label"] for e in expected]
        assert [f.score for f in found] == pytest.approx([e["score"] for e in expected], rel=1e-6)
    assert len(client("/models/pictures").image_classification(CAT, top_k=2)) == 2


def test_zero_shot_image_classification(client):
    labels, template = ["a butterfly", "a dog"], "a drawing of {}"
    expected = command("similarity", SMALL, SEVEN, *(w for a in labels for w in ("-t", template.replace("{}", a))))["similarities"]
    found = client("/models/small/pipeline/zero-shot-image-classification").zero_shot_image_classification(
        SEVEN, labels, hypothesis_template=template)
    assert [template.replace("{}", f.label) for f in found] == [e["label"] for e in expected]
    assert [f.score for f in found] == pytest.approx([e["probability"] for e in expected], rel=1e-6)


def test_keys_and_errors_are_the_clients(serve):
    server = serve("-m", TASKS / "fill_mask/model", "--api-key", "secret")
    asked = hub.InferenceClient(base_url=server.url, api_key="secret").fill_mask("a [MASK]")
    assert len(asked) == 5
    for key, text, code in (("wrong", "a [MASK]", 401), ("secret", "no mask", 422)):
        with pytest.raises(hub.errors.HfHubHTTPError) as error:
            hub.InferenceClient(base_url=server.url, api_key=key).fill_mask(text)
        assert error.value.response.status_code == code
