"""Starts `tyto serve` for the tests, and asks it by Python's own http.client.

The variable TYTO names the command (default: build/tyto of this tree), and TYTO_EMULATOR one that runs it.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import queue
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

ROOT = Path(__file__).resolve().parents[2]
TYTO = os.environ.get("TYTO") or str(ROOT / "build/tyto")
SMALL = ROOT / "models/tyto-small"
GOLDEN = ROOT / "tests/golden/data"
SEVEN = ROOT / "assets/scenes/seven.jpg"
SHIRTS = ROOT / "assets/scenes/shirts.jpg"
CAT = ROOT / "assets/photos/cat.jpg"
COFFEE = ROOT / "assets/photos/coffee.jpg"
BEGIN_S = 60


def words(*given: object) -> list[str]:
    """A command line, behind the emulator where there is one."""
    return [*os.environ.get("TYTO_EMULATOR", "").split(), TYTO, *map(str, given)]


def tyto(*given: object, stdin: bytes | None = None) -> bytes:
    """What the command prints; fails when it fails."""
    ran = subprocess.run(words(*given), input=stdin, capture_output=True, timeout=300)
    assert ran.returncode == 0, ran.stderr.decode()
    return ran.stdout


def text64(path: Path) -> str:
    """A file as base64."""
    return base64.b64encode(path.read_bytes()).decode()


@dataclass
class Tensor:
    """A tensor as safetensors has it: its type as spelled there, its shape, its bytes."""

    dtype: str
    shape: list[int]
    data: bytes


def load_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file."""
    whole = path.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8:start])
    header.pop("__metadata__", None)
    return {name: Tensor(t["dtype"], t["shape"], whole[start + t["data_offsets"][0]:start + t["data_offsets"][1]])
            for name, t in header.items()}


def save_tensors(path: Path, tensors: dict[str, Tensor]) -> Path:
    """Writes a safetensors file."""
    at, header = 0, {}
    for name, t in tensors.items():
        header[name] = {"dtype": t.dtype, "shape": t.shape, "data_offsets": [at, at + len(t.data)]}
        at += len(t.data)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(t.data for t in tensors.values()))
    return path


def text_inputs(count: int = 2, length: int = 14) -> dict[str, Tensor]:
    """Bytes of a text as the Perceiver's ids, which fit any integer type."""
    ids = [6 + (i * 37) % 121 for i in range(count * length)]
    return {"inputs": Tensor("I64", [count, length], b"".join(i.to_bytes(8, "little") for i in ids))}


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def error(self) -> str:
        """The sentence of an error, which is all that its body holds."""
        assert self.headers.get_content_type() == "application/json", self.body
        value = self.json()
        assert list(value) == ["error"] and value["error"], value
        return value["error"]


class Server:
    """A running server. `out` and `err` are the lines that it printed so far."""

    def __init__(self, *options: object, env: dict[str, str] | None = None, **popen: Any) -> None:
        given = [*options] if "--port" in options else ["--port", 0, *options]
        self.process = subprocess.Popen(
            words("serve", *given), stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
            env={**os.environ, **(env or {})}, text=True, errors="replace", **popen)
        self.out: list[str] = []
        self.err: list[str] = []
        where: queue.Queue[str | None] = queue.Queue()
        self._readers = [threading.Thread(target=self._read, args=(self.process.stdout, self.out, where)),
                         threading.Thread(target=self._read, args=(self.process.stderr, self.err, None))]
        for reader in self._readers:
            reader.start()
        try:
            line = where.get(timeout=BEGIN_S)
        except queue.Empty:
            line = None
        if not line or not line.startswith("serving at "):
            self.kill()
            raise AssertionError(f"tyto serve {given}: {line!r} {self.err}")
        self.url = line.split()[-1].rstrip("/")
        scheme, _, place = self.url.partition("://")
        self.tls = scheme == "https"
        host, _, port = place.rpartition(":")
        self.host, self.port = host.strip("[]"), int(port)

    def _read(self, file: Any, lines: list[str], where: queue.Queue[str | None] | None) -> None:
        for line in file:
            lines.append(line.rstrip("\n"))
            if where and len(lines) == 1:
                where.put(lines[0])
        if where:
            where.put(None)

    @property
    def pid(self) -> int:
        return self.process.pid

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, *,
            key: str | None = None, timeout: float = 120) -> Reply:
        """One request on a connection of its own. A body that isn't bytes is sent as JSON."""
        given = dict(headers or {})
        if body is not None and not isinstance(body, (bytes, bytearray)):
            body = json.dumps(body).encode()
            given.setdefault("Content-Type", "application/json")
        if key is not None:
            given["Authorization"] = f"Bearer {key}"
        if self.tls:
            import ssl

            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            peer: http.client.HTTPConnection = http.client.HTTPSConnection(
                self.host, self.port, timeout=timeout, context=context)
        else:
            peer = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            peer.request(method, path, body=body, headers=given)
            reply = peer.getresponse()
            return Reply(reply.status, reply.headers, reply.read())
        finally:
            peer.close()

    def get(self, path: str, **more: Any) -> Reply:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any = None, headers: dict[str, str] | None = None, **more: Any) -> Reply:
        return self.ask("POST", path, b"" if body is None else body, headers, **more)

    def alive(self) -> bool:
        return self.process.poll() is None

    def stop(self, sign: int = signal.SIGTERM, timeout: float = 60) -> int:
        """Ends it as a person or a service manager would, and gives the exit code."""
        if self.alive():
            self.process.send_signal(sign)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("the server doesn't end") from None
        for reader in self._readers:
            reader.join()
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join()

    def wait_until(self, true: Callable[[], Any], timeout: float = 30) -> Any:
        """Waits for something to be so, and gives what it gave."""
        end = time.monotonic() + timeout
        while not (found := true()):
            assert time.monotonic() < end, "it doesn't come"
            time.sleep(0.02)
        return found


def begin(started: list[Server], options: tuple[object, ...], more: dict[str, Any]) -> Server:
    server = Server(*options, **more)
    started.append(server)
    return server


def end(started: list[Server]) -> None:
    """Each must have lived until now, unless its test ended it, and end well."""
    codes = [(s, s.process.poll() if not s.alive() else s.stop()) for s in started]
    for server, code in codes:
        assert code in (0, -signal.SIGKILL), (code, server.err[-20:])


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Starts servers with options of their own: serve("-m", SMALL, "--queue", 1)."""
    started: list[Server] = []
    yield lambda *options, **more: begin(started, options, more)
    end(started)


@pytest.fixture(scope="module")
def serve_module() -> Iterator[Callable[..., Server]]:
    """The same for a whole file of tests."""
    started: list[Server] = []
    yield lambda *options, **more: begin(started, options, more)
    end(started)


@pytest.fixture(scope="module")
def server(serve_module: Callable[..., Server]) -> Server:
    """A server of the model that comes along, for a file of tests, with default options."""
    return serve_module("-m", SMALL)
