"""Requests that no client means well by: none is taken for another, and none keeps others waiting."""

from __future__ import annotations

import base64
import gzip
import json
import socket
import struct
import threading
import time
import zlib

import pytest
from conftest import SEVEN, SMALL, text64

HOST = b"Host: localhost\r\n"
JSON = HOST + b"Content-Type: application/json\r\n"
LIVE = b"GET /v2/health/live HTTP/1.1\r\n" + HOST + b"\r\n"
BODY_MB = 2


@pytest.fixture(scope="module")
def server(serve_module):
    return serve_module("-m", SMALL, "--timeout", 2, "--max-body", BODY_MB, "--max-pixels", 10)


@pytest.fixture(autouse=True)
def serves_on(server):
    """Whatever a test sends, the next one is answered."""
    yield
    assert server.alive(), server.err[-20:]
    assert server.get("/v2/health/live", timeout=5).status == 200
    assert server.err == []


def dial(server, timeout: float = 20) -> socket.socket:
    peer = socket.create_connection((server.host, server.port), timeout)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


def rest(peer: socket.socket) -> bytes:
    """All that comes until the server ends the connection; a reset is an end too."""
    got = b""
    try:
        while part := peer.recv(1 << 16):
            got += part
    except ConnectionError:
        pass
    return got


def raw(server, data: bytes) -> bytes:
    """What the server sends to these bytes until it ends the connection."""
    with dial(server) as peer:
        try:
            peer.sendall(data)
        except ConnectionError:
            pass
        return rest(peer)


def codes(replies: bytes) -> list[int]:
    """Of all replies, one after the other."""
    return [int(part[:3]) for part in replies.split(b"HTTP/1.1 ")[1:]]


def refused(server, data: bytes, code: int = 400) -> bytes:
    """Sends a request, and behind it one that would be answered; gets an error and nothing else."""
    got = raw(server, data + LIVE)
    assert codes(got) == [code], got[:400]
    assert b"\r\nConnection: close\r\n" in got
    body = json.loads(got.partition(b"\r\n\r\n")[2])
    assert list(body) == ["error"]
    return got


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


# ------------------------------------------------------------- where a request ends


@pytest.mark.parametrize("fields", [
    b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
    b"Content-Length: 2\r\nContent-Length: 2\r\n",
    b"Content-Length: 2\r\ncontent-length: 40\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    b"Transfer-Encoding: identity\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding: \"chunked\"\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n",
    b"Transfer-Encoding: chunked\x0c\r\n",
    b"Transfer-Encoding: chun\x01ked\r\n",
    b"Transfer-Encoding:\r\n",
    b"Transfer-Encoding : chunked\r\n",
    b"Transfer_Encoding: chunked\r\nTransfer-Encoding: x\r\n",
    b"Content-Length : 2\r\n",
    b"X: y\r\n Content-Length: 2\r\n",
    b"Content-Length: 2\r\n folded\r\n",
    b"Transfer-Encoding:\r\n chunked\r\n",
    b"Transfer-Encoding: chunked\r\n\t, identity\r\n",
    b"X y: z\r\n",
    b"X(: z\r\n",
    b"X\xff: z\r\n",
    b"X: a\x01b\r\n",
    b"X: a\x7fb\r\n",
    b"Host: localhost\r\n",
], ids=lambda fields: fields.decode("latin-1").encode("unicode_escape").decode())
def test_a_request_that_ends_where_one_may_doubt_is_refused(server, fields):
    refused(server, b"POST /v1/detect HTTP/1.1\r\n" + JSON + fields + b"\r\n{}")


@pytest.mark.parametrize("value", [b"+2", b"-2", b"2 2", b"2,2", b"2, 2", b"0x2", b"2.0", b"two", b"1e1", b"", b"2 ",
                                   b"99999999999999999999999", b"18446744073709551618", b"2;"])
