"""The pool of threads by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyroplug_servers.workers import Workers

from .scripted import PATIENCE, wait_until


@pytest.fixture
def make(nothing_left_behind: None) -> Iterator[Callable[..., Workers[Any]]]:
    made: list[Workers[Any]] = []

    def make(minimum: int, maximum: int) -> Workers[Any]:
        made.append(Workers("pool", minimum, maximum, lambda: lambda task: task()))
        return made[-1]

    yield make
    for workers in made:
        workers.close(time.monotonic() + PATIENCE)


def test_full_tells_whether_another_task_would_wait(make: Callable[..., Workers[Any]]) -> None:
    workers, gate = make(1, 2), threading.Event()
    assert not workers.full
    workers.submit(gate.wait)
    assert not workers.full
    workers.submit(gate.wait)
    assert workers.full
    workers.submit(gate.wait)
    wait_until(lambda: workers.all_busy)
    assert (len(workers), workers.outstanding) == (2, 3)
    gate.set()
    wait_until(lambda: not workers.outstanding)
    assert not workers.full


def test_nothing_that_a_task_raises_ends_a_thread(make: Callable[..., Workers[Any]]) -> None:
    workers, seen = make(1, 1), []

    def fail() -> None:
        seen.append(threading.current_thread())
        raise SystemExit

    for _ in range(3):
        workers.submit(fail)
    wait_until(lambda: not workers.outstanding)
    assert len(set(seen)) == 1
    assert len(seen) == 3


def test_a_system_without_room_for_threads(
    make: Callable[..., Workers[Any]], monkeypatch: Any, caplog: Any
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    workers, done = make(1, 3), []
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert workers.submit(lambda: done.append(1))
    assert "cannot start thread" in caplog.text
    assert len(workers) == 0
    workers.submit(lambda: done.append(2))
    wait_until(lambda: done == [1, 2])


def test_closed_pools_take_nothing(make: Callable[..., Workers[Any]]) -> None:
    workers = make(1, 3)
    workers.end()
    workers.end()
    assert not workers.submit(print)
    assert workers.full


def test_close_from_within_a_task(make: Callable[..., Workers[Any]]) -> None:
    workers, done = make(1, 3), threading.Event()

    def close() -> None:
        workers.close(time.monotonic() + PATIENCE)
        done.set()

    workers.submit(close)
    assert done.wait(PATIENCE)
