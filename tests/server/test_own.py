"""Routes of our own: what they find is what `tyto detect` and `tyto match` print, byte for byte but for the photo's name."""

import json

import pytest
from conftest import CAT, GOLDEN, SEVEN, SHIRTS, SMALL, text64, tyto

LABELS = ["a butterfly", "a cup of coffee", "a dog"]
BOX = {"xmin": 20, "ymin": 30, "xmax": 300, "ymax": 310}


def command(photo, name, labels, *more, model=SMALL):
    """What the command prints, with another name of the photo."""
    text = tyto("detect", "-m", model, photo, *(w for label in labels for w in ("-t", label)), "--format", "json", *more)
    return text.replace(json.dumps(str(photo)).encode(), json.dumps(name).encode(), 1)


def held(server, photo, **more):
    reply = server.post("/v1/photos", {"image": text64(photo), **more})
    assert reply.status == 201
    return reply.json()["id"]


OPTIONS = [{}, {"threshold": 0.02}, {"threshold": 0}, {"threshold": 0.02, "top_k": 3}, {"threshold": 0.01, "nms": "class"},
           {"threshold": 0.01, "nms": "all", "iou": 0.2}, {"threshold": 0.02, "multi_label": True},
           {"threshold": 0.02, "boxes": "reference"}, {"threshold": 0.02, "boxes": "image"},
           {"threshold": 0.02, "templates": True}, {"threshold": 1}, {"top_k": 0, "multi_label": False, "nms": "off"}]


def as_words(options):
    for name, value in options.items():
        if value is True:
            yield f"--{name.replace('_', '-')}"
        elif value is not False and (name, value) != ("top_k", 0):
            yield from (f"--{name.replace('_', '-')}", value)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_detections_are_the_commands(server, options):
    words = list(as_words(options))
    reply = server.post("/v1/detect", {"image": text64(SEVEN), "labels": LABELS, **options})
    assert reply.status == 200 and reply.headers["Content-Type"] == "application/json"
    assert reply.body == command(SEVEN, None, LABELS, *words)
    photo = held(server, SEVEN)
    again = server.post("/v1/detect", {"photo": photo, "labels": LABELS, **options})
    assert again.body == command(SEVEN, photo, LABELS, *words)
    if "templates" not in options:
        vocabulary = server.post("/v1/vocabularies", {"texts": LABELS}).json()["id"]
        assert server.post("/v1/detect", {"photo": photo, "vocabulary": vocabulary, **options}).body == again.body


def test_photos_are_sent_in_any_way(server):
    about = server.post("/v1/photos", SEVEN.read_bytes(), {"Content-Type": "image/jpeg"}).json()
    assert (about["width"], about["height"]) == (640, 640) and len(about["id"]) == 32
    for body, headers in ((SEVEN.read_bytes(), {}), (SEVEN.read_bytes(), {"Content-Type": "application/octet-stream"}),
                          ({"image": "data:image/jpeg;base64," + text64(SEVEN)}, {})):
        other = server.post("/v1/photos", body, headers)
        assert other.status == 201 and other.json()["id"] != about["id"]
    assert server.ask("DELETE", f"/v1/photos/{about['id']}").status == 204
    assert server.ask("DELETE", f"/v1/photos/{about['id']}").status == 404
    assert server.post("/v1/detect", {"photo": about["id"], "labels": LABELS}).status == 404
    vocabulary = server.post("/v1/vocabularies", {"texts": LABELS}).json()["id"]
    assert server.ask("DELETE", f"/v1/vocabularies/{vocabulary}").status == 204
    assert server.post("/v1/detect", {"image": text64(SEVEN), "vocabulary": vocabulary}).status == 404


def matched(photo, queries, *more):
    words = [w for q, box, label in queries for w in ("-q", f"{q}@{box['xmin']},{box['ymin']},{box['xmax']},{box['ymax']}={label}"
                                                       if box else f"{q}={label}")]
    return json.loads(tyto("match", "-m", SMALL, photo, *words, "--scores", "plain", "--nms", "off", "--format", "json", *more))


