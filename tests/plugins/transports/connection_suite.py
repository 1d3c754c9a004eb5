"""What every transport's connections have to do; the same for all of them.

``ConnectionSuite`` knows the contract only. A transport's tests derive from it and say how a pair of
connections is made.
"""

from __future__ import annotations

import array
import itertools
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given, settings, strategies

from pyroplug.contracts import Connection, Peer, Transport
from pyroplug.errors import ConnectionClosedError, TimeoutError

PATIENCE = 20.0
SHORT = 0.03
HUGE = os.urandom(1 << 20) * 24

InThread = Callable[..., "Future[Any]"]
MakePair = Callable[[], tuple[Connection, Connection]]


def receive(connection: Connection, count: int, size: int = 1 << 20) -> bytes:
    """Exactly ``count`` bytes, or fewer if the stream ends; ``size`` bytes at a time."""
    data = bytearray(count)
    view, end = memoryview(data), 0
    while end < count:
        got = connection.recv_into(view[end : min(end + size, count)])
        assert got is not None
        if not got:
            break
        end += got
    view.release()
    return bytes(data[:end])


def clog(connection: Connection) -> int:
    """Send until nothing more can be sent without waiting: how many bytes that was."""
    counts = iter(lambda: connection.send_some([b"x" * 65536]), 0)
    return sum(counts)


def send_until_it_fails(connection: Connection) -> None:
    """The first sends after the peer's end may still go out."""
    for _ in range(1000):
        connection.send([b"anybody there?"])


