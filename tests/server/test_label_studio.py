"""A backend of Label Studio: what its server sends, and what it takes for predictions."""

from __future__ import annotations

import json

import pytest
from conftest import CAT, SEVEN, SMALL, Server, text64, tyto

LABELS = ["a butterfly", "a rabbit", "a cup of coffee", "a gift"]
CONFIG = """<View>
  <Image name="photo" value="$picture" zoom="true"/>
  <RectangleLabels name="things" toName="photo">%s</RectangleLabels>
</View>""" % "".join(f'<Label value="{label}" background="#f00"/>' for label in LABELS)


def ask(server: Server, *pictures: object, **more: object) -> list[dict]:
    tasks = [{"id": i + 1, "data": {"picture": picture}} for i, picture in enumerate(pictures)]
    reply = server.post("/predict", {"tasks": tasks, "label_config": CONFIG, "project": "1.1234", "model_version": None,
                                     "params": {"login": None, "password": None, "context": None}, **more})
    assert reply.status == 200, reply.body
    results = reply.json()["results"]
    assert len(results) == len(pictures)
    return results


def uri(path) -> str:
    return f"data:image/jpeg;base64,{text64(path)}"


def predicted(path, *options: object) -> list[dict]:
    """The command's document for Label Studio, under the names of the configuration."""
    texts = [word for label in LABELS for word in ("-t", label)]
    prediction = json.loads(tyto("detect", "-m", SMALL, path, *texts, "-f", "labelstudio", *options))[0]["predictions"][0]
    for item in prediction["result"]:
        item["from_name"], item["to_name"] = "things", "photo"
    return prediction


def test_health_setup_and_webhook(server: Server) -> None:
    assert server.get("/health").json() == {"status": "UP"}
    setup = server.post("/setup", {"project": "1.1234", "schema": CONFIG, "hostname": "http://localhost:8080",
                                   "access_token": "secret-of-studio", "extra_params": None})
    assert setup.status == 200 and setup.json() == {"model_version": "tyto-small"}
    assert server.post("/setup", {"schema": "<View></View>"}).status == 200
    for schema in ("<View>", "", "no", '<!DOCTYPE a [<!ENTITY b "c">]><View>&b;</View>', "<a>" * 1000,
                   '<View><RectangleLabels name="a" toName="b"/></View>'):
        reply = server.post("/setup", {"schema": schema})
        assert reply.status == 422, schema
        reply.error()
    assert server.post("/setup", {"project": "1"}).status == 400
    assert server.post("/webhook", {"action": "ANNOTATION_CREATED", "project": {"id": 1}}).status == 200
    assert not any("secret-of-studio" in line for line in server.out + server.err)


def test_tasks_are_predicted_as_the_command_has_it(server: Server) -> None:
    first, second = ask(server, uri(SEVEN), text64(CAT))
    for found, path in ((first, SEVEN), (second, CAT)):
        expected = predicted(path, "--nms", "class")
        assert found.pop("model_version") == "tyto-small"
        expected.pop("model_version")
        assert found == expected
    assert first["result"] and first["score"] > 0
    box = first["result"][0]["value"]
    assert 0 <= box["x"] <= 100 and 0 < box["x"] + box["width"] <= 100.001


def test_urls_are_not_fetched_and_the_log_says_so(server: Server) -> None:
    results = ask(server, "https://example.org/a.jpg", uri(SEVEN), "/data/upload/1/a.jpg", "s3://b/a.jpg", None, "%%%")
    assert [bool(r["result"]) for r in results] == [False, True, False, False, False, False]
    assert all(r["score"] == 0.0 for r in results if not r["result"])
    line = server.wait_until(lambda: next((one for one in server.out if "URL" in one), None))
    assert "POST /predict" in line and "4 tasks with a URL" in line and "1 with a bad picture" in line
    assert "example.org" not in line


def test_a_drawn_box_is_an_exemplar(server: Server) -> None:
    (found,) = ask(server, uri(SEVEN))
    drawn = found["result"][0]
    region = {"type": "rectanglelabels", "from_name": "things", "to_name": "photo", "original_width": 640,
              "value": {**drawn["value"], "rectanglelabels": ["a toy"]}}
    for place in ({"context": {"result": [region]}}, {"params": {"context": {"result": [region]}}}):
        (like,) = ask(server, uri(SEVEN), **place)
        assert like["result"] and {r["value"]["rectanglelabels"][0] for r in like["result"]} == {"a toy"}
        best = max(like["result"], key=lambda r: r["score"])["value"]
        assert all(abs(best[side] - drawn["value"][side]) < 3 for side in ("x", "y", "width", "height"))
    bad = server.post("/predict", {"tasks": [{"data": {"picture": uri(SEVEN)}}], "label_config": CONFIG,
                                   "context": {"result": [{"value": {"x": 1}}]}})
    assert bad.status == 422
    bad.error()


@pytest.mark.parametrize("body,code", [
    ({"tasks": 1, "label_config": CONFIG}, 400),
    ({"tasks": []}, 400),
    ({"tasks": [], "label_config": "<View/>"}, 422),
    ({"tasks": [], "label_config": "<"}, 422),
    ({"tasks": [], "label_config": '<View><Image name="i" value="$i"/><RectangleLabels name="a" toName="j"/></View>'}, 422),
])
def test_what_is_wrong_is_said(server: Server, body: dict, code: int) -> None:
    reply = server.post("/predict", body)
    assert reply.status == code, reply.body
    reply.error()


def test_no_tasks_and_odd_tasks(server: Server) -> None:
    assert ask(server) == []
    reply = server.post("/predict", {"tasks": [1, {}, {"data": 3}], "label_config": CONFIG})
    assert reply.status == 200 and [r["result"] for r in reply.json()["results"]] == [[], [], []]


def test_instances_on_the_same_route_are_not_tasks(server: Server) -> None:
    reply = server.post("/predict", {"instances": [{"inputs": text64(SEVEN), "parameters": {"candidate_labels": LABELS}}]})
    assert reply.status == 200 and list(reply.json()) == ["predictions"]
