"""What an author says of a transport, and how the suite makes connections that are each other's peer."""

from __future__ import annotations

import concurrent.futures
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pyroplug.contracts import Connection, Listener, Settings, Transport
from pyroplug.testing.patience import PatientSuite, start
from pyroplug.testing.verdicts import fail, require, same_bytes, shown
from pyroplug.testing.waiting import wait_until

__all__ = ["IN_ORDER", "Meeting", "Pair", "PairSuite", "address_of", "receive"]

Pair = tuple[Connection, Connection]

IN_ORDER = "what is sent arrives complete, in order, and unchanged"

_GLANCE = 0.0005


class PairSuite(PatientSuite):
    """What a subclass says about its transport, and helpers. There are no tests here."""

    has_descriptors: bool = True
    """Whether connections and listeners have file descriptors, as daemons' server models need them."""

    half_closes: bool = True
    """Whether ``end_of_data`` can end one direction alone."""

    malformed_addresses: Sequence[str] = ()
    """Addresses that are none to this transport."""

    huge: int = 24 << 20
    """Bytes: more than a connection takes whose peer does not read."""

    @pytest.fixture
    def transport(self) -> Transport:
        """The transport that is tested: every subclass has this fixture."""
        raise NotImplementedError("a subclass of TransportSuite has a fixture `transport` that gives one")

    @pytest.fixture
    def client_settings(self, settings: Settings) -> Settings:
        """What it is given for connecting: what it gets for listening, unless a subclass differs."""
        return settings

    @pytest.fixture
    def make_channels(self, transport: Transport) -> Callable[[], tuple[Any, Any] | None]:
        """Makes two connected channels for ``adopt``: those that the transport has for trials."""
        return transport.loopback_pair

    @pytest.fixture
    def meeting(
        self,
        transport: Transport,
        settings: Settings,
        client_settings: Settings,
        make_channels: Callable[[], tuple[Any, Any] | None],
        tmp_path: Path,
    ) -> Iterator[Meeting]:
        """Where pairs of connections come from; they are closed when the test is over."""
        with closing(
            Meeting(transport, settings, client_settings, make_channels, str(tmp_path), self.patience)
        ) as meeting:
            yield meeting

    @pytest.fixture
    def make_pair(self, meeting: Meeting) -> Callable[[], Pair]:
        """Makes two connections, each the other's peer."""
        return meeting.pair

    @pytest.fixture
    def pair(self, make_pair: Callable[[], Pair]) -> Pair:
        """Two connections, each the other's peer."""
        return make_pair()

    # Helpers

    def receive(self, connection: Connection, count: int, size: int = 1 << 20) -> bytes:
        """Exactly ``count`` bytes, or fewer if the stream ends; at most ``size`` at a time."""
        __tracebackhide__ = True
        data: bytes = self.within("receiving", receive, connection, count, size)
        return data

    def arrives(
        self, connection: Connection, expected: bytes, promise: str = IN_ORDER, size: int = 1 << 20
    ) -> None:
        """See that these bytes come next; at most ``size`` at a time are received."""
        __tracebackhide__ = True
        data = bytearray()
        task = start(receive, connection, len(expected), size, data)
        seen = -1
        while not task.done() and len(data) > seen:
            seen = len(data)
            concurrent.futures.wait([task], self.patience)
        if task.done():
            task.result()
        same_bytes(bytes(data), expected, promise)

    def receive_soon(self, connection: Connection, buffer: memoryview) -> int:
        """What a connection that does not wait gives as soon as there is something."""
        found: list[int | None] = []

        def received() -> bool:
            found.append(connection.recv_into(buffer))
            return found[-1] is not None

        wait_until(received, "what the peer has sent", self.patience)
        return found[-1] or 0

    def clog(self, connection: Connection, piece: bytes = b"x" * 65536) -> int:
        """Send until nothing more can be sent without waiting: how many bytes that was."""
        __tracebackhide__ = True
        total = 0
        while True:
            sent = connection.send_some([piece])
            require(
                isinstance(sent, int) and 0 <= sent <= len(piece),
                "send_some returns how many bytes it has sent",
                f"it returned {sent!r} for {len(piece)} bytes",
            )
            if not sent:
                return total
            total += sent
            require(
                total <= self.huge,
                "send_some returns 0 when the peer does not read and there is no room",
                f"it has taken {total} bytes (the attribute `huge` says how much is too much)",
            )


