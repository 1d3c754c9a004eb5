"""A built-in server model that is fed from memory: what a server does with a call, but for its system calls.

Its one connection is a built-in transport's, on a socket that is none, where the same request arrives again
and again. With a session that does nothing, what is left is what the server model and the transport do.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from pyroplug.contracts import Buffer, Claimed, Connection, ServerModel, Session, Settings, Spawn

from .in_memory import SCRATCH, connection_on

__all__ = ["Feed", "IdleSession", "OpenSession", "read_alone", "serve_feed"]

OpenSession = Callable[[Connection, Spawn], Session]
_PATIENCE = 60.0
"""Seconds after which nobody reads any more."""


class Feed:
    """A socket with requests, one at a time, and then the end.

    :ivar laps: seconds of processor time at the beginning of each lap, and at the end of the last one.
    """

    def __init__(self, request: bytes, calls: int, laps: int, done: Callable[[], int] | None = None) -> None:
        """
        :param calls: requests in a lap.
        :param laps: how many of them there are, after one to get warm.
        :param done: tells how many have been done, if that is not the same as reading the next one.
        """
        self.laps: list[float] = []
        self._request, self._size, self._at = memoryview(request), len(request), 0
        self._calls, self._count, self._left = calls, laps + 1, 0
        self._done = done
        self._due = 0 if done is None else done()
        # What a poller watches has something to read, always.
        self._ends = socket.socketpair()
        self._ends[1].send(b"!")

    @property
    def least(self) -> float:
        """Seconds of processor time of a call in the fastest lap; not of the first one."""
        times = [after - before for before, after in zip(self.laps[1:], self.laps[2:], strict=False)]
        return min(times) / self._calls

    @property
    def over(self) -> bool:
        """Whether everything was read."""
        return len(self.laps) > self._count

    def recv_into(self, buffer: memoryview, /) -> int:
        at = self._at
        if not at:
            if not self._left and not self._next_lap():
                return 0
            self._left -= 1
        size = self._size - at
        if size <= len(buffer):
            buffer[:size] = self._request[at:]
            self._at = 0
            return size
        size = len(buffer)
        buffer[:] = self._request[at : at + size]
        self._at = at + size
        return size

    def _next_lap(self) -> bool:
        if self._done is not None:
            limit = time.monotonic() + _PATIENCE
            while self._done() < self._due:
                if time.monotonic() > limit:
                    raise RuntimeError("what was asked for is not done")
                time.sleep(0.001)
            self._due += self._calls
        self.laps.append(time.process_time())
        self._left = self._calls
        return not self.over

    def send(self, message: bytes, _flags: int = 0, /) -> int:
        return len(message)

    def sendmsg(self, buffers: Sequence[Buffer], *_: object) -> int:
        return sum(map(len, buffers))

    def gettimeout(self) -> None:
        return None

    def setblocking(self, _flag: bool, /) -> None:
        pass

    def fileno(self) -> int:
        return self._ends[0].fileno()

    def shutdown(self, _how: int, /) -> None:
        pass

    def close(self) -> None:
        for end in self._ends:
            end.close()


class IdleSession:
    """Gives the same answer to everything."""

    accepted, closing, unfinished = True, False, False

    def __init__(self, answer: Sequence[Buffer], plain: bool) -> None:
        """
        :param plain: whether it is one that ``handle_plain`` gives.
        """
        self._answer = answer
        self._plain = answer if plain else None

    def get_buffer(self, scratch: memoryview, /) -> memoryview:
        return scratch

    def buffer_updated(self, _count: int, /) -> Sequence[Any]:
        return (None,)

    def handle(self, _request: Any, /) -> Sequence[Buffer]:
        return self._answer

    def handle_plain(self, _piece: memoryview, _count: int, /) -> Sequence[Buffer] | None:
        return self._plain

    def refuse(self, _reason: str, /, *, passing: bool = False) -> Sequence[Buffer]:
        return ()

    def retire(self) -> None:
        pass

    def lost(self, _reason: str, /) -> None:
        pass


class _Host:
    def __init__(self, open_session: OpenSession) -> None:
        self._open_session = open_session

    def open_session(
        self,
        connection: Connection,
        spawn: Spawn,
        /,
        *,
        handshake: bool = True,
        claim: Callable[[int, bool], Claimed] | None = None,
    ) -> Session:
        return self._open_session(connection, spawn)

    def housekeeping(self) -> None:
        pass

    def refused(self, _limit: str, _what: str, /) -> None:
        pass


def serve_feed(model: ServerModel, settings: Settings, open_session: OpenSession, feed: Feed) -> None:
    """Serve until everything was read."""
    server = model.create(_Host(open_session), (), (connection_on(feed),), settings)
    try:
        server.run(lambda: not feed.over)
    finally:
        server.close(1)


def read_alone(feed: Feed, answers: bool) -> None:
    """What the feed itself takes.

    :param answers: something is sent for each piece that was received.
    """
    scratch, answer, receive, send = memoryview(bytearray(SCRATCH)), b"!", feed.recv_into, feed.send
    if answers:
        while receive(scratch):
            send(answer, 0)
    else:
        while receive(scratch):
            pass
    feed.close()
