"""For the demo's child processes: their parent, at the other end of standard input and output."""

from __future__ import annotations

import json
import os
import queue
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["Parent", "described"]

_GRACE = 3.0
"""Seconds after which a process ends that was told to stop, whatever it does."""


class Parent:
    """Sends orders and is told of results, a line of JSON each. When it is gone, this process ends.

    :ivar stop: called when the parent is gone.
    """

    def __init__(self) -> None:
        self._orders: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.stop: Callable[[], object] = lambda: os._exit(0)
        # Plugins may read and print what they like: what is said here is not mixed up with it.
        self._input = os.fdopen(os.dup(0), encoding="utf-8")
        self._output = os.fdopen(os.dup(1), "w", encoding="utf-8")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        threading.Thread(target=self._listen, name="parent", daemon=True).start()

    def hear(self) -> dict[str, Any]:
        """The next order."""
        return self._orders.get()

    def tell(self, **message: Any) -> None:
        """Tell the parent something."""
        self._output.write(json.dumps(message) + "\n")
        self._output.flush()

    def _listen(self) -> None:
        # In a thread of its own, which notices the parent's end even while a plugin hangs.
        for line in self._input:
            self._orders.put(json.loads(line))
        emergency = threading.Timer(_GRACE, os._exit, (1,))
        emergency.daemon = True
        emergency.start()
        self.stop()


def described(error: BaseException) -> str:
    """An exception in the words of its author."""
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
