"""Server models that are each broken in one way, and the suite for each of them.

They are a working server model with something broken between it and what it serves, and a too simple one.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from pyroplug_servers import ThreadPoolModel

from pyroplug.testing import ServerModelSuite
from pyroplug.testing.suite import SuiteSettings


class Through:
    """Passes everything on that a subclass does not change."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class ServerThrough(Through):
    def combine(self, other: Any, /) -> None:
        self.real.combine(getattr(other, "real", other))


class HostThrough(Through):
    session: type[Through] = Through

    def open_session(self, connection: Any, spawn: Any, /, **more: Any) -> Any:
        return self.session(self.real.open_session(connection, spawn, **more))


class Model:
    """A server model of such parts."""

    name = "mutant"
    aliases: frozenset[str] = frozenset()

    def __init__(self, suite: Mutants) -> None:
        self.suite = suite

    def create(self, host: Any, listeners: Any, connections: Any, settings: Any, /) -> Any:
        host = self.suite.host(host)
        host.session = self.suite.session
        settings = SuiteSettings({**vars(settings), **self.suite.changes})
        return self.suite.server(ThreadPoolModel().create(host, listeners, connections, settings))


class Mutants(ServerModelSuite):
    """A subclass says what is broken."""

    two_clients: ClassVar[dict[str, Any]] = {"MAX_CONNECTIONS": 2}
    patience = 2.0
    grace = 0.5
    kind: ClassVar[type[Any]] = Model
    session: type[Through] = Through
    host: type[HostThrough] = HostThrough
    server: type[Through] = ServerThrough
    changes: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    def server_model(self) -> Any:
        return self.kind(self)


class TestSound(Mutants):
    """The parts alone break nothing."""

    patience = 20.0
    grace = 5.0


# Sessions


class NeverLost(Through):
    def lost(self, reason: str, /) -> None:
        """Forgotten."""


class TestLosesNothing(Mutants):
    session = NeverLost


class LostTwice(Through):
    def lost(self, reason: str, /) -> None:
        self.real.lost(reason)
        self.real.lost(reason)


class TestLosesTwice(Mutants):
    session = LostTwice


class Reversed(Through):
    def buffer_updated(self, count: int, /) -> Sequence[Any]:
        return self.real.buffer_updated(count)[::-1]  # type: ignore[no-any-return]


class TestLastComesFirst(Mutants):
    session = Reversed


class WholeOnly(Through):
    def buffer_updated(self, count: int, /) -> Sequence[Any]:
        requests: Sequence[Any] = self.real.buffer_updated(count)
        self.real._data.clear()
        return requests


class TestForgetsHalves(Mutants):
    session = WholeOnly


class Endless(Through):
    closing = False


class TestIgnoresClosing(Mutants):
    session = Endless


class Unretired(Through):
    def retire(self) -> None:
        """Forgotten."""


class TestRunsToTheLast(Mutants):
    session = Unretired


# The host


class OwnTurn(HostThrough):
    """One-way calls are run where they arrive."""

    def open_session(self, connection: Any, _spawn: Any, /, **more: Any) -> Any:
        def spawn(call: Any, *_: Any) -> None:
            with contextlib.suppress(BaseException):
                call()

        return super().open_session(connection, spawn, **more)


class TestRunsOneWayCallsInTurn(Mutants):
    host = OwnTurn


class Greeted(HostThrough):
    """All connections are alike."""

    def open_session(self, connection: Any, spawn: Any, /, **more: Any) -> Any:
        return super().open_session(connection, spawn, **{**more, "handshake": True})


class TestGreetsEverybody(Mutants):
    host = Greeted


class Dusty(HostThrough):
    def housekeeping(self) -> None:
        """Forgotten."""


class TestKeepsNoHouse(Mutants):
    host = Dusty


class TestNeverRefuses(Mutants):
    changes: ClassVar[dict[str, Any]] = {"MAX_CONNECTIONS": 0}


class Silent(HostThrough):
    def refused(self, limit: str, what: str, /) -> None:
        """Forgotten."""


class TestCountsNoRefusals(Mutants):
    host = Silent


# The server


class Sleeper(ServerThrough):
    def wake(self) -> None:
        """Forgotten."""

    def close(self, grace: float, /) -> None:
        self.real.close(grace)


class TestSleepsOn(Mutants):
    server = Sleeper


class Hasty(ServerThrough):
    def close(self, grace: float, /) -> None:
        self.real.close(0)


class TestGivesNoGrace(Mutants):
    server = Hasty


class Patient(ServerThrough):
    def close(self, grace: float, /) -> None:
        self.real.close(max(grace, 8.0))


class TestWaitsForEver(Mutants):
    server = Patient


class Lonely(ServerThrough):
    def combine(self, other: Any, /) -> None:
        """Forgotten."""


class TestCombinesNothing(Mutants):
    server = Lonely


