"""How a daemon of a command runs: until Ctrl-C or SIGTERM, and not a moment less in order."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["ready_to_end"]

_MAY_WAIT = hasattr(signal, "pthread_sigmask")


@contextmanager
def ready_to_end() -> Iterator[Callable[[], bool]]:
    """Have SIGTERM wait until the daemon's loop can take it: from outside, the two look the same.

    Who reads a URI that was printed may end the server at once, before its loop has begun. What is given
    here is the loop's condition, whose first call says that it has.
    """
    waiting = None
    if _MAY_WAIT:
        waiting = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def begun() -> bool:
        nonlocal waiting
        if waiting is not None:
            before, waiting = waiting, None
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return True

    try:
        yield begun
    finally:
        begun()
