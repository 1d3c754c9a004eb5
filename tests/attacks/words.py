"""What attackers say: messages of the protocol, byte for byte, and what is answered."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from pyroplug import wire
from pyroplug.challenges import CHALLENGE_ANNOTATION, pack_challenges
from pyroplug.contracts import Buffer
from pyroplug.receiver import Receiver
from pyroplug.wire import HEADER_SIZE, Message, MessageType

from .harness import AttackedServer

JSON = 3
CONNECT, CONNECTOK, CONNECTFAIL, INVOKE, RESULT, PING = map(int, MessageType)


def message(
    kind: int, said: Any, sequence: int = 0, annotations: Mapping[str, Buffer] | None = None
) -> bytes:
    """A message with a value as JSON."""
    payload = json.dumps(said).encode()
    return b"".join(wire.encode(kind, JSON, 0, sequence, payload, annotations or {}))


def hello(object_id: str = "service", handshake: Any = "hello", able: Sequence[str] = ()) -> bytes:
    """A greeting.

    :param able: validators whose challenges it claims to be able to answer.
    """
    said = {"handshake": handshake, "object": object_id}
    annotations = {CHALLENGE_ANNOTATION: pack_challenges(dict.fromkeys(able, b""))} if able else {}
    return message(CONNECT, said, 0, annotations)


def call(method: str, *args: Any, object_id: str = "service", sequence: int = 1) -> bytes:
    """A call."""
    return message(INVOKE, {"object": object_id, "method": method, "params": args, "kwargs": {}}, sequence)


def claim(kind: int, size: int) -> bytes:
    """The header of a message that is said to be of that size, and nothing else."""
    head = bytearray(b"".join(wire.encode(kind, JSON, 0, 1, b"")))
    assert len(head) == HEADER_SIZE
    head[12:16] = size.to_bytes(4, "big")
    return bytes(head)


def answer(sock: socket.socket) -> Message:
    """The next message, which comes alone; raises ``EOFError`` if there is none."""
    receiver, scratch = Receiver(1 << 30), memoryview(bytearray(1 << 16))
    while True:
        buffer = receiver.get_buffer(scratch)
        count = sock.recv_into(buffer)
        del buffer
        if not count:
            raise EOFError("the server has ended the connection")
        messages = receiver.buffer_updated(count)
        if messages:
            return messages[0]


def hear(sock: socket.socket, wanted: bytes) -> bytes:
    """What comes, until that is part of it; raises ``EOFError`` if it never is."""
    heard = b""
    while wanted not in heard:
        piece = sock.recv(1 << 16)
        if not piece:
            raise EOFError(f"the server has ended the connection after {heard!r}")
        heard += piece
    return heard


def accepted(server: AttackedServer, object_id: str = "service") -> socket.socket:
    """A connection that the server has accepted."""
    sock = server.connect_ready()
    sock.sendall(hello(object_id))
    assert answer(sock).type == CONNECTOK
    return sock
