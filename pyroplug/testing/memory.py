"""A transport within one process: no socket, no file descriptor, no system call.

It keeps the whole contract, but for descriptors, so that no selector can watch it. A subclass that breaks a
promise is a peer for tests.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from pyroplug.contracts import Buffer, Peer, Settings
from pyroplug.errors import AddressError, ConnectionClosedError, TimeoutError

__all__ = ["MemoryConnection", "MemoryListener", "MemoryTransport", "memory_pair"]

CAPACITY = 1 << 16
"""Bytes that one direction holds until they are received."""

_numbers = itertools.count(1)


class Pipe:
    """One direction of a stream."""

    def __init__(self, capacity: int) -> None:
        self.data = bytearray()
        self.capacity = capacity
        self.ended = False
        """Nothing more will be sent."""
        self.deserted = False
        """Nothing more will be received."""
        self.changed = threading.Condition(threading.RLock())

    def put(self, view: memoryview) -> int:
        """Take what there is room for: how many bytes that was."""
        with self.changed:
            count = min(len(view), self.capacity - len(self.data))
            self.data += view[:count]
            self.changed.notify_all()
        return count

    def end(self, *, ended: bool = False, deserted: bool = False) -> None:
        """Let it end, and tell whoever waits."""
        with self.changed:
            self.ended |= ended
            self.deserted |= deserted
            if deserted:
                self.data.clear()
            self.changed.notify_all()


class MemoryConnection:
    """A connection whose other end is in the same process.

    :ivar most: bytes that one receive gives at most.
    """

    sock = None

    def __init__(self, incoming: Pipe, outgoing: Pipe, peer: Peer, most: int | None = None) -> None:
        self.peer = peer
        self.most = most
        self._in = incoming
        self._out = outgoing
        self._timeout: float | None = None
        self._blocking = True
        self._shut = self._closed = self._half = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.peer}{' closed' if self._closed else ''}>"

    def fileno(self) -> int:
        """Always -1: there is none."""
        return -1

    def recv_into(self, buffer: memoryview, /) -> int | None:
        """Receive at least one byte: how many; 0 at the end; ``None`` if non-blocking and none is there."""
        deadline = self._deadline()
        with self._in.changed:
            while True:
                if self._closed:
                    raise self._closed_error()
                if self._shut:
                    return 0
                if self._in.data:
                    return self._take(buffer)
                if self._in.ended:
                    return 0
                if not self._blocking:
                    return None
                self._wait(self._in, deadline, "received from")

    def send(self, buffers: Sequence[Buffer], /) -> None:
        """Send all of it."""
        deadline = self._deadline()
        for buffer in buffers:
            view = memoryview(buffer).cast("B") if memoryview(buffer).nbytes else memoryview(b"")
            with self._out.changed:
                while len(view):
                    view = view[self._put(view) :]
                    if len(view):
                        self._wait(self._out, deadline, "sent to")
        self._check()

    def send_some(self, buffers: Sequence[Buffer], /) -> int:
        """Send what can be sent without waiting: how many bytes that was, 0 if none."""
        total = 0
        self._check()
        for buffer in buffers:
            view = memoryview(buffer).cast("B") if memoryview(buffer).nbytes else memoryview(b"")
            sent = self._put(view)
            total += sent
            if sent < len(view):
                break
        return total

    def set_timeout(self, seconds: float | None, /) -> None:
        """The longest that one receive may wait, and that one send may take; ``None`` for ever."""
        self._check_open()
        self._timeout = seconds
        self._blocking = True

    def set_nonblocking(self) -> None:
        """Never wait again, until ``set_timeout`` is called."""
        self._check_open()
        self._blocking = False

    def pending(self) -> bool:
        """Whether bytes are here already."""
        return bool(self._in.data)

    def wants_write(self) -> bool:
        """Never."""
        return False

    def shutdown(self) -> None:
        """End the stream both ways."""
        self._shut = True
        self._in.end(deserted=True)
        self._out.end(ended=True)

    def end_of_data(self) -> None:
        """Tell the peer that nothing more will be sent; receiving goes on."""
        self._half = True
        self._out.end(ended=True)

    def close(self) -> None:
        """End it. May be called twice."""
        self._closed = True
        self.shutdown()

    # How it works

    def _take(self, buffer: memoryview) -> int:
        view = buffer.cast("B")
        count = min(len(view), len(self._in.data), self.most or len(view))
        view[:count] = self._in.data[:count]
        del self._in.data[:count]
        self._in.changed.notify_all()
        return count

    def _put(self, view: memoryview) -> int:
        self._check()
        return self._out.put(view)

    def _check_open(self) -> None:
        if self._closed:
            raise self._closed_error()

    def _check(self) -> None:
        self._check_open()
        if self._shut or self._half:
            raise ConnectionClosedError(f"the connection with {self.peer} was ended on this side")
        if self._out.deserted:
            raise ConnectionClosedError(f"{self.peer} is gone")

    def _closed_error(self) -> ConnectionClosedError:
        return ConnectionClosedError(f"the connection with {self.peer} was closed on this side")

    def _deadline(self) -> float | None:
        return None if self._timeout is None else time.monotonic() + self._timeout

    def _wait(self, pipe: Pipe, deadline: float | None, done: str) -> None:
        if not self._blocking:
            raise TimeoutError(f"nothing could be {done} {self.peer} without waiting")
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError(f"nothing could be {done} {self.peer} within {self._timeout:g} seconds")
        pipe.changed.wait(None if left is None else min(left, threading.TIMEOUT_MAX))


def memory_pair(
    client: type[MemoryConnection] = MemoryConnection,
    server: type[MemoryConnection] = MemoryConnection,
    *,
    reached: str = "",
    name: str = "in-memory",
    capacity: int = CAPACITY,
    most: int | None = None,
) -> tuple[Any, Any]:
    """Two connections, each the other's peer: the client's, and the server's.

    :param client, server: the classes of the two.
    :param reached: the location by which the client came.
    :param name: the transport's.
    :param capacity: bytes that one direction holds until they are received.
    :param most: bytes that one receive gives at most.
    """
    there, back, number = Pipe(capacity), Pipe(capacity), next(_numbers)
    return (
        client(back, there, Peer(f"server {number}", name), most),
        server(there, back, Peer(f"client {number}", name, reached=reached), most),
    )


class MemoryListener:
    """Waits for connections from within the process."""

    sock = None

    def __init__(self, transport: MemoryTransport, address: str) -> None:
        self.location = f"./{transport.scheme}:{address}"
        self._transport = transport
        self._address = address
        self._waiting: deque[Any] = deque()

    def fileno(self) -> int:
        """Always -1: there is none."""
        return -1

    def accept(self) -> Any:
        """The next connection, ``None`` if nobody waits."""
        return self._waiting.popleft() if self._waiting else None

    def close(self) -> None:
        """Stop listening. May be called twice."""
        self._transport.forget(self._address, self)
        while self._waiting:
            self._waiting.popleft().close()

    def call(self, pair: tuple[Any, Any]) -> Any:
        """Let somebody wait here: the client's end."""
        client, server = pair
        self._waiting.append(server)
        return client


