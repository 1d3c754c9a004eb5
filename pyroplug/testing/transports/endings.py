"""How connections end: by the peer, by this side, half of it, and while other threads are at work in them."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from pyroplug.contracts import Connection
from pyroplug.errors import ConnectionClosedError
from pyroplug.testing.patience import start
from pyroplug.testing.verdicts import fail, raises, require, same_bytes, works

from .limits import LimitTests
from .pairs import Meeting, Pair

__all__ = ["EndingTests"]

CLOSED = "a closed connection raises ConnectionClosedError, whatever it is asked to do"
WAKES = "{} wakes a thread that waits in the connection"


class EndingTests(LimitTests):
    """The end."""

    def test_the_peers_end_is_seen(self, pair: Pair, meeting: Meeting) -> None:
        left, right = pair
        left.send([b"bye"])
        meeting.hang_up(left)
        same_bytes(self.receive(right, 9), b"bye", "what was sent before the end arrives before it")
        for _ in range(2):
            got = self.within("receiving", right.recv_into, memoryview(bytearray(9)))
            require(got == 0, "recv_into returns 0 at the end, and goes on doing so", f"it returned {got!r}")
        lost = "sending to a peer that is gone raises ConnectionClosedError, a few sends later at most"
        raises(ConnectionClosedError, lost, lambda: self.within("sending", send_until_it_fails, right))
        raises(ConnectionClosedError, lost, lambda: right.send_some([b"anybody there?"]))

    @pytest.mark.parametrize("ending", ["shutdown", "close"])
    @pytest.mark.parametrize("has_limit", [False, True], ids=["no limit", "limit"])
    def test_the_end_wakes_a_waiting_receiver(self, pair: Pair, ending: str, has_limit: bool) -> None:
        _, right = pair
        right.set_timeout(self.patience * 2 if has_limit else None)
        started = threading.Event()

        def wait() -> object:
            started.set()
            return at_most_the_end(lambda: right.recv_into(memoryview(bytearray(1))))

        waiting = start(wait)
        started.wait(self.patience)
        getattr(right, ending)()
        got = self.result_of(waiting, f"receiving after {ending}()")
        require(got == 0, WAKES.format(ending), f"recv_into returned {got!r}")

    @pytest.mark.parametrize("ending", ["shutdown", "close"])
    def test_the_end_wakes_a_waiting_sender(self, pair: Pair, ending: str) -> None:
        left, _ = pair
        self.clog(left)
        waiting = start(left.send, [b"head", self.content()])
        getattr(left, ending)()
        raises(
            ConnectionClosedError,
            f"{WAKES.format(ending)}, and send raises ConnectionClosedError",
            lambda: self.result_of(waiting, f"sending after {ending}()"),
        )

    @pytest.mark.parametrize("ending", ["shutdown", "close"])
    def test_it_may_end_while_threads_are_at_work(self, meeting: Meeting, ending: str) -> None:
        for _ in range(20):
            left, right = meeting.pair()
            tasks = [
                start(at_most_the_end, work)
                for work in (
                    partial(send_until_it_fails, left, 1 << 30),
                    partial(read_to_the_end, left),
                    partial(read_to_the_end, right),
                )
            ]
            right.send([b"x" * 1000])
            getattr(left, ending)()
            left.close()
            meeting.hang_up(left)
            for task in tasks:
                self.result_of(task, f"work in a connection after {ending}()")

    def test_after_shutdown_nothing_moves(self, pair: Pair) -> None:
        left, _ = pair
        left.shutdown()
        left.shutdown()
        got = self.within("receiving", left.recv_into, memoryview(bytearray(1)))
        require(got == 0, "after shutdown() recv_into returns 0", f"it returned {got!r}")
        for buffers in ([b"x"], [b"x", b"y"]):
            raises(
                ConnectionClosedError,
                "after shutdown() send raises ConnectionClosedError",
                partial(left.send, buffers),
            )
        if self.has_descriptors:
            require(left.fileno() >= 0, "shutdown() keeps the descriptor, until close()", "it is gone")

    def test_a_closed_connection_says_so(self, pair: Pair) -> None:
        left, _ = pair
        self.close_it_all(left)
        require("closed" in repr(left), "the repr of a closed connection says so", f"it is {left!r}")
        for _name, use in uses(left):
            raises(ConnectionClosedError, f"{CLOSED}: {_name}", use)

    def close_it_all(self, connection: Connection) -> None:
        """End a connection in every way, which raises nothing."""
        for method in (connection.close, connection.close, connection.shutdown, connection.end_of_data):
            try:
                method()
            except BaseException as error:
                fail(
                    "close, shutdown and end_of_data raise nothing, however often they are called",
                    f"{error!r}",
                )
        number = connection.fileno()
        require(number == -1, "fileno() gives -1 when the connection is closed", f"it gives {number}")

    def test_half_of_it_may_end(self, pair: Pair) -> None:
        left, right = pair
        left.send([b"question"])
        left.end_of_data()
        if not self.half_closes:
            right.send([b"answer"])
            self.arrives(left, b"answer", "end_of_data does not keep one from receiving")
            return
        same_bytes(
            self.receive(right, 99), b"question", "after end_of_data() the peer receives what was sent"
        )
        goes_on = "after end_of_data() this side goes on receiving"
        works(goes_on, partial(right.send, [b"answer"]))
        self.arrives(left, b"answer", goes_on)
        raises(
            ConnectionClosedError,
            "after end_of_data() send raises ConnectionClosedError",
            lambda: left.send([b"more"]),
        )

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
    def test_a_forked_process_may_close_its_copy(self, pair: Pair) -> None:
        if not self.has_descriptors:
            pytest.skip("without descriptors there is nothing that a forked process could close")
        left, right = pair
        right.set_timeout(self.patience)
        in_child(right.close)
        left.send([b"still", b"here"])
        same_bytes(
            self.receive(right, 9),
            b"stillhere",
            "a forked process that closes its copy does not end this one's conversation",
        )


def uses(connection: Connection) -> list[tuple[str, Callable[[], Any]]]:
    """Each way to use a connection, with its name."""
    return [
        ("send", lambda: connection.send([b"x"])),
        ("send of two buffers", lambda: connection.send([b"x", b"y"])),
        ("send_some", lambda: connection.send_some([b"x"])),
        ("recv_into", lambda: connection.recv_into(memoryview(bytearray(1)))),
        ("set_timeout", lambda: connection.set_timeout(1.0)),
        ("set_nonblocking", connection.set_nonblocking),
    ]


def send_until_it_fails(connection: Connection, most: int = 1000) -> None:
    """The first sends after the peer's end may still go out."""
    for _ in range(most):
        connection.send([b"anybody there?"])


def read_to_the_end(connection: Connection) -> None:
    """Receive until there is nothing more."""
    buffer = memoryview(bytearray(1 << 16))
    while connection.recv_into(buffer):
        pass


def at_most_the_end(work: Callable[[], Any]) -> Any:
    """What that gives; 0 if the connection is closed."""
    try:
        return work()
    except ConnectionClosedError:
        return 0


def in_child(function: Callable[[], object]) -> None:
    """Run a function in a forked process, which has to succeed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons: threads do not come along
        pid = os.fork()
    if not pid:
        try:
            function()
            os._exit(0)
        finally:
            os._exit(1)
    require(os.waitpid(pid, 0)[1] == 0, "a forked process may close its copy", "it raised something there")
