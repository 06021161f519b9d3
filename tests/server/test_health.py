"""Who watches the server learns whether it runs and takes requests."""

import signal

from conftest import SMALL


def test_health_says_that_it_runs(server):
    for path in ("/v2/health/live", "/v2/health/ready", "/ping", "/v2/models/tyto-small/ready",
                 "/v2/models/tyto-small/versions/1/ready"):
        reply = server.get(path)
        assert (reply.status, reply.body) == (200, b""), path
    assert server.get("/health").json()["status"] == "UP"


def test_the_server_and_its_models_say_what_they_are(server):
    about = server.get("/v2").json()
    assert about["name"] == "tyto" and "binary_tensor_data" in about["extensions"]
    assert server.get("/v2/models/tyto-small").json()["name"] == "tyto-small"
    stats = server.get("/v2/models/tyto-small/stats").json()["model_stats"]
    assert [one["version"] for one in stats] == ["1"]


def test_what_isnt_there(server):
    assert server.get("/nothing").status == 404
    for path in ("/v2/models/none", "/v2/models/none/ready", "/v2/models/tyto-small/versions/2"):
        reply = server.get(path)
        assert reply.status == 404 and reply.error(), path
    reply = server.post("/v2/health/live")
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")
    assert reply.error()


def test_head_is_get_without_a_body(server):
    reply = server.ask("HEAD", "/v2")
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.headers["Content-Length"]) == len(server.get("/v2").body)


def test_metrics_are_prometheus(server):
    server.get("/v2")
    reply = server.get("/metrics")
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = reply.body.decode().splitlines()
    assert any(line.startswith("tyto_requests_total{") and 'endpoint="/v2"' in line for line in lines)
    assert "tyto_queue_capacity 64" in lines


def test_it_ends_when_it_is_told(serve):
    for sign in (signal.SIGTERM, signal.SIGINT):
        server = serve("-m", SMALL)
        assert server.get("/v2/health/live").status == 200
        assert server.stop(sign) == 0
        assert server.err == []
