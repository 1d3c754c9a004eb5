"""A plugin with which a daemon and a proxy of one process talk without system calls, threads or waiting.

It satisfies the contracts of a transport and of a server model as any plugin does. Its connections are those
of the built-in transports, on a socket that is none. Once it was told to *replay*, that socket answers by
itself, as the server did: so the client is timed apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from pyroplug_transports.sockets import SocketConnection

from pyroplug.contracts import (
    Buffer,
    Connection,
    HasFileno,
    Listener,
    Peer,
    Server,
    ServerModel,
    Session,
    SessionHost,
    Settings,
    Transport,
)
from pyroplug.hookspecs import hookimpl

__all__ = ["LOCATION", "MODEL", "SCRATCH", "InMemory", "MemorySocket", "connection_on"]

MODEL = "memory"
LOCATION = f"./{MODEL}:here"
SCRATCH = 16 * 1024
"""Bytes that each side receives at once, as the real ones do."""
_SEQUENCE = slice(10, 12)
"""Where a message has its sequence number, which an answer has to repeat."""


def connection_on(sock: object) -> SocketConnection:
    """A built-in transport's connection on something that has a socket's methods."""
    return SocketConnection(cast("Any", sock), Peer("", MODEL))


class InMemory:
    """The plugin; also the transport, the server model and its server, of one daemon.

    :ivar host: the daemon, as server models see it.
    :ivar connection: the client's end of the connection that was made last.
    :ivar socket: what that is on.
    """

    name = MODEL
    scheme = MODEL
    aliases: frozenset[str] = frozenset()
    location = LOCATION
    sock = None
    sockets: Sequence[HasFileno] = ()
    host: SessionHost
    connection: SocketConnection
    socket: MemorySocket

    @hookimpl
    def pyroplug_transports(self) -> list[Transport]:
        return [self]

    @hookimpl
    def pyroplug_servers(self) -> list[ServerModel]:
        return [self]

    def create(
        self, host: SessionHost, _listeners: object, _connections: object, _settings: Settings, /
    ) -> Server:
        self.host = host
        return self

    def connect(self, _address: str, _settings: Settings, _timeout: float | None, /) -> Connection:
        self.socket = MemorySocket(self.host)
        self.connection = connection_on(self.socket)
        return self.connection

    def listen(self, _address: str, _settings: Settings, /) -> Listener:
        return self

    def adopt(self, _channel: Any, _settings: Settings, /) -> None:
        return None

    def loopback_address(self, _folder: str, /) -> None:
        return None

    def loopback_pair(self) -> None:
        return None

    def accept(self) -> None:
        return None

    def fileno(self) -> int:
        return -1

    def run(self, running: Callable[[], bool], /) -> None:
        raise NotImplementedError("its connections are served where they are used")

    def events(self, ready: Iterable[HasFileno], /) -> None:
        pass

    def combine(self, other: Server, /) -> None:
        pass

    def wake(self) -> None:
        pass

    def close(self, _grace: float = 0, /) -> None:
        pass


class MemorySocket:
    """A client's socket, with the server's session behind it.

    :ivar request: the message that was sent last.
    :ivar answer: what came back.
    """

    def __init__(self, host: SessionHost) -> None:
        scratch = memoryview(bytearray(SCRATCH))
        self._session = host.open_session(connection_on(self), lambda call, _connection, _size: call())
        self._scratch = scratch
        self.answer = bytearray()
        self._taken = 0
        self._replays = False
        self.request = b""

    def replay(self) -> None:
        """From now on, answer with the last answer, whatever is sent."""
        self._replays = True

    def send(self, message: bytes, _flags: int = 0, /) -> int:
        self.request = message
        self._taken = 0
        if not self._replays:
            self.answer = bytearray(b"".join(serve(self._session, message, self._scratch)))
        elif self.answer:
            self.answer[_SEQUENCE] = message[_SEQUENCE]
        return len(message)

    def sendmsg(self, buffers: Sequence[Buffer], *_: object) -> int:
        return self.send(b"".join(buffers))

    def recv_into(self, buffer: memoryview, /) -> int:
        size = min(len(buffer), len(self.answer) - self._taken)
        buffer[:size] = memoryview(self.answer)[self._taken : self._taken + size]
        self._taken += size
        return size

    def gettimeout(self) -> None:
        return None

    def setblocking(self, _flag: bool, /) -> None:
        pass

    def fileno(self) -> int:
        return -1

    def shutdown(self, _how: int, /) -> None:
        pass

    def close(self) -> None:
        self._session.lost("it was closed")


def serve(session: Session, message: bytes, scratch: memoryview) -> Sequence[Buffer]:
    """What a server model does with a message: what it would send."""
    answers: list[Buffer] = []
    view = memoryview(message)
    while view:
        buffer = session.get_buffer(scratch)
        count = min(len(buffer), len(view))
        buffer[:count] = view[:count]
        view = view[count:]
        answer = session.handle_plain(buffer, count)
        if answer is not None:
            return answer
        for each in session.buffer_updated(count):
            answers += session.handle(each)
    return answers
