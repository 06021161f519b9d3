"""Fills docs/performance.md with what bench/compare and bench/scale wrote, and draws its pictures. Started by
bench/document.

The document keeps its text; between `<!-- NAME -->` and `<!-- /NAME -->` stands what this writes.
"""

import argparse
import json
import re
from pathlib import Path

import numpy as np

import picture
import plots
from catalogue import ENGINES, MODELS, PEERS, PRECISIONS
from compare import say
from report import target_of

DOCS = Path(__file__).resolve().parents[2] / "docs"


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def significant(value):
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def cells_of(result):
    """{(model, precision): {engine: row}} for each batch and number of threads, the main setting first."""
    settings = {}
    for row in result["cells"]:
        models = settings.setdefault((row["batch"], row["threads"]), {})
        models.setdefault((row["model"], row["precision"]), {})[row["engine"]] = row
    order = sorted(settings, key=lambda setting: (setting[0], -setting[1]))
    places = [(name, precision) for name in MODELS for precision in PRECISIONS]
    return {setting: {place: settings[setting][place] for place in places if place in settings[setting]}
            for setting in order}


def by_engine(cells, value, engines=ENGINES):
    """A table of one value of each engine."""
    rows = []
    for (name, precision), engine_rows in cells.items():
        found = [engine_rows.get(engine, {}) for engine in engines]
        if any("forward_s" in row for row in found):
            rows.append([MODELS[name].title, precision,
                         *(value(row) if "forward_s" in row else "–" for row in found)])
    return table(["model", "precision", *engines], rows)


def time_text(row):
    estimated = "~" if "estimated" in row else ""
    text = estimated + significant(float(np.median(row["forward_s"])))
    return f"{text} ({row['ratio']:.2f})" if "ratio" in row else text


