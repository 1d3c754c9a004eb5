"""Refusals: counted each, logged once a burst."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from pyroplug.api import Proxy
from pyroplug.refusals import TELL_EVERY, Refusals

from .running import BOTH_MODELS, Running, Way
from .served import Thing


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def refusals(clock: Clock) -> Refusals:
    return Refusals(threading.RLock(), clock)


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """Gives what was logged since it was asked last."""
    caplog.set_level(logging.WARNING, "pyroplug.refusals")

    def told() -> list[str]:
        lines = [record.getMessage() for record in caplog.records if record.name == "pyroplug.refusals"]
        caplog.clear()
        return lines

    return told


def test_each_is_counted_by_its_limit(refusals: Refusals) -> None:
    assert refusals.counts() == {}
    assert str(refusals) == ""
    for limit in ("MOST", "LEAST", "MOST"):
        refusals.note(limit, "somebody is refused")
    assert refusals.counts() == {"LEAST": 1, "MOST": 2}
    assert str(refusals) == "LEAST 1, MOST 2"


def test_a_burst_is_told_once(refusals: Refusals, told: Any) -> None:
    for number in range(1000):
        refusals.note("MOST", f"number {number} is refused")
    assert told() == ["number 0 is refused"]


def test_another_limit_is_told_by_itself(refusals: Refusals, told: Any) -> None:
    refusals.note("MOST", "one")
    refusals.note("LEAST", "two")
    assert told() == ["one", "two"]


def test_a_long_burst_is_told_every_minute(refusals: Refusals, clock: Clock, told: Any) -> None:
    for number in range(180):
        refusals.note("MOST", f"number {number}")
        clock.now += TELL_EVERY / 60
    more = "(and 59 more of the kind)"
    assert told() == ["number 0", f"number 60 {more}", f"number 120 {more}"]


def test_what_was_not_told_is_told_when_the_burst_is_over(
    refusals: Refusals, clock: Clock, told: Any
) -> None:
    for _ in range(5):
        refusals.note("MOST", "somebody")
    assert told() == ["somebody"]
    refusals.housekeeping()
    assert told() == []
    clock.now += TELL_EVERY
    refusals.housekeeping()
    assert told() == ["somebody (and 3 more of the kind)"]
    clock.now += TELL_EVERY
    refusals.housekeeping()
    assert told() == []


def test_a_new_burst_is_told_at_once(refusals: Refusals, clock: Clock, told: Any) -> None:
    refusals.note("MOST", "one")
    clock.now += TELL_EVERY
    refusals.note("MOST", "two")
    assert told() == ["one", "two"]


def test_none_is_lost_between_threads(
    refusals: Refusals, in_thread: Callable[..., Future[Any]], told: Any
) -> None:
    def refuse() -> None:
        for _ in range(1000):
            refusals.note("MOST", "somebody")

    for done in [in_thread(refuse) for _ in range(4)]:
        done.result(20)
    assert refusals.counts() == {"MOST": 4000}
    assert told() == ["somebody"]


@pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
def test_a_daemon_tells_them_to_its_operator(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Thing())
    daemon = running.daemon
    with Proxy(daemon.uriFor("Pyro.Daemon")) as proxy:
        assert "refused" not in proxy.info()
        assert daemon._host is not None
        daemon._host.refused("MOST", "somebody is refused")
        assert daemon.refusals.counts() == {"MOST": 1}
        assert proxy.info().endswith("; refused by limits: MOST 1")
