"""Eight clients at once, each a process of its own.

What counts is the processor time of all processes, the server's and the clients': the time on the clock also
tells how many cores there are, and who else is using them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.clients import crowd
from benchmarks.connected import able, installed
from benchmarks.contestant import Can, Contestant
from benchmarks.processes import cpus_seconds
from benchmarks.references import references
from benchmarks.rounds import calibrate, measure_rounds
from benchmarks.series import Outcome, Plan, Progress, Series
from benchmarks.servers import Servers, end_process, environment

__all__ = ["CLIENTS", "CLOCK_TIME", "CPU_TIME", "Crowd"]

CLIENTS = 8
CPU_TIME = f"{CLIENTS} clients, empty call, processor time"
CLOCK_TIME = f"{CLIENTS} clients, empty call, time on the clock"
_FEWEST = 20


class Crowd:
    """Empty calls of eight clients, for each contestant."""

    name = "crowd"

    def plan(self, quick: bool) -> Plan:
        return Plan(rounds=8, turn=0.1, seconds=15) if quick else Plan(rounds=15, turn=0.25, seconds=60)

    def measure(
        self, contestants: Sequence[Contestant], plan: Plan, quick: bool, progress: Progress
    ) -> Outcome:
        progress(f"{self.name}: starting")
        present, left_out = installed(able(contestants, Can.CROWD), self.name)
        outcome = Outcome(left_out=left_out)
        if present:
            with everywhere(), Servers() as servers, _clients() as clients:
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
    clients: Sequence[_Client]
    series: Sequence[Series]
    count: int = _FEWEST

    def warm_up(self, seconds: float) -> None:
        address = self.servers.address(self.contestant.setup)
        for client in self.clients:
            client.tell("connect", self.contestant.name, address)
            client.answer()
        self.take()
        self.count = calibrate(seconds, self.take()[1] / 1e6 * CLIENTS, _FEWEST)

    def take(self) -> Sequence[float]:
        """Microseconds a call: the processors' and the clock's."""
        processes = [
            self.servers.process_id(self.contestant.setup),
            *(each.process_id for each in self.clients),
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


class _Client:
    """One of the processes, for the one that measures."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", crowd.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            start_new_session=True,
        )
        self.process_id = self._process.pid

    def tell(self, *what: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def answer(self) -> None:
        """Wait for it. Raises ``RuntimeError`` if it could not do what it was told."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        error = json.loads(line) if line else "it has ended"
        if error is not None:
            raise RuntimeError(f"a client process: {error}")

    def close(self) -> None:
        end_process(self._process)


@contextmanager
def _clients() -> Iterator[list[_Client]]:
    clients: list[_Client] = []
    try:
        for _ in range(CLIENTS):
            clients.append(_Client())
        yield clients
    finally:
        for client in clients:
            client.close()
