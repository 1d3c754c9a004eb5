"""What connections cost that do nothing: memory of the server, and time of those that call or come anew."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from benchmarks.children import Child
from benchmarks.clients import idle
from benchmarks.connected import taking_part
from benchmarks.contestant import Can, Contestant, Remote, ServerSetup
from benchmarks.processes import proportional
from benchmarks.rounds import Turn, calibrate, measure_rounds
from benchmarks.series import LeftOut, Outcome, Plan, Progress, Series
from benchmarks.servers import Servers, allow_descriptors
from benchmarks.workloads import EmptyCall, FirstAnswer, Workload

__all__ = ["ALONE", "IN_USE", "IdleConnections", "active", "cost", "first"]

ALONE = "none idle"
"""The heading for a comparison with the same contestant when there are no other connections."""
_MOST, _FEW = 10_000, 1_000
_SPARE = 200
"""Descriptors that a process needs besides those of the connections."""
_USED = 100
"""Connections, more than a pool of threads holds by default: 80 in pyroplug and in real Pyro5."""
IN_USE = f"a new client's first answer beside {_USED} connections, all just used"


def active(idle: int) -> str:
    """The name of a workload."""
    return f"empty call beside {idle:,} idle connections"


def first(idle: int) -> str:
    """The name of a workload."""
    return f"a new client's first answer beside {idle:,} idle connections"


def cost(idle: int) -> str:
    """The name of a workload."""
    return f"server's memory for each of {idle:,} idle connections"


class IdleConnections:
    """A server for each number of connections, so that they can be compared by turns."""

    name = "idle"

    def plan(self, quick: bool) -> Plan:
        return Plan(rounds=11, turn=0.01, seconds=10) if quick else Plan(rounds=25, turn=0.03, seconds=40)

    def measure(
        self, contestants: Sequence[Contestant], plan: Plan, quick: bool, progress: Progress
    ) -> Outcome:
        chosen = [each for each in contestants if each.setup.transport == "tcp"]
        # A serializer has no part in it.
        chosen = [each for each in chosen if each.serializer in ("msgpack", "brine")]
        present, outcome = taking_part(chosen, self.name, Can.IDLE)
        levels = _levels(quick, outcome)
        for each in present:  # one after the other, as some have a thread for every connection
            with Servers() as servers, ExitStack() as stack:
                places = _Places(each, servers, stack, outcome, progress)
                turns = list(_turns(places, levels))
                outcome.add(measure_rounds(turns, plan, f"{self.name}: {each.name}", progress))
        return outcome


def _levels(quick: bool, outcome: Outcome) -> list[int]:
    wanted = [_FEW] if quick else [_FEW, _MOST]
    room = allow_descriptors() - _SPARE
    for each in wanted:
        if each > room:
            why = f"this system allows {room + _SPARE:,} descriptors; measured with {room:,} instead"
            outcome.left_out.append(LeftOut("all", active(each), why))
    return list(dict.fromkeys(min(each, room) for each in wanted))


def _turns(places: _Places, levels: Sequence[int]) -> Iterator[Turn]:
    room = max(levels) + _SPARE
    none = places.alone(room)
    there = {level: place for level in levels if (place := places.make(level, level, room))}
    used = places.make(_USED, 1, 0)
    beside = list(there.values())
    works = [_Work(EmptyCall(), each.remote) for each in (none, *beside)]
    yield _turn(places, works, [active(0), *map(active, there)])
    works = [_Work(FirstAnswer(), each.newcomer()) for each in (none, *beside)]
    names = [first(0), *map(first, there)]
    if used is not None:
        works.append(_Work(FirstAnswer(), used.newcomer(), used.crowd))
        names.append(IN_USE)
    yield _turn(places, works, names)


def _turn(places: _Places, works: Sequence[_Work], names: Sequence[str]) -> Turn:
    who = places.contestant.who
    compared = {ALONE: (who.name, names[0])}
    return _Turn(works, [Series(who, each, "µs", "idle", dict(compared)) for each in names])


@dataclass(frozen=True, slots=True)
class _Place:
    """A server, one client that is connected with it, and the process that has all other connections."""

    contestant: Contestant
    address: str
    remote: Remote
    crowd: Child | None = None

    def newcomer(self) -> tuple[Contestant, str]:
        """What a new client takes."""
        return self.contestant.again(), self.address


@dataclass(frozen=True, slots=True)
class _Places:
    contestant: Contestant
    servers: Servers
    stack: ExitStack
    outcome: Outcome
    progress: Progress

    def alone(self, room: int) -> _Place:
        """A server without other connections."""
        return self._place(replace(self.contestant.setup, connections=room))

    def make(self, connections: int, number: int, room: int) -> _Place | None:
        """A server with so many connections, or a note on why it cannot have them.

        :param number: the server's.
        :param room: for how many it is set up; 0 for its default.
        """
        name, outcome = self.contestant.name, self.outcome
        self.progress(f"idle: {name}, {connections:,} connections")
        setup = replace(self.contestant.setup, connections=room, number=number)
        place, server = self._place(setup), self.servers.process_id(setup)
        before = proportional(server)
        crowd = self.stack.enter_context(Child(idle.__name__))
        try:
            crowd.ask("connect", name, place.address, connections)
        except RuntimeError as error:
            what = active(connections) if room else IN_USE
            outcome.left_out.append(LeftOut(name, what, str(error)))
            return None
        if room:
            share = max(0, proportional(server) - before) / connections / 1024
            outcome.series.append(
                Series(self.contestant.who, cost(connections), "KiB", "idle", rounds=[share])
            )
        return replace(place, crowd=crowd)

    def _place(self, setup: ServerSetup) -> _Place:
        self.servers.start([setup])
        client = self.contestant.again()
        remote = client.connect(self.servers.address(setup))
        self.stack.callback(client.close)
        EmptyCall().run(remote, 100)
        return _Place(self.contestant, self.servers.address(setup), remote)


@dataclass(slots=True)
class _Work:
    """:ivar crowd: those that all make a call right before it."""

    workload: Workload
    subject: object
    crowd: Child | None = None
    count: int = 3

    def take(self) -> float:
        """Microseconds of each."""
        if self.crowd is None:
            return self.workload.take(self.subject, self.count) * 1e6
        self.crowd.ask("call")
        return self.workload.take(self.subject, 1) * 1e6


@dataclass(slots=True)
class _Turn:
    """Alone, beside the ones, alone, beside the others, alone: what is compared lies within moments."""

    works: Sequence[_Work]
    series: Sequence[Series]

    def warm_up(self, seconds: float) -> None:
        for each in self.works:
            each.take()
            each.count = calibrate(seconds, each.take() / 1e6)

    def take(self) -> Sequence[float]:
        none, *others = self.works
        alone, beside = [none.take()], []
        for each in others:
            beside.append(each.take())
            alone.append(none.take())
        return [statistics.mean(alone), *beside]
