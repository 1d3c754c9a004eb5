"""Connections of all kinds: given ones, those that break at a certain byte, those that are hard to serve."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import pytest

from pyroplug.contracts import Buffer, DirectIO, Peer
from pyroplug.errors import CommunicationError
from pyroplug.testing.connections import FaultyConnection
from pyroplug.testing.loopback import LoopbackConnection, LoopbackListener, LoopbackTransport
from pyroplug.testing.scripted import frame
from pyroplug.testing.verdicts import require
from pyroplug.testing.waiting import wait_until

from .running import Client, Start
from .serving import ServingTests

__all__ = ["KindTests"]


class FullListener(LoopbackListener):
    """Says a few times that the system has no room, before it accepts."""

    refused = 3

    def accept(self) -> Any:
        if self.refused:
            self.refused -= 1
            raise CommunicationError("no room for another connection")
        return super().accept()


class Indirect(LoopbackConnection):
    """Lends nobody its functions."""

    @property
    def direct(self) -> DirectIO | None:
        return None


class ShortReads(LoopbackConnection):
    """Receives little at a time."""

    def _receive(self, buffer: memoryview) -> int:
        return super()._receive(buffer[:3])


class ShortSends(LoopbackConnection):
    """Sends little at a time, and often nothing."""

    _turn = 0

    def _transmit(self, view: memoryview) -> int:
        self._turn += 1
        if self._turn % 3 == 0:
            raise BlockingIOError
        return super()._transmit(view[:1000])

    def send_some(self, buffers: Sequence[Buffer], /) -> int:
        return super().send_some([next(filter(len, buffers), b"")])


class Hoarding(Indirect):
    """Takes in all that has arrived and gives it out in portions, as TLS does with records."""

    def __init__(self, sock: socket.socket, peer: Peer) -> None:
        super().__init__(sock, peer)
        self._hoard = bytearray()

    def _receive(self, buffer: memoryview) -> int:
        if not self._hoard:
            self._hoard += self.sock.recv(100_000)
        portion = bytes(self._hoard[: min(10, len(buffer))])
        del self._hoard[: len(portion)]
        buffer[: len(portion)] = portion
        return len(portion)

    def pending(self) -> bool:
        return bool(self._hoard)


class Reluctant(Hoarding):
    """Has to send something before it gives what it has received, as TLS has now and then."""

    _owes = False

    def recv_into(self, buffer: memoryview, /) -> int | None:
        if self._blocking or self._owes or self._hoard:
            self._owes = False
            return super().recv_into(buffer)
        count = super().recv_into(memoryview(bytearray(1 << 16)))
        if count:
            self._owes = True
            return None
        return count

    def _receive(self, buffer: memoryview) -> int:
        if self._blocking or self._hoard:
            return super()._receive(buffer)
        self._hoard += self.sock.recv(100_000)
        return len(self._hoard)

    def pending(self) -> bool:
        return bool(self._hoard) and not self._owes

    def wants_write(self) -> bool:
        return self._owes


KINDS = {
    "indirect": Indirect,
    "short reads": ShortReads,
    "short sends": ShortSends,
    "hoarding": Hoarding,
    "reluctant": Reluctant,
}


class KindTests(ServingTests):
    """What is accepted, and what exists already."""

    def test_it_goes_on_when_the_system_has_room_again(self, start: Start, transport: Any) -> None:
        if not isinstance(transport, LoopbackTransport):
            pytest.skip("this is tested with the kit's own transport")
        transport.listener = FullListener
        running = start()
        self.answers(running.connect())
        require(running.listener.refused == 0, "accept() is tried again after it has raised", "it is not")  # type: ignore[attr-defined]

    @pytest.mark.parametrize("kind", ["indirect", "short reads", "short sends", "hoarding", "reluctant"])
    def test_connections_of_every_kind(self, start: Start, transport: Any, kind: str) -> None:
        if not isinstance(transport, LoopbackTransport):
            pytest.skip("this is tested with the kit's own transport")
        transport.server = KINDS[kind]
        client = start().connect()
        client.sock.sendall(b"".join(frame(b"e%030d" % number) for number in range(100)))
        client.gets(*(b"%030d" % number for number in range(100)))
        for _ in range(3):
            self.answers(client)
        client.send(b"b100000")
        client.gets(b"x" * 100_000)

    @pytest.mark.parametrize("byte", [0, 1, 5, 14])
    @pytest.mark.parametrize("fault", ["end_at", "reset_at", "break_at"])
    def test_a_connection_that_breaks_at_a_byte(
        self, start: Start, transport: Any, fault: str, byte: int
    ) -> None:
        if not isinstance(transport, LoopbackTransport):
            pytest.skip("this is tested with the kit's own transport")
        running = start()
        good = running.connect()
        self.answers(good)
        transport.server = lambda sock, peer: FaultyConnection(  # type: ignore[assignment]
            LoopbackConnection(sock, peer), **{fault: byte}
        )
        bad = running.connect()
        bad.sock.sendall(frame(b"ehello") * 3)
        running.host.wait_until_lost()
        self.answers(good)

    def test_connections_that_exist_already(
        self, start: Start, ends: tuple[socket.socket, socket.socket]
    ) -> None:
        ours, theirs = ends
        running = start(LoopbackConnection(ours, Peer("", "pair")))
        client = Client(theirs, self.patience)
        running.clients.append(client)
        self.answers(client)
        session = running.host.wait_for_session()
        require(not session.handshake, "connections given to create() have handshake=False", "it is true")
        self.answers(running.connect())
        session = running.host.wait_for_session(1)
        require(session.handshake, "accepted connections have handshake=True", "it is false")

    def test_the_end_of_one_that_existed_already_is_noticed(
        self, start: Start, ends: tuple[socket.socket, socket.socket]
    ) -> None:
        ours, theirs = ends
        running = start(LoopbackConnection(ours, Peer("", "pair")))
        with theirs:
            running.host.wait_for_session()
            asked = running.asked
        wait_until(
            lambda: running.asked > asked, "running(), asked after such a connection's end,", self.patience
        )
