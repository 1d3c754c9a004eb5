"""What a client does over and over, and what is measured of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import repeat
from typing import Any

from .contestant import Can, Contestant, Oneway, Remote
from .served import RECORD

__all__ = [
    "BATCH",
    "RECORD",
    "WORKLOADS",
    "Batch",
    "ConnectCallClose",
    "EchoRecord",
    "EmptyCall",
    "FirstAnswer",
    "OnewayCalls",
    "SingleCalls",
    "Sum",
    "Workload",
]

BATCH = 1000
"""Calls in a batch."""
_PATIENCE = 60.0
"""Seconds in which one-way calls have to arrive."""


class Workload:
    """Something that is done with a contestant's server; most of them are calls of a remote object.

    :cvar needs: what a contestant has to be able to do.
    :cvar fewest: a measurement is of so many at least.
    :cvar raw_threads: compared with the limit's server of threads, even if the contestant's has none.
    """

    name: str
    needs = Can.CALLS
    fewest = 3
    raw_threads = False

    def prepare(self, contestant: Contestant, address: str, remote: Any) -> Any:
        """What ``verify`` and ``run`` are given of a contestant that is connected; by default the remote."""
        return remote

    def verify(self, subject: Any) -> bool:
        """Do it once: whether the answer is right."""
        raise NotImplementedError

    def run(self, subject: Any, count: int) -> None:
        """Do it ``count`` times, in the way of a program that uses the library."""
        raise NotImplementedError

    def take(self, subject: Any, count: int) -> float:
        """Do it ``count`` times: seconds for each."""
        start = time.perf_counter()
        self.run(subject, count)
        return (time.perf_counter() - start) / count


class EmptyCall(Workload):
    """No arguments, no result: what a call costs by itself."""

    name = "empty call"

    def verify(self, subject: Remote) -> bool:
        result: object = subject.nop()  # type: ignore[func-returns-value]  # that is in question
        return result is None

    def run(self, subject: Remote, count: int) -> None:
        for _ in repeat(None, count):
            subject.nop()


class EchoRecord(Workload):
    """A record goes there and comes back."""

    name = "echo of a 1 kB record"

    def verify(self, subject: Remote) -> bool:
        return bool(subject.echo(RECORD) == RECORD)

    def run(self, subject: Remote, count: int) -> None:
        record = RECORD
        for _ in repeat(None, count):
            subject.echo(record)


class Sum(Workload):
    """Two arguments and a result."""

    name = "add(a, b)"

    def verify(self, subject: Remote) -> bool:
        return subject.add(17, 4) == 21

    def run(self, subject: Remote, count: int) -> None:
        for _ in repeat(None, count):
            subject.add(17, 4)


class SingleCalls(EmptyCall):
    """Empty calls, each of them timed: how long the slowest of a hundred takes."""

    name = "empty call, 99th percentile"
    fewest = 200

    def take(self, subject: Remote, count: int) -> float:
        nop, clock, times = subject.nop, time.perf_counter, []
        for _ in repeat(None, count):
            start = clock()
            nop()
            times.append(clock() - start)
        times.sort()
        return times[len(times) * 99 // 100]


class OnewayCalls(Workload):
    """Calls that nobody waits for, a thousand at least; they are over when the server has run all of them."""

    name = "one-way call"
    needs = Can.ONEWAY
    fewest = 1000
    raw_threads = True

    def prepare(self, contestant: Contestant, address: str, remote: Any) -> Oneway:
        return contestant.oneway()

    def verify(self, subject: Oneway) -> bool:
        before = subject.count()
        self.run(subject, 3)
        return subject.count() == before + 3

    def run(self, subject: Oneway, count: int) -> None:
        call, limit = subject.call, time.monotonic() + _PATIENCE
        expected = subject.count() + count
        for _ in repeat(None, count):
            call()
        while subject.count() < expected:
            if time.monotonic() > limit:
                raise RuntimeError("one-way calls do not arrive")


class Batch(Workload):
    """Many calls in one message, or on their way at the same time."""

    name = f"batch of {BATCH:,} calls"
    needs = Can.BATCH
    fewest = 1
    raw_threads = True

    def prepare(self, contestant: Contestant, address: str, remote: Any) -> Callable[[int], Sequence[int]]:
        return contestant.batch

    def verify(self, subject: Callable[[int], Sequence[int]]) -> bool:
        return list(subject(BATCH)) == list(range(1, BATCH + 1))

    def run(self, subject: Callable[[int], Sequence[int]], count: int) -> None:
        for _ in repeat(None, count):
            subject(BATCH)


class ConnectCallClose(Workload):
    """A connection for a single call."""

    name = "connect, call, close"
    needs = Can.CONNECT
    fewest = 1
    raw_threads = True

    def prepare(self, contestant: Contestant, address: str, remote: Any) -> tuple[Contestant, str]:
        return contestant.again(), address

    def verify(self, subject: tuple[Contestant, str]) -> bool:
        contestant, address = subject
        try:
            return contestant.connect(address).add(17, 4) == 21
        finally:
            contestant.close()

    def run(self, subject: tuple[Contestant, str], count: int) -> None:
        contestant, address = subject
        for _ in repeat(None, count):
            contestant.connect(address).nop()
            contestant.close()


class FirstAnswer(ConnectCallClose):
    """A new client's first call, with all that comes before it."""

    name = "a new client's first answer"

    def take(self, subject: tuple[Contestant, str], count: int) -> float:
        contestant, address = subject
        took = 0.0
        for _ in repeat(None, count):
            start = time.perf_counter()
            contestant.connect(address).nop()
            took += time.perf_counter() - start
            contestant.close()
        return took / count


WORKLOADS: tuple[Workload, ...] = (EmptyCall(), EchoRecord())
"""The two that say most, and take least."""
