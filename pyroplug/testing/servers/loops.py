"""Who runs a server: its own loop, one of the program's, or another server; and how it is woken."""

from __future__ import annotations

import select
import threading
import time
from typing import Any

import pytest

from pyroplug.errors import DaemonError
from pyroplug.testing.patience import start as in_thread
from pyroplug.testing.verdicts import raises, require, works

from .kinds import KindTests
from .running import Start

__all__ = ["LoopTests", "OwnLoop"]


class OwnLoop:
    """The simplest event loop there is: ``select`` on what servers want watched."""

    def __init__(self, *servers: Any) -> None:
        self.servers = servers
        self.going = True
        self._task: Any = None

    def _run(self) -> None:
        while self.going:
            for server in self.servers:
                ready = select.select(list(server.sockets), [], [], 0.02)[0]
                if ready:
                    server.events(ready)

    def __enter__(self) -> OwnLoop:
        self._task = in_thread(self._run)
        return self

    def __exit__(self, *_: object) -> None:
        self.going = False
        works("events() raises nothing, and does not wait", lambda: self._task.result(20))


class LoopTests(KindTests):
    """Loops."""

    def test_running_is_asked_in_time(self, prepare: Start) -> None:
        running = prepare(POLLTIMEOUT=0.01)
        answers = iter([True] * 5 + [False])
        self.within(
            "run(), which asks running() every POLLTIMEOUT seconds,",
            running.server.run,
            lambda: next(answers),
        )

    def test_it_can_be_woken(self, start: Start) -> None:
        running = start()
        self.answers(running.connect())
        running.going = False
        begun = time.monotonic()
        running.server.wake()
        running.thread.join(self.patience)
        taken = time.monotonic() - begun
        require(
            not running.thread.is_alive() and taken < 15,
            "wake() makes run() ask running() at once, and not after POLLTIMEOUT (30) seconds",
            f"run() had not returned after {taken:.1f} seconds",
        )

    def test_waking_very_often_blocks_nobody(self, prepare: Start) -> None:
        server = prepare().server

        def wake() -> None:
            for _ in range(100_000):
                server.wake()

        self.within("waking a server that does not run", wake)
        answers = iter([True, False])
        self.within("run() after wake()", server.run, lambda: next(answers))

    def test_running_can_be_resumed(self, prepare: Start) -> None:
        running = prepare()
        client = running.connect()
        self.within("run()", running.server.run, lambda: not running.host.sessions)
        client.send(b"ehello")
        session = running.host.sessions[0]
        again = in_thread(running.server.run, lambda: not session.handled)
        client.gets(b"hello")
        running.server.wake()
        self.result_of(again, "run(), called again,")

    # A loop of one's own

    def test_events_in_a_loop_of_ones_own(self, prepare: Start) -> None:
        running = prepare()
        with OwnLoop(running.server):
            clients = running.connect_many(10)
            for _ in range(3):
                self.all_answered(clients)
            clients[0].send(b"b%d" % self.big)
            self.all_answered(clients[1:])
            clients[0].gets(b"x" * self.big)
            clients[1].sock.close()
            running.host.wait_until_lost()
            self.answers(clients[0])

    def test_a_silent_client_in_a_loop_of_ones_own(self, prepare: Start) -> None:
        running = prepare()
        with OwnLoop(running.server):
            for client in running.connect_many(10):
                client.sock.sendall(b"\0")
            self.answers(running.connect())

    def test_what_there_is_to_watch(self, prepare: Start) -> None:
        running = prepare()
        sockets = list(running.server.sockets)
        require(running.listener in sockets, "`sockets` has the listeners", f"it has {sockets}")
        numbers = [each.fileno() for each in sockets]
        require(min(numbers) >= 0, "all of `sockets` can be watched", f"their descriptors are {numbers}")

    def test_events_for_nothing_keep_house(self, prepare: Start) -> None:
        running = prepare(POLLTIMEOUT=0.05)
        deadline = time.monotonic() + self.patience
        while not running.host.housekept.is_set():
            works("events([]) raises nothing", lambda: running.server.events([]))
            require(
                time.monotonic() < deadline,
                "events([]) looks after what depends on the clock, such as housekeeping()",
                f"that was not called within {self.patience:g} seconds",
            )
            threading.Event().wait(0.01)

    # Combined servers

    def test_combined_servers_share_a_loop(self, start: Start, prepare: Start) -> None:
        main, other, third = start(), prepare(), prepare()
        if not self.combines:
            raises(
                DaemonError,
                "combine() raises DaemonError where it is impossible",
                lambda: main.server.combine(other.server),
            )
            return
        main.server.combine(other.server)
        main.server.combine(third.server)
        for _ in range(3):
            clients = [running.connect() for running in (main, other, third)]
            self.all_answered(clients)
            for client in clients:
                client.send(b"b%d" % self.big)
            for client in clients:
                client.gets(b"x" * self.big)
        other.server.close(self.patience)
        self.answers(clients[0])

    def test_what_cannot_be_combined(self, prepare: Start) -> None:
        running = prepare()
        raises(
            DaemonError,
            "combine() raises DaemonError for what is no server",
            lambda: running.server.combine(object()),  # type: ignore[arg-type]
        )

    def test_an_interrupted_loop_can_be_closed(self, prepare: Start) -> None:
        running = prepare()
        client = running.connect()

        def interrupt() -> bool:
            if running.host.sessions:
                raise KeyboardInterrupt
            return True

        with pytest.raises(KeyboardInterrupt):
            running.server.run(interrupt)
        self.within("close()", running.server.close, self.patience)
        require(
            client.is_cut_off(), "close() closes all connections, after an interrupt too", "one stays open"
        )
