"""What a test leaves behind: threads that still run, and descriptors that are still open."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback

from .waiting import wait_until

__all__ = ["GRACE", "Watch"]

GRACE = 5.0
"""Seconds in which threads that are about to end may end, and what they hold be closed."""

_DESCRIPTORS = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else ""


class Watch:
    """Knows what was there when it was made, and tells what has come since."""

    def __init__(self) -> None:
        self._threads = set(threading.enumerate())
        self._descriptors = _open_descriptors()

    def left_behind(self, grace: float = GRACE) -> list[str]:
        """What is new and stays, a line each.

        :param grace: seconds to wait for it to go away by itself.
        """
        deadline = time.monotonic() + grace
        for thread in self._new_threads():
            thread.join(max(0.0, deadline - time.monotonic()))
        lines = [f"thread {thread.name!r} still runs{_place(thread)}" for thread in self._new_threads()]
        try:
            # a server that outlives this test may be about to close its end of a connection
            wait_until(lambda: not self._new_descriptors(), limit=max(0.0, deadline - time.monotonic()))
        except AssertionError:
            opened = sorted(self._new_descriptors())
            lines += [f"descriptor {number} is still open: {target}" for number, target in opened]
        return lines

    def _new_threads(self) -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread not in self._threads]

    def _new_descriptors(self) -> set[tuple[int, str]]:
        return _open_descriptors() - self._descriptors


def _open_descriptors() -> set[tuple[int, str]]:
    """Each with what it refers to, so that a number which is used again is not taken for the same file."""
    found = set()
    for number in os.listdir(_DESCRIPTORS) if _DESCRIPTORS else ():
        try:
            found.add((int(number), os.readlink(f"{_DESCRIPTORS}/{number}")))
        except FileNotFoundError:  # it was open for the listing itself
            continue
    return found


def _place(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)
    return f", in:\n{''.join(traceback.format_stack(frame)[-2:])}" if frame else ""
