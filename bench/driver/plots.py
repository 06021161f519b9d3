"""The curves of bench/scale: time above, memory below, a column for each thing that grows."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

LEAST_SPAN = 4.0  # of a panel's seconds, so that noise stays small


def plain(axis):
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())


def show_times(panel, seconds):
    """A logarithmic axis that spans at least so much."""
    panel.set_yscale("log")
    low, high = min(seconds), max(seconds)
    if high < LEAST_SPAN * low:
        middle = (low * high) ** 0.5
        panel.set_ylim(middle / LEAST_SPAN**0.5, middle * LEAST_SPAN**0.5)
    panel.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    plain(panel.yaxis)


def draw(result, path):
    names = list(dict.fromkeys(found["panel"] for found in result["curves"] if found["points"]))
    if not names:
        return
    figure, axes = plt.subplots(2, len(names), figsize=(3.6 * len(names), 6.4), squeeze=False, sharex="col",
                                layout="constrained")
    for column, name in enumerate(names):
        above, below = axes[0, column], axes[1, column]
        for found in result["curves"]:
            if found["panel"] == name and found["points"]:
                x = [point["x"] for point in found["points"]]
                label = found["title"].split(", ", 1)[-1]
                style = {"marker": "o", "markersize": 3, "linestyle": "--" if found.get("simulated") else "-"}
                above.plot(x, [point["seconds"] for point in found["points"]], label=label, **style)
                if not found.get("simulated"):
                    below.plot(x, [point["memory_mb"] for point in found["points"]], label=label, **style)
                below.set_xlabel(found["axis"], fontsize=8)
        points = [point for found in result["curves"] if found["panel"] == name for point in found["points"]]
        above.set_title(name, loc="left", fontsize=10)
        above.legend(fontsize=6, frameon=False)
        show_times(above, [point["seconds"] for point in points])
        below.set_ylim(0, 1.2 * max(point["memory_mb"] for point in points))
        below.set_xscale("log")
        below.set_xticks(sorted({round(point["x"], 2) for point in points}))
        plain(below.xaxis)
        for panel in (above, below):
            panel.tick_params(labelsize=7)
            panel.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("seconds", fontsize=8)
    axes[1, 0].set_ylabel("MB at most", fontsize=8)
    figure.suptitle(f"{result['machine']['cpu']}, {result['machine']['cores']} cores, {result['precision']}", fontsize=9)
    figure.savefig(path, dpi=150)
    plt.close(figure)
