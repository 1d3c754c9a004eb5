"""Calls of one client, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.connected import Client, able, connected, taking_part
from benchmarks.contestant import RAW, Contestant
from benchmarks.references import references
from benchmarks.rounds import WrongAnswer, calibrate, measure_anew, measure_rounds
from benchmarks.series import LeftOut, Outcome, Plan, Progress, Series
from benchmarks.workloads import (
    Batch,
    ConnectCallClose,
    EchoRecord,
    EmptyCall,
    OnewayCalls,
    SingleCalls,
    Sum,
    Workload,
)

__all__ = ["CALLS", "Calls"]

CALLS: tuple[Workload, ...] = (
    EmptyCall(),
    Sum(),
    EchoRecord(),
    SingleCalls(),
    OnewayCalls(),
    Batch(),
    ConnectCallClose(),
)
_TIMES, _QUICK_TIMES = 3, 2
"""How many times all servers are started."""
_LEAD_IN = 20
"""One in so many calls is made in advance and not measured: the turn before left cold caches."""


class Calls:
    """Each contestant with each workload that it can do."""

    name = "calls"

    def plan(self, quick: bool) -> Plan:
        return Plan(rounds=16, turn=0.015, seconds=45) if quick else Plan(rounds=42, turn=0.025, seconds=150)

    def measure(
        self, contestants: Sequence[Contestant], plan: Plan, quick: bool, progress: Progress
    ) -> Outcome:
        needs = {workload.needs for workload in CALLS}
        present, outcome = taking_part(contestants, self.name, *needs)

        def measure(share: Plan) -> Outcome:
            progress(f"{self.name}: starting the servers")
            found = Outcome()
            with connected(present, self.name, found) as clients:
                turns = list(_turns(clients, present, found))
                found.add(measure_rounds(turns, share, self.name, progress))
            return found

        outcome.add(measure_anew(plan, _QUICK_TIMES if quick else _TIMES, measure))
        return outcome


def _turns(clients: Sequence[Client], present: Sequence[Contestant], outcome: Outcome) -> Iterator[_Turn]:
    for workload in CALLS:
        for client in clients:
            if workload.needs in client.contestant.can:
                yield _turn(client, workload, present)
            elif client.contestant.library != RAW:
                reason = f"not made for {workload.needs.value}"
                outcome.left_out.append(LeftOut(client.contestant.name, workload.name, reason))


@dataclass(slots=True)
class _Turn:
    client: Client
    workload: Workload
    series: Sequence[Series]
    subject: Any = None
    count: int = field(default=0)

    def warm_up(self, seconds: float) -> None:
        client, workload = self.client, self.workload
        self.subject = workload.prepare(client.contestant, client.address, client.remote)
        if not workload.verify(self.subject):
            raise WrongAnswer(f"{client.contestant.name}: {workload.name}: the answer is wrong")
        workload.run(self.subject, workload.fewest)
        single = workload.take(self.subject, workload.fewest)
        self.count = calibrate(seconds, single, workload.fewest)
        self.take()

    def take(self) -> Sequence[float]:
        """Microseconds of each."""
        if self.count > 1:
            self.workload.run(self.subject, 1 + self.count // _LEAD_IN)
        return [self.workload.take(self.subject, self.count) * 1e6]


def _turn(client: Client, workload: Workload, present: Sequence[Contestant]) -> _Turn:
    who = client.contestant.who
    compared = references(who, workload.name, able(present, workload.needs), workload.raw_threads)
    return _Turn(client, workload, [Series(who, workload.name, "µs", "calls", compared)])
