"""Transports that are each broken in one way, and the suite for each of them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from pyroplug.contracts import Buffer, DirectIO
from pyroplug.errors import AddressError
from pyroplug.testing import TransportSuite
from pyroplug.testing.loopback import LoopbackConnection, LoopbackListener, LoopbackTransport
from pyroplug.testing.memory import MemoryConnection, MemoryListener, MemoryTransport


class Mutants(TransportSuite):
    """A subclass says what is broken."""

    has_descriptors = False
    huge = 1 << 19
    patience = 2.0
    grace = 0.5
    malformed_addresses = ("two words",)
    kind: ClassVar[type[Any]] = MemoryTransport
    parts: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    def transport(self) -> Any:
        transport = self.kind()
        for name, value in self.parts.items():
            setattr(transport, name, value)
        return transport


class TestSound(Mutants):
    """Nothing is."""

    patience = 20.0
    grace = 5.0


def both(connection: type[Any]) -> dict[str, Any]:
    return {"client": connection, "server": connection}


# Data


class LosesTheLastByte(MemoryConnection):
    """Joins what comes in several buffers, and is wrong by one."""

    def send(self, buffers: Sequence[Buffer], /) -> None:
        super().send([b"".join(buffers)[:-1]] if len(buffers) > 1 else buffers)


class TestLosesTheLastByte(Mutants):
    parts = both(LosesTheLastByte)


class CountsItems(MemoryConnection):
    """Takes the length of a view for its size."""

    def send(self, buffers: Sequence[Buffer], /) -> None:
        super().send([memoryview(each).tobytes()[: len(each)] for each in buffers])


class TestCountsItems(Mutants):
    parts = both(CountsItems)


class CountsTooMuch(MemoryConnection):
    """Says that everything was sent."""

    def send_some(self, buffers: Sequence[Buffer], /) -> int:
        super().send_some(buffers)
        return sum(map(len, buffers))


class TestCountsTooMuch(Mutants):
    parts = both(CountsTooMuch)


class TakesNothingForTheEnd(MemoryConnection):
    """Does not tell an empty stream from one that has ended."""

    def recv_into(self, buffer: memoryview, /) -> int | None:
        return super().recv_into(buffer) or 0


class TestTakesNothingForTheEnd(Mutants):
    parts = both(TakesNothingForTheEnd)


class MisnamesItself(MemoryTransport):
    """Connections bear another name than the transport."""

    @property
    def name(self) -> str:  # type: ignore[override]
        return "another"

    def connect(self, address: str, settings: Any, timeout: float | None, /) -> Any:
        connection = super().connect(address, settings, timeout)
        connection.peer = connection.peer._replace(transport="memory")
        return connection


class TestMisnamesItself(Mutants):
    kind = MisnamesItself


# Time


class RenewsTheLimit(MemoryConnection):
    """Gives each piece of a send the whole time."""

    def send(self, buffers: Sequence[Buffer], /) -> None:
        for buffer in buffers:
            view = memoryview(buffer)
            for start in range(0, len(view), 1000):
                super().send([view[start : start + 1000]])


class TestRenewsTheLimit(Mutants):
    parts = both(RenewsTheLimit)


class HasNoLimit(MemoryConnection):
    """Forgets the time limit of receiving."""

    def set_timeout(self, seconds: float | None, /) -> None:
        super().set_timeout(None)


class TestHasNoLimit(Mutants):
    patience = 1.0
    parts = both(HasNoLimit)


class RaisesPythonsError(MemoryConnection):
    """Lets Python's own TimeoutError out."""

    def recv_into(self, buffer: memoryview, /) -> int | None:
        try:
            return super().recv_into(buffer)
        except Exception as error:
            raise OSError(str(error)) from error


class TestRaisesPythonsError(Mutants):
    parts = both(RaisesPythonsError)


# Ends


class SleepsThroughTheEnd(MemoryConnection):
    """Does not wake whoever waits in it."""

    def shutdown(self) -> None:
        self._shut = True


class TestSleepsThroughTheEnd(Mutants):
    patience = 1.0
    parts = both(SleepsThroughTheEnd)


class EndsBothWays(MemoryConnection):
    """Takes half of the end for the whole."""

    def end_of_data(self) -> None:
        self.shutdown()


class TestEndsBothWays(Mutants):
    parts = both(EndsBothWays)


class RaisesWhenClosedTwice(MemoryConnection):
    """Is surprised by a second close."""

    def close(self) -> None:
        if self._closed:
            raise OSError("closed already")
        super().close()


class TestRaisesWhenClosedTwice(Mutants):
    parts = both(RaisesWhenClosedTwice)


class KeepsADescriptor(LoopbackConnection):
    """Makes a copy of its socket, and forgets it."""

    def __init__(self, sock: socket.socket, peer: Any) -> None:
        super().__init__(sock, peer)
        self._copy = sock.dup().detach()


class TestKeepsADescriptor(Mutants):
    has_descriptors = True
    kind = LoopbackTransport
    parts = both(KeepsADescriptor)


# Listening


class WaitsForCallers(MemoryListener):
    """Accepts as sockets do that nobody has made non-blocking."""

    def accept(self) -> Any:
        while not self._waiting:
            time.sleep(0.01)
        return super().accept()


class TestWaitsForCallers(Mutants):
    patience = 1.0
    parts: ClassVar[dict[str, Any]] = {"listener": WaitsForCallers}


