"""Servers that call each other in a circle: it works where threads allow it, and ends in time where not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pyroplug.api import Proxy, expose
from pyroplug.errors import TimeoutError

from .running import Running, Way
from .support import PATIENCE

LIMIT = 0.3


@expose
class Station:
    """Hands a call on to the next station."""

    def __init__(self) -> None:
        self.following = ""

    def hand_on(self, stations: int, limit: float) -> list[str]:
        if not stations:
            return ["arrived"]
        with Proxy[Any](self.following) as station:
            station._pyroTimeout = limit
            return ["handed on", *station.hand_on(stations - 1, limit)]

    def echo(self, value: Any) -> Any:
        return value


def circle(run_daemon: Callable[..., Running], way: Way, size: int, **items: Any) -> list[Running]:
    """Daemons, each of which has a station that hands on to the next one's, and the last to the first."""
    stations = [Station() for _ in range(size)]
    daemons = [run_daemon(way, station=station, **items) for station in stations]
    for at, station in enumerate(stations):
        station.following = str(daemons[(at + 1) % size].daemon.uriFor("station"))
    return daemons


@pytest.mark.parametrize("size", [1, 2, 3])
def test_with_threads_it_works(run_daemon: Callable[..., Running], size: int) -> None:
    first = circle(run_daemon, Way("threadpool"), size)[0].proxy("station")
    assert first.hand_on(size * 2, PATIENCE) == ["handed on"] * size * 2 + ["arrived"]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_in_a_single_loop_it_ends_in_time(run_daemon: Callable[..., Running], size: int) -> None:
    daemons = circle(run_daemon, Way("multiplex"), size)
    with pytest.raises(TimeoutError, match=f"within {LIMIT:g} seconds"):
        daemons[0].proxy("station").hand_on(size, LIMIT)
    for daemon in daemons:
        assert daemon.proxy("station").echo("goes on") == "goes on"


def test_with_too_few_threads_it_ends_in_time(run_daemon: Callable[..., Running]) -> None:
    [only] = circle(run_daemon, Way("threadpool"), 1, THREADPOOL_SIZE=2, THREADPOOL_SIZE_MIN=1)
    proxy = only.proxy("station")
    assert proxy.hand_on(1, PATIENCE) == ["handed on", "arrived"]
    with pytest.raises(TimeoutError, match="within"):
        proxy.hand_on(5, LIMIT)
    assert only.proxy("station").echo("goes on") == "goes on"


@pytest.mark.parametrize("model", ["threadpool", "multiplex"])
def test_the_callers_own_limit(run_daemon: Callable[..., Running], model: str) -> None:
    """The caller waits no longer than it said, whatever the servers allow each other."""
    daemons = circle(run_daemon, Way(model), 2, THREADPOOL_SIZE=1, THREADPOOL_SIZE_MIN=1)
    proxy = daemons[0].proxy("station")
    proxy._pyroTimeout = LIMIT
    with pytest.raises(TimeoutError, match=f"within {LIMIT:g} seconds"):
        proxy.hand_on(2, LIMIT * 4)
    for daemon in daemons:
        assert daemon.proxy("station").echo("goes on") == "goes on"
