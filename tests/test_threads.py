from __future__ import annotations

import logging
import threading

import pytest

from pyroplug import threads as module
from pyroplug.threads import SpareThreads

from .support import PATIENCE, wait_for, wait_until


def test_runs_tasks_side_by_side_in_daemon_threads() -> None:
    threads = SpareThreads("helper")
    meeting = threading.Barrier(3)
    seen: list[tuple[str, bool]] = []

    def meet() -> None:
        seen.append((threading.current_thread().name, threading.current_thread().daemon))
        meeting.wait(PATIENCE)

    threads.start(meet)
    threads.start(meet)
    meeting.wait(PATIENCE)
    assert seen == [("helper", True)] * 2
    threads.close()


def test_threads_are_used_again() -> None:
    threads = SpareThreads("helper")
    idents = set()
    for _ in range(20):
        done = threading.Event()

        def task(done: threading.Event = done) -> None:
            idents.add(threading.get_ident())
            done.set()

        threads.start(task)
        wait_for(done)
        wait_until(lambda: threads._idle == 1)
    assert len(idents) == 1
    threads.close()


def test_a_task_that_fails_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    threads = SpareThreads("helper")
    with caplog.at_level(logging.ERROR, logger="pyroplug.threads"):
        threads.start(lambda: {}["nothing"])
        wait_until(lambda: threads._idle == 1)
    assert "'helper' failed" in caplog.text
    done = threading.Event()
    threads.start(done.set)
    wait_for(done)
    threads.close()


def test_idle_threads_end_when_it_is_closed_and_it_can_go_on() -> None:
    threads = SpareThreads("helper")
    before = threading.active_count()
    for _ in range(2):
        done = threading.Event()
        threads.start(done.set)
        wait_for(done)
        wait_until(lambda: threads._idle == 1)
        threads.close()
        wait_until(lambda: threading.active_count() == before)


def test_and_by_themselves_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    threads = SpareThreads("helper")
    before = threading.active_count()
    threads.start(lambda: None)
    wait_until(lambda: threading.active_count() == before)
    assert threads._idle == 0


def test_without_room_for_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads = SpareThreads("helper")
    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(RuntimeError, match="new thread"):
        threads.start(lambda: None)
