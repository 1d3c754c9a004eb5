"""What connections cost that do nothing: memory of the server, and time of the one that calls."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from benchmarks.clients import idle
from benchmarks.connected import able, installed
from benchmarks.contestant import Can, Contestant, Remote, ServerSetup
from benchmarks.processes import proportional
from benchmarks.rounds import calibrate, measure_rounds
from benchmarks.series import Key, LeftOut, Outcome, Plan, Progress, Series
from benchmarks.servers import Servers, allow_descriptors, end_process, environment
from benchmarks.workloads import EmptyCall

__all__ = ["ALONE", "IdleConnections", "active", "cost"]

ALONE = "none idle"
"""The heading for a comparison with the same contestant when there are no other connections."""
_MOST, _FEW = 10_000, 1_000
_SPARE = 200
"""Descriptors that a process needs besides those of the connections."""


def active(idle: int) -> str:
    """The name of a workload."""
    return f"empty call beside {idle:,} idle connections"


def cost(idle: int) -> str:
    """The name of a workload."""
    return f"server's memory for each of {idle:,} idle connections"


class IdleConnections:
    """A server for each number of connections, so that they can be compared by turns."""

    name = "idle"

    def plan(self, quick: bool) -> Plan:
        return Plan(rounds=9, turn=0.015, seconds=10) if quick else Plan(rounds=20, turn=0.02, seconds=40)

    def measure(
        self, contestants: Sequence[Contestant], plan: Plan, quick: bool, progress: Progress
    ) -> Outcome:
        chosen = [each for each in able(contestants, Can.IDLE) if each.setup.transport == "tcp"]
        # A serializer has no part in it.
        chosen = [each for each in chosen if each.serializer in ("msgpack", "brine")]
        present, left_out = installed(chosen, self.name)
        outcome = Outcome(left_out=left_out)
        levels = _levels(quick, outcome)
        for each in present:  # one after the other, as some have a thread for every connection
            outcome.add(_measure(each, levels, plan, progress))
        return outcome


def _levels(quick: bool, outcome: Outcome) -> list[int]:
    wanted = [_FEW] if quick else [_FEW, _MOST]
    room = allow_descriptors() - _SPARE
    for each in wanted:
        if each > room:
            why = f"this system allows {room + _SPARE:,} descriptors; measured with {room:,} instead"
            outcome.left_out.append(LeftOut("all", active(each), why))
    return [0, *dict.fromkeys(min(each, room) for each in wanted)]


def _measure(
    contestant: Contestant,
    levels: Sequence[int],
    plan: Plan,
    progress: Progress,
) -> Outcome:
    outcome = Outcome()
    who, turns = contestant.who, []
    with Servers() as servers, ExitStack() as stack:
        for level in levels:
            progress(f"idle: {contestant.name}, {level:,} connections")
            setup = replace(contestant.setup, connections=max(levels) + _SPARE, number=level)
            servers.start([setup])
            client = contestant.again()
            remote = client.connect(servers.address(setup))
            stack.callback(client.close)
            EmptyCall().run(remote, 100)
            try:
                memory = stack.enter_context(_idle(contestant, servers, setup, level))
            except RuntimeError as error:
                outcome.left_out.append(LeftOut(who.name, active(level), str(error)))
                continue
            compared: dict[str, Key] = {ALONE: (who.name, active(0))}
            turns.append(_Turn(remote, [Series(who, active(level), "µs", "idle", compared)]))
            if level:
                series = Series(who, cost(level), "KiB", "idle", rounds=[max(0, memory) / level / 1024])
                outcome.series.append(series)
        outcome.add(measure_rounds(turns, plan, f"idle: {contestant.name}", progress))
    return outcome


@contextmanager
def _idle(contestant: Contestant, servers: Servers, setup: ServerSetup, count: int) -> Iterator[float]:
    """Have so many connections: bytes that they take of the server's memory, together."""
    server = servers.process_id(setup)
    before = proportional(server)
    if not count:
        yield 0
        return
    process = subprocess.Popen(
        [sys.executable, "-m", idle.__name__, contestant.name, servers.address(setup), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline().strip()
        if said != "connected":
            raise RuntimeError(said or "its clients could not connect; what they said is above")
        yield proportional(server) - before
    finally:
        end_process(process)


@dataclass(slots=True)
class _Turn:
    remote: Remote
    series: Sequence[Series]
    count: int = 50

    def warm_up(self, seconds: float) -> None:
        self.count = calibrate(seconds, self.take()[0] / 1e6)

    def take(self) -> Sequence[float]:
        """Microseconds of a call."""
        calls = EmptyCall()
        calls.run(self.remote, 3)
        return [calls.take(self.remote, self.count) * 1e6]
