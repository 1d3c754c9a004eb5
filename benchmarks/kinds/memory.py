"""How much memory a large value takes on its way.

Each is measured in a server and a client that have moved nothing before but a tiny value: memory that a
process has kept from earlier transfers would hide what the next one needs.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.children import Child
from benchmarks.clients import transfer
from benchmarks.connected import taking_part
from benchmarks.contestant import OURS, RAW, REAL_PYRO5, Can, Contestant
from benchmarks.processes import peak, reset_peak, resident
from benchmarks.rounds import WrongAnswer
from benchmarks.series import LeftOut, Outcome, Plan, Progress, Series
from benchmarks.served import MIB
from benchmarks.servers import Servers

__all__ = ["Memory", "memory"]

_SIZE, _QUICK_SIZE = 64, 16
"""MiB of the value."""


def memory(way: str, kind: str, end: str) -> str:
    """The name of a workload: the memory that a transfer takes at one end, the ``sender`` or ``receiver``."""
    return f"{kind} {way}, peak memory of the {end}"


class Memory:
    """Each contestant with each type that it carries, once."""

    name = "memory"

    def plan(self, quick: bool) -> Plan:
        return Plan(rounds=1, turn=1)

    def measure(
        self, contestants: Sequence[Contestant], plan: Plan, quick: bool, progress: Progress
    ) -> Outcome:
        chosen = [each for each in contestants if _takes_part(each, quick)]
        present, outcome = taking_part(chosen, self.name, Can.BULK)
        ways = [("bytes", "up"), ("bytes", "down"), ("bytearray", "up"), ("bytearray", "down")]
        ways += [] if quick else [("memoryview", "up"), ("str", "up"), ("str", "down")]
        for kind, way in ways:
            for each in present:
                series = [Series(each.who, memory(way, kind, end), "x payload", self.name) for end in _ENDS]
                if kind in each.carries and plan.wants(series):
                    progress(f"{self.name}: {each.name}, {kind} {way}")
                    _measure(each, way, kind, _QUICK_SIZE if quick else _SIZE, series, outcome)
        return outcome


_ENDS = ("sender", "receiver")


def _takes_part(contestant: Contestant, quick: bool) -> bool:
    """Neither the server model nor the transport changes what becomes of a large value."""
    if quick and contestant.library not in (OURS, RAW, REAL_PYRO5):
        return False
    return contestant.setup.model != "multiplex" and contestant.setup.transport == "tcp"


def _measure(
    contestant: Contestant, way: str, kind: str, mebibytes: int, series: Sequence[Series], outcome: Outcome
) -> None:
    try:
        shares = _shares(contestant, way, kind, mebibytes * MIB)
    except WrongAnswer:
        raise
    except RuntimeError as error:
        outcome.left_out.append(LeftOut(contestant.name, f"memory for {kind} {way}", str(error)))
        return
    for each, share in zip(series, shares, strict=True):
        each.rounds.append(share)
        outcome.series.append(each)


def _shares(contestant: Contestant, way: str, kind: str, size: int) -> list[float]:
    """Of the sender and the receiver: the most resident memory beyond that before, in sizes of the value.

    Less than a hundredth is of no account.
    """
    with Servers() as servers, Child(transfer.__name__) as client:
        servers.start([contestant.setup])
        client.ask("prepare", contestant.name, servers.address(contestant.setup), way, kind, size)
        server = servers.process_id(contestant.setup)
        ends = (client.pid, server) if way == "up" else (server, client.pid)
        before = [resident(each) for each in ends]
        for each in ends:
            reset_peak(each)
        if not client.ask("move"):
            raise WrongAnswer(f"{contestant.name}: {kind} {way}: the answer is wrong")
        beyond = [max(0, peak(each) - was) for each, was in zip(ends, before, strict=True)]
    return [round(each / size, 2) for each in beyond]
