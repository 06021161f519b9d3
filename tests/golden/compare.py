"""Holds tyto's outputs against a case's float64 outputs, tensor by tensor.

    python compare.py CASE --model MODEL [--command tyto] [--json FILE]
    python compare.py CASE --given OUT.safetensors

Runs `tyto forward` on the case's inputs, or takes what a run wrote before. Prints the largest difference of
each tensor, the reference's own in float32, and their ratio; fails when one is above the bound of README.md.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

ULPS = 4
PADDED_LOGIT = -1e6


def run(command, model, case, head, names, out):
    words = [command, "forward", "-m", model, "--inputs", case / "inputs.safetensors", "-o", out]
    parts = case.parent / "parts.json"
    words += ["--parts", parts] if parts.exists() else ["--head", head]
    subprocess.run([str(word) for word in words] + ["--want", ",".join(names)], check=True)


def difference(given, expected):
    if given.shape != expected.shape:
        return float("inf")
    padded = expected == PADDED_LOGIT
    if not np.array_equal(given[padded], expected[padded]):
        return float("inf")
    return float(np.max(np.abs(given.astype(np.float64) - expected)[~padded], initial=0.0))


def compare(case, given):
    errors = json.loads((case / "errors.json").read_text())
    expected = load_file(case / "expected.safetensors")
    rows = []
    for name, known in errors["tensors"].items():
        bound = max(2 * known["error"], ULPS * float(np.finfo(np.float32).eps) * known["max"])
        error = difference(given[name], expected[name])
        rows.append({"tensor": name, "error": error, "reference_error": known["error"], "largest": known["max"],
                     "bound": bound, "holds": error <= bound})
    return rows


def compare_case(case, model, command):
    """What the command makes of a case's inputs."""
    errors = json.loads((case / "errors.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.safetensors"
        run(command, model, case, errors["head"], list(errors["tensors"]), out)
        return compare(case, load_file(out))


def show(rows):
    print(f"{'tensor':48} {'tyto':>10} {'reference':>10} {'ratio':>6} {'largest':>10}")
    for row in rows:
        ratio = row["error"] / row["reference_error"] if row["reference_error"] else float("nan")
        print(f"{row['tensor']:48} {row['error']:10.3e} {row['reference_error']:10.3e} {ratio:6.2f} "
              f"{row['largest']:10.3e}{'' if row['holds'] else '  above the bound'}")


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("case", type=Path)
    options.add_argument("--model", type=Path)
    options.add_argument("--command", default="tyto")
    options.add_argument("--given", type=Path, help="outputs that a run wrote before")
    options.add_argument("--json", type=Path, help="write the rows there too")
    chosen = options.parse_args()
    if not chosen.given and not chosen.model:
        options.error("required --model or --given")
    if chosen.given:
        rows = compare(chosen.case, load_file(chosen.given))
    else:
        rows = compare_case(chosen.case, chosen.model, chosen.command)
    show(rows)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n")
    sys.exit(not all(row["holds"] for row in rows))


if __name__ == "__main__":
    main()
