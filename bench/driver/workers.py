"""Engines as processes of their own, which load once and run a forward when they are asked to."""

import json
import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Failed(Exception):
    """Why an engine can't do something, in one line."""


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def limit(memory_bytes):
    """An engine that wants more than there is fails by itself, or is the first that the system ends."""

    def apply():
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
        Path("/proc/self/oom_score_adj").write_text("1000")

    return apply


class Process:
    def __init__(self, words, memory_bytes, environment=None):
        self.said = tempfile.TemporaryFile("w+")
        self.began = time.perf_counter()
        self.process = subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.said, text=True, preexec_fn=limit(memory_bytes),
                                        env={**os.environ, **(environment or {})})
        try:
            self.ready = self.answer()
            self.ready_s = time.perf_counter() - self.began
            self.forward()
            self.first_s = time.perf_counter() - self.began
        except Failed:
            self.end()
            raise

    def answer(self):
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {}
        if line and "failed" not in answer:
            return answer
        self.process.wait()
        self.said.seek(0)
        reason = answer.get("failed") or last_line(self.said.read())
        if self.process.returncode < 0:
            reason = f"ended by signal {-self.process.returncode}, likely for want of memory"
        raise Failed(" ".join((reason or "ended early").split())[:300])

    def ask(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the missing answer tells why
        return self.answer()

    def end(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()
        self.said.close()


class Peer(Process):
    """serve.py in the environment of a stack."""

    def __init__(self, python, engine, path, inputs, wanted, precision, threads, memory_bytes):
        words = [python, HERE / "serve.py", engine, "--path", path, "--inputs", inputs, "--precision", precision]
        words += ["--threads", threads, "--wanted", ",".join(wanted)]
        super().__init__(words, memory_bytes, {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1"})

    def forward(self):
        return self.ask("forward")["forward_s"]

    def finish(self, outputs):
        """The most memory that was held, once the last outputs are written."""
        memory = self.ask("memory")["peak_rss_mb"]
        self.ask(f"save {outputs}")
        self.end()
        return memory


class Tyto(Process):
    """`tyto bench --on-request`."""

    def __init__(self, command, folder, inputs, precision, threads, memory_bytes, outputs):
        self.outputs, self.runs = outputs, []
        words = [command, "bench", "-m", folder, "--inputs", inputs, "--precision", precision, "--threads", threads]
        super().__init__(words + ["--on-request", "--outputs", outputs], memory_bytes)

    def forward(self):
        self.runs.append(self.ask(""))
        return self.runs[-1]["forward_s"][0]

    def finish(self, outputs):
        assert outputs == self.outputs
        self.end()
        return self.runs[-1]["peak_rss_mb"]

    def fastest(self):
        return min(self.runs, key=lambda run: run["forward_s"][0])