class Leaking(ServerThrough):
    def __init__(self, real: Any) -> None:
        super().__init__(real)
        self._copy = os.dup(real.sockets[0].fileno())


class TestKeepsADescriptor(Mutants):
    server = Leaking


class Haunted(ServerThrough):
    def __init__(self, real: Any) -> None:
        super().__init__(real)
        threading.Thread(target=threading.Event().wait, args=(30,), name="ghost", daemon=True).start()


class TestKeepsAThread(Mutants):
    server = Haunted


class WillNotWrite(Through):
    def wants_write(self) -> bool:
        return False


class ListenerThrough(Through):
    def accept(self) -> Any:
        connection = self.real.accept()
        return None if connection is None else WillNotWrite(connection)


class ForgetsToWrite(Model):
    def create(self, host: Any, listeners: Any, connections: Any, settings: Any, /) -> Any:
        return super().create(host, [ListenerThrough(each) for each in listeners], connections, settings)


class TestForgetsToWrite(Mutants):
    kind = ForgetsToWrite


# One that is too simple


class OneByOneServer:
    """Serves a connection from its beginning to its end, and then the next one."""

    def __init__(self, host: Any, listener: Any) -> None:
        self.host = host
        self.listener = listener
        self.sockets = [listener]
        self._is_closed = False
        self._connection: Any = None

    def run(self, running: Any, /) -> None:
        pause = threading.Event()
        while running() and not self._is_closed:
            self._connection = self.listener.accept()
            if self._connection is None:
                pause.wait(0.005)
                continue
            self._serve(self._connection)

    def _serve(self, connection: Any) -> None:
        session = self.host.open_session(connection, lambda call, *_: call())
        scratch = memoryview(bytearray(65536))
        try:
            while not session.closing and (count := connection.recv_into(session.get_buffer(scratch))):
                for request in session.buffer_updated(count):
                    connection.send(session.handle(request))
        except Exception:
            pass
        session.lost("it is over")
        connection.close()

    def wake(self) -> None:
        """It is awake."""

    def events(self, ready: Any, /) -> None:
        """None."""

    def combine(self, other: Any, /) -> None:
        """None."""

    def close(self, grace: float, /) -> None:
        self._is_closed = True
        if self._connection is not None:
            self._connection.shutdown()
        self.listener.close()


class OneByOne(Model):
    name = "one-by-one"

    def create(self, host: Any, listeners: Any, connections: Any, settings: Any, /) -> Any:
        return OneByOneServer(host, listeners[0])


class TestOneByOne(Mutants):
    kind = OneByOne


class TestTooSlow(Mutants):
    kind = OneByOne


SAYS = {
    "TestLosesNothing": (
        "test_the_end_of_a_connection_is_told_once",
        "lost(), after its connection has ended,",
    ),
    "TestLosesTwice": ("test_a_request_after_a_silence", "lost() was called once for every session"),
    "TestLastComesFirst": ("test_requests_that_are_sent_at_once", "whole and in the order of the requests"),
    "TestForgetsHalves": ("test_half_a_message_is_kept_until_the_rest_comes", "every request is answered"),
    "TestIgnoresClosing": (
        "test_the_last_word_is_sent_before_the_end",
        "a connection is closed when its session is",
    ),
    "TestRunsToTheLast": ("test_what_comes_too_late_is_not_run", "retire(), when a server is closing"),
    "TestRunsOneWayCallsInTurn": ("test_one_way_calls_hold_up_nobody", "every request is answered"),
    "TestGreetsEverybody": ("test_connections_that_exist_already", "given to create() have handshake=False"),
    "TestKeepsNoHouse": ("test_housekeeping", "housekeeping() is called every few seconds"),
    "TestNeverRefuses": ("test_too_many_are_refused_and_told_why", "who does not fit in is told so"),
    "TestCountsNoRefusals": ("test_too_many_are_refused_and_told_why", "host.refused() is told of everybody"),
    "TestSleepsOn": ("test_it_can_be_woken", "wake() makes run() ask running() at once"),
    "TestGivesNoGrace": (
        "test_a_running_call_is_answered_before_the_end",
        "close() waits for running calls, up to the grace",
    ),
    "TestWaitsForEver": ("test_a_call_that_ignores_the_grace", "close() ends"),
    "TestCombinesNothing": ("test_combined_servers_share_a_loop", "every request is answered"),
    "TestKeepsADescriptor": ("test_a_request_after_a_silence", "is still open"),
    "TestKeepsAThread": ("test_a_request_after_a_silence", "thread 'ghost' still runs"),
    "TestForgetsToWrite": ("test_connections_of_every_kind and reluctant", "every request is answered"),
    "TestOneByOne": (
        "test_half_a_message_is_kept_until_the_rest_comes",
        "every request is answered, whatever other clients do",
    ),
    "TestTooSlow": ("test_slow_readers_hold_up_nobody", "every request is answered, whatever other clients"),
}
"""By the name of the mutant's suite: the test that finds it, and what that says."""
