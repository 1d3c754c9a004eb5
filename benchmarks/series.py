"""What every kind of measurement gives: numbers of rounds, and who was left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from .contestant import Contestant, Who

__all__ = ["Key", "Kind", "LeftOut", "Outcome", "Plan", "Progress", "Series", "in_a_line"]

Key = tuple[str, str]
"""The names of a contestant and of a workload."""
Progress = Callable[[str], object]
"""Is told in a few words what happens."""


@dataclass(slots=True)
class Series:
    """One contestant with one workload.

    :ivar unit: of the numbers.
    :ivar group: workloads that belong together, and to one page.
    :ivar references: what it is compared with, by the heading of the column that shows it.
    :ivar rounds: a number for each round; ``None`` where it had no turn.
    """

    who: Who
    workload: str
    unit: str
    group: str
    references: dict[str, Key] = field(default_factory=dict)
    rounds: list[float | None] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """What others refer to it by."""
        return self.who.name, self.workload


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was not measured, and why."""

    contestant: str
    workload: str
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was measured, in the order of the tables."""

    series: list[Series] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Append another one's."""
        self.series.extend(other.series)
        self.left_out.extend(other.left_out)

    def go_on(self, other: Outcome) -> None:
        """Append the rounds of the same series, measured anew; one that is not among them had no turn."""
        found = {each.key: each.rounds for each in other.series}
        no_turn: list[float | None] = [None] * max(map(len, found.values()), default=0)
        for each in self.series:
            each.rounds.extend(found.get(each.key, no_turn))


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure.

    :ivar rounds: how many.
    :ivar turn: seconds that each contestant gets for each workload in a round.
    :ivar seconds: when they are over, the round that is under way is the last one; ``None`` for no limit.
    :ivar only: measure nothing but these, if there are any.
    """

    rounds: int
    turn: float
    seconds: float | None = None
    only: frozenset[Key] = frozenset()

    def wants(self, series: Iterable[Series]) -> bool:
        """Whether some of these are to be measured."""
        return not self.only or any(each.key in self.only for each in series)

    def shares(self, count: int) -> list[Plan]:
        """The same in so many parts, with a round each at least."""
        count = min(count, self.rounds)
        seconds = None if self.seconds is None else self.seconds / count
        return [replace(self, rounds=(self.rounds + part) // count, seconds=seconds) for part in range(count)]


class Kind(Protocol):
    """A kind of measurement: a way to make numbers of contestants."""

    @property
    def name(self) -> str:
        """What selects it on the command line; and the group of its series."""

    def plan(self, quick: bool) -> Plan:
        """How long it takes by default."""

    def measure(
        self, contestants: Sequence[Contestant], plan: Plan, quick: bool, progress: Progress
    ) -> Outcome:
        """Measure those that can take part.

        :param quick: measure less.
        :raises RuntimeError: a server does not start, or an answer is wrong.
        """


def in_a_line(error: Exception) -> str:
    """What it says, without what only a page could show."""
    text = str(error).strip() or "no more is known"
    return f"{type(error).__name__}: {text.splitlines()[0][:90]}"
