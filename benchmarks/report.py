"""Results as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from .results import Machine, Quartiles, Results
from .targets import Verdict

__all__ = ["left_out_lines", "machine_lines", "number", "ratio_text", "report", "report_targets", "rounds_of"]

_NAME, _NUMBER, _RATIO = "{:<46}", "{:>11}", "{:>30}"


def report(results: Results) -> str:
    """The tables."""
    return "\n".join(_lines(results))


def report_targets(verdicts: Sequence[Verdict]) -> str:
    """Which targets were met."""
    lines = ["Targets"]
    for verdict in verdicts:
        word = "not measured" if verdict.measured is None else "met" if verdict.met else "MISSED"
        shown = "" if verdict.measured is None else f": {ratio_text(verdict.measured)}"
        lines.append(f"  {word:<13} {verdict.target}{shown}")
    return "\n".join(lines)


def _lines(results: Results) -> Iterator[str]:
    for workload, group in groupby(results.measurements, lambda each: each.workload):
        measurements = list(group)
        columns = list(dict.fromkeys(to for each in measurements for to in each.compared))
        headings = "".join(_RATIO.format(f"x {to} (quartiles)") for to in columns)
        yield (_NAME.format(workload) + _NUMBER.format(measurements[0].unit) + headings).rstrip()
        for each in measurements:
            ratios = "".join(_RATIO.format(ratio_text(each.ratio(to))) for to in columns)
            yield (
                _NAME.format(f"  {each.contestant}") + _NUMBER.format(number(each.value.median)) + ratios
            ).rstrip()
        yield ""
    yield "Ratios are medians of those within each round: with raw over the same transport, with Pyro5 using"
    yield "the same server and transport, and both using the same serializer; or else msgpack and threads."
    yield from machine_lines(results.machine, rounds_of(results))
    if results.left_out:
        yield ""
        yield "Left out"
        yield from (f"  {line}" for line in left_out_lines(results))


def left_out_lines(results: Results) -> Iterator[str]:
    """Who was left out of what, and why; those of the same fate in one line."""
    fates: dict[tuple[str, str], list[str]] = {}
    for each in results.left_out:
        fates.setdefault((each.workload, each.why), []).append(each.contestant)
    for (workload, why), contestants in fates.items():
        yield f"{workload}: {', '.join(contestants)}: {why}"


def number(value: float) -> str:
    """With three digits that count, or all that are before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio_text(ratio: Quartiles | None) -> str:
    """With its quartiles."""
    return "" if ratio is None else f"{ratio.median:.2f} ({ratio.low:.2f} - {ratio.high:.2f})"


def machine_lines(machine: Machine, rounds: int) -> list[str]:
    """Where it was measured."""
    return [
        f"{machine.implementation} {machine.python}, {machine.system}, {machine.cores} cores, "
        f"{'all processes on one of them' if machine.pinned else 'wherever the system puts it'}; "
        f"up to {rounds} rounds;",
        ", ".join(f"{name} {version}" for name, version in machine.versions.items()) + ";",
        f"load average {machine.load_at_start:.2f} at the start, {machine.load_at_end:.2f} at the end",
    ]


def rounds_of(results: Results) -> int:
    """The most that anything was measured in."""
    return max((len(each.rounds) for each in results.measurements), default=0)
