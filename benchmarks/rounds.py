"""Rounds: in each of them, everything that is measured has a short turn.

Whatever else the machine does then falls on all of them alike. Those that are compared with the same workload
follow one another, so that they were measured within moments. The order is another one in each round, and
the same in each run.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from .series import LeftOut, Outcome, Plan, Progress, Series, in_a_line

__all__ = ["Turn", "WrongAnswer", "calibrate", "measure_anew", "measure_rounds"]

_SEED = 502
_LONG = 6
"""What takes longer than so many turns pauses for a while afterwards."""
_LIMITS = (3, 20_000)


class WrongAnswer(RuntimeError):
    """A contestant does not do what it is asked for; nothing that it takes means anything."""


class Turn(Protocol):
    """What is done in a turn."""

    @property
    def series(self) -> Sequence[Series]:
        """Where its numbers go."""

    def warm_up(self, seconds: float) -> None:
        """Make sure that the answer is right, and find out how much of it fills the time."""

    def take(self) -> Sequence[float]:
        """A number for each of the series."""


def calibrate(seconds: float, single: float, fewest: int = _LIMITS[0]) -> int:
    """How many of what takes ``single`` seconds fill the time."""
    return max(fewest, min(_LIMITS[1], round(seconds / max(single, 1e-9))))


def measure_rounds(turns: Iterable[Turn], plan: Plan, name: str, progress: Progress) -> Outcome:
    """Warm up, and measure; the warm-up does not count. What fails in the warm-up is left out.

    :param name: told along with the progress.
    """
    outcome = Outcome()
    ready = []
    for turn in (each for each in turns if plan.wants(each.series)):
        first = turn.series[0]
        progress(f"{name}: warming up {first.who.name}, {first.workload}")
        try:
            turn.warm_up(plan.turn)
        except WrongAnswer:
            raise
        except Exception as error:  # whatever a library has for what it cannot do
            outcome.left_out.append(LeftOut(first.who.name, first.workload, in_a_line(error)))
        else:
            ready.append(turn)
            outcome.series.extend(turn.series)
    _measure(ready, plan, name, progress)
    return outcome


def measure_anew(plan: Plan, times: int, measure: Callable[[Plan], Outcome]) -> Outcome:
    """Measure several times, with all processes started anew: no two lie in memory in the same way.

    :param measure: starts them, and measures a share of the rounds.
    """
    outcome = Outcome()
    for number, share in enumerate(plan.shares(times)):
        found = measure(share)
        if number:
            outcome.go_on(found)
        else:
            outcome.add(found)
    return outcome


def _measure(turns: Sequence[Turn], plan: Plan, name: str, progress: Progress) -> None:
    start = time.monotonic()
    dice = random.Random(_SEED)
    pauses: dict[int, int] = {}
    for number in range(plan.rounds):
        progress(f"{name}: round {number + 1} of {plan.rounds}")
        for turn in _order(turns, dice):
            pause = pauses.get(id(turn), 0)
            if pause:
                pauses[id(turn)] = pause - 1
                numbers: Sequence[float | None] = [None] * len(turn.series)
            else:
                began = time.monotonic()
                numbers = turn.take()
                took = time.monotonic() - began
                pauses[id(turn)] = math.ceil(took / (_LONG * plan.turn)) - 1
            for series, value in zip(turn.series, numbers, strict=True):
                series.rounds.append(value)
        if plan.seconds is not None and time.monotonic() - start > plan.seconds:
            return


def _order(turns: Iterable[Turn], dice: random.Random) -> Iterator[Turn]:
    workloads: dict[str, list[Turn]] = {}
    for turn in turns:
        series = turn.series[0]
        _, workload = next(iter(series.references.values()), series.key)
        workloads.setdefault(workload, []).append(turn)
    groups = list(workloads.values())
    dice.shuffle(groups)
    for group in groups:
        dice.shuffle(group)
        yield from group
