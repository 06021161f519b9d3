"""How tyto's time and memory grow: with threads, batch, queries, texts, text length, frames and photos. Started by
bench/scale.

Threads that the machine lacks are simulated: `tyto bench --simulate` runs the tasks of N threads one after another on
one core, takes the time of each, and hands them out as N threads would take them. That shows how far the work divides
and what stays serial; it knows nothing of memory and caches that threads share.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.image
import numpy as np
from safetensors.numpy import load_file, save_file

import plots
from catalogue import MODELS
from compare import command_line, numbers, say, words_of
from machine import Peaks, describe
from workers import last_line

HERE = Path(__file__).resolve().parent
SIMULATED = (1, 2, 4, 8, 16, 32, 64)
FRAMES = ((368, 496), (540, 960), (720, 1280), (1080, 1920))
PHOTOS = ((600, 800), (1200, 1600), (2400, 3200), (3000, 4000), (4500, 6000))


class Machine:
    """Runs commands and keeps what they cost."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder

    def model(self, name):
        return self.options.stacks / "models" / name / "model"

    def shown(self, words):
        """The command as a reader would type it."""
        names = {str(self.options.command): "tyto", str(self.folder) + "/": ""}
        names |= {str(self.model(name)): name.upper() for name in MODELS}
        text = " ".join(str(word) for word in words)
        for path, name in names.items():
            text = text.replace(path, name)
        return text

    def run(self, *words):
        """Standard output, seconds, and the most memory of the process; None after a complaint."""
        words = [str(word) for word in (self.options.command, *words, "--precision", self.options.precision)]
        cost = self.folder / "cost"
        run = subprocess.run([sys.executable, "-I", "-S", HERE / "cost.py", cost, *words], capture_output=True, text=True)
        if run.returncode != 0:
            say(f"  {self.shown(words)}: {last_line(run.stderr)}")
            return None
        seconds, held = cost.read_text().split()
        return {"command": self.shown(words), "out": run.stdout, "seconds": float(seconds),
                "memory_mb": int(held) * 1e-6}

    def bench(self, x, model, *words, **more):
        """A point of a curve: the fastest of some forwards."""
        ran = self.run("bench", "-m", self.model(model), "--runs", self.options.runs, "--format", "json", *words)
        if not ran:
            return []
        found = json.loads(ran["out"])
        return [{"x": x, "seconds": min(found["forward_s"]), "memory_mb": found["peak_rss_mb"],
                 "gflop": found["gflop"], "scratch_mb": found["scratch_mb"], "command": ran["command"], **more}]

    def whole(self, x, *words):
        """A point of a whole command."""
        runs = [self.run(*words) for _ in range(self.options.runs)]
        if None in runs:
            return []
        fastest = min(runs, key=lambda run: run["seconds"])
        return [{"x": x, "seconds": fastest["seconds"], "memory_mb": fastest["memory_mb"],
                 "command": fastest["command"]}]


def curve(title, axis, points, **more):
    return {"title": title, "axis": axis, "points": points, **more}


def threads(machine):
    for name in machine.options.models:
        measured = [point for n in range(1, len(os.sched_getaffinity(0)) + 1)
                    for point in machine.bench(n, name, "--threads", n)]
        yield curve(f"threads, {MODELS[name].title}: measured", "threads", measured, panel="threads")
        simulated = [point for n in SIMULATED for point in machine.bench(n, name, "--threads", n, "--simulate")]
        yield curve(f"threads, {MODELS[name].title}: simulated", "threads", simulated, panel="threads", simulated=True)


def batch(machine):
    for name in machine.options.models:
        points = []
        for n in (1, 2, 4, 8):
            if MODELS[name].generator == "make_full.py":
                points += machine.bench(n, name, "--batch", n)
            else:
                points += machine.bench(n, name, "--inputs", repeated_inputs(machine, name, n))
        yield curve(f"batch, {MODELS[name].title}", "items of a forward", points, panel="batch")


def repeated_inputs(machine, name, count):
    path = machine.folder / f"{name}-{count}.safetensors"
    kind = "whole" if MODELS[name].pieces > 1 else "inputs"
    inputs = load_file(machine.options.stacks / "models" / name / f"{kind}-1.safetensors")
    save_file({key: np.concatenate([value] * count) for key, value in inputs.items()}, path)
    return path


def queries(machine):
    points = [point for n in (1, 10, 100, 1000, 10000) for point in machine.bench(n, "b16", "--queries", n)]
    yield curve("labels of a photo, already encoded, OWLv2 B/16", "labels", points, panel="labels")
    points = []
    for n in (1, 10, 100, 1000, 10000):
        path = machine.folder / f"texts-{n}.safetensors"
        one = load_file(machine.options.stacks / "models/b16/inputs-1.safetensors")
        save_file({key: np.resize(one[key], (n, one[key].shape[1])) for key in ("input_ids", "attention_mask")}, path)
        points += machine.bench(n, "b16", "--inputs", path, "--head", "Owlv2Model.get_text_features")
    yield curve("labels encoded, OWLv2 B/16", "labels", points, panel="labels")


