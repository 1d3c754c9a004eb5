"""The show: every combination of plugins, in real processes, one result each."""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from itertools import count, product
from pathlib import Path

from pyroplug.plugins import Kind, PluginSet

from .child import ChildError
from .station import Plan, Station, Unreachable

__all__ = ["Outcome", "Result", "show"]

_WINDOW = 4
"""Servers that run at a time, each with its client."""


class Outcome(Enum):
    """What became of a combination."""

    RIGHT = "right"
    WRONG = "wrong"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one combination.

    :ivar serializer: ``None`` where the transport reaches no other process, and so none was tried.
    :ivar answer: what the stock holds in the end, in the client's words.
    :ivar microseconds: of a call, the median.
    :ivar problem: what is wrong.
    """

    server: str
    transport: str
    serializer: str | None
    outcome: Outcome
    answer: str | None = None
    microseconds: float | None = None
    problem: str | None = None


Progress = Callable[[int, int, str], object]
"""Told how many combinations are done, how many there are, and what is going on now."""


def show(plugins: PluginSet, *, timeout: float, calls: int, progress: Progress) -> list[Result]:
    """Play the story with every combination of server model, transport and serializer.

    :param timeout: seconds that processes get to start, and a combination to be played.
    :param calls: how many calls are measured.
    """
    serializers = plugins.names(Kind.SERIALIZER)
    plans = [
        Plan(server, transport, serializers)
        for server, transport in product(plugins.names(Kind.SERVER), plugins.names(Kind.TRANSPORT))
        if serializers
    ]
    with tempfile.TemporaryDirectory(prefix="pyroplug-", ignore_cleanup_errors=True) as folder:
        run = _Run(plugins, Path(folder), timeout, calls, progress)
        run.play_all(plans)
    order = {(plan.server, plan.transport): number for number, plan in enumerate(plans)}
    return sorted(run.results, key=lambda it: (order[it.server, it.transport], it.serializer or ""))


class _Run:
    """One show that is going on."""

    def __init__(
        self, plugins: PluginSet, folder: Path, timeout: float, calls: int, progress: Progress
    ) -> None:
        self.results: list[Result] = []
        self._plugins = plugins
        self._folder = folder
        self._timeout = timeout
        self._calls = calls
        self._progress = progress
        self._total = 0
        self._done = 0
        self._plans: deque[Plan] = deque()
        self._numbers = count(1)

    def play_all(self, plans: Sequence[Plan]) -> None:
        self._plans.extend(plans)
        self._total = sum(len(plan.serializers) for plan in plans)
        while self._plans:
            window = [self._plans.popleft() for _ in range(min(_WINDOW, len(self._plans)))]
            self._play_window(window)

    def _play_window(self, plans: Sequence[Plan]) -> None:
        """Start some servers at once; then use one after the other, so that each is measured alone."""
        self._tell("starting servers")
        with ExitStack() as ending:
            stations = []
            for plan in plans:
                station = Station(plan, self._folder / str(next(self._numbers)), self._timeout)
                ending.callback(station.close)
                if self._start(station):
                    stations.append(station)
            started = time.monotonic()
            ready = [station for station in stations if self._wait(station, started)]
            for station in ready:
                self._play(station)
            for station in stations:
                station.dismiss()

    def _start(self, station: Station) -> bool:
        plan = station.plan
        try:
            station.start(self._plugins.get(Kind.TRANSPORT, plan.transport))
        except Unreachable:
            self._total -= len(plan.serializers)
            self.results.append(Result(plan.server, plan.transport, None, Outcome.UNREACHABLE))
        except ChildError as error:
            self._fail(plan, plan.serializers, error)
        else:
            return True
        return False

    def _wait(self, station: Station, started: float) -> bool:
        plan = station.plan
        try:
            station.wait(started)
        except ChildError as error:
            if len(plan.serializers) == 1:
                self._fail(plan, plan.serializers, error)
            # It may be the fault of one serializer, and is then that one's alone.
            else:
                self._plans.extend(Plan(plan.server, plan.transport, (one,)) for one in plan.serializers)
            return False
        return True

    def _play(self, station: Station) -> None:
        plan = station.plan
        for number, serializer in enumerate(plan.serializers, 1):
            self._tell(f"{plan.server} {plan.transport} {serializer}")
            try:
                answer, microseconds = station.play(serializer, self._calls)
            except ChildError as error:
                self._fail(plan, (serializer,), error)
                # What is left of these processes is of no use to the others.
                if plan.serializers[number:]:
                    self._plans.append(Plan(plan.server, plan.transport, plan.serializers[number:]))
                return
            self._add(Result(plan.server, plan.transport, serializer, Outcome.RIGHT, answer, microseconds))

    def _fail(self, plan: Plan, serializers: Sequence[str], error: Exception) -> None:
        for serializer in serializers:
            self._add(Result(plan.server, plan.transport, serializer, Outcome.WRONG, problem=str(error)))

    def _add(self, result: Result) -> None:
        self._done += 1
        self.results.append(result)

    def _tell(self, doing: str) -> None:
        self._progress(self._done, self._total, doing)
