"""Hugging Face's API gives what the command gives, in that API's words; the clouds' containers ask the same way."""

import json
import math
from urllib.parse import quote

import pytest
from conftest import CAT, COFFEE, GOLDEN, SEVEN, SMALL, text64, tyto

TASKS = GOLDEN / "perceiver_tasks"
LABELS = ["a butterfly", "a cup of coffee", "a dog"]
JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture(scope="module")
def models(serve_module):
    """A server of a model for each pipeline; the first finds things."""
    return serve_module("-m", f"small={SMALL}", *(word for name in ("fill_mask", "texts", "tags", "ratings", "pictures", "fourier")
                                                  for word in ("-m", f"{name}={TASKS / name}/model")))


def detected(photo, labels, threshold=0.1, *more):
    """What the command finds, in the words of the pipeline."""
    found = json.loads(tyto("detect", "-m", SMALL, photo, *(w for label in labels for w in ("-t", label)), "--multi-label",
                            "--threshold", threshold, "--format", "json", *more))["detections"]
    return [{"score": d["score"], "label": d["label"], "box": {k: math.trunc(v) for k, v in d["box"].items()}}
            for d in found]


def near(found, expected):
    """The same but for the last digit of how a float is written."""
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        assert {k: v for k, v in a.items() if k != "score"} == {k: v for k, v in b.items() if k != "score"}
        assert a["score"] == pytest.approx(b["score"], rel=1e-6)


def test_detection_is_the_commands(models):
    expected = detected(SEVEN, LABELS)
    assert len(expected) >= 2
    asked = {"inputs": text64(SEVEN), "parameters": {"candidate_labels": LABELS, "threshold": 0.1}}
    found = models.post("/", asked).json()
    near(found, expected)
    assert [f["score"] for f in found] == sorted((f["score"] for f in found), reverse=True)
    assert all(isinstance(v, int) for f in found for v in f["box"].values())
    for path in ("/predict", "/invocations", "/models/small", "/models/small/pipeline/zero-shot-object-detection"):
        assert models.post(path, asked).json() == found, path
    asked["inputs"] = "data:image/jpeg;base64," + asked["inputs"]
    assert models.post("/", asked).json() == found
    asked["parameters"] = {"candidate_labels": ", ".join(LABELS)}
    assert models.post("/", asked).json() == found
    asked["parameters"]["threshold"] = 0.5
    near(models.post("/", asked).json(), detected(SEVEN, LABELS, 0.5))
    asked["parameters"]["top_k"] = 1.0
    assert models.post("/?top_k=2", asked).json() == models.post("/", asked).json()
    near(models.post("/", asked).json(), detected(SEVEN, LABELS, 0.5, "--top-k", 1))


def test_pictures_as_they_are(models):
    expected = models.post("/", {"inputs": text64(SEVEN), "parameters": {"candidate_labels": LABELS, "threshold": 0.3}}).json()
    query = "&".join(f"candidate_labels={quote(label)}" for label in LABELS) + "&threshold=0.3"
    for headers in (JPEG, {}, {"Content-Type": "application/octet-stream"}, {"Content-Type": "image/*"}):
        for path in ("/", "/models/small", "/predict", "/invocations"):
            assert models.post(f"{path}?{query}", SEVEN.read_bytes(), headers).json() == expected
    near(expected, detected(SEVEN, LABELS, 0.3))
    one = models.post("/?candidate_labels=a+butterfly%2Ca%20dog", SEVEN.read_bytes(), JPEG)
    assert one.status == 200
    assert models.post(f"/?{query}", {"inputs": text64(SEVEN)}).json() == expected
    body = json.dumps({"inputs": text64(SEVEN), "parameters": {"candidate_labels": LABELS, "threshold": 0.3}}).encode()
    assert models.post("/", b" \n" + body, {}).json() == expected  # its type is seen


