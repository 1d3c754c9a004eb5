"""How long large values take: up, down, and down by chunks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from benchmarks.connected import Client, connected, taking_part
from benchmarks.contestant import RAW, Bulk, Can, Contestant
from benchmarks.references import references
from benchmarks.rounds import Turn, WrongAnswer, calibrate, measure_anew, measure_rounds
from benchmarks.series import LeftOut, Outcome, Plan, Progress, Series
from benchmarks.served import CHUNK, MIB, payload

__all__ = ["BulkTransfers", "chunked", "transfer"]

_SIZES, _QUICK_SIZES = (1, 8, 64), (1, 16)
"""In MiB."""
_TIMES, _QUICK_TIMES = 4, 2
"""How many times all servers are started: where memory happens to lie decides how fast it is copied."""
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


class BulkTransfers:
    """Each contestant with each type that it carries, in several sizes."""

    name = "bulk"

    def plan(self, quick: bool) -> Plan:
        return Plan(rounds=8, turn=0.02, seconds=24) if quick else Plan(rounds=12, turn=0.05, seconds=80)

    def measure(
        self, contestants: Sequence[Contestant], plan: Plan, quick: bool, progress: Progress
    ) -> Outcome:
        chosen = [each for each in contestants if _takes_part(each, quick)]
        present, outcome = taking_part(chosen, self.name, Can.BULK)

        def measure(share: Plan) -> Outcome:
            progress(f"{self.name}: starting the servers")
            found = Outcome()
            _payload.cache_clear()
            with connected(present, self.name, found) as clients:
                turns = [turn for client in clients for turn in _turns(client, quick, present, found)]
                turns.sort(key=_place)
                found.add(measure_rounds(turns, share, self.name, progress))
            return found

        outcome.add(measure_anew(plan, _QUICK_TIMES if quick else _TIMES, measure))
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


def _series(
    contestant: Contestant, name: str, unit: str, present: Sequence[Contestant], raw_name: str = ""
) -> Series:
    compared = references(contestant.who, name, present, threads=True, raw_workload=raw_name)
    return Series(contestant.who, name, unit, "bulk", compared)


class _Up:
    def __init__(self, bulk: Bulk, kind: str, mebibytes: int) -> None:
        self._take, self._kind, self._size = bulk.take, kind, mebibytes * MIB

    def prepare(self, count: int) -> None:
        _payload(self._kind, self._size)

    def __call__(self) -> bool:
        return self._take(_payload(self._kind, self._size)) == self._size


class _Down:
    def __init__(self, bulk: Bulk, kind: str, mebibytes: int) -> None:
        self._bulk, self._kind, self._size = bulk, kind, mebibytes * MIB

    def prepare(self, count: int) -> None:
        self._bulk.hold(self._kind, self._size, count)

    def __call__(self) -> bool:
        data = self._bulk.give(self._kind, self._size)
        return len(data) == self._size and data[-4:] == _payload(self._kind, self._size)[-4:]


class _Chunks:
    def __init__(self, bulk: Bulk, mebibytes: int) -> None:
        self._bulk, self._size = bulk, mebibytes * MIB

    def prepare(self, count: int) -> None:
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
        self.work.prepare(self.count)
        start = time.perf_counter()
        for _ in range(self.count):
            if not self.work():
                raise WrongAnswer(
                    f"{self.series[0].who.name}: {self.series[0].workload}: the answer is wrong"
                )
        return [(time.perf_counter() - start) / self.count * 1000]