class IsElsewhere(MemoryListener):
    """Tells the address as it was wanted, and not as it is."""

    def __init__(self, transport: MemoryTransport, address: str) -> None:
        super().__init__(transport, address)
        self.location = "./in-memory:0"


class TestIsElsewhere(Mutants):
    parts: ClassVar[dict[str, Any]] = {"listener": IsElsewhere}


class NamesNoScheme(MemoryListener):
    """A location that nobody can tell from a host."""

    def __init__(self, transport: MemoryTransport, address: str) -> None:
        super().__init__(transport, address)
        self.location = address


class TestNamesNoScheme(Mutants):
    parts: ClassVar[dict[str, Any]] = {"listener": NamesNoScheme}


class SharesAddresses(MemoryTransport):
    """Whoever comes last gets the callers."""

    def listen(self, address: str, settings: Any, /) -> Any:
        self._listeners.pop(address, None)
        return super().listen(address, settings)


class TestSharesAddresses(Mutants):
    kind = SharesAddresses


class RaisesValueErrors(MemoryTransport):
    """Has errors of its own for addresses."""

    def listen(self, address: str, settings: Any, /) -> Any:
        if " " in address:
            raise ValueError(address)
        return super().listen(address, settings)


class TestRaisesValueErrors(Mutants):
    kind = RaisesValueErrors


class DiscouragesRetries(MemoryTransport):
    """Does not say that somebody may listen later."""

    def connect(self, address: str, settings: Any, timeout: float | None, /) -> Any:
        try:
            return super().connect(address, settings, timeout)
        except AddressError as error:
            error.passing = False
            raise


class TestDiscouragesRetries(Mutants):
    kind = DiscouragesRetries


class ListensOn(LoopbackListener):
    """Keeps its socket for a while after close."""

    def close(self) -> None:
        if self.sock.fileno() >= 0:
            copy = self.sock.dup()
            threading.Timer(0.3, copy.close).start()
        super().close()


class TestListensOn(Mutants):
    has_descriptors = True
    kind = LoopbackTransport
    parts: ClassVar[dict[str, Any]] = {"listener": ListensOn}


# The direct way


class DirectlyWrong(LoopbackConnection):
    """Its direct way sends only the first bytes, and says that it was all."""

    @property
    def direct(self) -> DirectIO | None:
        way = super().direct
        assert way is not None

        def send(data: Buffer, no_wait: int) -> int:
            with contextlib.suppress(BlockingIOError):
                way.send(memoryview(data)[:1000], no_wait)
            return len(data)

        return way._replace(send=send)


class TestDirectlyWrong(Mutants):
    has_descriptors = True
    kind = LoopbackTransport
    parts = both(DirectlyWrong)


SAYS = {
    "TestLosesTheLastByte": (
        "test_every_way_of_cutting_it_arrives_the_same",
        "what is sent arrives complete, in order, and unchanged",
    ),
    "TestCountsItems": (
        "test_buffers_of_every_kind_are_measured_in_bytes",
        "views of items that are larger than a byte",
    ),
    "TestCountsTooMuch": (
        "test_send_some_never_waits",
        "send_some sends what there is room for, and returns how",
    ),
    "TestTakesNothingForTheEnd": (
        "test_a_receive_that_does_not_wait_says_none",
        "recv_into returns None as long as nothing",
    ),
    "TestMisnamesItself": (
        "test_connections_know_who_is_at_the_other_end",
        "the peer has the transport's name, 'another'",
    ),
    "TestRenewsTheLimit": (
        "test_a_reader_that_takes_its_time_does_not_extend_the_limit",
        "the limit is that of the whole send",
    ),
    "TestHasNoLimit": ("test_receiving_has_a_limit", "receiving ends"),
    "TestRaisesPythonsError": ("test_receiving_has_a_limit", "it raised builtins.OSError"),
    "TestSleepsThroughTheEnd": (
        "test_the_end_wakes_a_waiting_receiver and shutdown",
        "receiving after shutdown() ends",
    ),
    "TestEndsBothWays": ("test_half_of_it_may_end", "after end_of_data()"),
    "TestRaisesWhenClosedTwice": ("test_a_closed_connection_says_so", "raise nothing, however often"),
    "TestKeepsADescriptor": ("test_the_peers_end_is_seen", "is still open"),
    "TestWaitsForCallers": ("test_accepting_never_waits", "accept ends"),
    "TestIsElsewhere": (
        "test_a_location_leads_back_to_its_listener",
        "whoever connects to a listener's location is accepted there",
    ),
    "TestNamesNoScheme": (
        "test_a_location_leads_back_to_its_listener",
        "a location has the form that goes into a URI",
    ),
    "TestSharesAddresses": (
        "test_a_taken_address_is_refused",
        "listening where somebody listens already raises",
    ),
    "TestRaisesValueErrors": (
        "test_malformed_addresses_are_refused",
        "listen raises AddressError for a malformed address",
    ),
    "TestDiscouragesRetries": (
        "test_a_closed_listener_is_gone",
        "`passing` set where somebody may listen later",
    ),
    "TestListensOn": (
        "test_a_closed_listener_is_gone",
        "connecting where nobody listens raises AddressError",
    ),
    "TestDirectlyWrong": ("test_the_direct_way_does_the_same", "what is sent arrives complete"),
}
"""By the name of the mutant's suite: the test that finds it, and what that says."""
