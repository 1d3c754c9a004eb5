"""A limit on what this process may take beyond what it has, where the system has such limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["memory_limit"]

ROOM = 1 << 30
_USED = "/proc/self/statm"


@contextmanager
def memory_limit(room: int = ROOM) -> Iterator[None]:
    """Have whatever takes too much memory fail with ``MemoryError``, instead of the machine.

    :param room: bytes of address space that there are for taking.
    """
    if not os.path.exists(_USED):  # not on this system
        yield
        return
    import resource

    with open(_USED) as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    hard = before[1]
    limit = used + room if hard == resource.RLIM_INFINITY else min(used + room, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
