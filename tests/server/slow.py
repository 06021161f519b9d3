"""Requests that take a while, sent beside a test."""

from __future__ import annotations

import json
import re
import socket
import threading
from pathlib import Path
from typing import Any

from conftest import SEVEN, SMALL, Reply, Server, text64

ONE = {"inputs": text64(SEVEN), "parameters": {"candidate_labels": ["a cup of coffee"]}}


def long_body(photos: int = 100) -> dict[str, Any]:
    """Some 30 ms a photo, on the small model."""
    return {"instances": [ONE] * photos}


class Asked:
    """A request on a thread of its own: `reply` is there once it is done, or `error`."""

    def __init__(self, server: Server, path: str, body: Any, **more: Any) -> None:
        self.reply: Reply | None = None
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._ask, args=(server, path, body, more))
        self._thread.start()

    def _ask(self, server: Server, path: str, body: Any, more: Any) -> None:
        try:
            self.reply = server.post(path, body, **more)
        except Exception as error:
            self.error = error

    def wait(self, timeout: float = 120) -> "Asked":
        self._thread.join(timeout)
        assert not self._thread.is_alive()
        return self

    def done(self) -> bool:
        return not self._thread.is_alive()


def metric(server: Server, name: str) -> float:
    """A number of /metrics; the sum over its series."""
    text = server.get("/metrics").body.decode()
    return sum(map(float, re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", text, re.M)))


def in_flight(server: Server) -> float:
    return metric(server, "tyto_requests_in_flight")


def send_and_leave(server: Server, path: str, body: bytes) -> socket.socket:
    """A connection on which a whole request was sent; the caller closes it."""
    peer = socket.create_connection((server.host, server.port), 20)
    peer.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    return peer


def large_model(folder: Path) -> Path:
    """The small model on photos of 1,280 pixels: seconds each, most of it in one of few layers. What it finds means
    nothing."""
    folder.mkdir()
    for file in SMALL.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    config = json.loads((SMALL / "config.json").read_text())
    vision = config["vision_config"]
    vision["image_size"] = 1280
    (folder / "config.json").write_text(json.dumps(config))
    processor = json.loads((SMALL / "preprocessor_config.json").read_text())
    processor["size"] = {"height": 1280, "width": 1280}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))

    # Positions are repeated; all else stays.
    data = (SMALL / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header, data = json.loads(data[8:8 + length]), data[8 + length:]
    name = next(name for name in header if name.endswith("vision_model.embeddings.position_embedding.weight"))
    begin, end = header[name]["data_offsets"]
    rows, width = header[name]["shape"]
    wanted = (1280 // 16) ** 2 + 1
    row_bytes = (end - begin) // rows
    positions = (data[begin:end] * (wanted // rows + 1))[:wanted * row_bytes]
    header[name] = {**header[name], "shape": [wanted, width], "data_offsets": [len(data), len(data) + len(positions)]}
    # Offsets leave no hole: the old rows get a name that nobody asks for.
    header["unused"] = {"dtype": header[name]["dtype"], "shape": [rows, width], "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data + positions)
    return folder
