"""What is counted, timed and logged."""

from __future__ import annotations

import json
import re

from conftest import ROOT, SEVEN, SMALL, Server, text64

COUNTERS = ["requests_total", "rejected_total", "photo_cache_hits_total", "photo_cache_misses_total",
            "vocabulary_cache_hits_total", "vocabulary_cache_misses_total"]
HISTOGRAMS = ["request_duration_seconds", "queue_duration_seconds", "stage_duration_seconds", "batch_size"]
GAUGES = ["queue_length", "queue_capacity", "requests_in_flight"]
PROCESS = ["cpu_seconds_total", "resident_memory_bytes", "virtual_memory_bytes", "start_time_seconds", "open_fds",
           "max_fds"]
LABELS = {"image": text64(SEVEN), "labels": ["a rabbit"]}


def series(server: Server) -> dict[str, float]:
    reply = server.get("/metrics")
    assert reply.status == 200 and reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = reply.body.decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def types(server: Server) -> dict[str, str]:
    found = re.findall(r"^# TYPE (\S+) (\S+)$", server.get("/metrics").body.decode(), re.M)
    assert len(found) == len(dict(found)), "a family twice"
    return dict(found)


def test_each_metric_is_there_under_its_name(server: Server) -> None:
    there = types(server)
    for names, kind in ((COUNTERS, "counter"), (HISTOGRAMS, "histogram"), (GAUGES, "gauge")):
        for name in names:
            assert there[f"tyto_{name}"] == kind
    found = series(server)
    for name in PROCESS:
        assert f"process_{name}" in there and found[f"process_{name}"] > 0, name
    assert found["tyto_queue_capacity"] == 64 and found["tyto_requests_in_flight"] == 0


def test_requests_are_counted_by_model_endpoint_and_code(server: Server) -> None:
    assert server.post("/v1/detect", LABELS).status == 200
    assert server.post("/v1/detect", {"photo": "0" * 32, "labels": ["a rabbit"]}).status == 404
    for i in range(30):
        assert server.get(f"/no/such/{i}").status == 404
    assert server.post("/v1/detect", b"x", {"Content-Type": "text/plain"}).status == 415

    found = server.wait_until(lambda: (s := series(server)).get(
        'tyto_requests_total{model="",endpoint="/v1/detect",code="415"}') and s)
    assert found['tyto_requests_total{model="tyto-small",endpoint="/v1/detect",code="200"}'] == 1
    assert found['tyto_requests_total{model="tyto-small",endpoint="/v1/detect",code="404"}'] == 1
    assert found['tyto_rejected_total{reason="type"}'] == 1
    assert found["tyto_photo_cache_misses_total"] == 1
    assert sum(v for k, v in found.items() if k.startswith("tyto_requests_total") and "no/such" in k) == 0
    assert len([k for k in found if k.startswith("tyto_requests_total") and 'code="404"' in k]) == 2
    assert found['tyto_stage_duration_seconds_count{model="tyto-small",stage="search"}'] == 1
    assert found['tyto_batch_size_bucket{model="tyto-small",le="1"}'] == 2
    assert found['tyto_request_duration_seconds_bucket{model="tyto-small",endpoint="/v1/detect",le="+Inf"}'] == 2


def test_buckets_only_grow(server: Server) -> None:
    before: dict[str, float] = {}
    for key, value in series(server).items():
        name, _, rest = key.partition("le=")
        if rest:
            assert value >= before.get(name, 0), key
            before[name] = value


def test_the_dashboard_shows_metrics_that_exist(server: Server) -> None:
    there = types(server)
    text = (ROOT / "packages/grafana.json").read_text()
    dashboard = json.loads(text)
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert asked
    used = {re.sub(r"_(bucket|sum|count)$", "", name) for expr in asked
            for name in re.findall(r"\b(?:tyto|process)_\w+", expr)}
    assert used <= set(there), used - set(there)
    assert {f"tyto_{n}" for n in HISTOGRAMS + GAUGES} <= used


def log_line(server: Server, part: str) -> str:
    return server.wait_until(lambda: next((line for line in server.out[1:] if part in line), None))


def test_a_request_keeps_its_id_if_it_is_sane(server: Server) -> None:
    for given in ("a", "6f1c-44.x_Y", "z" * 64):
        assert server.get("/ping", headers={"X-Request-Id": given}).headers["X-Request-Id"] == given
        log_line(server, f" {given}")
    for given in ("", "z" * 65, "a b", 'a"b', "a/b", "\u00e9"):
        own = server.get("/ping", headers={"X-Request-Id": given}).headers["X-Request-Id"]
        assert re.fullmatch("[0-9a-f]{32}", own), given


def test_common_lines(server: Server) -> None:
    server.post("/v1/detect?a=secret", LABELS, {"X-Request-Id": "common"})
    line = log_line(server, " common")
    assert re.fullmatch(r'127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "POST /v1/detect HTTP/1\.1" '
                        r"200 \d+ \d+\.\d{3} common", line)


def test_json_lines_and_no_keys(serve, tmp_path) -> None:
    (tmp_path / "key").write_text("very-secret-key\n")
    server = serve("-m", SMALL, "--log", "json", "--verbose", "--api-key-file", tmp_path / "key")
    assert server.post("/v1/detect", LABELS, {"X-Request-Id": "first"}, key="very-secret-key").status == 200
    assert server.post("/v1/detect?key=very-secret-key", LABELS, {"X-Request-Id": "second"}, key="another-secret").status == 401
    assert server.get("/v1/\"\n".replace("\n", "%0A"), headers={"X-Request-Id": "third"}, key="very-secret-key").status in (400, 404)
    first, second = json.loads(log_line(server, '"first"')), json.loads(log_line(server, '"second"'))
    assert first["method"] == "POST" and first["path"] == "/v1/detect" and first["code"] == 200
    assert first["model"] == "tyto-small" and first["whole"] is True and first["bytes"] > 0
    assert 0 <= first["queue_seconds"] <= first["seconds"] and second["code"] == 401 and second["model"] is None
    json.loads(log_line(server, '"third"'))
    stages = [line for line in server.err if "first: " in line]
    assert [s for s in ("read", "decode", "texts", "search", "write")
            if not any(f"first: {s}: " in line and line.endswith(" ms") for line in stages)] == []
    assert not any("secret" in line for line in server.out + server.err)


def test_no_lines(serve) -> None:
    server = serve("-m", SMALL, "--log", "none")
    assert server.get("/ping").status == 200
    assert server.stop() == 0
    assert len(server.out) == 1
