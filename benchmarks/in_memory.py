"""A plugin with which a daemon and a proxy of one process talk without sockets, threads or waiting.

It satisfies the contracts of a transport and of a server model as any plugin does, and lets both ends of a
connection be timed apart: once it was told to *replay*, a connection answers by itself, as the server did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

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

__all__ = ["LOCATION", "MODEL", "InMemory", "MemoryConnection"]

MODEL = "memory"
LOCATION = f"./{MODEL}:here"
_SEQUENCE = slice(10, 12)
"""Where a message has its sequence number, which an answer has to repeat."""


class InMemory:
    """The plugin; also the transport, the server model and its server, of one daemon.

    :ivar connection: the connection that was made last.
    """

    name = MODEL
    scheme = MODEL
    aliases: frozenset[str] = frozenset()
    location = LOCATION
    sock = None
    sockets: Sequence[HasFileno] = ()
    connection: MemoryConnection

    @hookimpl
    def pyroplug_transports(self) -> list[Transport]:
        return [self]

    @hookimpl
    def pyroplug_servers(self) -> list[ServerModel]:
        return [self]

    def create(
        self, host: SessionHost, _listeners: object, _connections: object, _settings: Settings, /
    ) -> Server:
        self._host = host
        return self

    def connect(self, _address: str, _settings: Settings, _timeout: float | None, /) -> Connection:
        self.connection = MemoryConnection(self._host)
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


class MemoryConnection:
    """A client's connection, and the server's session at its other end.

    :ivar session: that session.
    :ivar request: the message that was sent last.
    """

    peer = Peer("", MODEL)
    sock = None

    def __init__(self, host: SessionHost) -> None:
        self.session: Session = host.open_session(self, lambda call: call())
        self.request = b""
        self._scratch = memoryview(bytearray(16 * 1024))
        self._answer = bytearray()
        self._replays = False

    def replay(self) -> None:
        """From now on, answer with the last answer, whatever is sent."""
        self._replays = True

    def send(self, buffers: Sequence[Buffer], /) -> None:
        self.request = bytes(buffers[0]) if len(buffers) == 1 else b"".join(buffers)
        if self._replays:
            self._answer[_SEQUENCE] = self.request[_SEQUENCE]
        else:
            self._answer = bytearray(b"".join(self.serve(self.request)))

    def serve(self, request: bytes) -> Sequence[Buffer]:
        """What a server model does with a message: what it would send."""
        session, size = self.session, len(request)
        session.get_buffer(self._scratch)[:size] = request
        answer: Sequence[Buffer] = ()
        for each in session.buffer_updated(size):
            answer = session.handle(each)
        return answer

    def recv_into(self, buffer: memoryview, /) -> int:
        size = len(self._answer)
        buffer[:size] = self._answer
        return size

    def send_some(self, buffers: Sequence[Buffer], /) -> int:
        self.send(buffers)
        return sum(map(len, buffers))

    def set_timeout(self, seconds: float | None, /) -> None:
        pass

    def set_nonblocking(self) -> None:
        pass

    def pending(self) -> bool:
        return False

    def wants_write(self) -> bool:
        return False

    def fileno(self) -> int:
        return -1

    def shutdown(self) -> None:
        pass

    def end_of_data(self) -> None:
        pass

    def close(self) -> None:
        self.session.lost("it was closed")