def plain(found):
    return [{k: v for k, v in d.items() if k in ("label", "score", "box")} for d in found["detections"]]


def test_exemplars_are_what_match_finds(server):
    photo = held(server, SHIRTS)
    queries = [(SHIRTS, BOX, "one"), (SEVEN, BOX, "two"), (SEVEN, {**BOX, "xmin": 200}, "one"), (SEVEN, None, "whole")]
    exemplars = [{"photo": photo if q == SHIRTS else held(server, q), "label": label, **({"box": box} if box else {})}
                 for q, box, label in queries]
    vocabulary = server.post("/v1/vocabularies", {"exemplars": exemplars})
    assert vocabulary.status == 201
    vocabulary = vocabulary.json()["id"]
    for options in ({}, {"threshold": 0.05}, {"threshold": 0.05, "multi_label": True}, {"threshold": 0.05, "nms": "all", "iou": 0.3},
                    {"threshold": 0.05, "top_k": 2}):
        expected = matched(SEVEN, queries, *as_words(options))
        for source in ({"image": text64(SEVEN)}, {"photo": held(server, SEVEN)}):
            found = server.post("/v1/detect", {**source, "vocabulary": vocabulary, **options}).json()
            assert found["detections"] == expected["detections"]
            assert found["threshold"] == expected["threshold"]
    assert len(expected["detections"]) == 2
    direct = [{**e, "image": text64(SHIRTS if q[0] == SHIRTS else SEVEN)} for e, q in zip(exemplars, queries)]
    for one in direct:
        del one["photo"]
    other = server.post("/v1/vocabularies", {"exemplars": direct}).json()["id"]
    assert server.post("/v1/detect", {"image": text64(SEVEN), "vocabulary": other, "threshold": 0.05, "top_k": 2}).json()[
        "detections"] == expected["detections"]


def test_texts_and_exemplars_and_what_isnt_wanted(server):
    queries = [(SHIRTS, BOX, "one")]
    exemplars = [{"photo": held(server, SHIRTS), "label": "one", "box": BOX}]
    vocabulary = server.post("/v1/vocabularies", {"texts": ["a dog"], "exemplars": exemplars,
                                                  "negatives": ["a butterfly", "a cup of coffee"]}).json()["id"]
    found = server.post("/v1/detect", {"image": text64(SEVEN), "vocabulary": vocabulary, "threshold": 0.02}).json()
    all = matched(SEVEN, queries, "-t", "a dog", "-t", "a butterfly", "-t", "a cup of coffee", "--threshold", 0.02)
    assert plain(found) == [d for d in plain(all) if d["label"] in ("a dog", "one")] and len(plain(all)) > len(plain(found))
    texts = server.post("/v1/vocabularies", {"texts": ["a dog"], "negatives": ["a butterfly"]}).json()["id"]
    found = server.post("/v1/detect", {"image": text64(SEVEN), "vocabulary": texts, "threshold": 0.02}).json()
    both = json.loads(command(SEVEN, None, ["a dog", "a butterfly"], "--threshold", 0.02))
    assert plain(found) == [d for d in plain(both) if d["label"] == "a dog"]


def test_ten_thousand_labels(serve, tmp_path):
    server = serve("-m", GOLDEN / "owlv2/odd/model")
    labels = [f"thing {i}" for i in range(10_000)]
    (tmp_path / "labels.txt").write_text("\n".join(labels))
    found = server.post("/v1/detect", {"image": text64(CAT), "labels": labels, "top_k": 20, "threshold": 0.1})
    assert found.status == 200
    assert found.body == command(CAT, None, [], "-l", tmp_path / "labels.txt", "--top-k", 20, "--threshold", 0.1,
                                 model=GOLDEN / "owlv2/odd/model")
    vocabulary = server.post("/v1/vocabularies", {"texts": labels})
    assert vocabulary.status == 201
    assert server.post("/v1/detect", {"image": text64(CAT), "vocabulary": vocabulary.json()["id"], "top_k": 20,
                                      "threshold": 0.1}).body == found.body


