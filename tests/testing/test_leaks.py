"""The watch over leaks sees them, and the waiting ends."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest
from hypothesis import settings

from pyroplug.testing.leaks import Watch
from pyroplug.testing.waiting import wait_for, wait_until

needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="descriptors cannot be listed")


def test_nothing_new_is_nothing_left() -> None:
    assert Watch().left_behind() == []


def test_a_thread_that_stays_is_told_with_its_place() -> None:
    release = threading.Event()
    watch = Watch()
    thread = threading.Thread(target=release.wait, name="stayer")
    thread.start()
    (line,) = watch.left_behind(grace=0.01)
    release.set()
    thread.join()
    assert line.startswith("thread 'stayer' still runs, in:")
    assert "wait" in line
    assert watch.left_behind() == []


def test_a_thread_that_ends_by_itself_is_waited_for() -> None:
    go = threading.Event()
    watch = Watch()
    threading.Thread(target=lambda: go.wait(0.05)).start()
    assert watch.left_behind() == []


@needs_proc
def test_an_open_descriptor_is_told_with_what_it_is() -> None:
    watch = Watch()
    reader, writer = os.pipe()
    lines = watch.left_behind(grace=0.01)
    os.close(reader)
    os.close(writer)
    assert [line.split(": ")[0] for line in lines] == [
        f"descriptor {number} is still open" for number in (reader, writer)
    ]
    assert all("pipe:" in line for line in lines)


@needs_proc
def test_a_number_that_is_used_again_is_seen() -> None:
    first, second = os.pipe()
    watch = Watch()
    os.close(first)
    null = os.open(os.devnull, os.O_RDONLY)
    lines = watch.left_behind(grace=0.01)
    os.close(null)
    os.close(second)
    assert null == first
    assert lines == [f"descriptor {null} is still open: {os.devnull}"]


def test_waiting_ends() -> None:
    with pytest.raises(AssertionError, match="the cheese was not there within"):
        wait_until(lambda: False, "the cheese", limit=0.01)
    wait_until(iter([0, 0, 1]).__next__)
    event = threading.Event()
    event.set()
    wait_for(event)


def test_the_environment_is_clean() -> None:
    assert not [name for name in os.environ if name.startswith(("PYRO_", "PYROPLUG_"))]


def test_no_time_limit_on_examples() -> None:
    assert settings().deadline is None
    assert settings.get_profile("ci").derandomize


def test_what_a_thread_returns_or_raises(in_thread: Callable[..., object]) -> None:
    assert in_thread(pow, 2, 3).result(5) == 8  # type: ignore[attr-defined]
    with pytest.raises(ZeroDivisionError):
        in_thread(divmod, 1, 0).result(5)  # type: ignore[attr-defined]