class Meeting:
    """Makes connections with the transport, and closes them in the end."""

    def __init__(
        self,
        transport: Transport,
        settings: Settings,
        client_settings: Settings,
        make_channels: Callable[[], tuple[Any, Any] | None],
        folder: str,
        patience: float,
    ) -> None:
        self.transport = transport
        self.settings = settings
        self.client_settings = client_settings
        self._make_channels = make_channels
        self._folder = folder
        self._patience = patience
        self._listener: Listener | None = None
        self._made: list[Any] = []
        self._channels: dict[int, Any] = {}

    def address(self) -> str | None:
        """An address to listen at that nobody uses yet; ``None`` if the transport has none."""
        return self.transport.loopback_address(self._folder)

    def listen(self, address: str | None = None) -> Listener:
        """A new listener, at an address of its own if none is given. The test is skipped if there is none."""
        address = self.address() if address is None else address
        if address is None:
            pytest.skip("this transport has no address to listen at")
        listener = self.transport.listen(address, self.settings)
        self._made.append(listener)
        return listener

    def pair(self) -> Pair:
        """Two connections, by an address if the transport has one, or else over channels for trials."""
        if self._listener is None:
            address = self.address()
            if address is None:
                return self._adopted()
            self._listener = self.listen(address)
        return self.join(self._listener)

    def join(self, listener: Listener) -> Pair:
        """A client of a listener, and the connection at this side: both have agreed to talk."""
        client = self.connect(listener)
        accepted = self.accept(listener, client)
        # What a transport does first, such as exchanging keys, needs both sides to be at work.
        accepted.set_nonblocking()
        nothing, glance = memoryview(bytearray(1)), threading.Event()
        while not client.done():
            got = accepted.recv_into(nothing)
            require(
                got is None,
                "in non-blocking mode recv_into returns None as long as nothing has arrived",
                f"it returned {got!r} while the client was connecting",
            )
            glance.wait(_GLANCE)
        connection: Connection = client.result()
        accepted.set_timeout(None)
        for sender, receiver in ((connection, accepted), (accepted, connection)):
            sender.send([b"?"])
            same_bytes(start(receive, receiver, 1).result(self._patience), b"?", IN_ORDER)
        return connection, accepted

    def connect(self, listener: Listener) -> Future[Any]:
        """The future of a connection with a listener; it, too, is closed in the end."""
        target = address_of(listener.location, self.transport)
        connecting = start(self.transport.connect, target, self.client_settings, self._patience)
        connecting.add_done_callback(self._take)
        return connecting

    def _take(self, connecting: Future[Any]) -> None:
        if connecting.exception() is None:
            self._made.append(connecting.result())

    def accept(self, listener: Listener, client: Future[Any] | None = None) -> Connection:
        """The connection that somebody is just making.

        :param client: who does, if that should be told when it fails.
        """
        promise = "whoever connects to a listener's location is accepted there"
        deadline, glance = time.monotonic() + self._patience, threading.Event()
        while (connection := start(listener.accept).result(self._patience)) is None:
            if client is not None and client.done() and (error := client.exception()) is not None:
                fail(promise, f"connecting to {listener.location!r} raised {error!r}")
            require(time.monotonic() < deadline, promise, f"nobody came within {self._patience:g} seconds")
            glance.wait(_GLANCE)
        self._made.append(connection)
        accepted: Connection = connection
        return accepted

    def _adopted(self) -> Pair:
        channels = self._make_channels()
        if channels is None:
            fail(
                "loopback_address or loopback_pair gives something for trials",
                "both gave None: have them give something, or override the fixture `make_channels`",
            )
        made = []
        for channel in channels:
            connection = self.transport.adopt(channel, self.settings)
            if connection is None:
                fail("adopt takes what loopback_pair gives", f"it returned None for {shown(channel)}")
            self._channels[id(connection)] = channel
            made.append(connection)
        self._made += [*channels, *made]
        return made[0], made[1]

    def hang_up(self, connection: Connection) -> None:
        """End the stream itself, whoever owns it."""
        self._channels.get(id(connection), connection).close()

    def remains(self) -> list[str]:
        """The files that listening has left in the folder for trials."""
        return os.listdir(self._folder)

    def close(self) -> None:
        """Close all that was made."""
        for each in reversed(self._made):
            each.close()


def address_of(location: str, transport: Transport) -> str:
    """What ``connect`` takes: a location without the transport's scheme."""
    return location.removeprefix(f"./{transport.scheme}:")


def receive(
    connection: Connection, count: int, size: int = 1 << 20, received: bytearray | None = None
) -> bytes:
    """Exactly ``count`` bytes, or fewer if the stream ends; at most ``size`` at a time.

    :param received: where they are put, for whoever looks on.
    """
    received = bytearray() if received is None else received
    buffer = memoryview(bytearray(min(size, count)))
    while len(received) < count:
        room = min(size, count - len(received))
        got = connection.recv_into(buffer[:room])
        require(
            isinstance(got, int) and 0 <= got <= room,
            "recv_into returns how many bytes it has received, and None in non-blocking mode alone",
            f"it returned {got!r} for a buffer of {room} bytes",
        )
        if not got:
            break
        received += buffer[:got]
    return bytes(received)
