"""What the transports' tests share: settings, helpers, and the watch over what is left behind."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

PATIENCE = 20.0
"""Seconds after which a test that waits for something has failed."""


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """No test leaves an open file or a thread behind it."""
    before = set(os.listdir("/proc/self/fd")), threading.active_count()
    yield
    assert (set(os.listdir("/proc/self/fd")), threading.active_count()) == before


@pytest.fixture
def settings() -> Any:
    return SimpleNamespace(SOCK_REUSE=True, SOCK_NODELAY=False, PREFER_IP_VERSION=0)


@pytest.fixture
def in_thread(nothing_left_behind: None) -> Iterator[Callable[..., Future[Any]]]:
    """Runs a function in a thread; its ``result()`` is asked for with a limit."""
    with ThreadPoolExecutor(max_workers=16) as executor:
        yield executor.submit


@pytest.fixture
def accept(nothing_left_behind: None) -> Callable[[Any], Any]:
    """Waits for the next connection of a listener."""

    def accept(listener: Any) -> Any:
        select.select([listener], [], [], PATIENCE)
        return listener.accept()

    return accept


@pytest.fixture
def in_child(nothing_left_behind: None) -> Callable[[Callable[[], None]], None]:
    """Runs a function in a forked process, which has to succeed."""

    def in_child(function: Callable[[], None]) -> None:
        pid = os.fork()
        if not pid:
            try:
                function()
                os._exit(0)
            finally:
                os._exit(1)
        assert os.waitpid(pid, 0)[1] == 0

    return in_child
