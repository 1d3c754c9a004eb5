"""Bare sockets for what needs to know where a message ends.

One-way calls are a stream of msgpack values. For batches and large values a message is a header, of the size
of a remote call's, and data; the data is received into fresh memory.
"""

from __future__ import annotations

import json
import marshal
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgpack
import serpent

from benchmarks.contestant import Served

__all__ = ["ANSWER", "REQUEST", "RawFrames", "RawStream", "answer_frames", "answer_stream", "serializer"]

_RECEIVE = 64 * 1024
REQUEST, ANSWER = struct.Struct(">Q51s"), struct.Struct(">Q37s")
"""How many bytes follow, and what they are. How fast the system copies large values depends on where in a
page they begin, at both ends: as many bytes come before them here as in pyroplug's messages."""


def serializer(name: str) -> tuple[Callable[[Any], bytes], Callable[[bytes], Any]]:
    """Writing and reading, as fast as the library's own functions are."""
    return {
        "msgpack": (msgpack.Packer().pack, msgpack.unpackb),
        "marshal": (marshal.dumps, marshal.loads),
        "json": (lambda value: json.dumps(value).encode(), json.loads),
        "serpent": (serpent.dumps, serpent.loads),
    }[name]


class RawStream:
    """The client's end for one-way calls."""

    def __init__(self, sock: socket.socket) -> None:
        self.close = sock.close
        self._sock = sock
        self._send, self._pack = sock.send, msgpack.Packer().pack

    def oneway(self) -> None:
        """A call without an answer."""
        self._send(self._pack(("served", "oneway", ())))

    def count(self) -> int:
        """How many of them the server has run."""
        self._send(self._pack(("served", "oneway_calls", ())))
        result: int = msgpack.unpackb(self._sock.recv(_RECEIVE))
        return result


def answer_stream(sock: socket.socket, served: Served) -> None:
    """The server's end for one-way calls."""
    recv, unpacker, pack = sock.recv, msgpack.Unpacker(), msgpack.Packer().pack
    methods = {("served", "oneway"): served.oneway, ("served", "oneway_calls"): served.oneway_calls}
    feed = unpacker.feed
    while data := recv(_RECEIVE):
        feed(data)
        for object_id, method, args in unpacker:
            result = methods[object_id, method](*args)
            if result is not None:
                sock.send(pack(result))


class RawFrames:
    """The client's end for batches and large values."""

    def __init__(self, sock: socket.socket, name: str) -> None:
        """
        :param name: the serializer's.
        """
        self.close = sock.close
        self._sock = sock
        self._dumps, self._loads = serializer(name)
        _send(sock, REQUEST, name)

    def batch(self, count: int) -> Sequence[int]:
        """The results of so many calls."""
        results: Sequence[int] = self._ask("batch", [("add", (number, 1)) for number in range(count)])
        return results

    def take(self, data: Any) -> int:
        """Send the data; the length that has arrived."""
        _send(self._sock, REQUEST, "take", data)
        return int.from_bytes(_receive(self._sock, ANSWER)[1], "big")

    def hold(self, kind: str, size: int, count: int) -> None:
        """Have data ready to be sent."""
        self._ask("hold", (kind, size, count))

    def give(self, kind: str, size: int) -> bytes:
        """Receive data."""
        _send(self._sock, REQUEST, "give", self._dumps((kind, size)))
        return _receive(self._sock, ANSWER)[1]

    def chunks(self, count: int) -> Iterator[bytes]:
        """Receive so many chunks, each of which is asked for: the client is in charge of an iterator."""
        sock = self._sock
        self._ask("chunks", count)
        for _ in range(count):
            _send(sock, REQUEST, "next")
            yield _receive(sock, ANSWER)[1]

    def _ask(self, what: str, argument: Any) -> Any:
        _send(self._sock, REQUEST, what, self._dumps(argument))
        return self._loads(_receive(self._sock, ANSWER)[1])


def answer_frames(sock: socket.socket, served: Served) -> None:
    """The server's end for batches and large values. The first message says how the others are serialized."""
    dumps, loads = serializer(_receive(sock, REQUEST)[0])
    methods = {"add": served.add}
    chunks: Iterator[bytes] = iter(())
    while (message := _receive(sock, REQUEST))[0]:
        what, data = message
        del message  # or it would keep what was received while the next is
        if what == "batch":
            _send(sock, ANSWER, what, dumps([methods[name](*args) for name, args in loads(data)]))
        elif what == "take":
            _send(sock, ANSWER, what, served.take(data).to_bytes(8, "big"))
        elif what == "give":
            _send(sock, ANSWER, what, served.give(*loads(data)))
        elif what == "hold":
            served.hold(*loads(data))
            _send(sock, ANSWER, what, dumps(None))
        elif what == "chunks":
            chunks = served.chunks(loads(data))
            _send(sock, ANSWER, what, dumps(None))
        else:
            _send(sock, ANSWER, what, next(chunks))
        del data


def _send(sock: socket.socket, header: struct.Struct, what: str, data: Any = b"") -> None:
    """In one system call, and without a copy."""
    sock.sendmsg((header.pack(len(data), what.encode()), data))


def _receive(sock: socket.socket, header: struct.Struct) -> tuple[str, bytes]:
    """Into memory that nobody had before; nothing at the end of the connection."""
    head = sock.recv(header.size, socket.MSG_WAITALL)
    if not head:
        return "", b""
    size, what = header.unpack(head)
    return what.rstrip(b"\0").decode(), sock.recv(size, socket.MSG_WAITALL) if size else b""
