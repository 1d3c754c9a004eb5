"""Servers that do not behave: what a proxy meets is written down answer by answer."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pyroplug import wire
from pyroplug.config import Configuration
from pyroplug.plugins import default_plugins
from pyroplug.receiver import Receiver
from pyroplug.selection import codec_for
from pyroplug.values import exception_to_dict, registry
from pyroplug.wire import Flags, Message, MessageType

from .support import PATIENCE

SERPENT = 1
_codec = codec_for(default_plugins(), "serpent", Configuration(environ={}), registry)[1]

METADATA = {"methods": ["call"], "oneway": [], "attrs": ["level"]}


class Peer:
    """One connection, seen from the server.

    :ivar marked: for scripts: whether the object's method is said to be idempotent.
    """

    marked = False

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE)
        self.sock = sock
        self.receiver = Receiver(1 << 20)
        self._waiting: list[Message] = []
        self._scratch = memoryview(bytearray(1 << 16))

    def receive(self) -> Message | None:
        """The next message; ``None`` when the proxy has closed the connection."""
        while not self._waiting:
            try:
                count = self.sock.recv_into(self.receiver.get_buffer(self._scratch))
            except ConnectionResetError:
                return None
            if not count:
                return None
            self._waiting += self.receiver.buffer_updated(count)
        return self._waiting.pop(0)

    def receive_call(self) -> Message:
        message = self.receive()
        assert message is not None
        assert message.type == MessageType.INVOKE
        return message

    def send(self, kind: int, value: Any, sequence: int, **parts: Any) -> None:
        self.sock.sendall(message_bytes(kind, value, sequence, **parts))

    def greet(self, metadata: Mapping[str, Any] = METADATA) -> Message:
        """Accept the proxy: its greeting."""
        hello = self.receive()
        assert hello is not None
        assert hello.type == MessageType.CONNECT
        said = {"handshake": "hello", "meta": dict(metadata)}
        self.send(MessageType.CONNECTOK, said, hello.sequence)
        return hello

    def answer(self, request: Message, value: Any, **parts: Any) -> None:
        self.send(MessageType.RESULT, value, request.sequence, **parts)


def message_bytes(
    kind: int, value: Any, sequence: int, *, serializer_id: int = SERPENT, flags: int = 0, **parts: Any
) -> bytes:
    return b"".join(wire.encode(kind, serializer_id, flags, sequence, _codec.dumps(value), **parts))


def exception_bytes(error: BaseException, sequence: int) -> bytes:
    return message_bytes(MessageType.RESULT, exception_to_dict(error, ()), sequence, flags=Flags.EXCEPTION)


def arguments_of(request: Message) -> Any:
    """Object, method, positional and keyword arguments of a call."""
    return _codec.loads_call(request.payload)


class FakeServer:
    """Runs a function for each connection, one after the other.

    :ivar uri: of an object there.
    :ivar connections: how many there were.
    """

    def __init__(self, *scripts: Callable[[Peer], None]) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self.uri = f"PYRO:thing@127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections = 0
        self._scripts = scripts
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="fake server", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for script in self._scripts:
                sock = self._listener.accept()[0]
                self.connections += 1
                with sock:
                    script(Peer(sock))
        except BaseException as error:
            self._error = error
        finally:
            self._listener.close()

    def stop(self) -> None:
        """Wait until all scripts have run."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the fake server still waits"
        if self._error is not None:
            raise self._error


@contextlib.contextmanager
def fake_server(*scripts: Callable[[Peer], None]) -> Iterator[FakeServer]:
    """A server for as many connections as there are scripts, all of which have to be made."""
    server = FakeServer(*scripts)
    try:
        yield server
    finally:
        server.stop()
