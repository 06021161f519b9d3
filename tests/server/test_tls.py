"""By TLS: the same, to clients of this decade."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess

import pytest
from conftest import SMALL
from slow import long_body
from test_beginning import fails

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


@pytest.fixture(scope="module")
def server(serve_module, pair):
    return serve_module("-m", SMALL, "--tls-cert", pair[0], "--tls-key", pair[1], "--timeout", 2, "--max-body", 2)


def connect(server, pair, lowest=None, highest=None, ciphers=None) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(pair[0]))
    if ciphers:
        context.set_ciphers(ciphers)
    if lowest:
        context.minimum_version, context.maximum_version = lowest, highest
    return context.wrap_socket(socket.create_connection(("127.0.0.1", server.port), 20), server_hostname="localhost")


def test_it_is_the_same(server, pair):
    assert server.url.startswith("https://")
    assert server.get("/v2").json()["name"] == "tyto"
    assert server.post("/invocations", long_body(2)).status == 200
    with connect(server, pair) as peer:
        for _ in range(2):
            peer.sendall(b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert peer.recv(4096).startswith(b"HTTP/1.1 200")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_versions(server, pair):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with connect(server, pair, version, version) as peer:
            assert peer.version() == {ssl.TLSVersion.TLSv1_2: "TLSv1.2", ssl.TLSVersion.TLSv1_3: "TLSv1.3"}[version]
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.raises(OSError):
            connect(server, pair, version, version, "ALL:@SECLEVEL=0")


def test_bodies_too_large(server, pair):
    headers = {"Content-Type": "application/json"}
    assert server.post("/v1/detect", b" " * (3 << 20), headers).status == 413
    with connect(server, pair) as peer:
        peer.sendall(b"POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                     b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            peer.sendall(b"100000\r\n" + b" " * (1 << 20) + b"\r\n")
        peer.sendall(b"0\r\n\r\n")
        assert peer.recv(4096).startswith(b"HTTP/1.1 413")


def test_clients_that_dont_speak_it(server, pair):
    for data in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01", b"\x80" * 1000, b""):
        with socket.create_connection(("127.0.0.1", server.port), 20) as peer:
            peer.sendall(data)
            while peer.recv(4096):
                pass
    assert server.get("/v2/health/live").status == 200


def test_slow_and_idle_ones_end(server, pair):
    for data in (b"", b"GET /v2", b"POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                  b"Content-Length: 5\r\n\r\n{"):
        with connect(server, pair) as peer:
            peer.sendall(data)
            try:
                assert peer.recv(4096) == b""
            except ssl.SSLEOFError:
                pass


def test_files_that_are_none(tmp_path, pair):
    empty, text = tmp_path / "empty", tmp_path / "text"
    empty.write_bytes(b"")
    text.write_text("nothing\n")
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-out", other],
                   check=True, capture_output=True)
    for cert, key in ((empty, pair[1]), (pair[0], empty), (text, pair[1]), (pair[0], text), (tmp_path / "none", pair[1]),
                      (pair[0], other), (tmp_path, pair[1])):
        fails("--port", 0, "--tls-cert", cert, "--tls-key", key)
    for option, file in (("--tls-cert", pair[0]), ("--tls-key", pair[1])):
        assert "--tls-cert and --tls-key" in fails("--port", 0, option, file)
