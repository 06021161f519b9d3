"""The curves of bench/scale: time above, memory below, a column for each thing that grows."""

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def draw(result, path):
    names = list(dict.fromkeys(found["panel"] for found in result["curves"] if found["points"]))
    if not names:
        return
    figure, axes = plt.subplots(2, len(names), figsize=(3.6 * len(names), 6.4), squeeze=False, layout="constrained")
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
        above.set_title(name, loc="left", fontsize=10)
        above.legend(fontsize=6, frameon=False)
        for panel in (above, below):
            panel.set_xscale("log")
            panel.tick_params(which="both", labelsize=7)
            panel.spines[["top", "right"]].set_visible(False)
        above.set_yscale("log")
        below.set_ylim(bottom=0)
    axes[0, 0].set_ylabel("seconds", fontsize=8)
    axes[1, 0].set_ylabel("MB at most", fontsize=8)
    figure.suptitle(f"{result['machine']['cpu']}, {result['machine']['cores']} cores, {result['precision']}", fontsize=9)
    figure.savefig(path, dpi=150)
    plt.close(figure)
