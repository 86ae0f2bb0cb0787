"""Pictures of measurements, as SVG: times as a distribution, answers over time."""

from collections import Counter
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.figure import Figure

from bench.opening import Seen

mpl.use("svg")
mpl.rcParams |= {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "foyer",  # the same figures give the same file
    "figure.figsize": (8, 3.6),
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}
BLUE, ORANGE, GREY = "#0b5394", "#b45309", "#6b7280"


def draw_morning(seen: list[Seen], folder: Path) -> None:
    """`opening-latency.svg` and `opening-throughput.svg`."""
    folder.mkdir(parents=True, exist_ok=True)
    answered = {
        name: sorted(one.took for one in seen if one.name == name and one.status not in {0, 503})
        for name in dict.fromkeys(one.name for one in seen)
    }
    answered["told to come back"] = sorted(one.took for one in seen if one.status == 503)
    draw_distribution(answered, folder / "opening-latency.svg", "Opening morning: how long answers took")
    figure, axes = pyplot.subplots()
    for label, status, colour in (("enrolled", 201, BLUE), ("told to come back (503)", 503, ORANGE)):
        counts = Counter(
            int(one.began + one.took / 1000) for one in seen if one.name == "enroll" and one.status == status
        )
        seconds = range(max(counts, default=0) + 2)
        axes.step(seconds, [counts[second] for second in seconds], where="post", label=label, color=colour)
    axes.set(title="Opening morning: answers a second", xlabel="seconds after the opening", ylabel="answers")
    axes.set_yscale("symlog", linthresh=10)
    axes.legend()
    _save(figure, folder / "opening-throughput.svg")


def draw_distribution(times: dict[str, list[float]], path: Path, title: str) -> None:
    """For each name the part of the answers (0 to 100 %) that took no longer than so many ms."""
    figure, axes = pyplot.subplots()
    for name, took in times.items():
        if took:
            step = max(1, len(took) // 200)
            points = took[::step] + took[-1:]
            parts = [100 * (min(n * step, len(took) - 1) + 1) / len(took) for n in range(len(points))]
            axes.step(points, parts, where="post", label=name)
    axes.set(title=title, xlabel="milliseconds", ylabel="% of the answers", xscale="log", ylim=(0, 101))
    axes.legend(loc="lower right")
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
