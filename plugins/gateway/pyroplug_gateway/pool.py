"""Connections with remote objects, kept from one request to the next.

A proxy belongs to one thread at a time: whoever takes one here becomes its owner. Limits hold for each
object and for all of them, so that an object which does not answer leaves connections and threads for others.
"""

from __future__ import annotations

import select
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from pyroplug.api import Proxy
from pyroplug.config import Configuration

from .failures import Failure

__all__ = ["Lease", "Pool"]

LONGEST_WAIT = 1.0
"""Seconds to wait for a connection of others; more would have one slow object hold all threads."""
_SWEEP = 1.0
"""Seconds between two looks for idle connections."""


class Lease:
    """A proxy from a pool, which goes back there at the end of a ``with`` block unless it is kept.

    :ivar proxy: belongs to the thread that entered the block.
    """

    __slots__ = ("_kept", "_limited", "_pool", "_uri", "_usual", "proxy")

    def __init__(self, pool: Pool, uri: str, timeout: float | None) -> None:
        self._pool, self._uri, self._kept = pool, uri, False
        self.proxy = pool.take(uri)
        self._limited = timeout is not None
        if self._limited:
            self._usual, self.proxy._pyroTimeout = self.proxy._pyroTimeout, timeout

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._kept:
            self.end()

    def keep(self) -> None:
        """Have it beyond the block: ``end`` is to be called."""
        self._kept = True

    def end(self) -> None:
        """Give it back."""
        if self._limited:
            self.proxy._pyroTimeout = self._usual
        self._pool.give(self._uri, self.proxy)


class Pool:
    """Proxies by their URIs. May be used by many threads at once."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        most: int,
        most_each: int,
        idle_time: float,
        clock: Callable[[], float] = time.monotonic,
        make: Callable[..., Any] = Proxy,
    ) -> None:
        """
        :param configuration: of the proxies.
        :param most: connections in all.
        :param most_each: connections with one object.
        :param idle_time: seconds that one is kept that nobody needs; with 0 none is kept.
        """
        self._configuration = configuration
        self._most, self._most_each, self._idle_time = most, most_each, idle_time
        self._clock, self._make = clock, make
        self._changed = threading.Condition()
        self._idle: dict[str, deque[tuple[Any, float]]] = {}  # the one used last is at the right
        self._count: defaultdict[str, int] = defaultdict(int)
        self._total = self._waiting = 0
        self._next_sweep = 0.0
        self._closed = False

    def lease(self, uri: str, timeout: float | None = None) -> Lease:
        """A proxy to use in a ``with`` block. Raises as ``take`` does.

        :param timeout: seconds that its calls may take; ``None`` for what the configuration says.
        """
        return Lease(self, uri, timeout)

    def take(self, uri: str) -> Any:
        """A proxy that belongs to this thread until it is given back; it need not be connected.

        :raises Failure: 503: there are none left.
        :raises PyroError: the URI is unusable.
        """
        proxy, old = self._found(uri)
        for each in old:
            _end(each)
        if proxy is not None:
            proxy._pyroClaimOwnership()
            if _is_stale(proxy):
                proxy._pyroRelease()
            return proxy
        try:
            return self._make(uri, config=self._configuration)
        except BaseException:
            self._left(uri)
            raise

    def give(self, uri: str, proxy: Any) -> None:
        """Give back what was taken. It is kept if it is connected."""
        keep = self._idle_time > 0 and proxy._pyroConnection is not None and not self._closed
        if not keep:
            proxy._pyroRelease()
            self._left(uri)
            return
        with self._changed:
            self._idle.setdefault(uri, deque()).append((proxy, self._clock()))
            if self._waiting:
                self._changed.notify_all()

    def close(self) -> None:
        """End all idle connections; what is given back later is not kept."""
        with self._changed:
            self._closed = True
            old = [proxy for kept in self._idle.values() for proxy, _ in kept]
            for uri, kept in self._idle.items():
                self._leave(uri, len(kept))
            self._idle.clear()
        for each in old:
            _end(each)

    def sweep(self) -> None:
        """End what has been idle for too long; also done now and then by ``take``."""
        with self._changed:
            old = self._expired()
        for each in old:
            _end(each)

    def _found(self, uri: str) -> tuple[Any, list[Any]]:
        """An idle proxy, or ``None`` if one may be made; and proxies to end."""
        with self._changed:
            old = self._expired() if self._clock() >= self._next_sweep else []
            deadline = time.monotonic() + LONGEST_WAIT
            while True:
                idle = self._idle.get(uri)
                if idle:
                    return idle.pop()[0], old
                if self._count[uri] < self._most_each:
                    if self._total >= self._most:
                        old += self._evicted()
                    if self._total < self._most:
                        self._count[uri] += 1
                        self._total += 1
                        return None, old
                self._wait(deadline, old)

    def _wait(self, deadline: float, old: list[Any]) -> None:
        self._waiting += 1
        try:
            if not self._changed.wait(deadline - time.monotonic()):
                raise Failure(503, "too many calls are under way", (("Retry-After", "1"),))
        finally:
            self._waiting -= 1
            for each in old:  # nearly never any
                _end(each)
            old.clear()

    def _expired(self) -> list[Any]:
        now = self._clock()
        self._next_sweep = now + _SWEEP
        old = []
        for uri in list(self._idle):
            kept = self._idle[uri]
            while kept and now - kept[0][1] > self._idle_time:
                old.append(kept.popleft()[0])
                self._leave(uri, 1)
            if not kept:
                del self._idle[uri]
        return old

    def _evicted(self) -> list[Any]:
        """The proxy that nobody has needed for the longest time."""
        uris = [uri for uri, kept in self._idle.items() if kept]
        if not uris:
            return []
        uri = min(uris, key=lambda each: self._idle[each][0][1])
        proxy = self._idle[uri].popleft()[0]
        self._leave(uri, 1)
        return [proxy]

    def _left(self, uri: str) -> None:
        with self._changed:
            self._leave(uri, 1)

    def _leave(self, uri: str, number: int) -> None:
        self._total -= number
        self._count[uri] -= number
        if not self._count[uri]:
            del self._count[uri]
        if self._waiting:
            self._changed.notify_all()


def _is_stale(proxy: Any) -> bool:
    """Whether the other side has hung up, or has said what nobody asked for. Does not wait."""
    connection = proxy._pyroConnection
    if connection is None:
        return False
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _end(proxy: Any) -> None:
    proxy._pyroClaimOwnership()
    proxy._pyroRelease()