def test_things_are_of_a_model(serve):
    server = serve("-m", f"a={SMALL}", "-m", f"b={GOLDEN}/owlv2/odd/model", "-m", f"c={GOLDEN}/perceiver_tasks/texts/model")
    photo = held(server, SEVEN, model="a")
    assert server.post("/v1/detect", {"photo": photo, "labels": LABELS, "model": "b"}).status == 422
    assert server.post("/v1/detect", {"image": text64(SEVEN), "labels": LABELS, "model": "c"}).status == 422
    assert server.post("/v1/detect", {"image": text64(SEVEN), "labels": LABELS, "model": "d"}).status == 404
    assert server.post("/v1/detect", {"image": text64(SEVEN), "labels": LABELS, "model": "b"}).body == command(
        SEVEN, None, LABELS, model=GOLDEN / "owlv2/odd/model")


GOOD = {"image": text64(SEVEN), "labels": LABELS}


@pytest.mark.parametrize(("code", "path", "body"), [
    (400, "detect", {**GOOD, "more": 1}), (400, "detect", {**GOOD, "topk": 1}), (400, "detect", {"labels": LABELS}),
    (400, "detect", {**GOOD, "photo": 32 * "0"}), (400, "detect", {"image": GOOD["image"]}),
    (400, "detect", {**GOOD, "vocabulary": 32 * "0"}), (400, "detect", {**GOOD, "labels": "a dog"}),
    (400, "detect", {**GOOD, "labels": [""]}), (400, "detect", {**GOOD, "labels": [1]}), (400, "detect", {**GOOD, "threshold": "x"}),
    (400, "detect", {**GOOD, "top_k": 1.5}), (400, "detect", {**GOOD, "multi_label": 1}), (422, "detect", {**GOOD, "labels": []}),
    (422, "detect", {**GOOD, "threshold": 1.1}), (422, "detect", {**GOOD, "threshold": -0.1}), (422, "detect", {**GOOD, "iou": 2}),
    (422, "detect", {**GOOD, "top_k": -1}), (422, "detect", {**GOOD, "nms": "some"}), (422, "detect", {**GOOD, "boxes": "some"}),
    (404, "detect", {"photo": 32 * "0", "labels": LABELS}), (404, "detect", {"image": GOOD["image"], "vocabulary": "none"}),
    (400, "detect", {**GOOD, "image": "%"}), (422, "detect", {**GOOD, "image": "AAAA"}),
    (422, "vocabularies", {}), (422, "vocabularies", {"texts": []}), (422, "vocabularies", {"negatives": ["a"]}),
    (400, "vocabularies", {"texts": [""]}), (400, "vocabularies", {"texts": 1}), (400, "vocabularies", {"exemplars": 1}),
    (400, "vocabularies", {"exemplars": [1]}), (400, "vocabularies", {"exemplars": [{}]}),
    (404, "vocabularies", {"exemplars": [{"photo": "none"}]}),
    (400, "vocabularies", {"exemplars": [{"image": GOOD["image"], "box": [1, 2, 3, 4]}]}),
    (400, "vocabularies", {"exemplars": [{"image": GOOD["image"], "box": {"xmin": 1}}]}),
    (400, "vocabularies", {"texts": ["a"], "more": 1}),
    (400, "photos", {}), (400, "photos", {"image": 1}), (400, "photos", {"image": GOOD["image"], "more": 1}),
])
def test_what_isnt_right_is_said(server, code, path, body):
    reply = server.post(f"/v1/{path}", body)
    assert (reply.status, bool(reply.error())) == (code, True), reply.body
