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
    session: type[Through] = Through
    host: type[HostThrough] = HostThrough
    server: type[Through] = ServerThrough
    changes: ClassVar[dict[str, Any]] = {}

    def create(self, host: Any, listeners: Any, connections: Any, settings: Any, /) -> Any:
        host = self.host(host)
        host.session = self.session
        settings = SuiteSettings({**vars(settings), **self.changes})
        return self.server(ThreadPoolModel().create(host, listeners, connections, settings))


class Mutants(ServerModelSuite):
    """A subclass says what is broken."""

    two_clients: ClassVar[dict[str, Any]] = {"MAX_CONNECTIONS": 2}
    patience = 2.0
    kind: ClassVar[type[Any]] = Model

    @pytest.fixture
    def server_model(self) -> Any:
        return self.kind()


class TestSound(Mutants):
    """The parts alone break nothing."""

    patience = 20.0


# Sessions


class NeverLost(Through):
    def lost(self, reason: str, /) -> None:
        """Forgotten."""


class LosesNothing(Model):
    session = NeverLost


class TestLosesNothing(Mutants):
    kind = LosesNothing


class LostTwice(Through):
    def lost(self, reason: str, /) -> None:
        self.real.lost(reason)
        self.real.lost(reason)


class LosesTwice(Model):
    session = LostTwice


class TestLosesTwice(Mutants):
    kind = LosesTwice


class Reversed(Through):
    def buffer_updated(self, count: int, /) -> Sequence[Any]:
        return self.real.buffer_updated(count)[::-1]  # type: ignore[no-any-return]


class LastComesFirst(Model):
    session = Reversed


class TestLastComesFirst(Mutants):
    kind = LastComesFirst


class WholeOnly(Through):
    def buffer_updated(self, count: int, /) -> Sequence[Any]:
        requests: Sequence[Any] = self.real.buffer_updated(count)
        self.real._data.clear()
        return requests


class ForgetsHalves(Model):
    session = WholeOnly


class TestForgetsHalves(Mutants):
    kind = ForgetsHalves


class Endless(Through):
    closing = False


class IgnoresClosing(Model):
    session = Endless


class TestIgnoresClosing(Mutants):
    kind = IgnoresClosing


class Unretired(Through):
    def retire(self) -> None:
        """Forgotten."""


class RunsToTheLast(Model):
    session = Unretired


class TestRunsToTheLast(Mutants):
    kind = RunsToTheLast


# The host


class OwnTurn(HostThrough):
    """One-way calls are run where they arrive."""

    def open_session(self, connection: Any, _spawn: Any, /, **more: Any) -> Any:
        def spawn(call: Any, *_: Any) -> None:
            with contextlib.suppress(BaseException):
                call()

        return super().open_session(connection, spawn, **more)


class RunsOneWayCallsInTurn(Model):
    host = OwnTurn


class TestRunsOneWayCallsInTurn(Mutants):
    kind = RunsOneWayCallsInTurn


class Greeted(HostThrough):
    """All connections are alike."""

    def open_session(self, connection: Any, spawn: Any, /, **more: Any) -> Any:
        return super().open_session(connection, spawn, **{**more, "handshake": True})


class GreetsEverybody(Model):
    host = Greeted


class TestGreetsEverybody(Mutants):
    kind = GreetsEverybody


class Dusty(HostThrough):
    def housekeeping(self) -> None:
        """Forgotten."""


class KeepsNoHouse(Model):
    host = Dusty


class TestKeepsNoHouse(Mutants):
    kind = KeepsNoHouse


class NeverRefuses(Model):
    changes: ClassVar[dict[str, Any]] = {"MAX_CONNECTIONS": 0}


class TestNeverRefuses(Mutants):
    kind = NeverRefuses


class CountsNoRefusals(Model):
    class host(HostThrough):  # noqa: N801
        def refused(self, limit: str, what: str, /) -> None:
            """Forgotten."""


class TestCountsNoRefusals(Mutants):
    kind = CountsNoRefusals


# The server


class Sleeper(ServerThrough):
    def wake(self) -> None:
        """Forgotten."""

    def close(self, grace: float, /) -> None:
        self.real.close(grace)


class SleepsOn(Model):
    server = Sleeper


class TestSleepsOn(Mutants):
    kind = SleepsOn


class Hasty(ServerThrough):
    def close(self, grace: float, /) -> None:
        self.real.close(0)


class GivesNoGrace(Model):
    server = Hasty


class TestGivesNoGrace(Mutants):
    kind = GivesNoGrace


class Patient(ServerThrough):
    def close(self, grace: float, /) -> None:
        self.real.close(max(grace, 8.0))


class WaitsForEver(Model):
    server = Patient


class TestWaitsForEver(Mutants):
    kind = WaitsForEver


class Lonely(ServerThrough):
    def combine(self, other: Any, /) -> None:
        """Forgotten."""


class CombinesNothing(Model):
    server = Lonely


class TestCombinesNothing(Mutants):
    kind = CombinesNothing


class Leaking(ServerThrough):
    def __init__(self, real: Any) -> None:
        super().__init__(real)
        self._copy = os.dup(real.sockets[0].fileno())


class KeepsADescriptor(Model):
    server = Leaking


class TestKeepsADescriptor(Mutants):
    kind = KeepsADescriptor


class Haunted(ServerThrough):
    def __init__(self, real: Any) -> None:
        super().__init__(real)
        threading.Thread(target=threading.Event().wait, args=(30,), name="ghost", daemon=True).start()


class KeepsAThread(Model):
    server = Haunted


class TestKeepsAThread(Mutants):
    kind = KeepsAThread


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


class OneByOne:
    name = "one-by-one"
    aliases: frozenset[str] = frozenset()

    def create(self, host: Any, listeners: Any, connections: Any, settings: Any, /) -> Any:
        return OneByOneServer(host, listeners[0])


class TestOneByOne(Mutants):
    kind = OneByOne


class TestTooSlow(Mutants):
    kind = OneByOne
