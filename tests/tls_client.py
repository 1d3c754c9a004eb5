"""A client that speaks TLS without a TLS socket, so that a test decides when which bytes are sent."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Sequence
from typing import Any

from pyroplug.client import ClientProtocol
from pyroplug.contracts import Buffer
from pyroplug.wire import Message, MessageType

from .certificates import Authority
from .conversation import WIRE_IDS, codec_of

LIMIT = 1 << 30


class TlsClient:
    """Over a connected socket, which stays the caller's."""

    def __init__(self, sock: socket.socket, authority: Authority) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(authority.file)
        self.sock = sock
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname="localhost")
        self._protocol = ClientProtocol(codec_of("serpent"), WIRE_IDS["serpent"], limit=LIMIT, compress=False)
        self._messages: list[Message] = []

    def hello(self) -> bytes:
        """What opens a TLS conversation."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
        return self._out.read()

    def shake_hands(self) -> None:
        """The whole handshake; what ``hello`` gave was sent before."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._fill()
            else:
                break
        self.sock.sendall(self._out.read())

    def send(self, *messages: Sequence[Buffer]) -> None:
        """Messages, in as few records as possible, with one system call."""
        self._tls.write(b"".join(b"".join(buffers) for buffers in messages))
        self.sock.sendall(self._out.read())

    def greet(self, object_id: str) -> None:
        """Connect, as far as Pyro is concerned."""
        self.send(self._protocol.connect(object_id, "hello", 0))
        assert self.receive() is MessageType.CONNECTOK

    def invoke(self, method: str, *args: Any) -> Sequence[Buffer]:
        return self._protocol.call("thing", method, args, {}, 0, 1)

    def ping(self) -> Sequence[Buffer]:
        return self._protocol.ping()

    def receive(self) -> MessageType:
        """The kind of the next message."""
        scratch = memoryview(bytearray(1 << 16))
        while not self._messages:
            buffer = self._protocol.get_buffer(scratch)
            try:
                count = self._tls.read(len(buffer), buffer)
            except ssl.SSLWantReadError:
                self._fill()
            else:
                self._messages += self._protocol.buffer_updated(count)
        return MessageType(self._messages.pop(0).type)

    def _fill(self) -> None:
        data = self.sock.recv(1 << 16)
        assert data, "the server hung up"
        self._in.write(data)