class ConnectionSuite:
    """The tests. A subclass has the fixtures ``transport`` and ``make_pair``."""

    socket_timeout: float | None = None
    """Python's own time limit of the sockets."""

    @pytest.fixture
    def transport(self) -> Transport:
        raise NotImplementedError

    @pytest.fixture
    def make_pair(self, nothing_left_behind: None) -> Iterator[MakePair]:
        """Makes two connections, each the other's peer, and closes them in the end."""
        raise NotImplementedError

    @pytest.fixture
    def pair(self, make_pair: MakePair) -> tuple[Connection, Connection]:
        return make_pair()

    def hang_up(self, connection: Connection) -> None:
        """End the stream itself."""
        connection.close()

    # Identity

    def test_a_transport_satisfies_the_contract(self, transport: Transport) -> None:
        assert isinstance(transport, Transport)
        assert transport.adopt(object(), None) is None  # type: ignore[arg-type]

    def test_a_connection_knows_its_peer_and_its_socket(
        self, pair: tuple[Connection, Connection], transport: Transport
    ) -> None:
        for connection in pair:
            assert isinstance(connection.peer, Peer)
            assert connection.peer.transport == transport.name
            assert connection.peer is connection.peer
            assert connection.fileno() == connection.sock.fileno() >= 0
            assert not os.get_inheritable(connection.fileno())
            assert connection.sock.gettimeout() == self.socket_timeout
            assert str(connection.peer) in repr(connection)

    # Data

    def test_every_chunking_arrives_the_same(self, pair: tuple[Connection, Connection]) -> None:
        sender, receiver = pair

        @settings(deadline=None, max_examples=100)
        @given(
            chunks=strategies.lists(strategies.binary(max_size=300), max_size=20),
            cuts=strategies.lists(strategies.integers(0, 20), max_size=5),
            size=strategies.integers(1, 500),
        )
        def law(chunks: list[bytes], cuts: list[int], size: int) -> None:
            for start, end in itertools.pairwise(sorted({0, *cuts, len(chunks)})):
                sender.send(chunks[start:end])
            data = b"".join(chunks)
            assert receive(receiver, len(data), size) == data

        law()

    @pytest.mark.parametrize("timeout", [None, PATIENCE])
    @pytest.mark.parametrize("size", [len(HUGE), 1_000_003, 4999], ids=["one", "several", "many"])
    def test_a_huge_send_arrives_whole(
        self, pair: tuple[Connection, Connection], in_thread: InThread, size: int, timeout: float | None
    ) -> None:
        sender, receiver = pair
        sender.set_timeout(timeout)
        view = memoryview(HUGE)
        done = in_thread(sender.send, [view[i : i + size] for i in range(0, len(HUGE), size)])
        assert receive(receiver, len(HUGE), 99_991) == HUGE
        done.result(PATIENCE)

    def test_more_buffers_than_the_system_takes_at_once(self, pair: tuple[Connection, Connection]) -> None:
        sender, receiver = pair
        pieces = [b"%04d" % number for number in range(2500)]
        sender.send(pieces)
        assert receive(receiver, 10_000) == b"".join(pieces)
        assert sender.send_some(pieces) % 4 == 0

    def test_any_kind_of_buffer_is_measured_in_bytes(
        self, pair: tuple[Connection, Connection], in_thread: InThread
    ) -> None:
        sender, receiver = pair
        numbers = array.array("d", range(300_000))
        grid = memoryview(bytes(range(24))).cast("B", (2, 3, 4))
        empty = memoryview(b"").cast("d")
        for buffers in ([memoryview(numbers)], [b"a", memoryview(numbers), bytearray(b"b"), grid, empty]):
            done = in_thread(sender.send, buffers)
            expected = b"".join(bytes(buffer) for buffer in buffers)
            assert receive(receiver, len(expected)) == expected
            done.result(PATIENCE)

    @pytest.mark.parametrize("buffers", [[], [b""], [b"", b""], [memoryview(b"")]])
    def test_nothing_to_send_is_nothing(
        self, pair: tuple[Connection, Connection], buffers: list[bytes]
    ) -> None:
        sender, receiver = pair
        sender.send(buffers)
        assert sender.send_some(buffers) == 0
        receiver.set_nonblocking()
        assert receiver.recv_into(memoryview(bytearray(1))) is None

    def test_both_ways_at_once(self, pair: tuple[Connection, Connection], in_thread: InThread) -> None:
        left, right = pair
        tasks = [in_thread(left.send, [HUGE]), in_thread(right.send, [HUGE])]
        tasks += [in_thread(receive, left, len(HUGE)), in_thread(receive, right, len(HUGE))]
        assert [task.result(PATIENCE) for task in tasks] == [None, None, HUGE, HUGE]

    # Not waiting

    def test_nonblocking_receive_says_none(self, pair: tuple[Connection, Connection]) -> None:
        left, right = pair
        right.set_nonblocking()
        assert right.recv_into(memoryview(bytearray(9))) is None
        left.send([b"hello"])
        select.select([right], [], [], PATIENCE)
        buffer = bytearray(9)
        assert right.recv_into(memoryview(buffer)) == 5
        assert buffer[:5] == b"hello"

    @pytest.mark.parametrize("nonblocking", [False, True])
    def test_send_some_never_waits(self, pair: tuple[Connection, Connection], nonblocking: bool) -> None:
        sender, receiver = pair
        if nonblocking:
            sender.set_nonblocking()
        first = sender.send_some([HUGE])
        assert 0 < first < len(HUGE)
        rest = clog(sender)
        assert sender.send_some([b"x", b"y"]) == sender.send_some([b"x"]) == 0
        assert receive(receiver, first + rest) == HUGE[:first] + b"x" * rest
        select.select([], [sender], [], PATIENCE)
        assert sender.send_some([b"x", b"y"]) == 2

    def test_a_send_that_must_not_wait_runs_out_of_time(self, pair: tuple[Connection, Connection]) -> None:
        sender, _receiver = pair
        sender.set_nonblocking()
        sender.send([b"small"])
        with pytest.raises(TimeoutError, match="without waiting"):
            sender.send([HUGE])

    # Time limits

    def test_receiving_has_a_limit(self, pair: tuple[Connection, Connection], in_thread: InThread) -> None:
        left, right = pair
        right.set_timeout(SHORT)
        buffer = memoryview(bytearray(9))
        with pytest.raises(TimeoutError, match=f"within {SHORT:g} seconds") as caught:
            right.recv_into(buffer)
        assert isinstance(caught.value.__cause__, OSError)
        left.send([b"late"])
        assert right.recv_into(buffer) == 4
        right.set_timeout(None)
        waiting = in_thread(right.recv_into, buffer)
        left.send([b"later"])
        assert waiting.result(PATIENCE) == 5

    @pytest.mark.parametrize("buffers", [[HUGE], [b"head", HUGE], [b"x" * 5000] * 3000])
    def test_sending_to_a_clogged_peer_has_a_limit(
        self, pair: tuple[Connection, Connection], buffers: list[bytes]
    ) -> None:
        sender, _receiver = pair
        sender.set_timeout(SHORT)
        with pytest.raises(TimeoutError, match="nothing could be sent"):
            sender.send(buffers)
        with pytest.raises(TimeoutError, match="nothing could be sent") as caught:
            sender.send(buffers)
        assert isinstance(caught.value.__cause__, OSError)

    @pytest.mark.parametrize("buffers", [[HUGE], [b"head", HUGE]], ids=["one", "two"])
    def test_a_reader_that_takes_its_time_does_not_extend_the_limit(
        self, pair: tuple[Connection, Connection], in_thread: InThread, buffers: list[bytes]
    ) -> None:
        sender, receiver = pair
        over = threading.Event()

        def drip() -> None:
            buffer = memoryview(bytearray(100_000))
            while not over.wait(0.02):
                receiver.recv_into(buffer)

        dripping = in_thread(drip)
        sender.set_timeout(0.3)
        begun = time.monotonic()
        with pytest.raises(TimeoutError, match="sent"):
            sender.send(buffers)
        assert 0.25 < time.monotonic() - begun < 1.5  # all of it would take five seconds
        over.set()
        sender.close()
        dripping.result(PATIENCE)

    def test_sending_with_a_limit_takes_no_longer(
        self, pair: tuple[Connection, Connection], in_thread: InThread
    ) -> None:
        """That is, the time it takes grows with the size and not with its square."""
        sender, receiver = pair
        message = HUGE * 3

        def seconds(limit: float | None) -> float:
            sender.set_timeout(limit)
            waiting = in_thread(receive, receiver, len(message))
            begun = time.perf_counter()
            sender.send([message])
            taken = time.perf_counter() - begun
            assert len(waiting.result(PATIENCE)) == len(message)
            return taken

        without = min(seconds(None) for _ in range(3))
        assert min(seconds(PATIENCE) for _ in range(3)) < 5 * without + 0.1

    @pytest.mark.parametrize("seconds", [1e-9, 0.0, 0.07, float("inf"), 1e300])
    def test_any_number_is_a_limit(self, pair: tuple[Connection, Connection], seconds: float) -> None:
        left, right = pair
        right.set_timeout(seconds)
        if seconds < 1:
            with pytest.raises(TimeoutError):
                right.recv_into(memoryview(bytearray(1)))
        left.send([b"x"])
        select.select([right], [], [], PATIENCE)
        assert right.recv_into(memoryview(bytearray(1))) == 1

    def test_signals_do_not_disturb(self, pair: tuple[Connection, Connection]) -> None:
        left, right = pair
        count = itertools.count(1)

        def tick(*_: object) -> None:
            if next(count) == 5:
                left.send([b"at last"])

        before = signal.signal(signal.SIGALRM, tick)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
            assert receive(right, 7) == b"at last"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    # The end

    def test_the_peers_end_is_seen(self, pair: tuple[Connection, Connection]) -> None:
        left, right = pair
        left.send([b"bye"])
        self.hang_up(left)
        buffer = memoryview(bytearray(9))
        assert [right.recv_into(buffer) for _ in range(3)] == [3, 0, 0]
        with pytest.raises(ConnectionClosedError) as caught:
            send_until_it_fails(right)
        assert isinstance(caught.value.__cause__, OSError)
        with pytest.raises(ConnectionClosedError):
            right.send_some([b"anybody there?"])

    @pytest.mark.parametrize("ending", ["shutdown", "close"])
    @pytest.mark.parametrize("timeout", [None, PATIENCE])
    def test_the_end_wakes_a_waiting_receiver(
        self, pair: tuple[Connection, Connection], in_thread: InThread, ending: str, timeout: float | None
    ) -> None:
        _, right = pair
        right.set_timeout(timeout)
        started = threading.Event()

        def wait() -> object:
            started.set()
            try:
                return right.recv_into(memoryview(bytearray(1)))
            except ConnectionClosedError:
                return 0

        waiting = in_thread(wait)
        assert started.wait(PATIENCE)
        getattr(right, ending)()
        assert waiting.result(PATIENCE) == 0

    @pytest.mark.parametrize("ending", ["shutdown", "close"])
    def test_the_end_wakes_a_waiting_sender(
        self, pair: tuple[Connection, Connection], in_thread: InThread, ending: str
    ) -> None:
        left, _ = pair
        clog(left)
        waiting = in_thread(left.send, [b"head", HUGE])
        getattr(left, ending)()
        with pytest.raises(ConnectionClosedError):
            waiting.result(PATIENCE)

    def test_after_shutdown_nothing_moves(self, pair: tuple[Connection, Connection]) -> None:
        left, _ = pair
        left.shutdown()
        left.shutdown()
        assert left.recv_into(memoryview(bytearray(1))) == 0
        for buffers in ([b"x"], [b"x", b"y"]):
            with pytest.raises(ConnectionClosedError):
                left.send(buffers)
        assert left.fileno() >= 0

    def test_a_closed_connection_says_so(self, pair: tuple[Connection, Connection]) -> None:
        left, _ = pair
        left.close()
        left.close()
        left.shutdown()
        left.end_of_data()
        assert left.fileno() == -1
        assert "closed" in repr(left)
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

    def test_a_forked_process_may_close_its_copy(
        self, pair: tuple[Connection, Connection], in_child: Callable[[Callable[[], None]], None]
    ) -> None:
        left, right = pair
        right.set_timeout(PATIENCE)
        in_child(right.close)
        left.send([b"still", b"here"])
        assert receive(right, 9) == b"stillhere"


class OwnedSuite(ConnectionSuite):
    """Connections that own their stream."""

    def test_half_close(self, pair: tuple[Connection, Connection]) -> None:
        left, right = pair
        left.send([b"question"])
        left.end_of_data()
        assert receive(right, 99) == b"question"
        right.send([b"answer"])
        assert receive(left, 6) == b"answer"
        with pytest.raises(ConnectionClosedError):
            left.send([b"more"])
