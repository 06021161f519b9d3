"""An end that loses nothing: what was accepted is answered, nothing new is taken, and it is over in time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest
from conftest import SMALL, words
from slow import Asked, in_flight, long_body, send_and_leave


def test_what_was_accepted_is_answered(serve):
    server = serve("-m", SMALL, "--grace", 170)
    asked = [Asked(server, "/invocations", long_body(12)) for _ in range(6)]
    server.wait_until(lambda: server.get("/metrics").body.decode().count("tyto_queue_length 5"))
    assert server.stop(timeout=180) == 0
    assert [one.wait().reply.status for one in asked] == [200] * 6
    assert server.err == []


def test_large_replies_go_out_whole(serve):
    """A client that is still reading when the work is done."""
    server = serve("-m", SMALL, "--grace", 60, "--max-body", 64)
    pixels = bytes(4 * 32 * 3 * 192 * 192)
    body = json.dumps({
        "inputs": [{"name": "pixel_values", "datatype": "FP32", "shape": [32, 3, 192, 192],
                    "parameters": {"binary_data_size": len(pixels)}}],
        "outputs": [{"name": "last_hidden_state"}],
        "parameters": {"binary_data_output": True, "head": "Owlv2VisionModel"}}).encode()
    peer = socket.create_connection((server.host, server.port), 30)
    peer.sendall(b"POST /v2/models/tyto-small/infer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
                 b"Inference-Header-Content-Length: %d\r\nContent-Length: %d\r\n\r\n" % (len(body), len(body) + len(pixels))
                 + body + pixels)
    got = peer.recv(4096)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    while part := peer.recv(1 << 16):
        got += part
    head, _, rest = got.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    assert head.startswith(b"HTTP/1.1 200") and len(rest) == length > 4 << 20
    assert server.process.wait(20) == 0


def test_meanwhile_nothing_new_is_taken(serve):
    server = serve("-m", SMALL, "--grace", 60)
    kept = socket.create_connection((server.host, server.port), 20)
    kept.sendall(b"GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert kept.recv(4096).startswith(b"HTTP/1.1 200")
    asked = Asked(server, "/invocations", long_body(60))
    server.wait_until(lambda: in_flight(server) == 1)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    with pytest.raises(ConnectionError):
        socket.create_connection((server.host, server.port), 5)
    kept.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
    reply = b""
    while part := kept.recv(4096):
        reply += part
    assert reply.startswith(b"HTTP/1.1 503") and b"\r\nRetry-After: " in reply and b"\r\nConnection: close" in reply
    assert asked.wait().reply.status == 200
    assert server.process.wait(20) == 0


def test_grace_ends(serve):
    """What isn't done by then is given up, with an answer."""
    server = serve("-m", SMALL, "--grace", 0.5)
    asked = [Asked(server, "/invocations", long_body(150)) for _ in range(2)]
    server.wait_until(lambda: in_flight(server) == 1)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 3
    for one in asked:
        assert one.wait().reply.status == 503 and one.reply.error()
    assert any("given up" in line for line in server.err)


def test_an_end_in_the_middle_of_a_body(serve):
    for grace in (0, 1):
        server = serve("-m", SMALL, "--grace", grace)
        peers = [send_and_leave(server, "/", b"{}") for _ in range(3)]
        half = socket.create_connection((server.host, server.port), 20)
        half.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 4
        for peer in [*peers, half]:
            peer.close()


def test_ends_under_fire(serve):
    """Whatever comes at that moment: an end is an end."""
    for _ in range(5):
        server = serve("-m", SMALL, "--grace", 0.1)
        peers = [send_and_leave(server, "/invocations", json.dumps(long_body(3)).encode()) for _ in range(20)]
        for peer in peers[::3]:
            peer.close()
        assert server.stop() == 0
        for peer in peers:
            peer.close()


def test_a_second_signal_ends_at_once(serve):
    server = serve("-m", SMALL, "--grace", 60)
    asked = Asked(server, "/invocations", long_body(200))
    server.wait_until(lambda: in_flight(server) == 1)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert server.alive()
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(2)
    assert server.process.returncode == 130
    server.kill()
    asked.wait()
    server.process.returncode = 0  # the fixture asks for an end that is well


def test_a_signal_while_it_begins():
    process = subprocess.Popen(words("serve", "-m", SMALL, "--port", 0), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode in (0, 130, -signal.SIGTERM)


def namespaces() -> bool:
    return shutil.which("unshare") is not None and subprocess.run(
        ["unshare", "-rpfm", "--mount-proc", "true"], capture_output=True).returncode == 0


needs_namespaces = pytest.mark.skipif(not namespaces(), reason="no namespaces of processes here")


@needs_namespaces
def test_as_process_1(tmp_path):
    """As in a container without an init: it obeys SIGTERM, and reaps what others leave to it."""
    script = tmp_path / "pid1.sh"
    script.write_text("#!/bin/sh\n(sleep 0.2 & sleep 0.1 &) \nexec \"$@\"\n")
    process = subprocess.Popen(["unshare", "-rpfm", "--mount-proc", "--kill-child", "sh", str(script),
                                *words("serve", "-m", SMALL, "--port", 0)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline().startswith("serving at ")
        inner = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout.split()[0]
        time.sleep(0.5)
        left = subprocess.run(["ps", "--ppid", inner, "-o", "stat="], capture_output=True, text=True).stdout.split()
        assert not any(state.startswith("Z") for state in left), left
        os.kill(int(inner), signal.SIGTERM)
        process.communicate(timeout=20)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()


@needs_namespaces
def test_in_a_root_that_is_read_only(serve):
    """Nothing is written anywhere."""
    script = "mount -o remount,bind,ro / 2>/dev/null || mount --bind / / && mount -o remount,bind,ro /; exec \"$@\""
    process = subprocess.Popen(["unshare", "-rm", "sh", "-c", script, "sh",
                                *words("serve", "-m", SMALL, "--port", 0)],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "HOME": "/nowhere"})
    try:
        url = process.stdout.readline().split()[-1]
        import urllib.request

        body = json.dumps(long_body(1)).encode()
        request = urllib.request.Request(url + "invocations", body, {"Content-Type": "application/json"})
        assert urllib.request.urlopen(request, timeout=30).status == 200
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
        assert (process.returncode, said) == (0, "")
    finally:
        process.kill()
        process.wait()
