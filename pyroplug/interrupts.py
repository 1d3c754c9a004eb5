"""Ctrl-C while a daemon serves: it ends the loop, and not whatever code runs just then."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["interruptible"]


@contextmanager
def interruptible(wake: Callable[[], object]) -> Iterator[list[int]]:
    """Note the first Ctrl-C instead of raising it; raise ``KeyboardInterrupt`` when the block is over.

    A second one is raised at once. In any thread but the main one, and where the program has a handler of
    its own, nothing is changed.

    :param wake: called at the first one.
    """
    import signal  # not above: a client has no use for it

    noted: list[int] = []
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield noted
        return

    def note(number: int, _frame: Any) -> None:
        if noted:
            raise KeyboardInterrupt
        noted.append(number)
        wake()

    signal.signal(signal.SIGINT, note)
    try:
        yield noted
    finally:
        if signal.getsignal(signal.SIGINT) is note:
            signal.signal(signal.SIGINT, signal.default_int_handler)
    if noted:
        raise KeyboardInterrupt
