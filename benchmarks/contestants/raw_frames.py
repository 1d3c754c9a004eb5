"""Bare sockets for what needs to know where a message ends.

One-way calls are a stream of msgpack values. Batches and large values are frames: eight bytes that say the
length, then so many bytes, received into fresh memory.
"""

from __future__ import annotations

import json
import marshal
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgpack

from benchmarks.contestant import Served

__all__ = ["RawBulk", "RawFrames", "RawStream", "answer_frames", "answer_stream"]

_RECEIVE = 64 * 1024
_LENGTH = 8
Pair = tuple[Callable[[Any], bytes], Callable[[bytes], Any]]


def _serializer(name: str) -> Pair:
    """Writing and reading, as fast as the library's own functions are."""
    if name == "msgpack":
        return msgpack.Packer().pack, msgpack.unpackb
    if name == "marshal":
        return marshal.dumps, marshal.loads
    if name == "json":
        return (lambda value: json.dumps(value).encode()), json.loads
    import serpent

    return serpent.dumps, serpent.loads


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
    """The client's end for frames."""

    def __init__(self, sock: socket.socket, serializer: str) -> None:
        self.close = sock.close
        self.sock = sock
        self._dumps, self._loads = _serializer(serializer)
        send_frame(sock, serializer.encode())

    def batch(self, calls: Sequence[tuple[str, tuple[Any, ...]]]) -> Sequence[int]:
        """The results of so many calls."""
        results: Sequence[int] = self.ask("batch", calls)
        return results

    def ask(self, what: str, argument: Any) -> Any:
        """The result of something that fits into one frame."""
        send_frame(self.sock, self._dumps((what, argument)))
        return self._loads(receive_frame(self.sock))

    def begin(self, what: str, argument: Any) -> None:
        """Ask for something that is answered by frames of nothing but data."""
        send_frame(self.sock, self._dumps((what, argument)))


class RawBulk:
    """Large values."""

    def __init__(self, frames: RawFrames) -> None:
        self._frames = frames

    def take(self, data: Any) -> int:
        """Send the data; the length that has arrived."""
        self._frames.begin("take", None)
        send_frame(self._frames.sock, data)
        return int.from_bytes(receive_frame(self._frames.sock), "big")

    def hold(self, kind: str, size: int) -> None:
        """Have data ready to be sent."""
        self._frames.ask("hold", (kind, size))

    def give(self, kind: str, size: int) -> bytes:
        """Receive data."""
        self._frames.begin("give", (kind, size))
        return receive_frame(self._frames.sock)

    def chunks(self, count: int) -> Iterator[bytes]:
        """Receive so many chunks, each of which is asked for: the client is in charge of an iterator."""
        begin, sock = self._frames.begin, self._frames.sock
        self._frames.ask("chunks", count)
        for _ in range(count):
            begin("next", None)
            yield receive_frame(sock)


def answer_frames(sock: socket.socket, served: Served) -> None:
    """The server's end for frames. The first one says how all others are serialized."""
    dumps, loads = _serializer(receive_frame(sock).decode())
    methods = {"add": served.add}
    chunks: Iterator[bytes] = iter(())
    while message := receive_frame(sock):
        what, argument = loads(message)
        if what == "batch":
            send_frame(sock, dumps([methods[name](*args) for name, args in argument]))
        elif what == "take":
            send_frame(sock, served.take(receive_frame(sock)).to_bytes(8, "big"))
        elif what == "give":
            send_frame(sock, served.give(*argument))
        elif what == "hold":
            send_frame(sock, dumps(served.hold(*argument)))  # type: ignore[func-returns-value]
        elif what == "chunks":
            chunks = served.chunks(argument)
            send_frame(sock, dumps(None))
        else:
            send_frame(sock, next(chunks))


def send_frame(sock: socket.socket, data: Any) -> None:
    """Small ones in one piece; large ones are not copied."""
    size = len(data)
    if size < _RECEIVE:
        sock.sendall(size.to_bytes(_LENGTH, "big") + data)
    else:
        sock.sendall(size.to_bytes(_LENGTH, "big"), socket.MSG_MORE)
        sock.sendall(data)


def receive_frame(sock: socket.socket) -> bytes:
    """Into memory that nobody had before; nothing at the end of the connection."""
    header = sock.recv(_LENGTH, socket.MSG_WAITALL)
    return sock.recv(int.from_bytes(header, "big"), socket.MSG_WAITALL) if header else b""
