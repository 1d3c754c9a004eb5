"""Ctrl-C and SIGTERM while a daemon serves: they end the loop, and not whatever code runs just then."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

__all__ = ["interruptible", "terminable"]

Handler = Callable[[int, Any], None]

_ours: dict[int, tuple[Handler, Any]] = {}


@contextmanager
def interruptible(wake: Callable[[], object]) -> Iterator[list[int]]:
    """Note the first Ctrl-C instead of raising it; raise ``KeyboardInterrupt`` when the block is over.

    A second one is raised at once. In any thread but the main one, and where the program has a handler of
    its own, nothing is changed.

    :param wake: called at the first one.
    """
    import signal  # not above: a client has no use for it

    noted: list[int] = []

    def note(number: int, _frame: Any) -> None:
        if noted:
            raise KeyboardInterrupt
        noted.append(number)
        wake()

    with _handled(signal.SIGINT, signal.default_int_handler, note):
        yield noted
    if noted:
        raise KeyboardInterrupt


@contextmanager
def terminable(end: Callable[[], object], grace: float) -> Iterator[Callable[[], None]]:
    """Call ``end`` at the first SIGTERM in the block, instead of having it end the process.

    A second one ends the process at once. So does code that runs in this thread, and keeps the function that
    is given here from being called within ``grace`` seconds: it tells that the end goes its way. In any
    thread but the main one, and where the program has a handler of its own or ignores the signal, nothing is
    changed.
    """
    import signal

    watchdogs: list[threading.Timer] = []

    def note(number: int, _frame: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        watchdog = threading.Timer(grace, os.kill, (os.getpid(), number))
        watchdog.daemon = True
        watchdog.start()
        watchdogs.append(watchdog)
        end()

    def ends() -> None:
        for watchdog in watchdogs:
            watchdog.cancel()
            watchdog.join()

    with _handled(signal.SIGTERM, signal.SIG_DFL, note):
        try:
            yield ends
        finally:
            ends()


@contextmanager
def _handled(number: int, usual: Any, handler: Handler) -> Iterator[None]:
    """Have a signal handled, if this is the main thread and the signal's handler is the usual one."""
    import signal

    if threading.current_thread() is not threading.main_thread() or signal.getsignal(number) is not usual:
        yield
        return
    _care_for_forks()
    _ours[number] = (handler, usual)
    signal.signal(number, handler)
    try:
        yield
    finally:
        _ours.pop(number, None)
        if signal.getsignal(number) is handler:
            signal.signal(number, usual)


@cache
def _care_for_forks() -> None:
    os.register_at_fork(after_in_child=_restore)


def _restore() -> None:
    """In a process that was forked off: it serves nothing, and signals do to it what they usually do."""
    import signal

    for number, (handler, usual) in _ours.items():
        if signal.getsignal(number) is handler:
            signal.signal(number, usual)
    _ours.clear()
