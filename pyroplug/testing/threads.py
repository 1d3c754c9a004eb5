"""Many threads at once, which change places far more often than they would by themselves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from .suite import Breach
from .waiting import PATIENCE

__all__ = ["at_once", "hasty"]

_HASTE = 1e-5
"""Seconds after which another thread has its turn; usually these are five milliseconds."""


@contextmanager
def hasty() -> Iterator[None]:
    """Have threads take turns so often that what happens once a week happens now."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_HASTE)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def at_once(law: str, threads: int, use: Callable[[int], None]) -> None:
    """Run a function in many threads.

    :param law: what is broken if it raises anything but a :exc:`Breach`.
    :param use: is given the thread's number.
    """
    with hasty(), ThreadPoolExecutor(threads) as pool:
        for task in [pool.submit(use, number) for number in range(threads)]:
            try:
                task.result(PATIENCE)
            except Breach as breach:
                raise Breach(
                    f"with {threads} threads at once: {breach.law}", breach.found, breach.hint
                ) from None
            except Exception as error:
                raise Breach(law, f"with {threads} at once: {type(error).__name__}: {error}") from error
