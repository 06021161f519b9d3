"""The files of packages/: units of systemd, nginx in front of the server."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import ssl
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ROOT, SEVEN, SMALL, text64

PACKAGES = ROOT / "packages"


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze")
    for name in ("tyto.service", "tyto.socket"):
        text = (PACKAGES / name).read_text()
        (tmp_path / name).write_text(text.replace("/usr/local/bin/tyto", "/bin/true"))
    ran = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", tmp_path / "tyto.service",
                          tmp_path / "tyto.socket"], capture_output=True, text=True)
    assert ran.returncode == 0 and "tyto." not in ran.stderr, ran.stderr
    ran = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=25", tmp_path / "tyto.service"],
                         capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-2000:]


def test_units_name_options_that_there_are() -> None:
    words = re.findall(r"(?<= )--?[a-z-]+", re.search("ExecStart=.*", (PACKAGES / "tyto.service").read_text())[0])
    words += [w for w in re.findall(r'"(--[a-z-]+)"', (PACKAGES / "Containerfile").read_text())]
    known = (ROOT / "docs/tyto.1").read_text().replace("\\-", "-").replace("\\", "")
    assert words and [w for w in words if w not in known] == []


@pytest.fixture
def nginx(tmp_path: Path, serve):
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not program or not shutil.which("openssl"):
        pytest.skip("no nginx or openssl")
    server = serve("-m", SMALL)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=example.org", "-keyout",
                    tmp_path / "key.pem", "-out", tmp_path / "cert.pem", "-days", "1"], check=True, capture_output=True)
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    text = (PACKAGES / "nginx.conf").read_text()
    for old, new in (("127.0.0.1:8080", f"127.0.0.1:{server.port}"), ("listen 8443", f"listen 127.0.0.1:{port}"),
                     ("/etc/tyto", str(tmp_path))):
        assert old in text
        text = text.replace(old, new)
    user = "user root;" if os.geteuid() == 0 else ""
    places = "".join(f"{name}_temp_path {tmp_path}/{name};" for name in
                     ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (tmp_path / "nginx.conf").write_text(
        f"{user} pid {tmp_path}/pid; error_log {tmp_path}/error; daemon off; events {{}}\n"
        f"http {{ access_log off; {places}\n{text} }}\n")
    process = subprocess.Popen([program, "-e", tmp_path / "error", "-c", tmp_path / "nginx.conf"], stderr=subprocess.PIPE)
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    yield port, server
    process.terminate()
    process.wait(20)


def test_behind_nginx(nginx) -> None:
    import json
    port, server = nginx
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    peer = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)

    def ask(method: str, path: str, body: object = None):
        peer.request(method, path, json.dumps(body) if body else None,
                     {"Content-Type": "application/json"} if body else {})
        reply = peer.getresponse()
        return reply.status, reply.headers, reply.read()

    assert ask("GET", "/health")[0] == 200
    assert ask("GET", "/metrics")[0] == 404
    body = {"image": text64(SEVEN), "labels": ["a rabbit"]}
    status, headers, found = ask("POST", "/v1/detect", body)
    assert status == 200 and found == server.post("/v1/detect", body).body
    assert server.wait_until(lambda: any(headers["X-Request-Id"] in line for line in server.out))
    assert ask("GET", "/nothing")[0] == 404

    # Events come through as they are made.
    import base64
    from test_video import LABELS, y4m
    peer.request("POST", "/v1/video", json.dumps({"video": base64.b64encode(y4m(300, 32, 24)).decode(), "labels": LABELS}),
                 {"Content-Type": "application/json"})
    reply = peer.getresponse()
    if reply.status == 200:
        assert json.loads(reply.readline()[6:])["frame"] == 0
        assert "tyto_requests_in_flight 1" in server.get("/metrics").body.decode()
        reply.close()
    peer.close()
    server.wait_until(lambda: "tyto_requests_in_flight 0" in server.get("/metrics").body.decode())
