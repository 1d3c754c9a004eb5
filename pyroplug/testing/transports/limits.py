"""Time limits: of one receive, and of a whole send."""

from __future__ import annotations

import itertools
import signal
import threading
import time

import pytest

from pyroplug.errors import TimeoutError
from pyroplug.testing.patience import start
from pyroplug.testing.verdicts import raises, require, same_bytes

from .pairs import Pair, receive
from .streams import StreamTests

__all__ = ["SHORT", "LimitTests"]

SHORT = 0.03
"""Seconds of a limit that is meant to run out."""

RECEIVING = "a receive raises pyroplug's TimeoutError when set_timeout's seconds are over"
SENDING = "a send raises pyroplug's TimeoutError when set_timeout's seconds are over"


class LimitTests(StreamTests):
    """How long things may take."""

    def test_receiving_has_a_limit(self, pair: Pair) -> None:
        left, right = pair
        right.set_timeout(SHORT)
        buffer = memoryview(bytearray(9))
        begun = time.monotonic()
        raises(TimeoutError, RECEIVING, lambda: self.within("receiving", right.recv_into, buffer))
        taken = time.monotonic() - begun
        require(
            taken > SHORT / 2, "a receive waits as long as it may", f"it gave up after {taken:.3f} seconds"
        )
        left.send([b"late"])
        self.arrives(right, b"late", "after a TimeoutError one may go on receiving")
        right.set_timeout(None)
        waiting = start(receive, right, 5)
        left.send([b"later"])
        same_bytes(self.result_of(waiting, "receiving"), b"later", "set_timeout(None) takes the limit away")

    @pytest.mark.parametrize("pieces", [1, 2, 3000], ids=["one", "two", "many"])
    def test_sending_to_a_clogged_peer_has_a_limit(self, pair: Pair, pieces: int) -> None:
        sender, _receiver = pair
        sender.set_timeout(SHORT)
        buffers = [bytes(self.huge // pieces)] * pieces
        for _ in range(2):
            raises(TimeoutError, SENDING, lambda: self.within("sending", sender.send, buffers))

    @pytest.mark.parametrize("head", [[], [b"head"]], ids=["one", "two"])
    def test_a_reader_that_takes_its_time_does_not_extend_the_limit(
        self, pair: Pair, head: list[bytes]
    ) -> None:
        sender, receiver = pair
        over = threading.Event()

        def drip() -> None:
            buffer = memoryview(bytearray(max(1, self.huge // 240)))
            while not over.wait(0.02):
                receiver.recv_into(buffer)

        dripping = start(drip)
        sender.set_timeout(0.3)
        begun = time.monotonic()
        whole = "the limit is that of the whole send, from its beginning to its end"
        try:
            raises(TimeoutError, whole, lambda: self.within("sending", sender.send, [*head, self.content()]))
        finally:
            over.set()
            sender.close()
        taken = time.monotonic() - begun
        require(0.25 < taken < 2, whole, f"with a limit of 0.3 seconds it took {taken:.2f}")
        self.result_of(dripping, "receiving after the peer's end")

    def test_sending_with_a_limit_takes_no_longer(self, pair: Pair) -> None:
        """That is, the time it takes grows with the size and not with its square."""
        sender, receiver = pair
        message = self.content()

        def seconds(limit: float | None) -> float:
            sender.set_timeout(limit)
            waiting = start(self.receive, receiver, len(message))
            begun = time.perf_counter()
            self.within("sending", sender.send, [message])
            taken = time.perf_counter() - begun
            require(len(self.result_of(waiting, "receiving")) == len(message), "everything arrives", "not so")
            return taken

        without = min(seconds(None) for _ in range(3))
        limited = min(seconds(self.patience) for _ in range(3))
        require(
            limited < 5 * without + 0.1,
            "a large send takes about the same time with a limit and without",
            f"{len(message)} bytes took {limited:.2f} seconds, and {without:.2f} without a limit",
        )

    @pytest.mark.parametrize("seconds", [1e-9, 0.0, 0.07, float("inf"), 1e300])
    def test_any_number_is_a_limit(self, pair: Pair, seconds: float) -> None:
        left, right = pair
        right.set_timeout(seconds)
        buffer = memoryview(bytearray(1))
        if seconds < 1:
            raises(TimeoutError, RECEIVING, lambda: self.within("receiving", right.recv_into, buffer))
        left.send([b"x"])
        right.set_timeout(self.patience)
        right.set_timeout(seconds)
        got = None
        while got is None:
            try:
                got = self.within("receiving", right.recv_into, buffer)
            except TimeoutError:
                require(seconds < 1, f"a limit of {seconds:g} seconds is a long one", "it was over at once")
        require(got == 1, "what has arrived is received, whatever the limit", f"received: {got!r}")

    @pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers")
    def test_signals_do_not_disturb(self, pair: Pair) -> None:
        if threading.current_thread() is not threading.main_thread():
            pytest.skip("signals are handled by the main thread")
        left, right = pair
        count = itertools.count(1)

        def tick(*_: object) -> None:
            number = next(count)
            if number == 5:
                left.send([b"at last"])
            require(number < self.patience / 0.005, "what was sent arrives, signals or not", "it does not")

        before = signal.signal(signal.SIGALRM, tick)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
            received = receive(right, 7)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        same_bytes(received, b"at last", "a signal that is handled ends no receive")
