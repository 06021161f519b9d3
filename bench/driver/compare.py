"""Times tyto against its peers on the same checkpoint and inputs, taking turns. Started by bench/compare.

Each engine is a process of its own that loads once. Those of one precision take turns, as many at a time as fit
the memory, tyto among them in every rotation; a ratio is always of times from one rotation. A process's first
forward warms it up and isn't counted; its start is.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

import picture
import report
from catalogue import ENGINES, MODELS, NOT_OFFERED, PEERS, PRECISIONS
from exports import Exports
from machine import PEAKS, Peaks, describe, meminfo_bytes
from workers import Failed, Peer, Tyto

HERE = Path(__file__).resolve().parent


def say(text):
    print(text, file=sys.stderr, flush=True)


def distances(outputs, truth):
    """How far the first item is from the truth; of a whole result the piece that the truth has."""
    rows = {}
    for name, expected in truth.items():
        expected = expected.astype(np.float64).reshape(-1)
        got = outputs[name][0].astype(np.float64).reshape(-1)[: expected.size]
        if got.size != expected.size:
            raise Failed(f"{name}: {got.size} numbers, required {expected.size}")
        off = got - expected
        rows[name] = {"difference": float(np.abs(off).max()), "largest": float(np.abs(expected).max()),
                      "relative_rms": float(np.linalg.norm(off) / np.linalg.norm(expected))}
    return rows


class Cell:
    """One model, batch, number of threads and precision."""

    def __init__(self, options, model, exports, batch, threads, precision, peaks, folder):
        self.options, self.model, self.exports = options, model, exports
        self.batch, self.threads, self.precision = batch, threads, precision
        self.source, self.folder = exports.source, folder
        self.facts = json.loads((self.source / "facts.json").read_text())
        self.truth = load_file(self.source / "truth.safetensors")
        self.peak = peaks.measure(threads).get(PEAKS[precision], 0.0)
        self.memory_bytes = int(options.memory_gb * 1e9)
        self.rows = []

    def row(self, engine, **facts):
        row = {"model": self.model.name, "batch": self.batch, "threads": self.threads, "precision": self.precision,
               "engine": engine, **facts}
        self.rows.append(row)
        return row

    def refused(self, engine, reason):
        say(f"  {engine}: {reason}")
        self.row(engine, reason=str(reason))

    def start_tyto(self):
        kind = "whole" if self.model.pieces > 1 else "inputs"
        try:
            return Tyto(self.options.command, self.exports.path("tyto", self.precision),
                        self.source / f"{kind}-{self.batch}.safetensors", self.precision, self.threads,
                        self.memory_bytes, self.folder / "tyto.safetensors")
        except Failed as failure:
            _, option, reason = str(failure).partition("error: --precision: ")
            raise Failed(f"not offered: {reason}") if option else failure

    def start_peer(self, engine):
        if (engine, self.precision) in NOT_OFFERED:
            raise Failed(f"not offered: {NOT_OFFERED[engine, self.precision]}")
        stack = self.options.stacks / engine / "bin" / "python"
        return Peer(stack, "torch" if engine in ("reference", "current") else engine,
                    self.exports.path(engine, self.precision), self.source / f"inputs-{self.batch}.safetensors",
                    self.model.wanted, self.precision, self.threads, self.memory_bytes)

    def rotate(self, workers):
        """Seconds of each engine, round by round."""
        times = {name: [] for name in workers}
        began = time.perf_counter()
        for i in range(self.options.rounds):
            if i > 0 and time.perf_counter() - began > self.options.seconds:
                break
            for name, worker in list(workers.items()):
                try:
                    times[name].append(worker.forward())
                except Failed as failure:
                    self.refused(name, failure)
                    del workers[name], times[name]
        return times

    def record(self, name, worker, times, beside):
        outputs = self.folder / f"{name}.safetensors"
        memory = worker.finish(outputs)
        pieces = self.model.pieces if name != "tyto" else 1
        gflop = worker.fastest()["gflop"] if name == "tyto" else self.facts["gflop"] * self.batch * pieces
        seconds = [t * pieces for t in times]
        row = self.row(name, forward_s=seconds, ready_s=worker.ready_s, first_s=worker.first_s, peak_rss_mb=memory,
                       gflop=gflop, distance=distances(load_file(outputs), self.truth), truth=self.facts["truth"])
        outputs.unlink()
        if self.peak:
            row.update(peak_gflops=self.peak, peak_share=gflop / min(seconds) / self.peak)
        if pieces > 1:
            row["estimated"] = f"{pieces} times the first of its pieces"
        if name == "tyto":
            best = worker.fastest()
            row.update(isa=best["isa"], weights_mb=best["weights_mb"], scratch_mb=best["scratch_mb"],
                       stages=best["stages"], stages_s=best["forward_s"][0], how=best["precision"])
        else:
            row.update(how=worker.ready["how"], versions=worker.ready["versions"])
        if beside and name != "tyto":
            row.update(tyto_forward_s=beside, ratio=float(np.median(seconds) / np.median(beside)),
                       ratio_of_fastest=min(seconds) / min(beside))

    def again(self, row, worker, times):
        """tyto once more, beside other peers."""
        row["peak_rss_mb"] = max(row["peak_rss_mb"], worker.finish(self.folder / "tyto.safetensors"))
        row["forward_s"] += times
        best = worker.fastest()
        if best["forward_s"][0] < row["stages_s"]:
            row.update(stages=best["stages"], stages_s=best["forward_s"][0])
        if self.peak:
            row["peak_share"] = row["gflop"] / min(row["forward_s"]) / self.peak

    def rotation(self, workers):
        """Runs and ends these workers."""
        times = self.rotate(workers)
        for name, worker in workers.items():
            try:
                known = [row for row in self.rows if row["engine"] == name and "forward_s" in row]
                if known:
                    self.again(known[0], worker, times[name])
                else:
                    self.record(name, worker, times[name], times.get("tyto"))
            except Failed as failure:
                self.refused(name, failure)

    def run(self):
        waiting = [name for name in ENGINES if name in self.options.engines]
        while waiting:
            workers = {}
            while waiting and (len(workers) < 2 or meminfo_bytes("MemAvailable") > self.options.reserve_gb * 1e9):
                name = waiting.pop(0)
                say(f"  {name}: loading")
                try:
                    workers[name] = self.start_tyto() if name == "tyto" else self.start_peer(name)
                except Failed as failure:
                    beside = [other for other in workers if other != "tyto"]
                    if beside and not str(failure).startswith(("not offered", "export")):
                        waiting.insert(0, name)  # again, with the memory of the others
                        break
                    self.refused(name, failure)
            if not workers:
                break
            if waiting and "tyto" in workers:
                waiting.insert(0, "tyto")  # beside the others too
            self.rotation(workers)
        return self.rows


def prepare(options, model):
    source = options.stacks / "models" / model.name
    words = [options.stacks / "reference/bin/python", HERE / "prepare.py", model.name, source, "--truth", options.truth]
    words += ["--batch", *options.batch]
    say(f"{model.title}: checkpoint, inputs, truth")
    subprocess.run([str(word) for word in words], check=True)
    return source


def measure(options, peaks, keep):
    for model in (MODELS[name] for name in options.models):
        source = prepare(options, model)
        for batch in options.batch:
            folder = options.stacks / "exports" / f"{model.name}-{batch}"
            exports = Exports(options.stacks, options.command, model, source, batch, folder)
            try:
                for threads in options.threads:
                    for precision in options.precisions:
                        say(f"{model.title}, batch {batch}, {threads} threads, {precision}")
                        with tempfile.TemporaryDirectory(dir=options.stacks) as folder:
                            cell = Cell(options, model, exports, batch, threads, precision, peaks, Path(folder))
                            keep(cell.run())
            finally:
                if not options.keep_exports:
                    exports.clear()


def words_of(known):
    def parse(text):
        given = list(known) if text == "all" else text.split(",")
        for word in given:
            if word not in known:
                raise argparse.ArgumentTypeError(f"got '{word}', required some of {','.join(known)}")
        return given

    return parse


def numbers(text):
    return [int(word) for word in text.split(",")]


def read_options():
    cores = len(os.sched_getaffinity(0))
    options = argparse.ArgumentParser(prog="bench/compare", description=__doc__.split("\n")[0])
    options.add_argument("--stacks", type=Path, required=True, help=argparse.SUPPRESS)
    options.add_argument("--command", type=Path, required=True, help="the tyto to measure (default: built here)")
    options.add_argument("--models", type=words_of(list(MODELS)), default=list(MODELS), metavar="NAME,...",
                         help=f"some of {','.join(MODELS)} (default: all)")
    options.add_argument("--engines", type=words_of(ENGINES), default=list(ENGINES), metavar="NAME,...",
                         help=f"some of {','.join(PEERS)}; tyto is always there (default: all)")
    options.add_argument("--precisions", type=words_of(PRECISIONS), default=list(PRECISIONS), metavar="NAME,...",
                         help="some of fp32,bf16,int8 (default: all)")
    options.add_argument("--batch", type=numbers, default=[1, 4], metavar="N,...", help="default: 1,4")
    options.add_argument("--threads", type=numbers, default=sorted({1, cores}), metavar="N,...",
                         help="default: 1 and as many as there are cores")
    options.add_argument("--rounds", type=int, default=5, help="forwards of each engine in a rotation (default: 5)")
    options.add_argument("--seconds", type=float, default=240.0,
                         help="no further round after so long, so that slow engines run less often (default: 240)")
    options.add_argument("--quick", action="store_true", help="two rounds of batch 1 on all cores")
    options.add_argument("--truth", choices=("float64", "fp32"), default="float64",
                         help="the reference's run that distances are from; float64 takes minutes and up to 20 GB a "
                              "model, once (default: float64)")
    options.add_argument("--memory-gb", type=float, default=meminfo_bytes("MemTotal") * 1e-9 - 2.0,
                         help="an engine that wants more fails (default: all but 2)")
    options.add_argument("--reserve-gb", type=float, default=9.0,
                         help="another engine joins a rotation while so much is free (default: 9)")
    options.add_argument("--keep-exports", action="store_true", help="don't remove what the other engines read")
    options.add_argument("--json", type=Path, default=Path("compare.json"), help="default: compare.json")
    options.add_argument("--picture", type=Path, default=Path("compare.svg"), help=".svg or .png (default: compare.svg)")
    options.add_argument("--add", action="store_true", help="keep what the JSON file has of other models and settings")
    chosen = options.parse_args()
    chosen.engines = ["tyto"] + [name for name in chosen.engines if name != "tyto"]
    if chosen.quick:
        chosen.batch, chosen.threads, chosen.rounds = [1], [cores], 2
    return chosen


def command_line(words, name):
    """What the user typed, without what the script puts before it and without where things lie."""
    own = ("--stacks", "--command", "--json", "--picture")
    kept = [word for before, word in zip([""] + words, words) if before not in own and word not in own]
    return " ".join([name, *kept])


def main():
    options = read_options()
    peaks = Peaks(options.command)
    result = {"commands": [command_line(sys.argv[1:], "bench/compare")], "machine": describe(options.command),
              "peaks": peaks.best, "rounds": options.rounds, "cells": []}
    if options.add and options.json.exists():
        before = json.loads(options.json.read_text())
        result["cells"] = before["cells"]
        result["commands"] = before["commands"] + result["commands"]
        peaks.best.update({int(threads): best for threads, best in before["peaks"].items()})

    def keep(rows):
        fresh = {report.place(row) for row in rows}
        result["cells"] = [row for row in result["cells"] if report.place(row) not in fresh] + rows
        options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        report.show(rows, sys.stdout)

    measure(options, peaks, keep)
    picture.draw(result, options.picture)
    say(f"{options.json} and {options.picture} are written")


if __name__ == "__main__":
    main()
