"""The end of a server: what runs is answered, everything is closed, and nothing stays."""

from __future__ import annotations

import concurrent.futures
import time

from pyroplug.testing.patience import start as in_thread
from pyroplug.testing.scripted import frame
from pyroplug.testing.verdicts import require, works
from pyroplug.testing.waiting import wait_until

from .loops import LoopTests
from .running import Running, Start

__all__ = ["ClosingTests"]

MOMENT = 1.0
"""Seconds in which a server that does not wait for calls would have closed."""

FROM_WITHIN = "close() from within a call ends everything but that call, which is answered"


class ClosingTests(LoopTests):
    """Closing."""

    def test_close_ends_everything(self, start: Start) -> None:
        running = start()
        clients = running.connect_many(5)
        self.all_answered(clients)
        self.within("close()", running.server.close, self.patience)
        for client in clients:
            require(client.is_cut_off(), "close() closes all connections", "one stays open")
        running.thread.join(self.patience)
        running.check()

    def test_close_before_it_runs(self, prepare: Start) -> None:
        running = prepare()
        client = running.connect()
        self.within("close()", running.server.close, 0)
        self.within("run() of a closed server", running.server.run, lambda: True)
        works("events() of a closed server does nothing", lambda: running.server.events([]))
        works("wake() of a closed server does nothing", running.server.wake)
        left = list(running.server.sockets)
        require(not left, "a closed server has nothing to watch", f"`sockets` is {left}")
        running.listener.close()
        require(client.is_cut_off(), "a closed server serves nobody", "a connection stays open")

    def test_close_after_it_has_run(self, start: Start) -> None:
        running = start()
        client = running.connect()
        self.answers(client)
        running.going = False
        running.server.wake()
        running.thread.join(self.patience)
        self.within("close()", running.server.close, self.patience)
        require(client.is_cut_off(), "close() closes all connections, after run() too", "one stays open")

    def test_close_twice_and_from_two_threads(self, start: Start) -> None:
        running = start()
        self.answers(running.connect())
        for closing in [in_thread(running.server.close, self.patience) for _ in range(2)]:
            self.result_of(closing, "close() from two threads")
        self.within("another close()", running.server.close, 0)

    def test_a_running_call_is_answered_before_the_end(self, start: Start) -> None:
        running = start()
        busy, idle = running.connect_many(2)
        self.answers(idle)
        busy.send(b"wthe answer")
        running.host.wait_for_call()
        closing = in_thread(running.server.close, 2 * self.patience)
        wait_for_retirement(running)
        concurrent.futures.wait([closing], MOMENT)
        require(not closing.done(), "close() waits for running calls, up to the grace", "it has returned")
        running.host.gate.set()
        busy.gets(b"the answer", None)
        self.result_of(closing, "close(), after the last call has ended,")
        running.thread.join(self.patience)
        running.check()

    def test_what_comes_too_late_is_not_run(self, start: Start) -> None:
        running = start()
        busy, asking = running.connect_many(2)
        self.answers(asking)
        busy.send(b"wthe answer")
        running.host.wait_for_call()
        handled = sum(session.handled for session in running.host.sessions)
        closing = in_thread(running.server.close, 2 * self.patience)
        wait_for_retirement(running)
        try:
            got = asking.ask(b"etoo late")
        except ConnectionError:
            got = None
        require(got in (b"retired", None), "a closing server runs nothing new", f"a request got {got!r}")
        running.host.gate.set()
        busy.gets(b"the answer", None)
        self.result_of(closing, "close(), after the last call has ended,")
        now = sum(session.handled for session in running.host.sessions)
        require(now == handled, "a closing server runs nothing new", f"{now - handled} requests were run")

    def test_one_way_calls_have_the_grace_too(self, start: Start) -> None:
        running = start()
        client = running.connect()
        client.sock.sendall(frame(b"ogate") + frame(b"ehello"))
        client.gets(b"hello")
        running.host.wait_for_call()
        closing = in_thread(running.server.close, 2 * self.patience)
        wait_for_retirement(running)
        running.host.gate.set()
        self.result_of(closing, "close(), after the last one-way call has ended,")
        ended = running.host.order
        require(
            ended == [b"gate"], "close() waits for one-way calls that run", f"those that had ended: {ended}"
        )

    def test_a_large_answer_is_sent_before_the_end(self, start: Start) -> None:
        running = start()
        client = running.connect()
        client.send(b"b%d" % self.big)
        client.exactly(4)
        closing = in_thread(running.server.close, self.patience)
        got = client.exactly(self.big)
        require(
            got == b"x" * self.big,
            "within the grace an answer is sent whole, also to a slow reader",
            f"{len(got)} of {self.big} bytes came",
        )
        self.result_of(closing, "close(), after everything was sent,")

    def test_a_call_that_ignores_the_grace(self, start: Start) -> None:
        running = start()
        client = running.connect()
        client.send(b"wtoo late")
        running.host.wait_for_call()
        begun = time.monotonic()
        self.within("close()", running.server.close, 0.05)
        taken = time.monotonic() - begun
        require(
            taken < 5, "close() returns soon after the grace", f"it took {taken:.1f} seconds instead of 0.05"
        )
        client.gets(None)
        require(
            running.host.all_lost_once, "all sessions are lost when close() returns", "not so after the grace"
        )

    def test_a_reader_that_takes_nothing_does_not_hold_up_the_end(self, start: Start) -> None:
        running = start()
        client = running.connect()
        client.send(b"b%d" % self.big)
        client.exactly(4)
        self.within("close() with a client that does not read", running.server.close, 0.05)
        require(
            running.host.all_lost_once, "all sessions are lost when close() returns", "not so after the grace"
        )

    def test_close_from_within_a_call(self, start: Start) -> None:
        running = start()
        client, other = running.connect_many(2)
        self.answers(other)
        running.host.action = lambda: running.server.close(self.patience)
        client.send(b"a")
        client.gets(b"done", None)
        require(other.is_cut_off(), FROM_WITHIN, "another connection stays open")
        running.thread.join(self.patience)
        wait_until(lambda: running.host.all_lost_once, "lost() of every session", self.patience)

    def test_close_from_within_a_one_way_call(self, start: Start) -> None:
        running = start()
        client, other = running.connect_many(2)
        self.answers(other)
        running.host.action = lambda: running.server.close(self.patience)
        client.send(b"oaction")
        for each in (client, other):
            require(each.is_cut_off(), FROM_WITHIN, "a connection stays open")
        wait_until(lambda: running.host.order == [b"action"], "the end of that call", self.patience)

    def test_close_while_a_call_closes_as_well(self, start: Start) -> None:
        running = start()
        client = running.connect()

        def wait_and_close() -> None:
            running.host.wait_at_gate()
            running.server.close(self.patience)

        running.host.action = wait_and_close
        client.send(b"a")
        running.host.wait_for_call()
        closing = in_thread(running.server.close, self.patience)
        running.host.gate.set()
        client.gets(b"done")
        self.result_of(closing, "close(), while a call closes as well,")

    def test_close_when_a_session_ends(self, start: Start) -> None:
        running = start()
        client, other = running.connect_many(2)
        self.answers(other)
        running.host.on_lost = lambda: running.server.close(self.patience)
        client.sock.close()
        require(other.is_cut_off(), "close() may be called by a session's lost()", "a connection stays open")
        running.thread.join(self.patience)
        wait_until(lambda: running.host.all_lost_once, "lost() of every session", self.patience)


def wait_for_retirement(running: Running) -> None:
    """Until the server is closing, as far as its sessions know."""
    wait_until(
        lambda: all(session.retired or session.ends for session in running.host.sessions),
        "the sessions' retire(), when a server is closing,",
        running.patience,
    )
