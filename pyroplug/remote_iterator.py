"""The client's side of a remote iterator: items are asked for when one is wanted and none is there.

Pyro5 gives one item an answer. A server that knows better gives all that are ready, and gives again what a
client says it has not received.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from .errors import ConnectionClosedError, ProtocolError, PyroError, SerializeError, TimeoutError
from .streams import State
from .uri import DAEMON_NAME

__all__ = ["RemoteIterator"]

MOST = 1 << 16
"""So many items are asked for: the server knows best what is enough."""
PAUSES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.5, 0.5)
"""Seconds between questions, while the server has not noticed that the connection before this one is gone."""


class ItemSource(Protocol):
    """A connection, as far as a remote iterator needs one."""

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""

    @property
    def abandoned_streams(self) -> list[str]:
        """The streams that nobody wants any longer; the other side is told with the next call."""

    def check_owner(self) -> None:
        """Raise ``PyroError`` in a thread that must not use the connection."""

    def call(
        self, method: str, args: Sequence[Any], kwargs: Any, flags: int = 0, object_id: str | None = None
    ) -> Any:
        """Call a method of an object at the other side."""

    def pause(self, seconds: float) -> None:
        """Wait."""


class RemoteIterator(Iterator[Any]):
    """Gives the items of an iterator that lives in another process.

    It needs its proxy's connection: after a release, ``next`` raises
    :exc:`~pyroplug.errors.ConnectionClosedError` until the proxy is connected again. Then it goes on with
    the item that comes next, as long as the server keeps the rest.
    """

    __slots__ = ("_items", "_most", "_position", "_several", "_source", "_state", "stream_id")

    def __init__(self, source: ItemSource, stream_id: str, several: bool = False) -> None:
        """
        :param several: the other side can give several items in one answer.
        """
        self._source: ItemSource | None = source
        self.stream_id = stream_id
        self._several = several
        self._items: deque[Any] = deque()  # received, and not wanted yet
        self._position = 0  # how many were received in all
        self._most = MOST
        self._state: int = State.MORE

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.stream_id}{'' if self._source else ' ended'}>"

    def __iter__(self) -> RemoteIterator:
        return self

    def __next__(self) -> Any:
        """The next item; raises what the remote iterator raises."""
        source, items = self._source, self._items
        if source is None:
            raise StopIteration
        if not source.connected:
            raise ConnectionClosedError(
                "the proxy that this iterator came from is not connected",
                hint="connect it again, before the stream's time is over: proxy._pyroBind()",
            )
        if items:
            source.check_owner()
        elif self._several:
            self._fetch(source)
        if items:
            return items.popleft()
        if self._state == State.ENDED:
            self._source = None
            raise StopIteration
        return self._ask_for_one(source)

    def close(self) -> None:
        """Want no more items; the other side is told with the next call over the same connection."""
        source, self._source = self._source, None
        self._items.clear()
        if source is not None and source.connected:
            source.abandoned_streams.append(self.stream_id)

    def __del__(self) -> None:
        self.close()

    def _ask_for_one(self, source: ItemSource) -> Any:
        try:
            return source.call("get_next_stream_item", (self.stream_id,), {}, 0, DAEMON_NAME)
        except SerializeError:
            self.close()  # the other side knows nothing of it, and would go on
            raise
        except PyroError:
            # It can go on when the proxy is connected again, or in the thread that owns it. If it cannot,
            # asking again fails again: to whoever asks, an end would look as if all items had come.
            raise
        except BaseException:
            self._source = None
            raise

    def _fetch(self, source: ItemSource) -> None:
        """Receive at least one item, unless there is nothing more to be had in this way."""
        pauses = iter(PAUSES)
        while self._state == State.MORE:
            where = (self.stream_id, self._position, self._most)
            try:
                answer = source.call("get_next_stream_items", where, {}, 0, DAEMON_NAME)
            except (ConnectionClosedError, TimeoutError):
                raise  # nothing is lost
            except Exception as error:
                if self._most > 1:
                    self._most = 1  # something among them cannot be sent; what comes before it can
                    continue
                if isinstance(error, SerializeError) or not isinstance(error, PyroError):
                    self.close()  # that is this very item
                raise
            if self._receive(answer) != State.IN_USE:
                return
            _wait(source, pauses)

    def _receive(self, answer: Any) -> int:
        try:
            items, state = answer
            state = int(state)
            self._items.extend(items)
        except (TypeError, ValueError):
            raise ProtocolError(f"invalid data: the items of a stream, as {type(answer).__name__}") from None
        if state != State.IN_USE:
            self._position += len(self._items)
            self._most = min(2 * self._most, MOST)
            self._state = state if self._items or state == State.ENDED else State.FAILED
        return state


def _wait(source: ItemSource, pauses: Iterator[float]) -> None:
    for pause in pauses:
        source.pause(pause)
        return
    raise TimeoutError(
        "the server still takes an earlier connection for the one that wants this stream's items",
        hint="nothing is lost: ask again, when it has noticed that the earlier one is gone",
    )
