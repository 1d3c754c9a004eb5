"""What pyroplug has to reach, as data, and whether it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .contestant import RAW, REAL_PYRO5
from .results import Quartiles, Results
from .workloads import EchoRecord, EmptyCall

__all__ = ["TARGETS", "Target", "Verdict", "judge", "passed"]


@dataclass(frozen=True, slots=True)
class Target:
    """A contestant's time is at most so many times another's.

    :ivar compared_with: the other's library: the limit, or real Pyro5 used in the same way.
    """

    contestant: str
    workload: str
    compared_with: str
    at_most: float


TARGETS = (
    Target("pyroplug msgpack threadpool tcp", EmptyCall.name, RAW, 1.5),
    Target("pyroplug msgpack threadpool tcp", EchoRecord.name, RAW, 1.4),
    Target("pyroplug msgpack multiplex tcp", EmptyCall.name, RAW, 1.8),
    Target("pyroplug serpent threadpool tcp", EmptyCall.name, REAL_PYRO5, 0.5),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a target; ``measured`` is ``None`` if nothing was measured for it."""

    target: Target
    measured: Quartiles | None

    @property
    def met(self) -> bool:
        """Whether the median is within the target."""
        return self.measured is not None and self.measured.median <= self.target.at_most


def judge(results: Results, targets: Sequence[Target] | None = None) -> list[Verdict]:
    """A verdict on each target; on all that there are unless some are given."""
    verdicts = []
    for target in TARGETS if targets is None else targets:
        found = results.find(target.contestant, target.workload)
        ratio = None
        if found is not None:
            ratio = found.to_raw if target.compared_with == RAW else found.to_pyro5
        verdicts.append(Verdict(target, ratio))
    return verdicts


def passed(verdicts: Sequence[Verdict]) -> bool:
    """Whether all targets that were measured are met, and there were some."""
    measured = [verdict for verdict in verdicts if verdict.measured is not None]
    return bool(measured) and all(verdict.met for verdict in measured)