def test_instances(models):
    one = {"inputs": text64(SEVEN), "parameters": {"candidate_labels": LABELS}}
    expected = models.post("/", one).json()
    for path in ("/predict", "/invocations"):
        reply = models.post(path, {"instances": [one, {"inputs": one["inputs"]}], "parameters": {"candidate_labels": LABELS}})
        assert reply.json() == {"predictions": [expected, expected]}
        assert models.post(path, {"instances": []}).status == 422
        for wrong in ({"instances": 1}, {"instances": [1]}, {"instances": [{}]}, {"instances": [one], "parameters": []}):
            assert models.post(path, wrong).status == 400
    texts = models.post("/invocations", {"model": "texts", "instances": [{"inputs": "good"}, {"inputs": "bad"}]}).json()
    assert texts["predictions"] == [models.post("/models/texts", {"inputs": t}).json() for t in ("good", "bad")]


def test_masks_are_filled(models):
    def command(text, top_k):
        return json.loads(tyto("fill-mask", "-m", TASKS / "fill_mask/model", "--format", "json", "--top-k", top_k, text))[0]["masks"]

    def same(guesses, mask, text):
        assert [(g["token"], g["token_str"]) for g in guesses] == [(g["id"], g["token"]) for g in mask["guesses"]]
        assert [g["score"] for g in guesses] == pytest.approx([g["score"] for g in mask["guesses"]], rel=1e-6)
        assert [g["sequence"] for g in guesses] == [text.replace("[MASK]", g["token_str"], 1) for g in guesses]

    text = "This is [MASK] sentence."
    same(models.post("/models/fill_mask", {"inputs": text}).json(), command(text, 5)[0], text)
    same(models.post("/models/fill_mask", {"inputs": text, "parameters": {"top_k": 3}}).json(), command(text, 3)[0], text)
    two = "h[MASK]llo w[MASK]rld"
    found, masks = models.post("/models/fill_mask", {"inputs": two}).json(), command(two, 5)
    assert len(found) == 2
    same(found[0], masks[0], two)
    assert [g["token"] for g in found[1]] == [g["id"] for g in masks[1]["guesses"]]
    chosen = models.post("/models/fill_mask", {"inputs": text, "parameters": {"targets": ["a", "e"]}}).json()
    assert {g["token_str"] for g in chosen} == {"a", "e"} and chosen[0]["score"] >= chosen[1]["score"]
    assert len(models.post("/models/fill_mask", {"inputs": text, "parameters": {"targets": "a"}}).json()) == 1
    assert len(models.post("/models/fill_mask", {"inputs": text, "parameters": {"top_k": 100000}}).json()) > 200


@pytest.mark.parametrize("model", ["texts", "tags", "ratings"])
def test_texts_are_classified(models, model):
    expected = json.loads(tyto("classify", "-m", TASKS / model / "model", "--format", "json", "hello world"))[0]["classes"]
    found = models.post(f"/models/{model}", {"inputs": "hello world"}).json()
    assert len(found) == 1
    assert [f["label"] for f in found[0]] == [e["label"] for e in expected]
    assert [f["score"] for f in found[0]] == pytest.approx([e["score"] for e in expected], rel=1e-6)
    one = models.post(f"/models/{model}/pipeline/text-classification", {"inputs": "hello world", "parameters": {"top_k": 1}}).json()
    assert one == [found[0][:1]]
    raw = models.post(f"/models/{model}", {"inputs": "hello world", "parameters": {"function_to_apply": "none"}}).json()[0]
    assert sorted(f["score"] for f in raw) == pytest.approx(sorted(e["logit"] for e in expected), rel=1e-6)
    assert models.post(f"/models/{model}/pipeline/image-classification", {"inputs": text64(CAT)}).status == 422


@pytest.mark.parametrize("model", ["pictures", "fourier"])
@pytest.mark.parametrize("photo", [CAT, COFFEE])
def test_pictures_are_classified(models, model, photo):
    expected = json.loads(tyto("classify", "-m", TASKS / model / "model", "--format", "json", photo))[0]["classes"]
    found = models.post(f"/models/{model}", photo.read_bytes(), JPEG).json()
    assert [f["label"] for f in found] == [e["label"] for e in expected]
    assert [f["score"] for f in found] == pytest.approx([e["score"] for e in expected], rel=1e-6)
    assert models.post(f"/models/{model}", {"inputs": text64(photo)}).json() == found
    assert models.post(f"/models/{model}?top_k=1", photo.read_bytes(), JPEG).json() == found[:1]
    assert models.post(f"/models/{model}/pipeline/text-classification", {"inputs": "a"}).status == 422