def machine_text(result):
    machine = result["machine"]
    lines = [f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']:.0f} GB; {machine['tyto']}.", ""]
    rows = [[threads, *(significant(peaks.get(key, 0.0)) if peaks.get(key) else "–"
                        for key in ("fp32_gflops", "bf16_gflops", "int8_gops", "memory_gb_per_s"))]
            for threads, peaks in sorted(result["peaks"].items())]
    header = ["threads", "fp32, GFLOP/s", "bf16, GFLOP/s", "int8, GOP/s", "read from memory, GB/s"]
    return "\n".join([*lines, table(header, rows), "", "    tyto bench --peak"])


def versions_text(result):
    versions, how = {}, {}
    for row in result["cells"]:
        if "versions" in row:
            versions[row["engine"]] = ", ".join(f"{name} {text}" for name, text in row["versions"].items())
            how.setdefault(row["engine"], {}).setdefault(row["precision"], set()).add(row["how"])
    rows = [[engine, versions[engine],
             "; ".join(f"{p}: {' or '.join(sorted(how[engine][p]))}" for p in PRECISIONS if p in how[engine])]
            for engine in PEERS if engine in versions]
    return table(["engine", "versions", "how"], rows)


def targets_text(cells):
    rows = []
    for (name, precision), engine_rows in cells.items():
        for row in engine_rows.values():
            target = target_of(row)
            if target and "ratio" in row:
                met = "yes" if row["ratio"] >= target else "no"
                rows.append([MODELS[name].title, precision, row["engine"], f"{row['ratio']:.2f}", target, met])
    return table(["model", "precision", "against", "times as fast", "target", "met"], rows)


def stages_text(cells):
    """Where tyto's time goes, by operation."""
    rows = []
    for (name, precision), engine_rows in cells.items():
        tyto = engine_rows.get("tyto", {})
        total = tyto.get("stages_s", 0.0)
        operations = {}
        for stage in tyto.get("stages", []):
            known = operations.setdefault(stage["operation"], [0.0, 0.0, 0.0])
            known[0] += stage["seconds"]
            known[1] += stage["gflop"]
            known[2] += stage["peak_share"] * stage["seconds"]
        for operation, (seconds, gflop, share) in sorted(operations.items(), key=lambda item: -item[1][0]):
            if seconds > 0.01 * total:
                rows.append([MODELS[name].title, precision, operation, f"{1e3 * seconds:.1f}",
                             f"{100 * seconds / total:.0f} %", significant(gflop) if gflop else "",
                             f"{100 * share / seconds:.0f} %" if gflop else ""])
    return table(["model", "precision", "operation", "ms", "of the time", "GFLOP", "of the peak"], rows)


def reasons_text(cells):
    lines = []
    for (name, precision), engine_rows in cells.items():
        lines += [f"- {MODELS[name].title}, {precision}, {row['engine']}: {row['reason']}"
                  for row in engine_rows.values() if "reason" in row and not row["reason"].startswith("not offered")]
    return "\n".join(lines) if lines else "Every engine ran everything that it offers."


def distance_text(row):
    return f"{max(found['relative_rms'] for found in row['distance'].values()):.1e}"


def compare_text(result):
    settings = cells_of(result)
    (batch, threads), cells = next(iter(settings.items()))
    parts = ["\n".join(f"    {command}" for command in result["commands"]), versions_text(result),
             f"### Batch {batch}, {threads} threads",
             "Median seconds of a forward; in brackets, how many times as fast tyto is, by the medians of the rotation "
             "in which both took turns. `~`: 128 times the first of the reference's pieces.",
             "![how many times as fast tyto is](images/compare.svg)",
             by_engine(cells, time_text), "Targets:", targets_text(cells),
             "Share of the peak of the same precision; operations that the engine itself does:",
             by_engine(cells, lambda row: f"{100 * row['peak_share']:.0f} %" if "peak_share" in row else "–"),
             "Most memory held at once, MB:", by_engine(cells, lambda row: f"{row['peak_rss_mb']:.0f}"),
             "From the start of the process to the end of its first forward, seconds (of which to a loaded network). "
             "tyto's has 0.3 s in fp32, 0.45 s else, in which `tyto bench` measures the peak before it:",
             by_engine(cells, lambda row: f"{significant(row['first_s'])} ({significant(row['ready_s'])})"),
             "Distance from the float64 run of the reference, root mean square as a share of the output's own, worst "
             "output (from an fp32 run where `--truth fp32` was asked for):",
             by_engine(cells, distance_text), "Where tyto's time goes:", stages_text(cells),
             "What could not be run:", reasons_text(cells)]
    for (batch, threads), cells in list(settings.items())[1:]:
        parts += [f"### Batch {batch}, {threads} threads", by_engine(cells, time_text), "Memory, MB:",
                  by_engine(cells, lambda row: f"{row['peak_rss_mb']:.0f}")]
    return "\n\n".join(parts)


def scale_text(result):
    parts = [f"    {result['command']}", "![time and memory against what grows](images/scale.svg)"]
    for found in result["curves"]:
        rows = [[significant(point["x"]) if point["x"] < 100 else f"{point['x']:g}", significant(point["seconds"]),
                 f"{point['memory_mb']:.0f}", f"`{point['command']}`"] for point in found["points"]]
        parts += [f"### {found['title'][0].upper()}{found['title'][1:]}",
                  table([found["axis"], "seconds", "memory, MB", "command"], rows)]
    return "\n\n".join(parts)


def fill(path, name, text):
    document = path.read_text()
    filled, count = re.subn(f"(<!-- {name} -->\n).*?(<!-- /{name} -->)", lambda found: f"{found[1]}\n{text}\n\n{found[2]}",
                            document, flags=re.S)
    if count != 1:
        raise SystemExit(f"bench/document: {path}: got {count} places <!-- {name} -->, required one")
    path.write_text(filled)


def main():
    options = argparse.ArgumentParser(prog="bench/document", description=__doc__.split("\n\n")[0])
    options.add_argument("--stacks", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--command", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--compare", type=Path, metavar="FILE", help="what bench/compare wrote")
    options.add_argument("--scale", type=Path, metavar="FILE", help="what bench/scale wrote")
    options.add_argument("--docs", type=Path, default=DOCS, help="folder of performance.md (default: this tree's)")
    chosen = options.parse_args()
    document = chosen.docs / "performance.md"
    if chosen.compare:
        result = json.loads(chosen.compare.read_text())
        picture.draw(result, chosen.docs / "images/compare.svg")
        fill(document, "machine", machine_text(result))
        fill(document, "compare", compare_text(result))
    if chosen.scale:
        result = json.loads(chosen.scale.read_text())
        plots.draw(result, chosen.docs / "images/scale.svg")
        fill(document, "scale", scale_text(result))
    say(f"{document} is filled")


if __name__ == "__main__":
    main()
