"""Which threads are in a daemon's request loop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Loops"]


class Loops:
    """Knows them, so that whoever ends the daemon can wait until they have left."""

    def __init__(self) -> None:
        self._threads: list[int] = []
        self._left = threading.Condition()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """This thread is in the loop during the block."""
        self._threads.append(threading.get_ident())
        try:
            yield
        finally:
            with self._left:
                self._threads.remove(threading.get_ident())
                self._left.notify_all()

    def wait_for_others(self, seconds: float) -> None:
        """Wait until all threads but this one have left, ``seconds`` at most."""
        own = threading.get_ident()
        with self._left:
            self._left.wait_for(lambda: not any(ident != own for ident in self._threads), seconds)
