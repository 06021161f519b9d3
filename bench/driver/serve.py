"""A peer's process: loads a network once, then runs it when it is told to.

    python serve.py ENGINE --path FILE --inputs FILE --precision P --threads N [--wanted NAME,...]

On standard output, lines of JSON: first what was loaded, then an answer to each line of standard input:
"forward" runs once, "save FILE" writes the last outputs, "memory" tells the most that was held at once.
"""

import argparse
import contextlib
import importlib
import json
import sys
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file


def memory_mb(field):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024e-6
    return float("nan")


def answering(work):
    """Calls work(answer), whose answers alone go to standard output, whatever a library prints."""
    pipe = sys.stdout

    def answer(value):
        print(json.dumps(value), file=pipe, flush=True)

    with contextlib.redirect_stdout(sys.stderr):
        try:
            work(answer)
        except Exception as failure:
            answer({"failed": f"{type(failure).__name__}: {failure}"})
            sys.exit(1)


def serve(engine, answer):
    for line in sys.stdin:
        word, _, path = line.strip().partition(" ")
        if word == "forward":
            start = time.perf_counter()
            engine.forward()
            answer({"forward_s": time.perf_counter() - start})
        elif word == "save":
            save_file({k: np.ascontiguousarray(v, np.float32) for k, v in engine.outputs().items()}, path)
            answer({})
        elif word == "memory":
            answer({"peak_rss_mb": memory_mb("VmHWM:"), "rss_mb": memory_mb("VmRSS:")})
        else:
            break


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("engine", choices=("torch", "onnxruntime", "openvino"))
    options.add_argument("--path", type=Path, required=True)
    options.add_argument("--inputs", type=Path, required=True)
    options.add_argument("--precision", default="fp32")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--wanted", type=lambda text: text.split(","), required=True)
    chosen = options.parse_args()

    def work(answer):
        engine = importlib.import_module(f"engine_{chosen.engine}").Engine(chosen)
        answer({"versions": engine.versions, "how": engine.how})
        serve(engine, answer)

    answering(work)


if __name__ == "__main__":
    main()
