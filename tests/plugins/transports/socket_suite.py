"""The kit's suite, and what the built-in transports promise beyond the contract: in words, and of sockets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pyroplug.contracts import Connection
from pyroplug.errors import ConnectionClosedError, TimeoutError
from pyroplug.testing import TransportSuite
from pyroplug.testing.transports import Pair
from pyroplug.testing.transports.endings import send_until_it_fails

SHORT = 0.03


def receive(connection: Connection, count: int) -> bytes:
    """Exactly ``count`` bytes, or fewer if the stream ends."""
    data = bytearray(count)
    view, end = memoryview(data), 0
    while end < count:
        got = connection.recv_into(view[end:])
        assert got is not None
        if not got:
            break
        end += got
    view.release()
    return bytes(data[:end])


class SocketSuite(TransportSuite):
    """Connections over sockets of the operating system."""

    socket_timeout: float | None = None
    """Python's own time limit of the sockets."""

    def test_its_socket_has_no_time_limit_of_pythons(self, pair: Pair) -> None:
        for connection in pair:
            assert connection.fileno() == connection.sock.fileno()
            assert connection.peer is connection.peer
            assert connection.sock.gettimeout() == self.socket_timeout

    def test_errors_tell_what_was_waited_for_and_how_long(self, pair: Pair) -> None:
        sender, receiver = pair
        receiver.set_timeout(SHORT)
        with pytest.raises(TimeoutError, match=f"within {SHORT:g} seconds") as caught:
            receiver.recv_into(memoryview(bytearray(1)))
        assert isinstance(caught.value.__cause__, OSError)
        sender.set_timeout(SHORT)
        with pytest.raises(TimeoutError, match="nothing could be sent") as caught:
            sender.send([self.content()])
        assert isinstance(caught.value.__cause__, OSError)
        sender.set_nonblocking()
        with pytest.raises(TimeoutError, match="without waiting"):
            sender.send([self.content()])

    def test_errors_of_a_lost_connection_have_a_cause(self, pair: Pair) -> None:
        left, right = pair
        left.sock.close()
        with pytest.raises(ConnectionClosedError) as caught:
            send_until_it_fails(right)
        assert isinstance(caught.value.__cause__, OSError)

    def test_a_closed_connection_says_who_closed_it(self, pair: Pair) -> None:
        left, _ = pair
        left.close()
        uses: list[Callable[[], object]] = [
            lambda: left.send([b"x"]),
            lambda: left.send([b"x", b"y"]),
            lambda: left.send_some([b"x"]),
            lambda: left.recv_into(memoryview(bytearray(1))),
            lambda: left.set_timeout(1.0),
            left.set_nonblocking,
        ]
        for use in uses:
            with pytest.raises(ConnectionClosedError, match="closed on this side"):
                use()
