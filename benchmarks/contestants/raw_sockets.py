"""The limit: bare sockets and a serializer, and not a line more than a remote call in Python has to have.

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

from benchmarks.contestant import RAW, Bulk, Can, Contestant, Oneway, Remote, Served, ServerSetup

from .raw_frames import RawFrames, RawStream, answer_frames, answer_stream, serializer

__all__ = ["RawSockets"]

OBJECT = "served"
RECEIVE = 64 * 1024
SERIALIZERS = ("msgpack", "marshal", "json", "serpent")
_ALIKE = frozenset((Can.CALLS, Can.CONNECT, Can.BATCH))
"""What is compared using the same serializer."""
_LOOP = frozenset((Can.CALLS, Can.CONNECT, Can.CROWD, Can.IDLE))
_Calls = dict[tuple[str, str], Callable[..., Any]]


class RawSockets(Contestant):
    """Calls by hand; the models are ``threads``, one per connection, and ``loop``, of one thread."""

    library = RAW
    _can = frozenset(Can)

    @property
    def can(self) -> frozenset[Can]:
        found = self._can if self.serializer == "msgpack" else _ALIKE
        return found & _LOOP if self.setup.model == "loop" else found

    @property
    def carries(self) -> Sequence[str]:
        return ("bytes",)  # whatever the type, the limit is to move so many bytes

    @classmethod
    def serve(cls, setup: ServerSetup, folder: str, ready: Callable[[str], None]) -> None:
        served = Served()
        methods: _Calls = {(OBJECT, name): getattr(served, name) for name in ("nop", "add", "echo")}
        where = {name: _listening(setup, folder, name) for name in ("stream", "frames", *SERIALIZERS)}
        _in_background(where["stream"], answer_stream, served)
        _in_background(where["frames"], answer_frames, served)
        ready(json.dumps({name: listener.getsockname() for name, listener in where.items()}))
        if setup.model == "loop":
            _serve_loop({name: where[name] for name in SERIALIZERS}, methods)
        else:
            for name in SERIALIZERS[1:]:
                _in_background(where[name], _answer, methods, name)
            _serve_threads(where[SERIALIZERS[0]], _answer, methods, SERIALIZERS[0])

    def connect(self, address: str) -> Remote:
        self._where = json.loads(address)
        self._frames: RawFrames | None = None
        self._stream: RawStream | None = None
        self._sock = _connected(self._where[self.serializer])
        return RawRemote(self._sock, self.serializer)

    def close(self) -> None:
        for each in (self._sock, self._frames, self._stream):
            if each is not None:
                each.close()

    def oneway(self) -> Oneway:
        stream = self._stream = self._stream or RawStream(_connected(self._where["stream"]))
        return Oneway(stream.oneway, stream.count)

    def batch(self, count: int) -> Sequence[int]:
        return self._framed().batch(count)

    def bulk(self) -> Bulk:
        return self._framed()

    def _framed(self) -> RawFrames:
        if self._frames is None:
            self._frames = RawFrames(_connected(self._where["frames"]), self.serializer)
        return self._frames


class RawRemote:
    """The client's end. Each method is written out: one that calls another would cost every call."""

    def __init__(self, sock: socket.socket, name: str) -> None:
        """
        :param name: the serializer's.
        """
        self._send, self._recv = sock.send, sock.recv
        self._pack, self._unpack = serializer(name)

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


def _in_background(listener: socket.socket, answer: Callable[..., None], *what: Any) -> None:
    threading.Thread(target=_serve_threads, args=(listener, answer, *what), daemon=True).start()


def _serve_threads(listener: socket.socket, answer: Callable[..., None], *what: Any) -> None:
    while True:
        sock, _ = listener.accept()
        _send_at_once(sock)
        threading.Thread(target=answer, args=(sock, *what), daemon=True).start()


def _answer(sock: socket.socket, methods: _Calls, name: str) -> None:
    send, recv = sock.send, sock.recv
    pack, unpack = serializer(name)
    while data := recv(RECEIVE):
        object_id, method, args = unpack(data)
        send(pack(methods[object_id, method](*args)))


def _serve_loop(where: dict[str, socket.socket], methods: _Calls) -> None:
    poller = select.epoll()
    listening: dict[int, Any] = {}
    connected: dict[int, Any] = {}
    for name, listener in where.items():
        listening[listener.fileno()] = listener, serializer(name)
        poller.register(listener, select.EPOLLIN)
    while True:
        for descriptor, _ in poller.poll():
            if descriptor in connected:
                sock, (pack, unpack) = connected[descriptor]
                if data := sock.recv(RECEIVE):
                    object_id, method, args = unpack(data)
                    sock.send(pack(methods[object_id, method](*args)))
                else:
                    connected.pop(descriptor)[0].close()
            else:
                listener, pair = listening[descriptor]
                sock, _ = listener.accept()
                _send_at_once(sock)
                poller.register(sock, select.EPOLLIN)
                connected[sock.fileno()] = sock, pair


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
