"""Results as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from .results import Machine, Measurement, Quartiles, Results
from .targets import Verdict

__all__ = ["report", "report_targets"]

_ROW = "{:<34}{:>9}  {:>20}  {:>20}"


def report(results: Results) -> str:
    """The tables."""
    return "\n".join(_lines(results))


def report_targets(verdicts: Sequence[Verdict]) -> str:
    """Which targets were met."""
    lines = ["Targets"]
    for verdict in verdicts:
        target = verdict.target
        word = "not measured" if verdict.measured is None else "met" if verdict.met else "MISSED"
        shown = "" if verdict.measured is None else f": {_ratio(verdict.measured)}"
        lines.append(
            f"  {word:<13} {target.contestant}, {target.workload}: "
            f"at most {target.at_most:g} x {target.compared_with}{shown}"
        )
    return "\n".join(lines)


def _lines(results: Results) -> Iterator[str]:
    for workload, measurements in groupby(results.measurements, lambda each: each.workload):
        yield _ROW.format(workload, "µs", "x raw (quartiles)", "x Pyro5 (quartiles)")
        yield from map(_row, measurements)
        yield ""
    yield "Ratios are medians of those within each round: with raw over the same transport, with Pyro5"
    yield "using the same serializer, server model and transport."
    yield _machine(results.machine, max(len(each.rounds) for each in results.measurements))


def _row(each: Measurement) -> str:
    return _ROW.format(
        f"  {each.contestant}", f"{each.microseconds.median:.1f}", _ratio(each.to_raw), _ratio(each.to_pyro5)
    ).rstrip()


def _ratio(ratio: Quartiles | None) -> str:
    return "" if ratio is None else f"{ratio.median:.2f} ({ratio.low:.2f} - {ratio.high:.2f})"


def _machine(machine: Machine, rounds: int) -> str:
    return (
        f"{machine.implementation} {machine.python}, {machine.system}, {machine.cores} cores, "
        f"{'all processes on one of them' if machine.pinned else 'wherever the system puts it'}; "
        f"{rounds} rounds;\n"
        f"load average {machine.load_at_start:.2f} at the start, {machine.load_at_end:.2f} at the end"
    )
