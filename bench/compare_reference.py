"""Runs the reference and tyto in turns on the same checkpoint and inputs, and prints time, memory and difference.

    python compare_reference.py --work FOLDER [--command tyto] [--rounds N] [--threads N] [--json FILE]

FOLDER holds model/ and photo.png as tests/golden/make_full.py writes them. The reference lives in a process of its
own, which loads once and runs a forward when it is told to; tyto is a new process in every round, `tyto bench`,
so its loading and its memory are measured too. Both run once before what is measured.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

QUERIES = ["a photo of a cup", "a photo of a spoon"]
GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"


def peak_rss_mb():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024e-6
    return float("nan")


def serve_reference(work, threads):
    """The reference's process: a line on standard input is a command, a line of JSON the answer."""
    began = time.perf_counter()
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import Owlv2ForObjectDetection

    sys.path.insert(0, str(GOLDEN))
    from reference import flatten

    torch.set_num_threads(threads)
    model = Owlv2ForObjectDetection.from_pretrained(work / "model", torch_dtype=torch.float32).eval()
    print(json.dumps({"load_s": time.perf_counter() - began}), flush=True)
    inputs = None
    for line in sys.stdin:
        word, _, path = line.strip().partition(" ")
        if word == "inputs":
            inputs = load_file(path)
            answer = {}
        elif word == "forward":
            start = time.perf_counter()
            with torch.inference_mode():
                outputs = model(**inputs)
            answer = {"forward_s": time.perf_counter() - start}
        elif word == "save":
            tensors = {name: value.contiguous().clone() for name, value in flatten(outputs).items()}
            save_file(tensors, path)
            answer = {}
        elif word == "memory":
            answer = {"peak_rss_mb": peak_rss_mb()}
        else:
            break
        print(json.dumps(answer), flush=True)


class Reference:
    def __init__(self, work, threads):
        words = [sys.executable, __file__, "--serve", "--work", str(work), "--threads", str(threads)]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.load_s = self.answer()["load_s"]

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("compare_reference: the reference ended early")
        return json.loads(line)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.answer()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def make_inputs(work, path):
    """What the reference's processors give for the photo and the queries. A process of its own: this one stays small."""
    from PIL import Image
    from safetensors.numpy import save_file
    from transformers import CLIPTokenizerFast, Owlv2ImageProcessor

    text = CLIPTokenizerFast.from_pretrained(work / "model")(
        QUERIES, padding="max_length", max_length=16, truncation=True, return_tensors="np"
    )
    photo = Image.open(work / "photo.png").convert("RGB")
    pixels = Owlv2ImageProcessor.from_pretrained(work / "model")(photo, return_tensors="np")
    save_file({**text, **pixels}, path)


def run_tyto(command, work, inputs, outputs, threads):
    words = [command, "bench", "-m", work / "model", "--inputs", inputs, "--outputs", outputs, "--runs", 1, "--warmup", 1]
    words += ["--threads", threads, "--format", "json"]
    return json.loads(subprocess.run([str(w) for w in words], check=True, stdout=subprocess.PIPE).stdout)


def differences(ours, theirs):
    import numpy as np
    from safetensors.numpy import load_file

    ours, theirs = load_file(ours), load_file(theirs)
    rows = []
    for name in sorted(theirs):
        if name not in ours or ours[name].shape != theirs[name].shape:
            sys.exit(f"compare_reference: '{name}' is missing or of another shape in tyto's outputs")
        difference = np.abs(ours[name].astype(np.float64) - theirs[name])
        rows.append({"tensor": name, "difference": float(difference.max()), "largest": float(np.abs(theirs[name]).max())})
    return rows


