"""The limit: bare sockets and msgpack, and not a line more than a remote call in Python has to have.

There is no framing, no check and no error handling. A message is taken to arrive in one piece, which small
ones over a loopback do; it is no basis for a program.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from typing import Any

import msgpack

from benchmarks.contestant import RAW, Contestant, Remote, Served, ServerSetup

__all__ = ["RawSockets"]

OBJECT = "served"
RECEIVE = 64 * 1024


class RawSockets(Contestant):
    """Calls by hand."""

    library = RAW

    @classmethod
    def serve(cls, setup: ServerSetup, folder: str, ready: Callable[[str], None]) -> None:
        served = Served()
        methods = {(OBJECT, "nop"): served.nop, (OBJECT, "echo"): served.echo}
        listener = _listening(setup, folder)
        ready(json.dumps(listener.getsockname()))
        while True:
            sock, _ = listener.accept()
            _send_at_once(sock)
            threading.Thread(target=_answer, args=(sock, methods), daemon=True).start()

    def connect(self, address: str) -> Remote:
        where = json.loads(address)
        family = socket.AF_UNIX if isinstance(where, str) else socket.AF_INET
        self._sock = socket.socket(family, socket.SOCK_STREAM)
        self._sock.connect(where if isinstance(where, str) else tuple(where))
        _send_at_once(self._sock)
        return RawRemote(self._sock)

    def close(self) -> None:
        self._sock.close()


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

    def echo(self, value: Any) -> Any:
        """Give the value back."""
        self._send(self._pack((OBJECT, "echo", (value,))))
        return self._unpack(self._recv(RECEIVE))


def _answer(sock: socket.socket, methods: dict[tuple[str, str], Callable[..., Any]]) -> None:
    send, recv = sock.send, sock.recv
    pack, unpack = msgpack.Packer().pack, msgpack.unpackb
    while data := recv(RECEIVE):
        object_id, method, args = unpack(data)
        send(pack(methods[object_id, method](*args)))


def _listening(setup: ServerSetup, folder: str) -> socket.socket:
    if setup.transport == "unix":
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(os.path.join(folder, "raw.sock"))
    else:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def _send_at_once(sock: socket.socket) -> None:
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
