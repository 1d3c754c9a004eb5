"""The streams of a daemon: whose they are, and when their time is over.

A stream belongs to the connection that it was opened on. When that is lost it lingers for a while, so
that the client can come back for the rest. Time comes from the clock that is passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any
from weakref import WeakSet

from pyroplug.context import ClientConnection
from pyroplug.errors import PyroError

from .stream import ROOM, Condition, ItemStream, State, Threads, terminated

__all__ = ["StreamTable"]


class _Entry:
    """
    :ivar since: when it became one that goes away unless its client comes back; ``None`` for one in use.
    :ivar unwanted: its client has closed it over another connection, and will not come back.
    """

    __slots__ = ("opened", "owner", "since", "stream", "unwanted")

    def __init__(self, stream: ItemStream, owner: ClientConnection, opened: float) -> None:
        self.stream = stream
        self.owner: ClientConnection | None = owner
        self.opened = opened
        self.since: float | None = None
        self.unwanted = False


class StreamTable:
    """The streams of a daemon, by id. Safe for use by many threads."""

    def __init__(
        self,
        lock: AbstractContextManager[Any],
        clock: Callable[[], float],
        *,
        lifetime: float,
        linger: float,
        per_client: int = 0,
        prefetch: int = -1,
        room: int = ROOM,
        threads: Threads | None = None,
    ) -> None:
        """
        :param clock: seconds, from any point in time on, never going back.
        :param lifetime: seconds after which a stream ends; 0 for never.
        :param linger: seconds for which a stream outlives its connection.
        :param per_client: how many a client may have open at a time; 0 for any number.
        :param prefetch: how many items are taken before a client asks for them; 0 for none, -1 for as many
            as is usual, and only where that disturbs nobody.
        :param room: bytes that these items may have, about.
        :param threads: where iterators run ahead of their clients; ``None`` if they do not.
        """
        self.refused: Callable[[str, str], object] = lambda _limit, _what: None
        """Told the limit, and who was refused what because of it."""
        self._lock = lock
        self._clock = clock
        self._lifetime = lifetime
        self._linger = linger
        self._per_client = per_client
        self._prefetch = USUAL_PREFETCH if prefetch < 0 else prefetch
        self._cautious = prefetch < 0
        self._room = room
        self._threads = threads
        self._entries: dict[str, _Entry] = {}
        self._owned: dict[ClientConnection, set[str]] = {}
        self._ended: dict[ClientConnection, str] = {}  # whose last answer may not have arrived
        self._gone: WeakSet[ClientConnection] = WeakSet()

    def __len__(self) -> int:
        return len(self._entries)

    def open(self, iterator: Iterator[Any], owner: ClientConnection, *, alone: bool = False) -> str:
        """Keep an iterator for a client: the id under which it asks for the items.

        :param alone: what gave the iterator expects that nothing runs beside it.
        :raises PyroError: the client has too many; the iterator is closed.
        """
        self._forget_ended(owner)
        stream = self._new_stream(iterator, alone)
        from uuid import uuid4

        stream_id = str(uuid4())
        with self._lock:
            owned = len(self._owned.get(owner, ()))
            within = not self._per_client or owned < self._per_client
            if within:
                entry = self._entries[stream_id] = _Entry(stream, owner, self._clock())
                self._give(stream_id, entry, owner)
        if not within:
            stream.close()
            self.refused(
                "ITER_STREAMS_PER_CLIENT", f"{owner.peer} has {owned} open iterators, and got no further one"
            )
            raise PyroError(
                f"this client has {owned} open iterators already, and may not have more "
                "(the daemon's configuration item ITER_STREAMS_PER_CLIENT)",
                hint="consume them to their ends, or close() those that are not needed any more",
            )
        if self._linger <= 0 and entry.owner is None:
            self._drop(stream_id)
        return stream_id

    def next_item(self, stream_id: str, client: ClientConnection) -> Any:
        """The next item.

        :raises StopIteration: there is none; the stream is forgotten. So it is after any other exception
            that the iterator raises.
        :raises PyroError: there is no such stream, or it is another client's.
        """
        entry = self._find(stream_id, client)
        if entry is None or not self._adopt(stream_id, entry, client):
            raise terminated()
        try:
            return entry.stream.next_item()
        except BaseException:
            self._drop(stream_id)
            raise

    def next_items(self, stream_id: str, position: int, most: int, client: ClientConnection) -> list[Any]:
        """Items that are ready, at least one if any is to come; and how it goes on, a :class:`State`.

        They are kept until the client asks for those behind them.

        :param position: how many items the client has received.
        :param most: how many it wants.
        :raises PyroError: there is no such stream, or it is not at that position.
        """
        if type(position) is not int or type(most) is not int or most < 1:
            raise PyroError("invalid data: a position in an item stream, and how many items to give")
        entry = self._find(stream_id, client)
        if entry is None:
            raise terminated()
        if not self._adopt(stream_id, entry, client):
            return [[], int(State.IN_USE)]
        items, state = entry.stream.take(position, most)
        with self._lock:
            if state is State.ENDED and entry.owner is client:
                entry.since = self._clock()
                self._ended[client] = stream_id
            elif self._ended.get(client) == stream_id:  # it has to be given in smaller portions
                entry.since = None
                del self._ended[client]
        return [items, int(state)]

    def close(self, stream_id: str, client: ClientConnection) -> None:
        """Forget a stream of the client's; an unknown one is ignored.

        One that belongs to another connection goes with that: a client that has broken off may be back
        before its end is noticed.
        """
        entry = self._find(stream_id, client)
        if entry is None:
            return
        with self._lock:
            entry.unwanted = entry.owner not in (None, client)
        if not entry.unwanted:
            self._drop(stream_id)

    def client_lost(self, client: ClientConnection) -> None:
        """Let the streams of a lost connection linger, or end them if they may not."""
        with self._lock:
            self._gone.add(client)
            self._ended.pop(client, None)
            owned = self._owned.pop(client, set())
            for stream_id in owned:
                self._leave(self._entries[stream_id])
            over = [each for each in owned if self._linger <= 0 or self._entries[each].unwanted]
        for stream_id in over:
            self._drop(stream_id)

    def housekeeping(self) -> None:
        """End the streams whose time is over."""
        for stream_id, entry in list(self._entries.items()):
            if self._is_over(entry):
                self._drop(stream_id)

    def close_all(self) -> None:
        """End every stream."""
        for stream_id in list(self._entries):
            self._drop(stream_id)
        if self._threads is not None:
            self._threads.close()

    # Whose it is

    def _new_stream(self, iterator: Iterator[Any], alone: bool) -> ItemStream:
        threads = self._threads
        condition: Condition = _AtOnce() if threads is None else threads.condition()
        start = None if threads is None or (alone and self._cautious) else threads.start
        return ItemStream(iterator, condition, self._clock, start, self._prefetch, self._room)

    def _find(self, stream_id: str, client: ClientConnection) -> _Entry | None:
        """A stream that has not come to its end."""
        if not isinstance(stream_id, str):
            return None
        self._forget_ended(client, stream_id)
        entry = self._entries.get(stream_id)
        if entry is not None and self._is_over(entry):
            self._drop(stream_id)
            return None
        return entry

    def _adopt(self, stream_id: str, entry: _Entry, client: ClientConnection) -> bool:
        """Whether the stream is the client's, from now on if its own connection is gone."""
        with self._lock:
            if entry.owner is None and client not in self._gone and stream_id in self._entries:
                self._give(stream_id, entry, client)
            return entry.owner is client

    def _give(self, stream_id: str, entry: _Entry, client: ClientConnection) -> None:
        if client in self._gone:  # while its last call was running
            self._leave(entry)
        else:
            entry.owner, entry.since = client, None
            self._owned.setdefault(client, set()).add(stream_id)

    def _leave(self, entry: _Entry) -> None:
        entry.owner, entry.since = None, self._clock()

    def _forget_ended(self, client: ClientConnection, but: str = "") -> None:
        """A client that asks for something else has received the last answer."""
        ended = self._ended.get(client, but)
        if ended != but:
            self._drop(ended)

    # The end

    def _is_over(self, entry: _Entry) -> bool:
        now = self._clock()
        if entry.since is not None and now - entry.since > self._linger:
            return True
        return bool(self._lifetime) and now - entry.opened > self._lifetime

    def _drop(self, stream_id: str) -> None:
        with self._lock:
            entry = self._entries.pop(stream_id, None)
            if entry is None:
                return
            owner = entry.owner
            if owner is not None:
                owned = self._owned[owner]
                owned.discard(stream_id)
                if not owned:
                    del self._owned[owner]
                if self._ended.get(owner) == stream_id:
                    del self._ended[owner]
        entry.stream.close()


USUAL_PREFETCH = 64
"""More at a time makes hardly any difference."""


class _AtOnce:
    """Stands for a condition where nothing runs beside anything, so that there is nothing to wait for."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def wait(self) -> None:
        raise PyroError("this item stream serves another request just now")

    def notify_all(self) -> None:
        pass
