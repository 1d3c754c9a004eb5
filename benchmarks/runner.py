"""Measures in rounds: in each of them every contestant has a short turn with every workload.

Whatever else the machine does then falls on all of them alike, and what is compared was measured within
moments. The order is another one in each round, and the same in each run.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .contestant import Contestant, Remote
from .servers import Servers
from .workloads import Workload

__all__ = ["Plan", "Samples", "measure"]

Samples = dict[tuple[str, str], list[float]]
"""Seconds a call in each round, by the names of contestant and workload."""

_SEED = 502
_FEWEST, _MOST = 3, 20_000
_LEAD_IN = 20
"""One in so many calls is made in advance and not measured: the turn before left cold caches."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to measure.

    :ivar rounds: how many.
    :ivar turn: seconds that each contestant gets for each workload in a round.
    :ivar seconds: when they are over, the round that is under way is the last one; ``None`` for no limit.
    """

    rounds: int
    turn: float
    seconds: float | None = None


@dataclass(slots=True)
class _Turn:
    contestant: Contestant
    workload: Workload
    remote: Remote
    count: int = 0
    samples: list[float] = field(default_factory=list)

    def warm_up(self, seconds: float) -> None:
        """Make sure that the answer is right, and find out how many calls fill the time."""
        if not self.workload.verify(self.remote):
            raise RuntimeError(f"{self.contestant.name}: {self.workload.name}: the answer is wrong")
        self.workload.run(self.remote, _FEWEST)
        self.count = _FEWEST
        self.count = max(_FEWEST, min(_MOST, round(seconds / self.take())))
        self.take()

    def take(self) -> float:
        """Seconds a call."""
        self.workload.run(self.remote, 1 + self.count // _LEAD_IN)
        start = time.perf_counter()
        self.workload.run(self.remote, self.count)
        return (time.perf_counter() - start) / self.count


def measure(
    contestants: Sequence[Contestant],
    workloads: Sequence[Workload],
    plan: Plan,
    progress: Callable[[str], object] = lambda text: None,
) -> Samples:
    """Start the servers, connect once, and measure. The warm-up before the first round does not count.

    :param progress: told in a few words what happens.
    :raises RuntimeError: a server does not start, or an answer is wrong.
    """
    start = time.monotonic()
    with Servers() as servers:
        progress("starting the servers")
        servers.start(contestant.setup for contestant in contestants)
        connected: list[Contestant] = []
        try:
            turns = []
            for contestant in contestants:
                remote = contestant.connect(servers.address(contestant.setup))
                connected.append(contestant)
                turns += [_Turn(contestant, workload, remote) for workload in workloads]
            progress("warming up")
            for turn in turns:
                turn.warm_up(plan.turn)
            _rounds(turns, plan, start, progress)
        finally:
            for contestant in connected:
                contestant.close()
    return {(turn.contestant.name, turn.workload.name): turn.samples for turn in turns}


def _rounds(turns: Sequence[_Turn], plan: Plan, start: float, progress: Callable[[str], object]) -> None:
    order, dice = list(turns), random.Random(_SEED)
    for number in range(plan.rounds):
        progress(f"round {number + 1} of {plan.rounds}")
        dice.shuffle(order)
        for turn in order:
            turn.samples.append(turn.take())
        if plan.seconds is not None and time.monotonic() - start > plan.seconds:
            return