def text(machine):
    points = []
    for length in (64, 128, 256, 512, 1024, 2048):
        path = machine.folder / f"bytes-{length}.safetensors"
        ids = np.random.default_rng(1).integers(6, 262, (1, length))
        save_file({"input_ids": ids, "attention_mask": np.ones_like(ids)}, path)
        points += machine.bench(length, "language", "--inputs", path)
    yield curve("text length, Perceiver language", "bytes", points, panel="text length")


def seeded_picture(machine, rows, columns, ending, seed):
    """Smooth colours with noise, so that a JPEG of it is about as large as a photo's."""
    path = machine.folder / f"{rows}x{columns}-{seed}.{ending}"
    rng = np.random.default_rng(seed)
    coarse = rng.random((rows // 16 + 2, columns // 16 + 2, 3))
    smooth = coarse.repeat(16, 0).repeat(16, 1)[:rows, :columns]
    pixels = (255 * np.clip(smooth + 0.04 * rng.standard_normal((rows, columns, 3)), 0, 1)).astype(np.uint8)
    matplotlib.image.imsave(path, pixels)
    return path


def frames(machine):
    points = []
    for rows, columns in FRAMES:
        pair = [seeded_picture(machine, rows, columns, "png", seed) for seed in (1, 2)]
        points += machine.whole(rows * columns * 1e-6, "flow", *pair, "-m", machine.model("flow"), "-o",
                                machine.folder / "out.flo")
    yield curve("frame size, optical flow: the whole command", "megapixels of a frame", points, panel="frames")


def photos(machine):
    points = []
    for rows, columns in PHOTOS:
        photo = seeded_picture(machine, rows, columns, "jpg", 1)
        points += machine.whole(rows * columns * 1e-6, "preprocess", photo, "-m", machine.model("b16"), "-o",
                                machine.folder / "pixels.safetensors")
    yield curve("photo size, OWLv2 B/16: start, decode, pad, resize, write", "megapixels of a photo", points,
                panel="photos")


SWEEPS = {sweep.__name__: sweep for sweep in (threads, batch, queries, text, frames, photos)}


def prepare(options):
    for name in sorted({*options.models, "b16", "language", "flow"}):
        source = options.stacks / "models" / name
        say(f"{MODELS[name].title}: checkpoint")
        words = [options.stacks / "reference/bin/python", HERE / "prepare.py", name, source, "--truth", "fp32"]
        subprocess.run([str(word) for word in words], check=True)


def show(found):
    print(f"\n{found['title']}\n{found['axis']:>24} {'seconds':>10} {'memory MB':>10}")
    for point in found["points"]:
        print(f"{point['x']:24.6g} {point['seconds']:10.4f} {point['memory_mb']:10.0f}   {point['command']}")
    sys.stdout.flush()


def read_options():
    options = argparse.ArgumentParser(prog="bench/scale", description=__doc__.split("\n\n")[0])
    options.add_argument("--stacks", type=Path, required=True, help=argparse.SUPPRESS)
    options.add_argument("--command", type=Path, required=True, help="the tyto to measure (default: built here)")
    options.add_argument("--sweeps", type=words_of(list(SWEEPS)), default=list(SWEEPS), metavar="NAME,...",
                         help=f"some of {','.join(SWEEPS)} (default: all)")
    options.add_argument("--models", type=words_of(list(MODELS)), default=["b16", "flow"], metavar="NAME,...",
                         help="of the sweeps over threads and batch (default: b16,flow)")
    options.add_argument("--precision", default="fp32", help="default: fp32")
    options.add_argument("--runs", type=int, default=2, help="of each point; the fastest counts (default: 2)")
    options.add_argument("--json", type=Path, default=Path("scale.json"), help="default: scale.json")
    options.add_argument("--picture", type=Path, default=Path("scale.svg"), help=".svg or .png (default: scale.svg)")
    return options.parse_args()


def main():
    options = read_options()
    prepare(options)
    peaks = Peaks(options.command)
    for n in range(1, len(os.sched_getaffinity(0)) + 1):
        peaks.measure(n)
    result = {"command": command_line(sys.argv[1:], "bench/scale"), "machine": describe(options.command),
              "peaks": peaks.best, "precision": options.precision, "curves": []}
    with tempfile.TemporaryDirectory(dir=options.stacks) as folder:
        machine = Machine(options, Path(folder))
        for name in options.sweeps:
            for found in SWEEPS[name](machine):
                result["curves"].append(found)
                options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
                show(found)
    plots.draw(result, options.picture)
    say(f"{options.json} and {options.picture} are written")


if __name__ == "__main__":
    main()
