"""Whether pyroplug reaches what it has to; ``goals`` says what that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .contestant import MIXED, OURS, RAW
from .results import Measurement, Quartiles, Results, ratios

__all__ = ["OTHERS", "VALUE", "Target", "Verdict", "judge", "passed"]

OTHERS = "every other library"
"""Compare with the fastest use of each other library; the one that comes closest counts."""
VALUE = "value"
"""Compare with nothing: the number itself, in its unit."""


@dataclass(frozen=True, slots=True)
class Target:
    """A contestant's number is at most so many times another's.

    :ivar compared_with: the heading of a comparison, :data:`OTHERS` or :data:`VALUE`.
    """

    contestant: str
    workload: str
    compared_with: str
    at_most: float

    def __str__(self) -> str:
        what = "" if self.compared_with == VALUE else f" x {self.compared_with}"
        return f"{self.contestant}, {self.workload}: at most {self.at_most:g}{what}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a target; ``measured`` is ``None`` if nothing was measured for it."""

    target: Target
    measured: Quartiles | None

    @property
    def met(self) -> bool:
        """Whether the median is within the target, as it is shown."""
        return self.measured is not None and round(self.measured.median, 2) <= self.target.at_most


def judge(results: Results, targets: Sequence[Target] | None = None) -> list[Verdict]:
    """A verdict on each target; on all that there are unless some are given."""
    if targets is None:
        from .goals import TARGETS

        targets = TARGETS
    return [Verdict(target, _measured(results, target)) for target in targets]


def _measured(results: Results, target: Target) -> Quartiles | None:
    found = results.find(target.contestant, target.workload)
    if found is None:
        return None
    if target.compared_with == VALUE:
        return found.value
    if target.compared_with == OTHERS:
        return _to_others(results, found)
    return found.ratio(target.compared_with)


def _to_others(results: Results, ours: Measurement) -> Quartiles | None:
    found = [
        ratios(ours.rounds, each.rounds)
        for each in results.measurements
        if each.workload == ours.workload and each.who.library not in (OURS, RAW, *MIXED)
    ]
    return max(filter(None, found), key=lambda ratio: ratio.median, default=None)


def passed(verdicts: Sequence[Verdict]) -> bool:
    """Whether all targets that were measured are met, and there were some."""
    measured = [verdict for verdict in verdicts if verdict.measured is not None]
    return bool(measured) and all(verdict.met for verdict in measured)
