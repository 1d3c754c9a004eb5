"""Remote iterators: the iterators that methods returned, and which clients consume item by item.

A stream belongs to the connection that it was opened on. When that is lost it lingers for a while, so
that the client can come back for the rest. Time comes from the clock that is passed in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

from .context import ClientConnection
from .errors import PyroError

__all__ = ["StreamTable"]

log = logging.getLogger(__name__)


class _Stream:
    __slots__ = ("iterator", "lingers_since", "opened", "owner")

    def __init__(self, iterator: Iterator[Any], owner: ClientConnection, opened: float) -> None:
        self.iterator = iterator
        self.owner: ClientConnection | None = owner
        self.opened = opened
        self.lingers_since = 0.0


class StreamTable:
    """The streams of a daemon, by id. Safe for use by many threads."""

    def __init__(
        self,
        lock: AbstractContextManager[Any],
        clock: Callable[[], float],
        *,
        lifetime: float,
        linger: float,
    ) -> None:
        """
        :param clock: seconds, from any point in time on, never going back.
        :param lifetime: seconds after which a stream ends; 0 for never.
        :param linger: seconds for which a stream outlives its connection.
        """
        self._lock = lock
        self._clock = clock
        self._lifetime = lifetime
        self._linger = linger
        self._streams: dict[str, _Stream] = {}

    def __len__(self) -> int:
        return len(self._streams)

    def open(self, iterator: Iterator[Any], owner: ClientConnection) -> str:
        """Keep an iterator for a client: the id under which it asks for the items."""
        stream_id = str(uuid4())
        self._streams[stream_id] = _Stream(iterator, owner, self._clock())
        return stream_id

    def next_item(self, stream_id: str, client: ClientConnection) -> Any:
        """The next item.

        :raises StopIteration: there is none; the stream is forgotten. So it is after any other exception
            that the iterator raises.
        :raises PyroError: there is no such stream, or it is another client's.
        """
        stream = self._streams.get(stream_id) if isinstance(stream_id, str) else None
        if stream is not None and self._is_over(stream):
            self._drop(stream_id)
            stream = None
        if stream is None or not self._adopt(stream, client):
            raise PyroError("item stream terminated")
        try:
            return next(stream.iterator)
        except BaseException:
            self._drop(stream_id)
            raise

    def close(self, stream_id: str, client: ClientConnection) -> None:
        """Forget a stream of the client's; an unknown one is ignored."""
        stream = self._streams.get(stream_id) if isinstance(stream_id, str) else None
        if stream is not None and self._adopt(stream, client):
            self._drop(stream_id)

    def client_lost(self, client: ClientConnection) -> None:
        """Let the streams of a lost connection linger, or end them if they may not."""
        now = self._clock()
        for stream_id, stream in list(self._streams.items()):
            if stream.owner is client:
                stream.owner, stream.lingers_since = None, now
                if self._linger <= 0:
                    self._drop(stream_id)

    def housekeeping(self) -> None:
        """End the streams whose time is over."""
        for stream_id, stream in list(self._streams.items()):
            if self._is_over(stream):
                self._drop(stream_id)

    def close_all(self) -> None:
        """End every stream."""
        for stream_id in list(self._streams):
            self._drop(stream_id)

    def _adopt(self, stream: _Stream, client: ClientConnection) -> bool:
        """Whether the stream is the client's, from now on if its own connection is gone."""
        with self._lock:
            if stream.owner is None:
                stream.owner = client
            return stream.owner is client

    def _is_over(self, stream: _Stream) -> bool:
        now = self._clock()
        if stream.owner is None and now - stream.lingers_since > self._linger:
            return True
        return bool(self._lifetime) and now - stream.opened > self._lifetime

    def _drop(self, stream_id: str) -> None:
        stream = self._streams.pop(stream_id, None)
        if stream is None:
            return
        try:
            close = getattr(stream.iterator, "close", None)
            if close is not None:
                close()
        except BaseException:  # user code; a generator that is running elsewhere cannot be closed either
            log.debug("closing an item stream failed", exc_info=True)
