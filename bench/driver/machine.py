"""What the machine is and can do."""

import json
import os
import platform
import subprocess
from pathlib import Path

PEAKS = {"fp32": "fp32_gflops", "bf16": "bf16_gflops", "int8": "int8_gops"}


def meminfo_bytes(field):
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise KeyError(field)


def cpu_name():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def describe(command):
    version = subprocess.run([command, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.split("\n")[0]
    return {"cpu": cpu_name(), "cores": len(os.sched_getaffinity(0)), "memory_gb": meminfo_bytes("MemTotal") * 1e-9,
            "system": platform.platform(), "tyto": version}


class Peaks:
    """The best rates that `tyto bench --peak` showed for a number of threads: a slower sample shows that something
    else ran."""

    def __init__(self, command):
        self.command, self.best = command, {}

    def measure(self, threads):
        words = [self.command, "bench", "--peak", "--threads", str(threads), "--format", "json"]
        found = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)["peak"]
        best = self.best.setdefault(threads, found)
        for name, rate in found.items():
            best[name] = max(best.get(name, 0.0), rate)
        return best