def measure(options, folder):
    inputs, ours, theirs = (str(folder / f"{name}.safetensors") for name in ("inputs", "tyto", "reference"))
    subprocess.run([sys.executable, __file__, "--make-inputs", inputs, "--work", str(options.work)], check=True)
    reference = Reference(options.work, options.threads)
    reference.ask(f"inputs {inputs}")
    reference.ask("forward")
    rounds, runs = [], []
    for i in range(options.rounds):
        theirs_s = reference.ask("forward")["forward_s"]
        run = run_tyto(options.command, options.work, inputs, ours, options.threads)
        ours_s = min(run["forward_s"])
        runs.append(run)
        rounds.append({"reference_s": theirs_s, "tyto_s": ours_s, "ratio": theirs_s / ours_s})
        print(f"round {i + 1}: reference {theirs_s:.3f} s, tyto {ours_s:.3f} s", file=sys.stderr, flush=True)
    reference.ask(f"save {theirs}")
    memory = reference.ask("memory")["peak_rss_mb"]
    reference.end()
    best = min(runs, key=lambda run: min(run["forward_s"]))
    weights = sum(f.stat().st_size for f in (options.work / "model").glob("*.safetensors")) * 1e-6
    return {
        "threads": options.threads,
        "isa": best["isa"],
        "rounds": rounds,
        "ratio_of_fastest": min(r["reference_s"] for r in rounds) / min(r["tyto_s"] for r in rounds),
        "ratio_of_medians": median(r["reference_s"] for r in rounds) / median(r["tyto_s"] for r in rounds),
        "reference": {"load_s": reference.load_s, "peak_rss_mb": memory},
        "tyto": {
            "load_s": min(run["load_s"] for run in runs),
            "peak_rss_mb": max(run["peak_rss_mb"] for run in runs),
            "gflops": best["gflops"],
            "peak_share": best["peak_share"],
            "peak": best["peak"],
            "stages": best["stages"],
        },
        "weights_mb": weights,
        "differences": differences(ours, theirs),
    }


def median(values):
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def share_of(stages, operation, peak):
    flops = sum(s["gflop"] for s in stages if s["operation"] == operation)
    seconds = sum(s["seconds"] for s in stages if s["operation"] == operation)
    return flops / seconds / peak


def show(result):
    ours, theirs, rounds = result["tyto"], result["reference"], result["rounds"]
    print(f"\n{'':24} {'reference':>10} {'tyto':>10}")
    for i, row in enumerate(rounds):
        print(f"{f'forward {i + 1}, s':24} {row['reference_s']:10.3f} {row['tyto_s']:10.3f}   {row['ratio']:.2f} times as fast")
    print(f"{'load, s':24} {theirs['load_s']:10.2f} {ours['load_s']:10.2f}")
    print(f"{'peak memory, MB':24} {theirs['peak_rss_mb']:10.0f} {ours['peak_rss_mb']:10.0f}   "
          f"the weights and {ours['peak_rss_mb'] - result['weights_mb']:.0f} MB")
    print(f"\ntyto is {result['ratio_of_fastest']:.2f} times as fast (fastest against fastest), "
          f"{result['ratio_of_medians']:.2f} (medians); {result['threads']} threads, {result['isa']}")
    peak = ours["peak"]["fp32_gflops"]
    print(f"share of the measured peak of {peak:.0f} GFLOP/s: {100 * ours['peak_share']:.0f}% "
          f"(linear {100 * share_of(ours['stages'], 'linear', peak):.0f}%, "
          f"attention {100 * share_of(ours['stages'], 'attention', peak):.0f}%)\n")
    print(f"{'largest difference':44} {'':>10} {'of':>10}")
    for row in result["differences"]:
        print(f"{row['tensor']:44} {row['difference']:10.2e} {row['largest']:10.2e}")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--work", type=Path, required=True)
    options.add_argument("--command", type=Path, default=Path("tyto"))
    options.add_argument("--rounds", type=int, default=4)
    options.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options.add_argument("--json", type=Path, help="write the result there too")
    options.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--make-inputs", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        serve_reference(chosen.work, chosen.threads)
        return
    if chosen.make_inputs:
        make_inputs(chosen.work, chosen.make_inputs)
        return
    with tempfile.TemporaryDirectory() as folder:
        result = measure(chosen, Path(folder))
    show(result)
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
