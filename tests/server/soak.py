#!/usr/bin/env python3
"""Mixed traffic for minutes: good requests, bad ones, clients that leave or are slow. Memory must stay flat.

    tests/server/soak.py [MINUTES [MODEL]]     (default: 60, the model that comes along)

Each minute it prints what was answered and how much memory the server holds. It fails when the server ends, says
something on standard error, answers what it shouldn't, keeps a place that nobody has, or holds more memory at the end
than after a fifth of the time, beyond a few megabytes. TYTO names the command (default: build/tyto).
"""

from __future__ import annotations

import collections
import json
import random
import socket
import struct
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from conftest import CAT, COFFEE, SEVEN, SHIRTS, SMALL, Server, text64
from slow import ONE, metric

CLIENTS = 6
GROWTH_MB = 16
PICTURES = (SEVEN, SHIRTS, CAT, COFFEE)
BAD = (b"GET /../.. HTTP/1.1\r\nHost: localhost\r\n\r\n", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
       b"Transfer-Encoding: chunked\r\n\r\n{}", b"\x16\x03\x01\x00", b"GET / HTTP/1.1\r\nHost: evil\r\n\r\n", b"A" * 100000,
       b"POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n")


class Traffic:
    """What is asked, and what came."""

    def __init__(self, server: Server, model: str) -> None:
        self.server, self.model = server, model
        self.ending = False
        self.answers: collections.Counter[str] = collections.Counter()
        self.wrong: list[str] = []

    def expect(self, what: str, status: int, *good: int) -> None:
        self.answers[f"{what} {status}"] += 1
        if status not in (*good, 503):
            self.wrong.append(f"{what}: {status}")

    def photo(self, dice: random.Random) -> None:
        kept = self.server.post("/v1/photos", dice.choice(PICTURES).read_bytes(), {"Content-Type": "image/jpeg"})
        self.expect("photo", kept.status, 201)
        if kept.status == 201:
            for _ in range(3):
                found = self.server.post("/v1/detect", {"photo": kept.json()["id"], "labels": [f"thing {dice.randrange(10**6)}"]})
                self.expect("detect", found.status, 200, 404)
            if dice.random() < 0.3:
                self.expect("drop", self.server.ask("DELETE", f"/v1/photos/{kept.json()['id']}").status, 204, 404)

    def vocabulary(self, dice: random.Random) -> None:
        texts = [f"thing {dice.randrange(10**6)}" for _ in range(dice.randrange(1, 50))]
        kept = self.server.post("/v1/vocabularies", {"texts": texts})
        self.expect("vocabulary", kept.status, 201)
        if kept.status == 201:
            found = self.server.post("/v1/detect", {"image": text64(dice.choice(PICTURES)), "vocabulary": kept.json()["id"]})
            self.expect("detect", found.status, 200, 404)

    def pipeline(self, dice: random.Random) -> None:
        self.expect("pipeline", self.server.post("/", ONE).status, 200)
        self.expect("instances", self.server.post("/invocations", {"instances": [ONE] * dice.randrange(1, 4)}).status, 200)

    def tensors(self, dice: random.Random) -> None:
        count = dice.randrange(1, 5)
        pixels = bytes(4 * count * 3 * 192 * 192)
        head = json.dumps({"inputs": [{"name": "pixel_values", "datatype": "FP32", "shape": [count, 3, 192, 192],
                                       "parameters": {"binary_data_size": len(pixels)}}],
                           "parameters": {"head": "Owlv2VisionModel", "binary_data_output": True}}).encode()
        reply = self.server.post(f"/v2/models/{self.model}/infer", head + pixels, {
            "Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(head))})
        self.expect("tensors", reply.status, 200, 422)

    def refused(self, dice: random.Random) -> None:
        self.expect("bad picture", self.server.post("/v1/photos", dice.randbytes(1000), {"Content-Type": "image/png"}).status, 422)
        self.expect("bad json", self.server.post("/", dice.randbytes(100), {"Content-Type": "application/json"}).status, 400)
        self.expect("too large", self.server.post("/", b" " * (9 << 20), {"Content-Type": "application/json"}).status, 413)

    def watch(self, dice: random.Random) -> None:
        for path in ("/v2/health/ready", "/metrics", "/v2", "/openapi.json"):
            self.expect("watch", self.server.get(path).status, 200, 404)

    def rude(self, dice: random.Random) -> None:
        """Sends what isn't a request, or leaves in the middle of one."""
        body = json.dumps(ONE).encode()
        whole = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        with socket.create_connection((self.server.host, self.server.port), 30) as peer:
            try:
                how = dice.randrange(4)
                if how == 0:
                    peer.sendall(dice.choice(BAD))
                    peer.recv(4096)
                elif how == 1:
                    peer.sendall(whole[:dice.randrange(len(whole))])
                elif how == 2:
                    peer.sendall(whole)
                    time.sleep(dice.random() * 0.05)
                    if dice.random() < 0.5:
                        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                else:
                    for byte in whole[:20]:
                        peer.sendall(bytes([byte]))
                        time.sleep(0.05)
            except OSError:
                pass
        self.answers["rude"] += 1

    def client(self, seed: int) -> None:
        dice = random.Random(seed)
        acts = (self.photo, self.vocabulary, self.pipeline, self.tensors, self.refused, self.watch, self.rude)
        while not self.ending:
            try:
                dice.choice(acts)(dice)
            except Exception as error:
                self.wrong.append(repr(error))
                time.sleep(0.1)


def main() -> int:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    model = Path(sys.argv[2]) if len(sys.argv) > 2 else SMALL
    server = Server("-m", model, "--log", "none", "--max-body", 8, "--photos", 16, "--vocabularies", 1, "--timeout", 5, "--keep", 60)
    traffic = Traffic(server, model.name)
    clients = [threading.Thread(target=traffic.client, args=(i,)) for i in range(CLIENTS)]
    for one in clients:
        one.start()
    began, before = time.monotonic(), 0.0
    resident = 0.0
    try:
        for step in range(1, 21):
            while time.monotonic() - began < 60 * minutes * step / 20 and server.alive() and not traffic.wrong:
                time.sleep(0.1)
            if not server.alive() or traffic.wrong:
                break
            resident = metric(server, "process_resident_memory_bytes") / 2**20
            before = resident if step <= 4 else before
            print(f"{(time.monotonic() - began) / 60:6.1f} min  {resident:7.1f} MB  {sum(traffic.answers.values())} answers", flush=True)
    finally:
        traffic.ending = True
        for one in clients:
            one.join()
    wrong = list(traffic.wrong)
    for what, count in sorted(traffic.answers.items()):
        print(f"{count:9} {what}")
    if server.alive():
        time.sleep(1)
        for name in ("tyto_queue_length", "tyto_requests_in_flight"):
            if metric(server, name):
                wrong.append(f"{name}: {metric(server, name)} when nobody asks")
        code = server.stop()
        wrong += [f"it ended with {code}"] if code else []
    else:
        wrong.append(f"it ended by itself, with {server.process.returncode}")
    wrong += server.err[:5]
    if resident - before > GROWTH_MB:
        wrong.append(f"memory grew from {before:.1f} to {resident:.1f} MB")
    print("\n".join(wrong) if wrong else "flat")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
