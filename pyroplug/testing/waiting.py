"""How long tests wait, and ways to wait that end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

__all__ = ["PATIENCE", "Waitable", "wait_for", "wait_until"]

PATIENCE = 20.0
"""Seconds after which a test that waits for something has failed; far more than anything needs."""

_GLANCE = 0.005


class Waitable(Protocol):
    """Anything with the ``wait`` of :class:`threading.Event`."""

    def wait(self, timeout: float, /) -> object: ...


def wait_for(event: Waitable, what: str = "the event") -> None:
    """Wait for an event; fail if it does not come."""
    assert event.wait(PATIENCE), f"{what} did not come within {PATIENCE:g} seconds"


def wait_until(condition: Callable[[], object], what: str = "the condition", limit: float = PATIENCE) -> None:
    """Wait for a state that no event tells of, such as what a peer in another process does.

    :param limit: seconds after which it fails.
    """
    deadline = time.monotonic() + limit
    glance = threading.Event()
    while not condition():
        if time.monotonic() >= deadline:  # no assertion: what the clock said is of no interest
            raise AssertionError(f"{what} was not there within {limit:g} seconds")
        glance.wait(_GLANCE)
