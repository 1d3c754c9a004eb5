"""The client's side of a remote iterator: each item is asked for when it is wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from .errors import ConnectionClosedError, PyroError, SerializeError
from .uri import DAEMON_NAME

__all__ = ["RemoteIterator"]


class ItemSource(Protocol):
    """A connection, as far as a remote iterator needs one."""

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""

    @property
    def abandoned_streams(self) -> list[str]:
        """The streams that nobody wants any longer; the other side is told with the next call."""

    def call(
        self, method: str, args: Sequence[Any], kwargs: Any, flags: int = 0, object_id: str | None = None
    ) -> Any:
        """Call a method of an object at the other side."""


class RemoteIterator(Iterator[Any]):
    """Gives the items of an iterator that lives in another process.

    It needs its proxy's connection: after a release, ``next`` raises
    :exc:`~pyroplug.errors.ConnectionClosedError` until the proxy is connected again.
    """

    __slots__ = ("_source", "stream_id")

    def __init__(self, source: ItemSource, stream_id: str) -> None:
        self._source: ItemSource | None = source
        self.stream_id = stream_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.stream_id}{'' if self._source else ' ended'}>"

    def __iter__(self) -> RemoteIterator:
        return self

    def __next__(self) -> Any:
        """The next item; raises what the remote iterator raises."""
        source = self._source
        if source is None:
            raise StopIteration
        if not source.connected:
            raise ConnectionClosedError(
                "the proxy that this iterator came from is not connected",
                hint="connect it again, before the stream's time is over: proxy._pyroBind()",
            )
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

    def close(self) -> None:
        """Want no more items; the other side is told with the next call over the same connection."""
        source, self._source = self._source, None
        if source is not None and source.connected:
            source.abandoned_streams.append(self.stream_id)

    def __del__(self) -> None:
        self.close()
