"""Label Studio's own library judges predictions: label-studio-sdk."""

import pytest
from conftest import SEVEN, SMALL, text64

interface = pytest.importorskip("label_studio_sdk.label_interface")
from label_studio_sdk.label_interface.objects import PredictionValue

CONFIGS = {
    "plain": """<View><Image name="image" value="$image"/>
        <RectangleLabels name="label" toName="image"><Label value="a rabbit"/><Label value="a gift"/></RectangleLabels></View>""",
    "labels first, others beside them": """<View><Header value="What's in it? &amp; where"/>
        <RectangleLabels name="things" toName="photo"><Label value="a rabbit" background="#f00"/>
          <Label value="a cup of coffee" hotkey="c"/></RectangleLabels>
        <Text name="text" value="$text"/><Image name="photo" value="$picture"/>
        <Choices name="choice" toName="photo"><Choice value="good"/></Choices>
        <Labels name="spans" toName="text"><Label value="a name"/></Labels></View>""",
}


@pytest.fixture(scope="module")
def server(serve_module):
    return serve_module("-m", SMALL)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_predictions_are_valid_for_their_configuration(server, config):
    judge = interface.LabelInterface(config)
    control = next(c for c in judge.controls if c.tag == "RectangleLabels")
    key = judge.get_object(control.to_name[0]).value_name
    assert server.post("/setup", {"project": "1.1", "schema": config}).status == 200
    task = {"id": 1, "data": {key: f"data:image/jpeg;base64,{text64(SEVEN)}", "text": "a b"}}
    reply = server.post("/predict", {"tasks": [task, task], "label_config": config, "project": "1.1"})
    assert reply.status == 200, reply.body
    results = reply.json()["results"]
    assert len(results) == 2 and results[0] == results[1]
    for one in results:
        assert judge.validate_prediction(one, return_errors=True) == []
        PredictionValue(**one)
        assert len(one["result"]) >= 2
        for region in one["result"]:
            assert region["from_name"] == control.name and region["to_name"] == control.to_name[0]
            assert set(region["value"]["rectanglelabels"]) <= set(control.labels)


def test_an_example_is_valid_too(server):
    config = CONFIGS["plain"]
    task = {"data": {"image": text64(SEVEN)}}
    found = server.post("/predict", {"tasks": [task], "label_config": config}).json()["results"][0]["result"]
    region = {**found[0], "value": {**found[0]["value"], "rectanglelabels": ["a gift"]}}
    like = server.post("/predict", {"tasks": [task], "label_config": config,
                                    "params": {"context": {"result": [region]}}}).json()["results"][0]
    assert interface.LabelInterface(config).validate_prediction(like, return_errors=True) == [] and like["result"]
