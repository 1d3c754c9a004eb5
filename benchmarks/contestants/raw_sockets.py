"""The limit: bare sockets and msgpack, and not a line more than a remote call in Python has to have.

For calls there is no framing, no check and no error handling. A message is taken to arrive in one piece,
which small ones over a loopback do; it is no basis for a program. What cannot do without framing is in
``raw_frames``: one-way calls, batches and large values.
"""

from __future__ import annotations

import json
import os
import select
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

import msgpack

from benchmarks.contestant import RAW, Bulk, Can, Contestant, Oneway, Remote, Served, ServerSetup

from .raw_frames import RawBulk, RawFrames, RawStream, answer_frames, answer_stream

__all__ = ["RawSockets"]

OBJECT = "served"
RECEIVE = 64 * 1024
_BATCH_ONLY = frozenset((Can.BATCH,))
_LOOP = frozenset((Can.CALLS, Can.CONNECT, Can.CROWD, Can.IDLE))


class RawSockets(Contestant):
    """Calls by hand; the models are ``threads``, one per connection, and ``loop``, of one thread."""

    library = RAW
    _can = frozenset(Can)

    @property
    def can(self) -> frozenset[Can]:
        if self.serializer != "msgpack":
            return _BATCH_ONLY
        return _LOOP if self.setup.model == "loop" else self._can

    @property
    def carries(self) -> Sequence[str]:
        return ("bytes",)  # whatever the type, the limit is to move so many bytes

    @classmethod
    def serve(cls, setup: ServerSetup, folder: str, ready: Callable[[str], None]) -> None:
        served = Served()
        methods: dict[tuple[str, str], Callable[..., Any]] = {
            (OBJECT, "nop"): served.nop,
            (OBJECT, "add"): served.add,
            (OBJECT, "echo"): served.echo,
        }
        where = {name: _listening(setup, folder, name) for name in ("calls", "stream", "frames")}
        threading.Thread(
            target=_serve_threads, args=(where["stream"], answer_stream, served), daemon=True
        ).start()
        threading.Thread(
            target=_serve_threads, args=(where["frames"], answer_frames, served), daemon=True
        ).start()
        ready(json.dumps({name: listener.getsockname() for name, listener in where.items()}))
        if setup.model == "loop":
            _serve_loop(where["calls"], methods)
        else:
            _serve_threads(where["calls"], _answer, methods)

    def connect(self, address: str) -> Remote:
        self._where = json.loads(address)
        self._frames: RawFrames | None = None
        self._stream: RawStream | None = None
        self._sock = _connected(self._where["calls"])
        return RawRemote(self._sock)

    def close(self) -> None:
        for each in (self._sock, self._frames, self._stream):
            if each is not None:
                each.close()

    def oneway(self) -> Oneway:
        stream = self._stream = self._stream or RawStream(_connected(self._where["stream"]))
        return Oneway(stream.oneway, stream.count)

    def batch(self, count: int) -> Sequence[int]:
        return self._framed().batch([("add", (number, 1)) for number in range(count)])

    def bulk(self) -> Bulk:
        return RawBulk(self._framed())

    def _framed(self) -> RawFrames:
        if self._frames is None:
            self._frames = RawFrames(_connected(self._where["frames"]), self.serializer)
        return self._frames


class RawRemote:
    """The client's end. Each method is written out: one that calls another would cost every call."""

    def __init__(self, sock: socket.socket) -> None:
        self._send, self._recv = sock.send, sock.recv
        self._pack, self._unpack = msgpack.Packer().pack, msgpack.unpackb

    def nop(self) -> None:
        """Do nothing."""
        self._send(self._pack((OBJECT, "nop", ())))
        result: None = self._unpack(self._recv(RECEIVE))
        return result

    def add(self, a: int, b: int) -> int:
        """The sum."""
        self._send(self._pack((OBJECT, "add", (a, b))))
        result: int = self._unpack(self._recv(RECEIVE))
        return result

    def echo(self, value: Any) -> Any:
        """Give the value back."""
        self._send(self._pack((OBJECT, "echo", (value,))))
        return self._unpack(self._recv(RECEIVE))


def _serve_threads(listener: socket.socket, answer: Callable[[socket.socket, Any], None], what: Any) -> None:
    while True:
        sock, _ = listener.accept()
        _send_at_once(sock)
        threading.Thread(target=answer, args=(sock, what), daemon=True).start()


def _answer(sock: socket.socket, methods: dict[tuple[str, str], Callable[..., Any]]) -> None:
    send, recv = sock.send, sock.recv
    pack, unpack = msgpack.Packer().pack, msgpack.unpackb
    while data := recv(RECEIVE):
        object_id, method, args = unpack(data)
        send(pack(methods[object_id, method](*args)))


def _serve_loop(listener: socket.socket, methods: dict[tuple[str, str], Callable[..., Any]]) -> None:
    pack, unpack = msgpack.Packer().pack, msgpack.unpackb
    poller, accepting = select.epoll(), listener.fileno()
    poller.register(accepting, select.EPOLLIN)
    connected: dict[int, socket.socket] = {}
    while True:
        for descriptor, _ in poller.poll():
            if descriptor == accepting:
                sock, _ = listener.accept()
                _send_at_once(sock)
                poller.register(sock, select.EPOLLIN)
                connected[sock.fileno()] = sock
                continue
            sock = connected[descriptor]
            if data := sock.recv(RECEIVE):
                object_id, method, args = unpack(data)
                sock.send(pack(methods[object_id, method](*args)))
            else:
                connected.pop(descriptor).close()


def _listening(setup: ServerSetup, folder: str, name: str) -> socket.socket:
    if setup.transport == "unix":
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(os.path.join(folder, f"raw-{setup.model}-{name}.sock"))
    else:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
    listener.listen(1024)  # a thousand may come before a busy server gets to accept them
    return listener


def _connected(where: Any) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX if isinstance(where, str) else socket.AF_INET, socket.SOCK_STREAM)
    sock.connect(where if isinstance(where, str) else tuple(where))
    _send_at_once(sock)
    return sock


def _send_at_once(sock: socket.socket) -> None:
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
