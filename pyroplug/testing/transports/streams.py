"""What goes in at one end of a connection comes out at the other: all of it, in order, and nothing else."""

from __future__ import annotations

import array
import itertools
import os
import select
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies

from pyroplug.contracts import DirectIO, Peer, Transport, direct_io
from pyroplug.errors import ConnectionClosedError, TimeoutError
from pyroplug.testing.patience import start
from pyroplug.testing.suite import for_all
from pyroplug.testing.verdicts import fail, raises, require, same_bytes, shown

from .pairs import IN_ORDER, Meeting, Pair, PairSuite

__all__ = ["StreamTests"]

NOTHING_THERE = "in non-blocking mode recv_into returns None as long as nothing has arrived"


class StreamTests(PairSuite):
    """Identity, data, and not waiting for them."""

    # Identity

    def test_it_satisfies_the_contract(self, transport: Transport) -> None:
        missing = [name for name in dir(Transport) if name[0] != "_" and not hasattr(transport, name)]
        require(not missing, "a transport has all members of the contract", f"missing: {', '.join(missing)}")
        require(
            transport.adopt(object(), None) is None,  # type: ignore[arg-type]
            "adopt returns None for what is not of its kind",
            "it returned something for a bare object()",
        )

    def test_connections_know_who_is_at_the_other_end(self, pair: Pair, transport: Transport) -> None:
        for connection in pair:
            peer = connection.peer
            require(isinstance(peer, Peer), "a connection's peer is a Peer", f"it is {shown(peer)}")
            require(
                peer.transport == transport.name,
                f"the peer has the transport's name, {transport.name!r}",
                f"its transport is {peer.transport!r}",
            )
            require(str(peer) in repr(connection), "the repr names the peer", f"it is {connection!r}")

    def test_connections_have_descriptors(self, pair: Pair) -> None:
        self.needs_descriptors()
        for connection in pair:
            number = connection.fileno()
            require(number >= 0, "an open connection has a file descriptor", f"fileno() gave {number}")
            require(
                not os.get_inheritable(number),
                "descriptors are not inherited by programs that this one starts",
                f"descriptor {number} is inheritable",
            )
            if connection.sock is not None:
                require(connection.sock.fileno() == number, "`sock` is the connection's socket", "it is not")

    # Data

    def test_every_way_of_cutting_it_arrives_the_same(
        self, make_pair: Callable[[], Pair], meeting: Meeting
    ) -> None:
        def law(chunks: list[bytes], cuts: list[int], size: int) -> None:
            sender, receiver = make_pair()
            for first, last in itertools.pairwise(sorted({0, *cuts, len(chunks)})):
                sender.send(chunks[first:last])
            meeting.hang_up(sender)  # so that what is missing does not let the receiver wait for ever
            data = b"".join(chunks)
            same_bytes(self.receive(receiver, len(data) + 1, size), data, IN_ORDER)
            receiver.close()
            meeting.hang_up(receiver)

        for_all(
            law,
            chunks=strategies.lists(strategies.binary(max_size=300), max_size=20),
            cuts=strategies.lists(strategies.integers(0, 20), max_size=5),
            size=strategies.integers(1, 500),
        )

    @pytest.mark.parametrize("has_limit", [False, True], ids=["no limit", "limit"])
    @pytest.mark.parametrize("pieces", [1, 25, 5000], ids=["one", "several", "many"])
    def test_a_huge_send_arrives_whole(self, pair: Pair, pieces: int, has_limit: bool) -> None:
        sender, receiver = pair
        sender.set_timeout(self.patience if has_limit else None)
        content = self.content()
        view, size = memoryview(content), -(-len(content) // pieces)
        done = start(sender.send, [view[i : i + size] for i in range(0, len(content), size)])
        self.arrives(receiver, content, IN_ORDER, 99_991)
        self.result_of(done, "sending")

    def test_more_buffers_than_a_system_takes_at_once(self, pair: Pair) -> None:
        sender, receiver = pair
        pieces = [b"%04d" % number for number in range(2500)]
        done = start(sender.send, pieces)
        self.arrives(receiver, b"".join(pieces))
        self.result_of(done, "sending")
        sent = sender.send_some(pieces)
        self.arrives(
            receiver,
            b"".join(pieces)[:sent],
            "send_some returns how many bytes it has sent, from the first buffer on",
        )

    def test_buffers_of_every_kind_are_measured_in_bytes(self, pair: Pair) -> None:
        sender, receiver = pair
        numbers = memoryview(array.array("d", range(300_000)))
        grid = memoryview(bytes(range(24))).cast("B", (2, 3, 4))
        empty = memoryview(b"").cast("d")
        kinds: list[list[Any]] = [[numbers], [b"a", numbers, bytearray(b"b"), grid, empty]]
        for buffers in kinds:
            done = start(sender.send, [*buffers, b"the end"])
            expected = b"".join(memoryview(each).tobytes() for each in buffers) + b"the end"
            self.arrives(
                receiver,
                expected,
                "every kind of buffer is sent whole, also views of items that are larger than a byte",
            )
            self.result_of(done, "sending")

    @pytest.mark.parametrize(
        "buffers", [[], [b""], [b"", b""], [memoryview(b"")]], ids=["none", "empty", "two empty", "view"]
    )
    def test_nothing_to_send_is_nothing(self, pair: Pair, buffers: list[bytes]) -> None:
        sender, receiver = pair
        self.within("sending nothing", sender.send, buffers)
        sent = sender.send_some(buffers)
        require(sent == 0, "send_some returns 0 if there is nothing to send", f"it returned {sent!r}")
        receiver.set_nonblocking()
        got = receiver.recv_into(memoryview(bytearray(1)))
        require(got is None, "empty buffers send nothing, and do not end the stream", f"received: {got!r}")

    def test_both_ways_at_once(self, pair: Pair) -> None:
        left, right = pair
        content = self.content()
        sending = [start(each.send, [content]) for each in pair]
        receiving = start(self.receive, left, len(content))
        self.arrives(right, content, IN_ORDER)
        same_bytes(self.result_of(receiving, "receiving"), content, IN_ORDER)
        for each in sending:
            self.result_of(each, "sending")

    # Not waiting

    def test_a_receive_that_does_not_wait_says_none(self, pair: Pair) -> None:
        left, right = pair
        right.set_nonblocking()
        buffer = bytearray(9)
        got = self.within("receiving without waiting", right.recv_into, memoryview(buffer))
        require(got is None, NOTHING_THERE, f"it returned {got!r}")
        left.send([b"hello"])
        received = b""
        while len(received) < 5:
            received += bytes(buffer[: self.receive_soon(right, memoryview(buffer))])
        same_bytes(received, b"hello", IN_ORDER)
        got = right.recv_into(memoryview(buffer))
        require(got is None, NOTHING_THERE, f"it returned {got!r}")

    @pytest.mark.parametrize("nonblocking", [False, True], ids=["blocking", "non-blocking"])
    def test_send_some_never_waits(self, pair: Pair, nonblocking: bool) -> None:
        sender, receiver = pair
        if nonblocking:
            sender.set_nonblocking()
        content = self.content()
        first = self.within("send_some", sender.send_some, [content])
        require(
            0 < first < len(content),
            "send_some sends what there is room for, and returns how much that was",
            f"it returned {first!r} for {len(content)} bytes that nobody reads",
        )
        end, sent = 0, first
        while sent:  # what is left has to be the first that is sent next
            end += sent
            sent = self.within("send_some", sender.send_some, [content[end:]])
        rest = [content[end : end + 1], content[end + 1 : end + 2]]
        sent = sender.send_some(rest)
        require(sent == 0, "send_some returns 0 while there is no room", f"it returned {sent!r}")
        counted = "what send_some has counted arrives, and nothing else"
        self.arrives(receiver, content[:end], counted)
        while not sent:  # the other side has made room, which may take a moment to be known here
            sent = sender.send_some(rest)
        self.arrives(receiver, content[end : end + sent], counted)

    def test_a_send_that_must_not_wait_fails(self, pair: Pair) -> None:
        sender, _receiver = pair
        sender.set_nonblocking()
        sender.send([b"small"])
        raises(
            TimeoutError,
            "in non-blocking mode send raises pyroplug's TimeoutError where it would have to wait",
            lambda: self.within("sending without waiting", sender.send, [self.content()]),
        )

    def test_a_selector_tells_of_what_has_arrived(self, pair: Pair) -> None:
        self.needs_descriptors()
        left, right = pair
        right.set_nonblocking()
        left.send([bytes(range(100))])
        buffer, received = memoryview(bytearray(7)), b""
        while len(received) < 100:
            ready = right.pending() or select.select([right], [], [], self.patience)[0]
            require(
                ready,
                "as long as bytes are there, a selector tells of them or pending() is true",
                f"neither was so after {len(received)} of 100 bytes",
            )
            received += bytes(buffer[: right.recv_into(buffer) or 0])
        same_bytes(received, bytes(range(100)), IN_ORDER)
        require(not right.pending(), "pending() is false when everything was received", "it is true")
        got = right.recv_into(buffer)
        require(got is None, NOTHING_THERE, f"it returned {got!r}")
        require(
            not right.wants_write(), "wants_write() is false while only the peer is waited for", "it is true"
        )

    # Direct input and output

    def test_the_direct_way_does_the_same(self, pair: Pair) -> None:
        ways = [self.direct(each) for each in pair]
        (sender, receiver), (sending, receiving) = pair, ways
        pieces = [b"one", b"two" * 1000, b"three"]
        for number, piece in enumerate(pieces * 4):
            sent = sending.send(piece, sending.no_wait) if number % 2 else sender.send_some([piece])
            sender.send([piece[sent:]])
            buffer = bytearray(len(piece))
            got = (
                receiving.recv_into(memoryview(buffer))
                if number % 3
                else receiver.recv_into(memoryview(buffer))
            )
            same_bytes(bytes(buffer[:got]), piece[:got], IN_ORDER)
            self.arrives(receiver, piece[got:])

    def test_what_the_direct_way_raises_means_the_same(self, pair: Pair) -> None:
        sender, receiver = pair
        sending, receiving = self.direct(sender), self.direct(receiver)
        receiver.set_nonblocking()
        error = raises(
            OSError,
            "a direct recv_into raises OSError where nothing is there",
            lambda: receiving.recv_into(memoryview(bytearray(1))),
        )
        told = receiving.recv_failed(receiver, error)
        require(told is None, "recv_failed does what recv_into does: None, as nothing is there", f"{told!r}")
        self.clog(sender)
        error = raises(
            OSError,
            "a direct send raises OSError where no room is",
            lambda: sending.send(b"x", sending.no_wait),
        )
        sent = sending.send_failed(sender, error)
        require(sent == 0, "send_failed does what send_some does: 0, as there is no room", f"{sent!r}")
        sender.close()
        error = raises(
            OSError,
            "a direct send raises OSError on a closed connection",
            lambda: sending.send(b"x", sending.no_wait),
        )
        raises(
            ConnectionClosedError,
            "send_failed raises ConnectionClosedError for a closed connection",
            lambda: sending.send_failed(sender, error),
        )

    # Helpers

    def content(self) -> bytes:
        """Bytes that do not repeat soon: as many as ``huge`` says."""
        block = os.urandom(65521)
        return (block * -(-self.huge // len(block)))[: self.huge]

    def direct(self, connection: object) -> DirectIO:
        """A connection's direct way; the test is skipped if there is none."""
        way = direct_io(connection)  # type: ignore[arg-type]
        if way is None:
            pytest.skip("these connections have no direct way")
        if not isinstance(way, DirectIO):
            fail("`direct` is a DirectIO or None", f"it is {shown(way)}")
        return way

    def needs_descriptors(self) -> None:
        """Skip the test where there are none."""
        if not self.has_descriptors:
            pytest.skip("this transport has no file descriptors")