def test_pictures_are_compared_with_texts(models):
    path = "/models/small/pipeline/zero-shot-image-classification"
    template = "a drawing with {} in it"
    expected = json.loads(tyto("similarity", "-m", SMALL, SEVEN, *(w for label in LABELS for w in ("-t", template.replace("{}", label))),
                               "--format", "json"))["similarities"]
    found = models.post(path, {"inputs": text64(SEVEN), "parameters": {"candidate_labels": LABELS, "hypothesis_template": template}}).json()
    assert [template.replace("{}", f["label"]) for f in found] == [e["label"] for e in expected]
    assert [f["score"] for f in found] == pytest.approx([e["probability"] for e in expected], rel=1e-6)
    assert sum(f["score"] for f in models.post(path, {"inputs": text64(SEVEN), "parameters": {
        "candidate_labels": LABELS}}).json()) == pytest.approx(1, rel=1e-5)


PICTURE = {"inputs": text64(SEVEN)}


@pytest.mark.parametrize(("code", "path", "body"), [
    (400, "/", {}), (400, "/", {"inputs": text64(SEVEN)}), (400, "/", {**PICTURE, "parameters": {}}),
    (400, "/", {**PICTURE, "parameters": {"candidate_labels": []}}),
    (400, "/", {**PICTURE, "parameters": {"candidate_labels": [1]}}), (400, "/", {**PICTURE, "parameters": []}),
    (400, "/", {**PICTURE, "parameters": {"candidate_labels": ["a"], "more": 1}}),
    (400, "/", {"inputs": "not base64!", "parameters": {"candidate_labels": ["a"]}}),
    (400, "/", {"inputs": 1, "parameters": {"candidate_labels": ["a"]}}),
    (400, "/", {"inputs": "data:image/jpeg,abc", "parameters": {"candidate_labels": ["a"]}}),
    (422, "/", {"inputs": "aGVsbG8=", "parameters": {"candidate_labels": ["a"]}}),
    (422, "/", {"inputs": "https://example.org/a.jpg", "parameters": {"candidate_labels": ["a"]}}),
    (422, "/", {**PICTURE, "parameters": {"candidate_labels": ["a"], "threshold": 2}}),
    (422, "/", {**PICTURE, "parameters": {"candidate_labels": ["a"], "top_k": -1}}),
    (422, "/", {**PICTURE, "parameters": {"candidate_labels": ["a"], "top_k": 1 << 31}}),
    (404, "/models/none", PICTURE), (404, "/models/small/pipeline/none", PICTURE),
    (422, "/models/small/pipeline/fill-mask", {"inputs": "[MASK]"}),
    (422, "/models/fill_mask", {"inputs": "no mask"}), (400, "/models/fill_mask", {"inputs": ["[MASK]"]}),
    (422, "/models/fill_mask", {"inputs": "[MASK]", "parameters": {"top_k": 0}}),
    (422, "/models/fill_mask", {"inputs": "[MASK]" + 5000 * "a"}),
    (400, "/models/fill_mask", {"inputs": "[MASK]", "parameters": {"targets": 1}}),
    (400, "/models/texts", {"inputs": 1}), (422, "/models/texts", {"inputs": "a", "parameters": {"function_to_apply": "x"}}),
])
def test_what_isnt_right_is_said(models, code, path, body):
    reply = models.post(path, body)
    assert (reply.status, bool(reply.error())) == (code, True), reply.body


def test_numbers_of_any_size_are_json(models):
    body = {"inputs": "a", "nobody reads it": 1 << 80}
    assert models.post("/models/texts", body).status == 200
    assert models.post("/models/texts", {**body, "parameters": {"top_k": 1 << 80}}).status == 400


def test_other_types_are_refused(models):
    for type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=a", "video/mp4"):
        assert models.post("/", b"a=b", {"Content-Type": type}).status == 415
    assert models.post("/", b"not a picture", JPEG).status in (400, 422)
    assert models.post("/", b"", JPEG).status in (400, 422)
