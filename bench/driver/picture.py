"""How many times as fast tyto is, as bars: a panel per precision, batch 1 on all threads where that was measured."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from catalogue import MODELS, PEERS, PRECISIONS

COLOURS = {"reference": "#8c6bb1", "current": "#4f9d9d", "onnxruntime": "#d98c3f", "openvino": "#4878a8"}


def chosen_rows(result):
    measured = [row for row in result["cells"] if "ratio" in row]
    batch = min((row["batch"] for row in measured), default=1)
    threads = max((row["threads"] for row in measured), default=1)
    return [row for row in measured if row["batch"] == batch and row["threads"] == threads], batch, threads


def draw_panel(panel, rows, precision):
    names = [name for name in MODELS if any(row["model"] == name for row in rows)]
    peers = [peer for peer in PEERS if any(row["engine"] == peer for row in rows)]
    height = 0.8 / max(1, len(peers))
    for i, peer in enumerate(peers):
        ratios = {row["model"]: row["ratio"] for row in rows if row["engine"] == peer}
        at = [names.index(name) - 0.4 + height * (i + 0.5) for name in ratios]
        bars = panel.barh(at, list(ratios.values()), height * 0.9, color=COLOURS[peer], label=peer)
        panel.bar_label(bars, [f"{ratio:.2f}" for ratio in ratios.values()], padding=2, fontsize=7)
    panel.axvline(1.0, color="black", linewidth=0.8)
    panel.set_yticks(range(len(names)), [MODELS[name].title for name in names], fontsize=8)
    panel.invert_yaxis()
    panel.set_xscale("log")
    panel.set_xlim(left=0.5)
    panel.margins(x=0.1)
    for axis in (panel.xaxis.set_major_formatter, panel.xaxis.set_minor_formatter):
        axis(lambda value, _: f"{value:g}" if f"{value:.0e}"[0] in "125" else "")
    panel.set_title(precision, loc="left", fontsize=10)
    panel.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    panel.spines[["top", "right"]].set_visible(False)


def draw(result, path):
    rows, batch, threads = chosen_rows(result)
    panels = [p for p in PRECISIONS if any(row["precision"] == p for row in rows)]
    if not panels:
        return
    sizes = [1 + len({row["model"] for row in rows if row["precision"] == p}) for p in panels]
    figure, axes = plt.subplots(len(panels), 1, figsize=(9, 1 + 0.75 * sum(sizes)), squeeze=False,
                                gridspec_kw={"height_ratios": sizes}, layout="constrained")
    for panel, precision in zip(axes[:, 0], panels):
        draw_panel(panel, [row for row in rows if row["precision"] == precision], precision)
    axes[-1, 0].set_xlabel(f"tyto is so many times as fast (batch {batch}, {threads} threads, "
                           f"{result['machine']['cpu']}, {result['machine']['cores']} cores)", fontsize=8)
    figure.savefig(path, dpi=150)
    plt.close(figure)