class MemoryTransport:
    """Connections within one process. Each transport has addresses of its own: any text without spaces.

    :ivar capacity: bytes that one direction holds until they are received.
    :ivar most: bytes that one receive gives at most, for short reads.
    """

    name = "in-memory"
    scheme = "in-memory"
    listener: type[MemoryListener] = MemoryListener
    client: type[MemoryConnection] = MemoryConnection
    server: type[MemoryConnection] = MemoryConnection

    def __init__(self, *, capacity: int = CAPACITY, most: int | None = None) -> None:
        self.capacity = capacity
        self.most = most
        self._listeners: dict[str, MemoryListener] = {}
        self._lock = threading.Lock()

    def listen(self, address: str, _settings: Settings, /) -> MemoryListener:
        """Listen at any text that nobody listens at yet."""
        self._check(address)
        with self._lock:
            if address in self._listeners:
                raise AddressError(f"somebody listens at {address!r} already", hint="choose another address")
            self._listeners[address] = listener = self.listener(self, address)
        return listener

    def connect(self, address: str, _settings: Settings, _timeout: float | None, /) -> MemoryConnection:
        """Connect with whoever listens there."""
        self._check(address)
        listener = self._listeners.get(address)
        if listener is None:
            error = AddressError(f"nobody listens at {address!r}", hint="listen there first")
            error.passing = True
            raise error
        connection: MemoryConnection = listener.call(
            memory_pair(
                self.client,
                self.server,
                reached=listener.location,
                name=self.name,
                capacity=self.capacity,
                most=self.most,
            )
        )
        return connection

    def adopt(self, channel: Any, _settings: Settings, /) -> MemoryConnection | None:
        """One of ``memory_pair``'s connections, as it is."""
        return channel if isinstance(channel, MemoryConnection) else None

    def loopback_address(self, _folder: str, /) -> str:
        """A number that is new."""
        return f"trial-{next(_numbers)}"

    def loopback_pair(self) -> tuple[MemoryConnection, MemoryConnection]:
        """What ``memory_pair`` gives."""
        return memory_pair(self.client, self.server, name=self.name, capacity=self.capacity, most=self.most)

    def forget(self, address: str, listener: MemoryListener) -> None:
        """A listener does not listen any more."""
        with self._lock:
            if self._listeners.get(address) is listener:
                del self._listeners[address]

    def _check(self, address: str) -> None:
        if not address or not address.isprintable() or " " in address:
            raise AddressError(f"{address!r} is no address", hint="any text will do that has no spaces")
