"""The kit's fakes fail as they are told to, and otherwise keep the contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies

from pyroplug.contracts import Transport
from pyroplug.errors import ConnectionClosedError, TimeoutError
from pyroplug.testing import TransportSuite
from pyroplug.testing.clock import FakeClock
from pyroplug.testing.connections import FaultyConnection, ScriptedConnection
from pyroplug.testing.memory import MemoryTransport, memory_pair
from pyroplug.testing.transports import Meeting, Pair


def received(connection: Any, size: int = 9) -> bytes | None:
    buffer = bytearray(size)
    count = connection.recv_into(memoryview(buffer))
    return None if count is None else bytes(buffer[:count])


# Scripts


@given(pieces=strategies.lists(strategies.binary(min_size=1)), size=strategies.integers(1, 9))
def test_a_script_comes_whole(pieces: list[bytes], size: int) -> None:
    connection = ScriptedConnection(*pieces)
    data = b""
    while piece := received(connection, size):
        data += piece
    assert data == b"".join(pieces)


def test_a_script_is_followed_step_by_step() -> None:
    connection = ScriptedConnection(b"head", None, b"body", ConnectionClosedError("reset"))
    connection.set_nonblocking()
    assert connection.pending()
    assert [received(connection) for _ in range(3)] == [b"head", None, b"body"]
    assert not connection.pending()
    for _ in range(2):
        with pytest.raises(ConnectionClosedError, match="reset"):
            received(connection)
    connection.shutdown()
    assert received(connection) == b""
    connection.close()
    with pytest.raises(ConnectionClosedError):
        connection.send_some([b"x"])
    assert connection.calls == ["shutdown", "close"]


def test_who_waits_for_a_script_runs_out_of_time() -> None:
    connection = ScriptedConnection(None, b"late", most=2)
    with pytest.raises(TimeoutError):
        received(connection)
    assert [received(connection) for _ in range(3)] == [b"la", b"te", b""]


def test_a_script_may_be_clogged() -> None:
    connection = ScriptedConnection(room=5)
    connection.send([b"ab", memoryview(b"c")])
    assert connection.send_some([b"def"]) == 2
    assert connection.send_some([b"f"]) == 0
    with pytest.raises(TimeoutError):
        connection.send([b"f"])
    assert connection.sent == b"abcde"


# Faults


class TestWithoutFaults(TransportSuite):
    """What has no faults is as good as what it stands for."""

    has_descriptors = False
    huge = 1 << 19

    @pytest.fixture
    def transport(self) -> Transport:
        return MemoryTransport()

    @pytest.fixture
    def make_pair(self, meeting: Meeting) -> Callable[[], Pair]:
        def make_pair() -> Any:
            return tuple(FaultyConnection(each, most=1000) for each in meeting.pair())

        return make_pair


@pytest.mark.parametrize("at", range(4))
def test_it_ends_or_breaks_at_a_byte(at: int) -> None:
    client, server = memory_pair()
    client.send([b"abcdef"])
    faulty = FaultyConnection(server, end_at=at)
    assert (received(faulty) or b"") + (received(faulty) or b"") == b"abc"[:at]
    assert (received(faulty), faulty.received) == (b"", at)
    client, server = memory_pair()
    client.send([b"abcdef"])
    faulty = FaultyConnection(server, reset_at=at)
    if at:
        assert received(faulty) == b"abc"[:at]
    with pytest.raises(ConnectionClosedError, match=f"at byte {at}"):
        received(faulty)


@pytest.mark.parametrize("at", range(4))
def test_sending_breaks_or_clogs_at_a_byte(at: int) -> None:
    client, server = memory_pair()
    faulty = FaultyConnection(client, break_at=at)
    with pytest.raises(ConnectionClosedError, match=f"at byte {at}"):
        faulty.send([b"ab", b"cd"])
    assert faulty.sent == at
    faulty = FaultyConnection(client, clog_at=at)
    with pytest.raises(TimeoutError):
        faulty.send([b"ab", b"cd"])
    assert faulty.send_some([b"x"]) == 0
    server.set_nonblocking()
    assert (received(server) or b"") == b"abc"[:at] * 2


# Time


def test_a_clock_goes_as_it_is_told() -> None:
    clock = FakeClock()
    begun = clock()
    clock.advance(5)
    clock.sleep(0.5)
    assert (clock() - begun, clock.slept) == (5.5, [0.5])
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)
