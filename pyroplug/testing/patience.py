"""Work in other threads, which ends in time or fails its test."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from .suite import Suite
from .verdicts import fail
from .waiting import PATIENCE

__all__ = ["PatientSuite", "start"]


def start(function: Callable[..., Any], *args: Any) -> Future[Any]:
    """Run a function in a thread of its own; the future has what it returns or raises."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(function(*args))
        except BaseException as error:
            future.set_exception(error)

    # a daemon, so that one which hangs fails its test and not the whole run
    threading.Thread(target=run, name=getattr(function, "__name__", "test"), daemon=True).start()
    return future


class PatientSuite(Suite):
    """A suite in which nothing hangs for ever."""

    patience: float = PATIENCE
    """Seconds after which whatever has not happened is taken for something that never will."""

    def result_of(self, task: Future[Any], doing: str) -> Any:
        """What a task in another thread gives; the test fails if that takes longer than ``patience``.

        :param doing: what it is busy with, such as ``receiving``.
        """
        __tracebackhide__ = True
        try:
            return task.result(self.patience)
        except concurrent.futures.TimeoutError:
            if task.done():  # that was raised by the task itself
                raise
            fail(f"{doing} ends", f"it had not ended after {self.patience:g} seconds")

    def within(self, doing: str, function: Callable[..., Any], *args: Any) -> Any:
        """What a function returns that may hang, as it fails the test then."""
        __tracebackhide__ = True
        return self.result_of(start(function, *args), doing)
