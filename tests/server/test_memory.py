"""Memory is bounded, whatever is asked, and flat. Sanitizers have memory and time of their own: it isn't run under them."""

from __future__ import annotations

import json

from conftest import SEVEN, SMALL, text64
from slow import ONE, long_body, metric
from test_hostile import resident


def test_answers_that_would_be_too_large(serve):
    """A small request can ask for gigabytes: each label at each place of a photo, or a long template with each label."""
    server = serve("-m", SMALL)
    many, picture = [f"t{i}" for i in range(10000)], text64(SEVEN)
    before = resident(server)
    asked = [
        ("/", {"inputs": picture, "parameters": {"candidate_labels": many, "threshold": 0}}),
        ("/v1/detect", {"image": picture, "labels": many, "threshold": 0, "multi_label": True}),
        ("/v1/detect", {"image": picture, "labels": many, "threshold": 0, "multi_label": True, "nms": "class"}),
        ("/v1/detect", {"image": picture, "labels": ["a"] * 1000000}),
        ("/v1/vocabularies", {"texts": ["a"] * 1000000}),
        ("/", {"inputs": picture, "parameters": {"candidate_labels": ["a"] * 1000000}}),
        ("/", {"inputs": picture, "parameters": {"candidate_labels": "a," * 10000000}}),
        ("/models/tyto-small/pipeline/zero-shot-image-classification",
         {"inputs": picture, "parameters": {"candidate_labels": many, "hypothesis_template": "{}" + "x" * 1000000}}),
    ]
    for path, body in asked:
        reply = server.post(path, body)
        assert reply.status in (413, 422) and reply.error(), (path, reply.status)
    assert resident(server) - before < 400 << 20
    best = server.post("/", {"inputs": picture, "parameters": {"candidate_labels": many, "threshold": 0, "top_k": 10}}).json()
    assert len(best) == 10
    assert server.post("/v1/detect", {"image": picture, "labels": many}).status == 200


def test_numbers_that_json_has_no_room_for(serve):
    """As bytes they go out."""
    server = serve("-m", SMALL)
    shape = [75, 3, 192, 192]
    pixels = bytes(4 * 75 * 3 * 192 * 192)

    def ask(binary: bool):
        head = json.dumps({"inputs": [{"name": "pixel_values", "datatype": "FP32", "shape": shape,
                                       "parameters": {"binary_data_size": len(pixels)}}],
                           "outputs": [{"name": "hidden_states.*"}],
                           "parameters": {"head": "Owlv2VisionModel", "binary_data_output": binary}}).encode()
        return server.post("/v2/models/tyto-small/infer", head + pixels, {
            "Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))})

    reply = ask(False)
    assert reply.status == 422 and "binary_data" in reply.error()
    assert ask(True).status == 200


def test_memory_is_flat(serve):
    """After the first requests, further ones take no more."""
    server = serve("-m", SMALL, "--photos", 1, "--vocabularies", 1, "--log", "none")
    mb = []
    for _ in range(4):
        for i in range(40):
            assert server.post("/invocations", long_body(1)).status == 200
            assert server.post("/v1/vocabularies", {"texts": [f"thing {i} {k}" for k in range(20)]}).status == 201
            assert server.post("/v1/photos", {"image": ONE["inputs"]}).status in (201, 422)
            assert server.post("/v1/photos", {"image": ONE["inputs"][:1000]}).status == 422
        mb.append(metric(server, "process_resident_memory_bytes") / 2**20)
    assert mb[-1] - mb[0] < 8, mb
