"""Eight clients at once, each a process of its own.

What counts is the processor time of all processes, the server's and the clients': the time on the clock also
tells how many cores there are, and who else is using them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks.children import Child
from benchmarks.clients import crowd
from benchmarks.connected import taking_part
from benchmarks.contestant import Can, Contestant
from benchmarks.processes import cpus_seconds
from benchmarks.references import references
from benchmarks.rounds import calibrate, measure_rounds
from benchmarks.series import Outcome, Plan, Progress, Series
from benchmarks.servers import Servers

__all__ = ["CLIENTS", "CLOCK_TIME", "CPU_TIME", "Crowd"]

CLIENTS = 8
CPU_TIME = f"{CLIENTS} clients, empty call, processor time"
CLOCK_TIME = f"{CLIENTS} clients, empty call, time on the clock"
_FEWEST = 20


class Crowd:
    """Empty calls of eight clients, for each contestant."""

    name = "crowd"

    def plan(self, quick: bool) -> Plan:
        return Plan(rounds=8, turn=0.1, seconds=15) if quick else Plan(rounds=15, turn=0.25, seconds=45)

    def measure(
        self, contestants: Sequence[Contestant], plan: Plan, quick: bool, progress: Progress
    ) -> Outcome:
        progress(f"{self.name}: starting")
        present, outcome = taking_part(contestants, self.name, Can.CROWD)
        if present:
            with everywhere(), Servers() as servers, ExitStack() as stack:
                clients = [stack.enter_context(Child(crowd.__name__)) for _ in range(CLIENTS)]
                servers.start(each.setup for each in present)
                turns = [_Turn(each, servers, clients, _series(each, present)) for each in present]
                outcome.add(measure_rounds(turns, plan, self.name, progress))
        return outcome


@contextmanager
def everywhere() -> Iterator[None]:
    """Let the processes that are started meanwhile run on all cores."""
    if not hasattr(os, "sched_getaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass(slots=True)
class _Turn:
    contestant: Contestant
    servers: Servers
    clients: Sequence[Child]
    series: Sequence[Series]
    count: int = _FEWEST

    def warm_up(self, seconds: float) -> None:
        address = self.servers.address(self.contestant.setup)
        for client in self.clients:
            client.ask("connect", self.contestant.name, address)
        self.take()
        self.count = calibrate(seconds, self.take()[1] / 1e6 * CLIENTS, _FEWEST)

    def take(self) -> Sequence[float]:
        """Microseconds a call: the processors' and the clock's."""
        processes = [
            self.servers.process_id(self.contestant.setup),
            *(each.pid for each in self.clients),
        ]
        used, start = cpus_seconds(processes), time.perf_counter()
        for client in self.clients:
            client.tell("run", self.contestant.name, self.count)
        for client in self.clients:
            client.answer()
        took, used = time.perf_counter() - start, cpus_seconds(processes) - used
        return [seconds / (self.count * CLIENTS) * 1e6 for seconds in (used, took)]


def _series(contestant: Contestant, present: Sequence[Contestant]) -> list[Series]:
    who = contestant.who
    return [
        Series(who, workload, "µs", "crowd", references(who, workload, present, threads=True))
        for workload in (CPU_TIME, CLOCK_TIME)
    ]
