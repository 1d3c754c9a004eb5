"""Results as pictures: the same results give the same files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .contestant import OURS, RAW, REAL_PYRO5, Who
from .results import Measurement, Results
from .workloads import EchoRecord, EmptyCall

__all__ = ["PLOTS", "draw"]

_COLORS = {OURS: "#1b6ca8", RAW: "#888888", REAL_PYRO5: "#d98324"}
_OTHER = "#9c6b9e"
_MORE = ("#9c6b9e", "#2a9d6f", "#c0392b", "#7f6a3f", "#444444")
_TRANSFERS = ("of bytes up", "of bytes down", "of str up", "of str down", "down by chunks")
_OUR_WAY = ("msgpack threadpool tcp", "marshal threadpool tcp")


def draw(results: Results, folder: Path) -> None:
    """Write all plots that there are results for into the folder."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    folder.mkdir(parents=True, exist_ok=True)
    look: Any = {"font.size": 8, "axes.spines.top": False, "axes.spines.right": False}
    with mpl.rc_context({**look, "svg.hashsalt": "pyroplug", "svg.fonttype": "none"}):
        for name, (title, plot) in PLOTS.items():
            figure = plot(results, plt)
            if figure is not None:
                figure.suptitle(title, fontsize=9)
                figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})
                plt.close(figure)


def _latency(results: Results, plt: Any) -> Any:
    """Bars: how many times the raw socket's time, with quartiles."""
    names = (EmptyCall.name, EchoRecord.name)
    columns = [
        [each for each in results.measurements if each.workload == name and each.to_raw is not None]
        for name in names
    ]
    if not all(columns):
        return None
    figure, axes = plt.subplots(1, 2, figsize=(10, _height(max(map(len, columns)))), layout="constrained")
    for axis, name, measurements in zip(axes, names, columns, strict=True):
        _bars(axis, measurements, [each.to_raw for each in measurements])
        _scale(axis.xaxis, axis.set_xscale)
        axis.minorticks_off()
        axis.set_title(name, fontsize=8)
        axis.set_xlabel("times the raw socket's (logarithmic)")
        axis.axvline(1, color="black", linewidth=0.6)
    return figure


def _bars(axis: Any, measurements: Sequence[Measurement], values: Sequence[Any]) -> None:
    medians = [each.median for each in values]
    errors = [[each.median - each.low for each in values], [each.high - each.median for each in values]]
    colors = [_COLORS.get(each.who.library, _OTHER) for each in measurements]
    names = [each.contestant for each in measurements]
    axis.barh(names, medians, xerr=errors, color=colors, error_kw={"lw": 0.7})
    axis.invert_yaxis()


def _scale(axis: Any, set_scale: Callable[[str], object]) -> None:
    """Logarithmic, with numbers as people write them."""
    set_scale("log")
    axis.set_major_locator(_ticker().LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(_ticker().FormatStrFormatter("%g"))


def _ticker() -> Any:
    from matplotlib import ticker

    return ticker


def _height(rows: int) -> float:
    return 1.2 + 0.17 * rows


def _bulk(results: Results, plt: Any) -> Any:
    """Lines over the size, for each way and type that the limit is compared in."""
    found: dict[str, dict[Who, list[tuple[int, float]]]] = {}
    for each in results.measurements:
        size, unit, what = each.workload.partition(" MiB ")
        if unit and each.unit == "ms" and each.to_raw is not None and _in_bulk(each.who):
            found.setdefault(what, {}).setdefault(each.who, []).append((int(size), each.to_raw.median))
    shown = [what for what in _TRANSFERS if what in found]
    if not shown:
        return None
    shape = (3 * len(shown), 3.6)
    figure, axes = plt.subplots(1, len(shown), figsize=shape, squeeze=False, layout="constrained")
    others: dict[str, str] = {}
    for axis, what in zip(axes[0], shown, strict=True):
        for who, points in found[what].items():
            color = _COLORS.get(who.library) or others.setdefault(who.name, _MORE[len(others) % len(_MORE)])
            style = "-" if who.serializer != "marshal" else "--"
            mebibytes, ratios = zip(*sorted(points), strict=True)
            axis.plot(mebibytes, ratios, style, marker="o", ms=3, lw=1, color=color, label=who.name)
            axis.set_xscale("log")
            axis.set_xticks(mebibytes, labels=map(str, mebibytes))
        _scale(axis.yaxis, axis.set_yscale)
        axis.minorticks_off()
        axis.set_xlabel("MiB")
        axis.set_title(what, fontsize=8)
        axis.axhline(1, color="black", linewidth=0.6)
    axes[0][0].set_ylabel("times raw bytes into fresh memory")
    legends = [axis.get_legend_handles_labels() for axis in axes[0]]
    lines = {label: line for each in legends for line, label in zip(*each, strict=True)}
    figure.legend(lines.values(), lines.keys(), loc="outside lower center", ncols=4, fontsize=7)
    return figure


def _in_bulk(who: Who) -> bool:
    if who.library in (OURS, REAL_PYRO5):
        return f"{who.serializer} {who.model} {who.transport}" in _OUR_WAY
    return who.library != RAW


def _idle(results: Results, plt: Any) -> Any:
    """Bars: memory of an idle connection, and what idle ones do to an active one."""
    idle = [each for each in results.measurements if each.group == "idle"]
    memory = [each for each in idle if each.unit == "KiB"]
    calls = [each for each in idle if each.workload.startswith(EmptyCall.name)]
    if not memory or not calls:
        return None
    figure, axes = plt.subplots(1, 2, figsize=(10, 3), layout="constrained")
    most = memory[-1].workload
    shown = [each for each in memory if each.workload == most]
    _bars(axes[0], shown, [each.value for each in shown])
    axes[0].set_title(f"{most}, KiB", fontsize=8)
    most = calls[-1].workload
    shown = [each for each in calls if each.workload == most]
    _bars(axes[1], shown, [next(iter(each.compared.values())).ratio for each in shown])
    axes[1].set_title(f"{most}, times its own at none", fontsize=8)
    axes[1].axvline(1, color="black", linewidth=0.6)
    return figure


Plot = Callable[[Results, Any], Any]
PLOTS: dict[str, tuple[str, Plot]] = {
    "latency": ("One call, as a multiple of the raw socket's time", _latency),
    "bulk": ("Large values, as a multiple of raw bytes into fresh memory", _bulk),
    "idle": ("Idle connections", _idle),
}
"""By the file's name: the title, and what makes a figure; nothing, if there are no results for it."""
