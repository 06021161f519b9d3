"""Times Python programs through pytyto.transformers and through the reference, taking turns. Started by
bench/compare --engines python.

The reference's example of detection and the zero-shot pipeline, on a seeded checkpoint of the published size, from an
open picture to boxes; beside them a forward of the command and of the reference on inputs that are ready: through
Python the ratio should be the same. A program's first run warms it up and isn't counted.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from catalogue import MODELS
from compare import HERE, command_line, numbers, say
from machine import describe
from workers import Failed, Peer, Process, Tyto

LIBRARIES = {"pytyto": "pytyto.transformers", "reference": "transformers", "current": "transformers"}
MEMORY_BYTES = 1 << 40


class Program(Process):
    """program.py in the environment of a stack."""

    def __init__(self, options, stack, source):
        words = [options.stacks / stack / "bin" / "python", HERE / "program.py", LIBRARIES[stack]]
        words += ["--path", source / "model", "--photo", source / "photo.png", "--threads", options.threads]
        super().__init__(words, MEMORY_BYTES, {"OMP_NUM_THREADS": str(options.threads), "HF_HUB_OFFLINE": "1"})

    def forward(self):
        return self.run("example")

    def run(self, task):
        return self.ask(task)["seconds"]


def import_seconds(python, module):
    """The fastest of seven fresh interpreters, less the interpreter's own start."""
    code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
    runs = (subprocess.run([python, "-c", code], check=True, capture_output=True, text=True) for _ in range(7))
    return min(float(run.stdout.split()[-1]) for run in runs)


def example_and_forward(options, source, programs):
    """Seconds of the example through each library, and of a forward by the command and the reference, in turns."""
    inputs = source / "inputs-1.safetensors"
    model = MODELS["b16"]
    times = {name: [] for name in [*programs, "command", "reference's forward"]}
    with tempfile.TemporaryDirectory() as folder:
        outputs = Path(folder) / "outputs.safetensors"
        command = Tyto(options.command, source / "model", inputs, "fp32", options.threads, MEMORY_BYTES, outputs)
        peer = Peer(options.stacks / "reference/bin/python", "torch", source / "model", inputs, model.wanted, "fp32",
                    options.threads, MEMORY_BYTES)
        memory = {name: worker.ask("memory")["peak_rss_mb"] for name, worker in programs.items()}
        for _ in range(options.rounds):
            for name, worker in programs.items():
                times[name].append(worker.run("example"))
            times["command"].append(command.forward())
            times["reference's forward"].append(peer.forward())
        command.end()
        peer.end()
    return times, memory


def pipelines(options, programs, times):
    """times[labels][name] = seconds of the pipeline with so many labels. The reference runs the image tower once for each
    label: several labels take one round, and many only the reference of the two that do so. Yields after each."""
    for labels in options.labels:
        asked = {name: worker for name, worker in programs.items() if labels <= 10 or name != "current"}
        times[labels] = {name: [] for name in asked}
        for _ in range(options.rounds if labels == 1 else 1):
            for name, worker in asked.items():
                times[labels][name].append(worker.run(f"pipeline {labels}"))
                say(f"  pipeline, {labels} labels, {name}: {times[labels][name][-1]:.2f} s")
        yield


def row(title, times, out):
    own = statistics.median(times["pytyto"])
    for name, seconds in times.items():
        ratio = "" if name == "pytyto" else f"{statistics.median(seconds) / own:8.2f}"
        print(f"{title:24} {name:12} {statistics.median(seconds):9.3f} {min(seconds):9.3f} {ratio}", file=out)


def show(result, out=sys.stdout):
    print(f"{'':37} {'median s':>9} {'fastest s':>9} {'pytyto ×':>8}", file=out)
    example = {name: result["example_s"][name] for name in result["memory_mb"]}
    row("example of detection", example, out)
    for labels, times in result["pipeline_s"].items():
        row(f"pipeline, {labels} labels", times, out)
    forward = result["example_s"]
    ratio = statistics.median(forward["reference's forward"]) / statistics.median(forward["command"])
    through = statistics.median(forward["reference"]) / statistics.median(forward["pytyto"])
    print(f"forward alone: the command is {ratio:.2f} times as fast as the reference; the example through pytyto "
          f"{through:.2f} times as fast as through the reference ({through / ratio:.3f} of that)", file=out)
    print("import: " + ", ".join(f"{name} {1e3 * s:.0f} ms" for name, s in result["import_s"].items()), file=out)
    print("opened: " + ", ".join(f"{name} {s:.2f} s" for name, s in result["opened_s"].items()), file=out)
    print("memory: " + ", ".join(f"{name} {mb:.0f} MB" for name, mb in result["memory_mb"].items()), file=out)


def read_options():
    options = argparse.ArgumentParser(prog="bench/compare --engines python", description=__doc__.split("\n")[0])
    options.add_argument("--stacks", type=Path, required=True, help=argparse.SUPPRESS)
    options.add_argument("--command", type=Path, required=True, help=argparse.SUPPRESS)
    options.add_argument("--engines", help=argparse.SUPPRESS)
    options.add_argument("--labels", type=numbers, default=[1, 10, 100], metavar="N,...",
                         help="labels of the pipeline (default: 1,10,100)")
    options.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="default: all cores")
    options.add_argument("--rounds", type=int, default=5, help="runs of each program (default: 5)")
    options.add_argument("--json", type=Path, default=Path("programs.json"), help="default: programs.json")
    return options.parse_args()


def main():
    options = read_options()
    source = options.stacks / "models" / "b16"
    words = [options.stacks / "reference/bin/python", HERE / "prepare.py", "b16", source, "--truth", "fp32", "--batch", 1]
    subprocess.run([str(word) for word in words], check=True)
    pythons = {name: options.stacks / name / "bin/python" for name in LIBRARIES}
    modules = {"pytyto": "pytyto", "reference": "transformers.models.owlv2.modeling_owlv2",
               "current": "transformers.models.owlv2.modeling_owlv2"}
    imports = {name: import_seconds(pythons[name], modules[name]) for name in LIBRARIES}
    try:
        programs = {name: Program(options, name, source) for name in LIBRARIES}
        times, memory = example_and_forward(options, source, programs)
        result = {"command": command_line(sys.argv[1:], "bench/compare"), "machine": describe(options.command),
                  "threads": options.threads, "import_s": imports,
                  "opened_s": {name: worker.ready["opened_s"] for name, worker in programs.items()},
                  "memory_mb": memory, "example_s": times, "pipeline_s": {}}
        for _ in pipelines(options, programs, result["pipeline_s"]):
            options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    except Failed as failure:
        sys.exit(f"bench/compare: {failure}")
    show(result)


if __name__ == "__main__":
    main()
