"""What a comparison found, as text."""

import numpy as np

from catalogue import MODELS


def place(row):
    """What a row is about."""
    return row["model"], row["batch"], row["threads"], row["precision"], row["engine"]


def distance_text(row):
    """The tensor that is furthest off, by the share of its own size."""
    worst = max(row["distance"].items(), key=lambda item: item[1]["relative_rms"])
    return f"{worst[1]['relative_rms']:.1e} ({worst[0]})"


def target_of(row):
    for engine, precision, times in MODELS[row["model"]].targets:
        if (engine, precision) == (row["engine"], row["precision"]):
            return times
    return None


def line(row):
    if "reason" in row:
        return f"{row['engine']:12} {row['reason']}"
    times = row["forward_s"]
    spread = f"{np.median(times):9.3f} {min(times):9.3f}" + ("~" if "estimated" in row else " ")
    ratio = f"{row['ratio']:8.2f}" if "ratio" in row else " " * 8
    target = target_of(row)
    wanted = f" {target:6.2f}" if target and "ratio" in row else " " * 7
    share = f"{100 * row['peak_share']:6.1f}%" if "peak_share" in row else " " * 7
    return (f"{row['engine']:12} {spread} {ratio}{wanted} {row['peak_rss_mb']:9.0f} {row['gflop']:10.1f} {share} "
            f"{row['ready_s']:8.2f} {row['first_s']:8.2f}  {distance_text(row)}")


HEADER = (f"{'':12} {'median s':>9} {'fastest s':>9}  {'tyto ×':>8} {'target':>6} {'memory MB':>9} {'GFLOP':>10} "
          f"{'of peak':>7} {'loaded s':>8} {'first s':>8}  relative distance")


def show(rows, to):
    if not rows:
        return
    first = rows[0]
    measured = [row for row in rows if "forward_s" in row]
    print(f"\n{MODELS[first['model']].title} · batch {first['batch']} · {first['threads']} threads · "
          f"{first['precision']}", file=to)
    if measured:
        print(HEADER, file=to)
    for row in rows:
        print(line(row), file=to)
    for row in measured:
        if "estimated" in row:
            print(f"~ {row['engine']}: {row['estimated']}", file=to)
    to.flush()
