"""POST /v1/video: an event a frame, as the command has it, while the client is there."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ROOT, SEVEN, SMALL, Server, text64, tyto

LABELS = ["a butterfly", "a rabbit", "a gift"]
WANTED = {"labels": LABELS, "threshold": 0.0, "top_k": 3}


def y4m(frames: int, width: int = 64, height: int = 48) -> bytes:
    """A video of a square that moves over a ramp."""
    out = [f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C444\n".encode()]
    for n in range(frames):
        rows = [bytes(230 if abs(x - 10 - n % 30) < 8 and abs(y - 20) < 8 else 2 * x for x in range(width))
                for y in range(height)]
        out.append(b"FRAME\n" + b"".join(rows) + bytes([128]) * (2 * width * height))
    return b"".join(out)


def events(body: bytes) -> list[dict]:
    """The data of the events, each of which is one line and has no name."""
    parts = body.split(b"\n\n")
    assert parts.pop() == b""
    assert all(p.startswith(b"data: ") and b"\n" not in p for p in parts), body[:300]
    return [json.loads(p[6:]) for p in parts]


@pytest.fixture(scope="module")
def server(serve_module) -> Server:
    server = serve_module("-m", SMALL)
    said = server.post("/v1/video", {"video": base64.b64encode(y4m(1)).decode(), "labels": LABELS})
    if said.status == 422 and "no videos" in said.error():
        pytest.skip("built without videos")
    return server


def of_command(path: Path, *options: object) -> list[dict]:
    texts = [word for label in LABELS for word in ("-t", label)]
    out = tyto("detect", "-m", SMALL, path, *texts, "-f", "jsonl", *options)
    frames = [json.loads(line) for line in out.splitlines()]
    for frame in frames:
        assert frame.pop("video")
    return frames


@pytest.mark.parametrize("more,options", [
    ({}, []),
    ({"every": 3}, ["--every", 3]),
    ({"track": True, "multi_label": True}, ["--track", "--multi-label"]),
    ({"nms": "all", "iou": 0.3}, ["--nms", "all", "--iou", 0.3]),
])
def test_frames_are_the_command_s(server: Server, tmp_path: Path, more: dict, options: list) -> None:
    path = tmp_path / "in.y4m"
    path.write_bytes(y4m(7))
    reply = server.post("/v1/video", {"video": text64(path), **WANTED, **more})
    assert reply.status == 200 and reply.headers["Content-Type"] == "text/event-stream", reply.body
    found = events(reply.body)
    assert all(frame.pop("video") is None for frame in found)
    assert found == of_command(path, "--threshold", 0, "--top-k", 3, *options)
    assert any(frame["detections"] for frame in found)


def test_things_in_an_mp4(server: Server, tmp_path: Path) -> None:
    if not shutil.which("ffmpeg"):
        pytest.skip("no ffmpeg")
    path = tmp_path / "in.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-loop", "1", "-i", SEVEN, "-t", "0.4", "-r", "10", "-vf",
                    "scale=320:-2", path], check=True)
    vocabulary = server.post("/v1/vocabularies", {"texts": LABELS}).json()["id"]
    reply = server.post("/v1/video", {"video": text64(path), "vocabulary": vocabulary})
    found = events(reply.body)
    assert all(frame.pop("video") is None for frame in found)
    assert found == of_command(path) and len(found) == 4


def test_what_is_no_video(server: Server) -> None:
    for video, code in ((text64(SEVEN)[:40], (400, 422)), ("", (400,)), ("?", (400,)), (7, (400,)),
                        ("https://example.org/a.mp4", (422,)), (base64.b64encode(b"no video").decode(), (422,))):
        reply = server.post("/v1/video", {"video": video, "labels": LABELS})
        assert reply.status in code, (video, reply.body)
        assert "/proc" not in reply.error() and "/dev" not in reply.error()
    video = base64.b64encode(y4m(1)).decode()
    for more, code in (({"every": 0}, 422), ({"every": "1"}, 400), ({"speed": 2}, 400), ({"photo": "x"}, 400),
                       ({"labels": []}, 422), ({"threshold": 7}, 422), ({"model": "none"}, 404),
                       ({"vocabulary": "x"}, 400)):
        reply = server.post("/v1/video", {"video": video, "labels": LABELS, **more})
        assert reply.status == code, (more, reply.body)
        reply.error()
    assert server.post("/v1/video", {"labels": LABELS}).status == 400


def test_a_cut_video_ends_with_an_error(server: Server) -> None:
    whole = (ROOT / "tests/fuzz/corpus/media/cut.mp4").read_bytes()
    reply = server.post("/v1/video", {"video": base64.b64encode(whole).decode(), "labels": LABELS})
    if reply.status == 200:
        assert b"event: error\ndata: {" in reply.body
        assert b"/proc" not in reply.body
        json.loads(reply.body.rsplit(b"data: ", 1)[1])
    else:
        assert reply.status == 422 and "/proc" not in reply.error()


def in_flight(server: Server) -> float:
    lines = server.get("/metrics").body.decode().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith("tyto_requests_in_flight ")))


def test_frames_come_as_they_are_done_until_the_client_leaves(server: Server) -> None:
    body = json.dumps({"video": base64.b64encode(y4m(1500, 32, 24)).decode(), "labels": LABELS})
    peer = http.client.HTTPConnection(server.host, server.port, timeout=60)
    peer.request("POST", "/v1/video", body, {"Content-Type": "application/json"})
    reply = peer.getresponse()
    first = json.loads(reply.readline()[6:])
    assert first["frame"] == 0 and in_flight(server) == 1
    reply.readline()
    assert json.loads(reply.readline()[6:])["frame"] == 1
    reply.close()
    peer.close()
    began = time.monotonic()
    server.wait_until(lambda: in_flight(server) == 0, 10)
    assert time.monotonic() - began < 5
    assert server.get("/health").status == 200


def test_a_client_that_takes_nothing_is_ended(server: Server, serve) -> None:
    server = serve("-m", SMALL, "--timeout", 1)
    many = {"labels": [f"thing {i}" for i in range(40)], "threshold": 0.0, "multi_label": True}
    body = json.dumps({"video": base64.b64encode(y4m(400, 32, 24)).decode(), **many}).encode()
    peer = socket.create_connection((server.host, server.port))
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.sendall(b"POST /v1/video HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 b"Content-Length: %d\r\n\r\n" % len(body) + body)
    server.wait_until(lambda: in_flight(server) == 1, 20)
    server.wait_until(lambda: in_flight(server) == 0, 60)
    peer.close()
    status = Path(f"/proc/{server.pid}/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0])
    assert peak < 1_000_000, status


def test_an_end_waits_for_a_video_and_then_gives_it_up(server: Server, serve) -> None:
    server = serve("-m", SMALL, "--grace", 1)
    body = json.dumps({"video": base64.b64encode(y4m(1500, 32, 24)).decode(), "labels": LABELS})
    peer = http.client.HTTPConnection(server.host, server.port, timeout=60)
    peer.request("POST", "/v1/video", body, {"Content-Type": "application/json"})
    reply = peer.getresponse()
    reply.readline()
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 20
    assert b'event: error\ndata: {"error":"the server has ended"}' in reply.read()
    peer.close()