def test_a_length_that_isnt_a_number(server, value):
    # libmicrohttpd answers these by itself, and some of them twice: what counts is that nothing behind them is.
    got = raw(server, b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Content-Length: " + value + b"\r\n\r\n{}" + LIVE)
    assert set(codes(got)) <= {400, 413} and codes(got), got


@pytest.mark.parametrize("line", [
    b"GET /v2/health/live HTTP/1.0\r\nTransfer-Encoding: chunked\r\n",
    b"GET http://localhost/v2/health/live HTTP/1.1\r\n" + HOST,
    b"GET v2/health/live HTTP/1.1\r\n" + HOST,
    b"OPTIONS * HTTP/1.1\r\n" + HOST,
    b"GET /v2/health/live%00 HTTP/1.1\r\n" + HOST,
    b"GET /v2/health/live%00/more HTTP/1.1\r\n" + HOST,
    b"GET /v2?a=%00 HTTP/1.1\r\n" + HOST,
    b"GET /v2/health/%01 HTTP/1.1\r\n" + HOST,
    b"GET /v2/health/live%0d%0aX:%20y HTTP/1.1\r\n" + HOST,
], ids=lambda line: line.decode())
def test_a_request_line_that_isnt_plain(server, line):
    got = raw(server, line + b"\r\n" + LIVE)
    assert codes(got) == [400], got


def test_a_request_without_a_host(server):
    got = raw(server, b"GET /v2/health/live HTTP/1.1\r\n\r\n" + LIVE)
    assert set(codes(got)) == {400}
    assert codes(raw(server, b"GET /v2/health/live HTTP/1.0\r\n\r\n")) == [200]


@pytest.mark.parametrize("line", [
    b"GET /v2/health/live\r\n", b"GET\r\n", b"\r\n \r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
    b"GET /v2/health/live HTTP/0.9\r\n", b"GET /v2/health/live HTTP/2.0\r\n", b"GET /v2/health/live HTTP/1.1 x\r\n",
    b"GET /v2/health/live http/1.1\r\n", b"PRI * HTTP/2.0\r\n",
])
def test_what_isnt_a_request_line(server, line):
    """Refused by libmicrohttpd, or dropped without a word."""
    got = raw(server, line + HOST + b"Connection: close\r\n\r\n")
    assert all(code in (400, 505) for code in codes(got)) and len(codes(got)) <= 1, got


@pytest.mark.parametrize("body", [
    b"-2\r\n{}\r\n0\r\n\r\n", b"+2\r\n{}\r\n0\r\n\r\n", b"0x2\r\n{}\r\n0\r\n\r\n", b"g\r\n{}\r\n0\r\n\r\n",
    b"2\r\n{}0\r\n\r\n", b"2\r\n{}xx0\r\n\r\n", b"\r\n{}\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n{}",
    b"10000000000000000\r\n{}\r\n0\r\n\r\n", b"2" + b" " * 70000 + b"\r\n{}\r\n0\r\n\r\n",
    b"2;" + b"a" * 70000 + b"\r\n{}\r\n0\r\n\r\n", b"0" * 70000 + b"2\r\n{}\r\n0\r\n\r\n",
], ids=lambda body: body[:24].decode())
def test_chunks_that_arent(server, body):
    """libmicrohttpd refuses them by itself, the oversized ones with 500 (SECURITY.md); nothing behind them is answered."""
    got = raw(server, b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n" + body + LIVE)
    assert len(codes(got)) <= 1 and b"200 OK" not in got, got[:400]


@pytest.mark.parametrize("sent", [
    b"Transfer-Encoding: chunked\0x\r\n\r\nBODY0\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\nBODY0\r\nContent-Length: 50\r\n\r\n",
    b"Transfer-Encoding: chunked\n\nBODY0\n\n", b"Transfer-Encoding: chunked\r\n\r\nBODY0;a\n\r\n",
], ids=["nul", "trailer", "line feeds", "extension"])
def test_what_libmicrohttpd_reads_too_kindly_ends_the_connection(server, sent):
    """It takes these for chunks, where another may see none: so nothing behind chunks is taken for a request."""
    body = json.dumps({"inputs": text64(SEVEN), "parameters": {"candidate_labels": ["a cup"]}}).encode()
    got = raw(server, b"POST / HTTP/1.1\r\n" + JSON + sent.replace(b"BODY", chunk(body)) + LIVE)
    assert codes(got) == [200] and b"\r\nConnection: close\r\n" in got, got[:300]


def test_chunks_with_extensions_and_trailers_are_read(server):
    body = json.dumps({"inputs": text64(SEVEN), "parameters": {"candidate_labels": ["a cup"]}}).encode()
    half = len(body) // 2
    sent = b"%x;name=value\r\n%s\r\n" % (half, body[:half]) + chunk(body[half:]) + b"0\r\nX-Trailer: y\r\n\r\n"
    got = raw(server, b"POST / HTTP/1.1\r\n" + JSON + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + sent)
    assert codes(got) == [200], got[:400]


def test_after_an_error_nothing_more_is_taken(server):
    for request in (b"GET /nothing HTTP/1.1\r\n" + HOST, b"PUT /v2 HTTP/1.1\r\n" + HOST,
                    b"POST /v1/detect HTTP/1.1\r\n" + HOST + b"Content-Type: text/plain\r\nContent-Length: 0\r\n",
                    b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Content-Length: 0\r\n"):
        got = raw(server, request + b"\r\n" + 3 * LIVE)
        assert len(codes(got)) == 1 and codes(got)[0] >= 400, got


def test_requests_one_behind_the_other_are_answered_in_order(server):
    body = json.dumps({"inputs": text64(SEVEN), "parameters": {"candidate_labels": ["a cup"]}}).encode()
    work = b"POST / HTTP/1.1\r\n" + JSON + b"Content-Length: %d\r\n\r\n" % len(body) + body
    got = raw(server, LIVE + work + LIVE + work + LIVE[:-2] + b"Connection: close\r\n\r\n")
    assert codes(got) == [200] * 5


# ------------------------------------------------------------------- too much of it


def test_too_many_and_too_long_headers(server):
    for fields in (b"".join(b"X%d: y\r\n" % i for i in range(20000)), b"X: " + b"y" * 200000 + b"\r\n",
                   b"X" * 200000 + b": y\r\n", b"X: y\r\n" * 20000, b"Cookie: " + b"a=b; " * 50000 + b"\r\n"):
        got = raw(server, b"GET /v2/health/live HTTP/1.1\r\n" + HOST + fields + b"\r\n")
        assert codes(got) in ([431], [413], [400], []), got[:200]


def test_a_long_path(server):
    assert codes(raw(server, b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")) in ([414], [431], [])
    assert codes(raw(server, b"GET /v2?" + b"a=b&" * 5000 + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")) in (
        [200], [408], [414], [431])
    assert codes(raw(server, b"A" * 200000)) in ([414], [431], [400], [])


def test_a_body_too_large_by_its_length_is_refused_unread(server):
    with dial(server) as peer:
        peer.sendall(b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Content-Length: %d\r\n\r\n" % ((BODY_MB << 20) + 1))
        assert codes(rest(peer)) == [413]
    refused(server, b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Content-Length: 999999999999999999\r\n\r\n", 413)
    # 100-continue asks first, and gets the same.
    with dial(server) as peer:
        peer.sendall(b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
        assert codes(rest(peer)) == [413]


def test_a_client_that_sends_all_of_it_still_reads_why(server):
    big = b" " * (16 << 20)
    assert server.post("/v1/detect", big, {"Content-Type": "application/json"}).status == 413
    assert server.post("/v1/detect", big[:1 << 20], {"Content-Type": "text/plain"}).status == 415


def test_a_body_too_large_by_its_chunks_is_refused_in_the_middle(server):
    with dial(server) as peer:
        peer.sendall(b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(BODY_MB):
            peer.sendall(chunk(b" " * (1 << 20)))
        peer.sendall(chunk(b" "))  # and no end
        got = rest(peer)
    assert codes(got) == [413] and json.loads(got.partition(b"\r\n\r\n")[2])["error"]


def test_a_body_of_the_limit_is_taken(server):
    body = b'{"inputs": ""' + b" " * ((BODY_MB << 20) - 14) + b"}"
    assert len(body) == BODY_MB << 20
    assert server.post("/", body, {"Content-Type": "application/json"}).status == 400


def test_many_bodies_at_once_are_bounded(server):
    """Four whole ones may be under way together; others get 503 and a time to come again."""
    peers = [dial(server) for _ in range(12)]
    try:
        for peer in peers:
            peer.sendall(b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n")
        for peer in peers:
            peer.settimeout(1)
            try:
                peer.sendall(chunk(b" " * ((BODY_MB << 20) - 4096)))
            except OSError:
                pass
        replies = []
        for peer in peers:
            try:
                replies.append(peer.recv(4096))
            except OSError:
                replies.append(b"")
        full = [reply for reply in replies if reply.startswith(b"HTTP/1.1 503")]
        assert 6 <= len(full) <= 10, [reply[:12] for reply in replies]
        assert all(b"\r\nRetry-After: " in reply for reply in full)
    finally:
        for peer in peers:
            peer.close()


# ------------------------------------------------------------------------ slow ones


def trickle(server, data: bytes, step_s: float = 0.2, limit_s: float = 8.0) -> tuple[bytes, float]:
    """Sends a byte at a time until the server ends the connection. What it said, and when."""
    began = time.monotonic()
    with dial(server) as peer:
        peer.settimeout(step_s)
        got = b""
        for byte in data:
            try:
                peer.sendall(bytes([byte]))
                part = peer.recv(4096)
                got += part
                if not part:
                    break
            except socket.timeout:
                pass
            except ConnectionError:
                break
            if time.monotonic() - began > limit_s:
                break
        return got, time.monotonic() - began


@pytest.mark.parametrize("data", [
    b"GET /v2/health/live HTTP/1.1\r\n" + b"X: y\r\n" * 100,
    b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Content-Length: 100000\r\n\r\n" + b" " * 1000,
    b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 200,
], ids=["headers", "body", "chunks"])
def test_a_slow_request_gets_408_in_time(server, data):
    got, seconds = trickle(server, data, step_s=0.02)
    head, _, body = data.partition(b"\r\n\r\n")
    if b"X: y" not in data:  # all of the head at once, then slowly
        with dial(server) as peer:
            began = time.monotonic()
            peer.sendall(head + b"\r\n\r\n")
            try:
                for byte in body:
                    peer.sendall(bytes([byte]))
                    time.sleep(0.02)
            except ConnectionError:
                pass
            got, seconds = rest(peer), time.monotonic() - began
    assert seconds < 5
    assert codes(got) in ([408], []), got


@pytest.mark.parametrize("begun", [b"GET /v2/health/live HTTP/1.1\r\n" + HOST,
                                   b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Content-Length: 10\r\n\r\n{",
                                   b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"])
def test_a_request_that_never_ends_gets_408(server, begun):
    began = time.monotonic()
    got = raw(server, begun)
    assert codes(got) == [408] and json.loads(got.partition(b"\r\n\r\n")[2])["error"]
    assert 1.5 < time.monotonic() - began < 4


@pytest.mark.parametrize("begun", [b"", b"GET /v2", LIVE])
def test_an_idle_connection_ends(server, begun):
    began = time.monotonic()
    with dial(server) as peer:
        peer.sendall(begun)
        assert codes(rest(peer)) == ([200] if begun == LIVE else [])
    assert 1.5 < time.monotonic() - began < 4


def test_slow_ones_keep_nobody_waiting(server):
    slow = [dial(server) for _ in range(200)]
    try:
        for i, peer in enumerate(slow):
            peer.sendall((b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Content-Length: 99\r\n\r\n")[:10 + i])
        for _ in range(20):
            began = time.monotonic()
            assert server.get("/v2/health/live", timeout=5).status == 200
            assert time.monotonic() - began < 0.5
    finally:
        for peer in slow:
            peer.close()


def test_a_reply_that_isnt_taken_ends(server):
    """A client that asks again and again and reads nothing: the buffers fill, and it is dropped in time."""
    with dial(server) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.settimeout(10)
        request = b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n"
        began = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - began < 20:
                peer.sendall(request * 100)
    assert time.monotonic() - began < 20


def test_half_closed_clients(server):
    """One that has said all it will: nobody is there any more, or it reads its reply; never a crash or a hang."""
    for data in (b"", b"GET /v2", LIVE, b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Content-Length: 10\r\n\r\n{",
                 b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Content-Length: 2\r\n\r\n{}"):
        with dial(server) as peer:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            assert len(codes(rest(peer))) <= 1


def test_clients_that_reset(server):
    for _ in range(50):
        for data in (b"GET /v2", LIVE, b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Content-Length: 2\r\n\r\n{}"):
            peer = dial(server)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.sendall(data)
            peer.close()


# ---------------------------------------------------------------- paths and methods


@pytest.mark.parametrize("path", [
    "/../../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..\\..\\etc\\passwd", "//etc/passwd",
    "/v2/models/../../../etc/passwd", "/v2/models/..%2f..%2fetc%2fpasswd", "/models/..", "/models/%2e%2e", "/v2/models/.",
    "/v2/models//ready", "/./v2", "/v2/", "/v2//health/live", "/v2/health/live/", "/V2/health/live", "/v2/health/live;x",
    "/%ff%fe", "/%c0%ae%c0%ae/", "/v2/models/%ff", "/v2/models/" + "a" * 5000, "/%", "/%zz", "/%2", "/assets/../../x",
])
def test_paths_that_lead_nowhere(server, path):
    for method in (b"GET", b"POST"):
        got = raw(server, method + b" " + path.encode() + b" HTTP/1.1\r\n" + JSON + b"Content-Length: 2\r\n\r\n{}")
        assert len(codes(got)) == 1 and codes(got)[0] in (400, 404, 405), got[:200]
        assert b"root:" not in got


def test_methods(server):
    for method in ("PUT", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get", "G" * 200, "OPTIONS"):
        got = raw(server, method.encode() + b" /v2 HTTP/1.1\r\n" + HOST + b"\r\n")
        assert codes(got) == [405] and b"\r\nAllow: GET, HEAD\r\n" in got, got[:300]
    assert b"\r\nAllow: POST\r\n" in raw(server, b"GET /v1/detect HTTP/1.1\r\n" + HOST + b"\r\n")
    for method in (b"G\x01T", b"G\"T", b"G\xffT"):
        assert codes(raw(server, method + b" /v2 HTTP/1.1\r\n" + HOST + b"\r\n"))[:1] in ([400], [405])


@pytest.mark.parametrize("host", ["example.org", "localhost.example.org", "127.0.0.1.example.org", "example.org:80",
                                  "xlocalhost", "localhost@example.org", "[::2]", "10.0.0.1", "0.0.0.0", "", "localhost, a"])
def test_a_host_that_isnt_this_machine(server, host):
    got = raw(server, f"GET /v2/health/live HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert codes(got) == [403], got


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:8080", "[::1]:1"])
def test_a_host_that_is(server, host):
    assert server.get("/v2/health/live", headers={"Host": host}).status == 200


# --------------------------------------------------------------------------- bodies


def asks(server, body: bytes, path: str = "/v1/detect", kind: str = "application/json", **more: str):
    return server.post(path, body, {"Content-Type": kind, **more})


@pytest.mark.parametrize("body", [
    b"", b" ", b"{", b"[]", b"null", b"1", b'"x"', b"{}x", b"{} {}", b"{'a': 1}", b'{"a": NaN}', b'{"a": Infinity}',
    b'{"a": -Infinity}', b'{"a": 1e999}', b'{"a": ' + b"9" * 400 + b"}", b'{"a": 99999999999999999999}', b'{"a": 01}',
    b'{"labels": [], "labels": []}', b'{"a": "\xff"}', b'{"a": "\xed\xa0\x80"}', b'{"a": "\\ud800"}', b'{"a": "\\u0000"}',
    b'{"a\\u0000b": 1}', b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b'{"a": "\x00"}', b"{}\x00", b'{"a": "\n"}',
    b"[" * 100000, b'{"a":' * 50000, b'{"a": ' + b"[" * 3000 + b"]" * 3000 + b"}", b"{,}", b'{"a": tru}', b"/**/{}",
], ids=lambda body: repr(body[:20]))
def test_json_that_isnt_or_isnt_meant(server, body):
    for path in ("/v1/detect", "/", "/v2/models/tyto-small/infer"):
        reply = asks(server, body, path)
        assert reply.status == 400 and reply.error(), path


def test_json_of_very_many_values(server):
    for body in (b"[" + b"0," * 900000 + b"0]", b'{"inputs": [' + b"[]," * 600000 + b"[]]}"):
        assert asks(server, body, "/v2/models/tyto-small/infer").status in (400, 413)


@pytest.mark.parametrize("kind", ["text/plain", "text/plain; charset=utf-8", "application/x-www-form-urlencoded",
                                  "multipart/form-data; boundary=x", "application/jsonx", "application", "a" * 5000,
                                  "application/json-patch+json", "text/json"])
def test_other_types(server, kind):
    for path in ("/v1/detect", "/v1/photos", "/", "/v1/vocabularies", "/v2/models/tyto-small/infer"):
        assert asks(server, b"{}", path, kind).status == 415, path


def test_a_type_with_a_charset_is_the_type(server):
    assert asks(server, b"{}", kind="application/json; charset=utf-8").status == 400
    assert asks(server, b"{}", kind="Application/JSON").status == 400


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip", "x"])
def test_encodings(server, encoding):
    assert asks(server, gzip.compress(b"{}"), **{"Content-Encoding": encoding}).status == 415


def test_an_encoding_that_is_none(server):
    assert asks(server, b"{}", **{"Content-Encoding": "identity"}).status == 400


@pytest.mark.parametrize("text", ["", "?", "====", "AAA", "A" * 5, "data:", "data:,x", "data:image/png;base64", "data:;base64,?",
                                  "äöü", "\u0001", "AA=A", "A===="])
def test_base64_that_isnt(server, text):
    for path, body in (("/v1/photos", {"image": text}), ("/v1/detect", {"image": text, "labels": ["a"]}),
                       ("/", {"inputs": text, "parameters": {"candidate_labels": ["a"]}})):
        reply = server.post(path, body)
        assert reply.status in (400, 422) and reply.error(), path


def test_urls_and_files_arent_fetched(server):
    for text in ("http://127.0.0.1:1/x.png", "HTTPS://localhost/x.png", "file:///etc/passwd", "ftp://localhost/x", "/etc/passwd",
                 str(SEVEN)):
        reply = server.post("/v1/photos", {"image": text})
        assert reply.status in (400, 422) and "root" not in reply.error()


def png(width: int, height: int, rows: bytes, before: bytes = b"") -> bytes:
    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + before + part(b"IDAT", rows) + part(b"IEND", b"")


def squeezed(size: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()


def resident(server) -> int:
    with open(f"/proc/{server.pid}/status") as status:
        return next(int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM"))


def bombs() -> dict[str, bytes]:
    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = squeezed(15000 * 45001 + (1 << 20))
    return {
        "png of 15000 by 15000": png(15000, 15000, rows),
        "png of 2^31-1": png(0x7FFFFFFF, 0x7FFFFFFF, rows[:1000]),
        "png of 0": png(0, 0, b""),
        "png whose rows are more than it says": png(16, 16, rows),
        "png with a text of 512 MB": png(16, 16, zlib.compress(bytes(16 * 49)), part(b"zTXt", b"a\0\0" + squeezed(512 << 20))),
        "png with a profile of 512 MB": png(16, 16, zlib.compress(bytes(16 * 49)),
                                            part(b"iCCP", b"a\0\0" + squeezed(512 << 20))),
        "gif of 65535": b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x00;",
        "bmp of 30000": b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 30000, 30000, 1, 24, 0, 0, 0, 0, 0, 0),
        "jpeg that is cut": SEVEN.read_bytes()[:2000],
        "nothing": b"", "zeros": bytes(10000), "text": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    }


def test_pictures_that_are_bombs(server):
    assert server.post("/v1/photos", SEVEN.read_bytes(), {"Content-Type": "image/jpeg"}).status == 201
    before = resident(server)
    for name, data in bombs().items():
        began = time.monotonic()
        for kind in ("image/png", "application/octet-stream"):
            reply = server.post("/v1/photos", data, {"Content-Type": kind})
            assert reply.status in (201, 422), (name, reply.status, reply.body)
        assert server.post("/v1/photos", {"image": base64.b64encode(data).decode()}).status in (201, 400, 422), name
        assert time.monotonic() - began < 20, name
    assert resident(server) - before < 200 << 20


# ------------------------------------------------------------------- queue and time


def post_slowly(server, count: int) -> list[int]:
    """Many requests at once; their codes."""
    body = {"inputs": text64(SEVEN), "parameters": {"candidate_labels": ["a cup"]}}
    got: list[int] = []

    def ask():
        reply = server.post("/", body)
        if reply.status == 503:
            assert int(reply.headers["Retry-After"]) >= 1 and reply.error()
        got.append(reply.status)

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


def test_a_full_queue_says_when_to_come_again(serve):
    server = serve("-m", SMALL, "--queue", 1)
    got = post_slowly(server, 24)
    assert set(got) == {200, 503} and len(got) == 24
    assert server.post("/", {"inputs": text64(SEVEN), "parameters": {"candidate_labels": ["a cup"]}}).status == 200
    assert 'tyto_rejected_total{reason="queue"}' in server.get("/metrics").body.decode()


def test_a_deadline(serve):
    server = serve("-m", SMALL, "--deadline", 0.1)
    got = post_slowly(server, 24)
    assert 504 in got and set(got) <= {200, 504}
    assert server.get("/v2/health/live").status == 200


# ----------------------------------------------------------------------------- keys


def test_keys(serve, tmp_path):
    file = tmp_path / "key"
    file.write_text("secret-42\nanother\n")
    server = serve("-m", SMALL, "--api-key-file", file, "--log", "json")
    for path in ("/v2/health/live", "/v2/health/ready", "/health", "/ping", "/v2/models/tyto-small/ready"):
        assert server.get(path).status == 200, path
    bodies = set()
    for path in ("/v2", "/v2/models/tyto-small", "/metrics", "/v2/models/tyto-small/stats", "/nothing"):
        for key in (None, "", "secret-4", "secret-42x", "another", "secret-42 ", "SECRET-42"):
            reply = server.get(path, key=key)
            assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer"), (path, key)
            bodies.add(reply.body)
        assert server.get(path, key="secret-42").status in (200, 404), path
    for header in ("Basic secret-42", "secret-42", "Bearer", "bearer: secret-42"):
        assert server.get("/v2", headers={"Authorization": header}).status == 401
    assert len(bodies) == 1
    # Before the body: none of it is sent, and the answer comes.
    with dial(server) as peer:
        peer.sendall(b"POST /v1/detect HTTP/1.1\r\n" + JSON + b"Content-Length: 1000\r\n\r\n")
        assert codes(rest(peer)) == [401]
    assert server.post("/v1/detect", {}, key="secret-42").status == 400
    server.stop()
    assert not any("secret" in line for line in server.out + server.err)


# -------------------------------------------------------------------- other origins


def test_pages_of_other_places(serve, server):
    open_to = "https://example.org"
    allowing = serve("-m", SMALL, "--cors-origins", open_to)
    ask = {"Access-Control-Request-Method": "POST"}
    reply = allowing.ask("OPTIONS", "/v1/detect", headers={"Origin": open_to, **ask})
    assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (204, open_to)
    for origin in ("https://example.org.evil", "http://example.org", "https://example.org:444", "https://EXAMPLE.org", "null",
                   "https://evil.example.org", "*"):
        for reply in (allowing.ask("OPTIONS", "/v1/detect", headers={"Origin": origin, **ask}),
                      allowing.get("/v2", headers={"Origin": origin})):
            assert reply.headers["Access-Control-Allow-Origin"] is None, origin
            assert reply.headers["Vary"] == "Origin"
    for path in ("/v2", "/nothing"):
        reply = allowing.get(path, headers={"Origin": open_to})
        assert (reply.headers["Access-Control-Allow-Origin"], reply.headers["Vary"]) == (open_to, "Origin")
    reply = server.get("/v2", headers={"Origin": open_to})
    assert reply.headers["Access-Control-Allow-Origin"] is None
    # A browser sends some requests without asking first.
    for site, code in (("cross-site", 403), ("same-site", 403), ("same-origin", 400), ("none", 400)):
        assert server.post("/", {}, {"Origin": open_to, "Sec-Fetch-Site": site}).status == code
    assert allowing.post("/", {}, {"Origin": open_to, "Sec-Fetch-Site": "cross-site"}).status == 400
    assert server.get("/v2/health/live", headers={"Sec-Fetch-Site": "cross-site"}).status == 200


# ------------------------------------------------------------------------ the log


def test_a_line_of_the_log_is_one_line(serve):
    for kind in ("json", "common"):
        server = serve("-m", SMALL, "--log", kind)
        raw(server, b"G\"T /a%0ab%22\" HTTP/1.1\r\n" + HOST + b"\r\n")
        raw(server, b"GET /%ff%fe%1b[31m HTTP/1.1\r\n" + HOST + b"\r\n")
        raw(server, b"GET /caf\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n")
        server.stop()
        lines = server.out[1:]
        assert len(lines) == 3, lines
        for line in lines:
            assert line.isascii() and line.isprintable()
            if kind == "json":
                assert json.loads(line)["code"] in (400, 404, 405)


def test_clients_dont_fill_the_log(serve):
    """Nothing that a client sends is said on standard error, unless somebody asks for it."""
    for options, said in (((), False), (("--verbose",), True)):
        server = serve("-m", SMALL, *options)
        assert server.post("/v1/vocabularies", {"texts": [f"a very long text {'x ' * 40} {i}" for i in range(3)]}).status == 201
        server.stop()
        assert any("a very long" in line for line in server.err) == said
