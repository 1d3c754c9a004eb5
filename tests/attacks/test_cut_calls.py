"""Connections that break off at any byte: a call that must run once never runs twice."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pyroplug import retrying
from pyroplug.api import BatchProxy, Proxy
from pyroplug.errors import CommunicationError
from tests.running import settings
from tests.support import PATIENCE

from .cutting import Cut, Relay
from .harness import MODELS, AttackedServer, Place


def add(proxy: Any, key: str) -> None:
    assert proxy.add(key) == key


def add_again(proxy: Any, key: str) -> None:
    assert proxy.add_again(key) == key


def batch(proxy: Any, key: str) -> None:
    calls = BatchProxy(proxy)
    calls.echo("first")
    calls.add(key)
    assert list(calls() or ()) == ["first", key]


def batch_one_way(proxy: Any, key: str) -> None:
    calls = BatchProxy(proxy)
    calls.add(key)
    calls(oneway=True)


def note(proxy: Any, key: str) -> None:
    proxy.note(key)


def assign(proxy: Any, key: str) -> None:
    proxy.last = key


class Cutting:
    """A server in a process of its own, and a relay before it."""

    def __init__(self, server: AttackedServer, relay: Relay) -> None:
        self.server, self.relay = server, relay
        self._number = 0

    def run(self, action: Callable[[Any, str], None], retries: int, *cuts: Cut) -> tuple[str, Any]:
        """Do it once, with the next connections cut: the key, and the error if there was one."""
        self._number += 1
        key = f"{action.__name__}-{self._number:06}"
        self.relay.cuts = list(cuts)
        changes = settings(COMMTIMEOUT=PATIENCE, MAX_RETRIES=retries)
        with Proxy[Any](f"PYRO:service@{self.relay.place}", config=changes) as proxy:
            try:
                action(proxy, key)
            except CommunicationError as error:
                return key, error
        return key, None

    def counts(self) -> dict[str, int]:
        """How often each call ran, when none can run any more."""
        with self.server.proxy() as proxy:
            found: dict[str, int] = proxy.counts()
        return found


@pytest.fixture(params=MODELS, ids=str)
def cutting(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Cutting]:
    monkeypatch.setattr(retrying, "wait", lambda _: None)
    place: Place = request.param
    with ExitStack() as stack:
        server = AttackedServer(place, tmp_path, service="tests.attacks.cutting:Counting")
        stack.callback(server.stop)
        if place.transport == "unix":
            relay = Relay(socket.AF_UNIX, server.location.removeprefix("./u:"))
        else:
            host, _, port = server.location.rpartition(":")
            relay = Relay(socket.AF_INET, (host, int(port)))
        stack.callback(relay.close)
        yield Cutting(server, relay)


def conversation(cutting: Cutting, action: Callable[[Any, str], None]) -> list[Cut]:
    """All places where a conversation of that kind can be cut."""
    assert cutting.run(action, 0)[1] is None
    up, down = cutting.relay.passed
    cuts = [Cut(up=size) for size in range(1, up + 1)]
    return cuts + [Cut(down=size) for size in range(1, down)]


@pytest.mark.parametrize("action", [add, batch, assign, note, batch_one_way])
@pytest.mark.parametrize("retries", [0, 3])
def test_what_may_run_once_never_runs_twice(
    cutting: Cutting, action: Callable[[Any, str], None], retries: int
) -> None:
    before = cutting.server.usage()
    outcomes = dict(cutting.run(action, retries, cut) for cut in conversation(cutting, action))
    cutting.server.wait_until_back(before, memory=64 << 20, threads=100)
    counts = cutting.counts()
    assert max(counts.values()) == 1
    answered = action in (add, batch, assign)
    for key, error in outcomes.items():
        count = counts.get(key, 0)
        if error is None:
            assert count == 1 or not answered, key
        elif error.unsent:
            assert count == 0, key
    failures = [error for error in outcomes.values() if error is not None]
    if retries:
        # Before the call is sent, another attempt harms nobody.
        assert all(not error.unsent for error in failures)
        assert len(failures) < len(outcomes)
    else:
        assert any(error.unsent for error in failures)
    if answered:
        assert any(counts.get(key) and error is not None for key, error in outcomes.items())


@pytest.mark.parametrize("retries", [1, 3])
def test_what_may_run_twice_is_repeated(cutting: Cutting, retries: int) -> None:
    before = cutting.server.usage()
    cuts = conversation(cutting, add_again)
    outcomes = dict(cutting.run(add_again, retries, *[cut] * retries) for cut in cuts)
    cutting.server.wait_until_back(before, memory=64 << 20, threads=100)
    counts = cutting.counts()
    for key, error in outcomes.items():
        assert error is None, key
        assert 1 <= counts[key] <= retries + 1
    assert max(counts.values()) == retries + 1
