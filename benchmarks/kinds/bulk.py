"""Large values: up, down, and down by chunks; how long they take, and how much memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from benchmarks.connected import Client, able, connected, installed
from benchmarks.contestant import OURS, RAW, REAL_PYRO5, Bulk, Can, Contestant
from benchmarks.processes import peak, reset_peak, resident
from benchmarks.references import references
from benchmarks.rounds import Turn, WrongAnswer, calibrate, measure_rounds
from benchmarks.series import LeftOut, Outcome, Plan, Progress, Series
from benchmarks.served import CHUNK, MIB, payload

__all__ = ["LARGEST", "BulkTransfers", "chunked", "memory", "transfer"]

LARGEST = 64
"""MiB. With these the memory is measured: less of it might come from what was kept from before."""
_SIZES, _QUICK_SIZES = (1, 8, LARGEST), (1, 16)
_TOO_SLOW = 8.0
"""Seconds of a transfer; what takes longer is left out."""


def transfer(way: str, kind: str, mebibytes: int) -> str:
    """The name of a workload.

    :param way: ``up``, to the server, or ``down``.
    """
    return f"{mebibytes} MiB of {kind} {way}"


def chunked(mebibytes: int) -> str:
    """The name of a workload."""
    return f"{mebibytes} MiB down by chunks"


def memory(way: str, kind: str, end: str) -> str:
    """The name of a workload: the memory that a transfer takes at one end, the ``sender`` or ``receiver``."""
    return f"{transfer(way, kind, LARGEST)}, peak memory of the {end}"


class BulkTransfers:
    """Each contestant with each type that it carries, in several sizes."""

    name = "bulk"

    def plan(self, quick: bool) -> Plan:
        return Plan(rounds=7, turn=0.02, seconds=20) if quick else Plan(rounds=9, turn=0.05, seconds=80)

    def measure(
        self, contestants: Sequence[Contestant], plan: Plan, quick: bool, progress: Progress
    ) -> Outcome:
        progress(f"{self.name}: starting the servers")
        chosen = [each for each in able(contestants, Can.BULK) if _takes_part(each, quick)]
        present, left_out = installed(chosen, self.name)
        outcome = Outcome(left_out=left_out)
        with connected(present, self.name, outcome) as clients:
            turns = [turn for client in clients for turn in _turns(client, quick, present, outcome)]
            turns.sort(key=_place)
            outcome.add(measure_rounds(turns, plan, self.name, progress))
            peaks = [turn for client in clients for turn in _peaks(client, quick, present)]
            memory_plan = Plan(rounds=1 if quick else 2, turn=1)
            outcome.add(measure_rounds(peaks, memory_plan, f"{self.name}: memory", progress))
        return outcome


def _takes_part(contestant: Contestant, quick: bool) -> bool:
    """Which server model it is changes little when values are large."""
    if contestant.serializer in ("json", "serpent", "xml") and quick:
        return False
    return contestant.setup.model != "multiplex" or contestant.name.endswith("msgpack multiplex tcp")


def _place(turn: Turn) -> str:
    return turn.series[0].workload.partition("MiB")[2]


def _turns(client: Client, quick: bool, present: Sequence[Contestant], outcome: Outcome) -> Iterator[Turn]:
    contestant, bulk = client.contestant, client.contestant.bulk()
    sizes = _QUICK_SIZES if quick else _SIZES
    for way, kind in _ways(contestant, quick, outcome):
        for size in sizes:
            work = _WORK[way](bulk, kind, size)
            name, raw_name = transfer(way, kind, size), transfer(way, "bytes", size)
            yield _Transfer(work, [_series(contestant, name, "ms", present, raw_name)])
    if "bytes" not in contestant.carries:
        return
    if Can.CHUNKS not in contestant.can:
        outcome.left_out.append(LeftOut(contestant.name, "chunks", "has no remote iterators"))
        return
    for size in sizes:
        yield _Transfer(_Chunks(bulk, size), [_series(contestant, chunked(size), "ms", present)])


def _ways(contestant: Contestant, quick: bool, outcome: Outcome) -> Iterator[tuple[str, str]]:
    for kind in ("str", "bytes") if quick else ("str", "bytes", "bytearray", "memoryview"):
        if kind in contestant.carries:
            yield "up", kind
            if kind != "memoryview":
                yield "down", kind
        elif contestant.library != RAW:
            outcome.left_out.append(
                LeftOut(contestant.name, f"large values of {kind}", "does not carry them")
            )


def _peaks(client: Client, quick: bool, present: Sequence[Contestant]) -> Iterator[Turn]:
    contestant = client.contestant
    if quick and contestant.library not in (OURS, RAW, REAL_PYRO5):
        return
    for way, kind in _ways(contestant, quick, Outcome()):
        if quick and kind != "bytes":
            continue
        work = _WORK[way](contestant.bulk(), kind, LARGEST)
        here, there = os.getpid(), client.server
        ends = (here, there) if way == "up" else (there, here)
        series = []
        for end in ("sender", "receiver"):
            name, raw_name = memory(way, kind, end), memory(way, "bytes", end)
            series.append(_series(contestant, name, "x payload", present, raw_name))
            series[-1].references.clear()  # next to nothing, or one: no number to divide by
        yield _Peak(work, series, ends)


def _series(
    contestant: Contestant, name: str, unit: str, present: Sequence[Contestant], raw_name: str | None = None
) -> Series:
    compared = references(contestant.who, name, present, threads=True, raw_workload=raw_name)
    return Series(contestant.who, name, unit, "bulk", compared)


class _Up:
    def __init__(self, bulk: Bulk, kind: str, mebibytes: int) -> None:
        self._take, self._kind, self._size = bulk.take, kind, mebibytes * MIB

    def prepare(self) -> None:
        _payload(self._kind, self._size)
        self._take(_payload(self._kind, 256))  # the server lets go of what it got before

    def __call__(self) -> bool:
        return self._take(_payload(self._kind, self._size)) == self._size


class _Down:
    def __init__(self, bulk: Bulk, kind: str, mebibytes: int) -> None:
        self._bulk, self._kind, self._size = bulk, kind, mebibytes * MIB

    def prepare(self) -> None:
        self._bulk.hold(self._kind, self._size)

    def __call__(self) -> bool:
        data = self._bulk.give(self._kind, self._size)
        return len(data) == self._size and data[-4:] == _payload(self._kind, self._size)[-4:]


class _Chunks:
    def __init__(self, bulk: Bulk, mebibytes: int) -> None:
        self._bulk, self._size = bulk, mebibytes * MIB

    def prepare(self) -> None:
        pass

    def __call__(self) -> bool:
        return sum(len(chunk) for chunk in self._bulk.chunks(self._size // CHUNK)) == self._size


_WORK: dict[str, Callable[[Bulk, str, int], Any]] = {"up": _Up, "down": _Down}


@cache
def _payload(kind: str, size: int) -> Any:
    return payload(kind, size)


@dataclass(slots=True)
class _Transfer:
    work: Any
    series: Sequence[Series]
    count: int = 1

    def warm_up(self, seconds: float) -> None:
        took = self.take()[0] / 1000
        if took > _TOO_SLOW:
            raise RuntimeError(f"it takes {took:.0f} seconds")
        self.count = calibrate(seconds, took, 1)

    def take(self) -> Sequence[float]:
        """Milliseconds of one."""
        self.work.prepare()
        start = time.perf_counter()
        for _ in range(self.count):
            _checked(self)
        return [(time.perf_counter() - start) / self.count * 1000]


@dataclass(slots=True)
class _Peak:
    """:ivar ends: the processes of the sender and of the receiver."""

    work: Any
    series: Sequence[Series]
    ends: Sequence[int]

    def warm_up(self, seconds: float) -> None:
        self.work.prepare()

    def take(self) -> Sequence[float]:
        """Multiples of the payload, beyond what was there before. Less than a hundredth is of no account."""
        self.work.prepare()
        before = [_settled(each) for each in self.ends]
        for each in self.ends:
            reset_peak(each)
        _checked(self)
        beyond = [max(0, peak(each) - was) for each, was in zip(self.ends, before, strict=True)]
        return [round(each / (LARGEST * MIB), 2) for each in beyond]


def _settled(process: int) -> int:
    """Resident memory, once the process has given back what it no longer needs, after its answer."""
    limit, before = time.monotonic() + 1, -1
    while (now := resident(process)) != before and time.monotonic() < limit:
        before = now
        time.sleep(0.01)
    return now


def _checked(turn: Any) -> None:
    if not turn.work():
        raise WrongAnswer(f"{turn.series[0].who.name}: {turn.series[0].workload}: the answer is wrong")
