#!/usr/bin/env python3
"""What the server costs: photos per second of `tyto serve` beside those of `tyto detect`, over the same photos.

    bench/server/measure.py [-m MODEL] [--photos N] [--rounds N] [--workers N] [--threads N] [--clients N] PHOTO...

The command searches a folder of N copies, and one of a single photo: what the latter takes, opening the model for the
most part, is taken off. The server gets the same files as they are, by --clients connections that each send the next
one when they have the reply; it was asked once before. Rounds of both alternate, so that a machine that grows slower
does so for both, and the median counts. TYTO names the command (default: build/tyto).
"""

from __future__ import annotations

import argparse
import http.client
import os
import queue
import shutil
import signal
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]
TYTO = os.environ.get("TYTO") or str(ROOT / "build/tyto")
LABELS = ("a cup of coffee", "a rabbit", "a cat")


def by_command(model: str, folder: Path, threads: int) -> float:
    """Seconds for a folder."""
    words = [TYTO, "detect", "-q", "-m", model, folder, "--multi-label", "--threads", threads, "--format", "jsonl", "-o",
             folder.parent / f"{folder.name}.jsonl", "--threshold", "0.1"]
    for label in LABELS:
        words += ["-t", label]
    began = time.perf_counter()
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


class Server:
    """A running server, and requests to it."""

    def __init__(self, model: str, workers: int, threads: int) -> None:
        self.process = subprocess.Popen(
            [TYTO, "serve", "-m", model, "--port", "0", "--workers", str(workers), "--threads", str(threads), "--log", "none",
             "--queue", "256"], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1].strip().rstrip("/"))

    def seconds(self, photos: list[Path], clients: int) -> float:
        """For all photos, by so many clients."""
        path = "/?threshold=0.1" + "".join("&candidate_labels=" + quote(label) for label in LABELS)
        waiting: queue.SimpleQueue[Path] = queue.SimpleQueue()
        failed: list[int] = []
        for photo in photos:
            waiting.put(photo)

        def client() -> None:
            peer = http.client.HTTPConnection("127.0.0.1", self.port)
            while True:
                try:
                    photo = waiting.get_nowait()
                except queue.Empty:
                    break
                peer.request("POST", path, photo.read_bytes(), {"Content-Type": "application/octet-stream"})
                reply = peer.getresponse()
                reply.read()
                if reply.status != 200:
                    failed.append(reply.status)
            peer.close()

        threads = [threading.Thread(target=client) for _ in range(clients)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - began
        assert not failed, failed
        return seconds

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    options.add_argument("-m", "--model", default=str(ROOT / "models/tyto-small"))
    options.add_argument("--photos", type=int, default=200)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--workers", type=int, default=1)
    options.add_argument("--threads", type=int, default=os.cpu_count())
    options.add_argument("--clients", type=int, default=4)
    options.add_argument("photo", type=Path, nargs="+")
    chosen = options.parse_args()

    threads = chosen.workers * chosen.threads
    with tempfile.TemporaryDirectory() as place:
        one, many = Path(place, "one"), Path(place, "many")
        one.mkdir()
        many.mkdir()
        shutil.copy(chosen.photo[0], one)
        photos = [many / f"{i:05}{chosen.photo[i % len(chosen.photo)].suffix}" for i in range(chosen.photos)]
        for i, photo in enumerate(photos):
            shutil.copy(chosen.photo[i % len(chosen.photo)], photo)
        server = Server(chosen.model, chosen.workers, chosen.threads)
        server.seconds(photos[:chosen.clients], chosen.clients)
        command_s, server_s = [], []
        for _ in range(chosen.rounds):
            command_s.append(by_command(chosen.model, many, threads) - by_command(chosen.model, one, threads))
            server_s.append(server.seconds(photos, chosen.clients))
        server.end()

    command, served = statistics.median(command_s), statistics.median(server_s)
    print(f"{chosen.photos} photos, {chosen.workers} workers of {chosen.threads} threads, {chosen.clients} clients, "
          f"median of {chosen.rounds}")
    print(f"command  {(chosen.photos - 1) / command:8.2f} photos/s  ({min(command_s):.2f} to {max(command_s):.2f} s)")
    print(f"server   {chosen.photos / served:8.2f} photos/s  ({min(server_s):.2f} to {max(server_s):.2f} s)")
    print(f"the server has {100 * (chosen.photos / served) / ((chosen.photos - 1) / command):.1f} % of the command's")


if __name__ == "__main__":
    main()
