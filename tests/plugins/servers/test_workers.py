"""The pool of threads by itself."""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyroplug_servers.fair import FairQueue, Task
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


@pytest.mark.parametrize("connections", [1, 3])
def test_nothing_is_lost_between_threads(connections: int, nothing_left_behind: None) -> None:
    """However often they interrupt each other; with one thread that runs calls, in the order of each."""
    done: dict[int, list[int]] = defaultdict(list)
    workers: Workers[Task] = Workers("pool", 0, 1, lambda: lambda task: task[0](), FairQueue(1))
    count = 3000

    def send(owner: int) -> None:
        for number in range(count):
            assert workers.submit((lambda number=number: done[owner].append(number), owner, 1))  # type: ignore[misc]
            if not number % 7:
                time.sleep(0)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=send, args=(owner,)) for owner in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_until(lambda: not workers.outstanding)
    finally:
        sys.setswitchinterval(interval)
        workers.close(time.monotonic() + PATIENCE)
    assert done == {owner: list(range(count)) for owner in range(connections)}
    assert workers.done == count * connections


def test_a_task_that_takes_long_holds_up_none_behind_it(nothing_left_behind: None) -> None:
    """Also of those that come without a lock, and are taken without one."""
    workers: Workers[Task] = Workers("pool", 0, 8, lambda: lambda task: task[0](), FairQueue(8))
    gate, done = threading.Event(), []
    for number in range(200):
        workers.submit((lambda number=number: gate.wait() if number == 50 else done.append(number), 1, 1))  # type: ignore[misc]
    try:
        wait_until(lambda: len(done) == 199)
        wait_until(lambda: workers.outstanding == 1)  # the others' threads have gone to sleep
    finally:
        gate.set()
        workers.close(time.monotonic() + PATIENCE)


def test_what_is_done_is_told_while_a_thread_goes_on(nothing_left_behind: None) -> None:
    """Also between calls that are taken without a lock: from that one sees that threads are not stuck."""
    workers: Workers[Task] = Workers("pool", 0, 1, lambda: lambda task: task[0](), FairQueue(1))
    gate, told = threading.Event(), list[int]()
    workers.submit((gate.wait, 1, 1))
    for _ in range(3):
        workers.submit((lambda: told.append(workers.done), 1, 1))
    gate.set()
    workers.close(time.monotonic() + PATIENCE)
    assert told == [1, 2, 3]


def test_what_comes_while_a_pool_closes_is_taken_or_refused(nothing_left_behind: None) -> None:
    for _ in range(20):
        workers: Workers[Task] = Workers("pool", 0, 2, lambda: lambda task: task[0](), FairQueue(2))
        done: list[int] = []
        accepted: list[int] = []
        begun = threading.Event()

        def send(
            workers: Workers[Task] = workers, done: Any = done, accepted: Any = accepted, begun: Any = begun
        ) -> None:
            for number in range(100_000):
                if not workers.submit((lambda number=number: done.append(number), 1, 1)):  # type: ignore[misc]
                    return
                accepted.append(number)
                if number == 20:
                    begun.set()

        thread = threading.Thread(target=send)
        thread.start()
        begun.wait(PATIENCE)
        workers.end()
        thread.join()
        workers.close(time.monotonic() + PATIENCE)
        assert sorted(done) == accepted
