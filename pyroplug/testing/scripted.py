"""A host and sessions that do what the client tells them: bytes in, bytes out, nothing of Pyro.

A message is four bytes of length and a body: a letter, and what belongs to it. ``COMMANDS`` has them all.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Sequence

from pyroplug.contracts import Buffer, Claimed, Connection, Spawn

from .waiting import PATIENCE, wait_until

__all__ = ["COMMANDS", "ScriptedHost", "ScriptedSession", "frame"]


def frame(body: bytes) -> bytes:
    """A body with its length in front: what is sent."""
    return struct.pack("!I", len(body)) + body


class ScriptedHost:
    """What a server model serves in tests. It remembers what happened to it.

    :ivar action: what the command ``a`` runs.
    :ivar gate: what the command ``w`` waits for.
    :ivar order: the one-way calls that were run.
    :ivar threads: the names of the threads in which they ran.
    :ivar on_lost: called when a session has been lost.
    :ivar is_plain: whether sessions answer single requests by ``handle_plain``.
    :ivar faults: what the server model did that sessions are not made for.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.is_plain = False
        self.faults: list[str] = []
        self.sessions: list[ScriptedSession] = []
        self.action: Callable[[], object] = lambda: None
        self.gate = threading.Event()
        self.waiting = threading.Semaphore(0)
        """Released when a call begins to wait at the gate."""
        self.order: list[bytes] = []
        self.refusals: list[tuple[str, str]] = []
        self.threads: list[str] = []
        self.housekept = threading.Event()
        self.on_lost: Callable[[], object] = lambda: None

    def open_session(
        self,
        connection: Connection,
        spawn: Spawn,
        /,
        *,
        handshake: bool = True,
        claim: Callable[[int, bool], Claimed] | None = None,
    ) -> ScriptedSession:
        session = ScriptedSession(self, connection, spawn, handshake, claim)
        self.sessions.append(session)
        return session

    def housekeeping(self) -> None:
        self.housekept.set()

    def refused(self, limit: str, what: str, /) -> None:
        self.refusals.append((limit, what))

    def wait_at_gate(self) -> None:
        """Wait until the test opens it."""
        self.waiting.release()
        assert self.gate.wait(3 * self.patience), "nobody has opened the gate"

    def wait_for_call(self, calls: int = 1) -> None:
        """Until that many more calls wait at the gate."""
        for _ in range(calls):
            assert self.waiting.acquire(timeout=self.patience), "a request was not handled in time"

    def wait_for_session(self, number: int = 0) -> ScriptedSession:
        """The session of that number, as soon as it is there."""
        wait_until(lambda: len(self.sessions) > number, "a session for a new connection", self.patience)
        return self.sessions[number]

    def wait_until_lost(self, sessions: int = 1) -> None:
        """Until that many sessions are lost."""
        wait_until(
            lambda: sum(len(session.ends) for session in self.sessions) >= sessions,
            "the session's lost(), after its connection has ended,",
            self.patience,
        )

    @property
    def all_lost_once(self) -> bool:
        """Whether each session was lost, and none twice."""
        return all(len(session.ends) == 1 for session in self.sessions)


class ScriptedSession:
    """One connection's side of the script.

    :ivar ends: the reasons with which it was lost.
    :ivar handled: how many requests were handled.
    :ivar received: how many bytes it was told of.
    :ivar scratches: the identities of the memory that it was lent.
    """

    def __init__(
        self,
        host: ScriptedHost,
        connection: Connection,
        spawn: Spawn,
        handshake: bool,
        claim: Callable[[int, bool], Claimed] | None = None,
    ) -> None:
        self.claim = claim
        self.kept = False
        self.host, self.connection, self.spawn, self.handshake = host, connection, spawn, handshake
        self.accepted = not handshake
        self.closing = self.retired = False
        self.ends: list[str] = []
        self.handled = 0
        self.received = 0
        self.scratches: set[int] = set()
        self._scratch = memoryview(b"")
        self._handling = False
        self._data = bytearray()

    @property
    def unfinished(self) -> bool:
        return bool(self._data)

    def get_buffer(self, scratch: memoryview) -> memoryview:
        self._scratch = scratch
        self.scratches.add(id(scratch.obj))
        return scratch

    def buffer_updated(self, count: int) -> Sequence[bytes]:
        self.received += count
        self._data += self._scratch[:count]
        requests = []
        while len(self._data) >= 4:
            end = 4 + struct.unpack_from("!I", self._data)[0]
            if len(self._data) < end:
                break
            requests.append(bytes(self._data[4:end]))
            del self._data[:end]
        return requests

    def handle_plain(self, piece: memoryview, count: int) -> Sequence[Buffer] | None:
        if not self.host.is_plain or self._data or count < 4:
            return None
        request = bytes(piece[4:count])
        if struct.unpack_from("!I", piece)[0] != len(request) or request[:1] != b"e":
            return None
        self.received += count
        return self.handle(request)

    def handle(self, request: bytes) -> Sequence[Buffer]:
        if self._handling:
            self.host.faults.append(
                "handle() was called while another thread was in handle() of that session"
            )
        self._handling = True
        try:
            return self._handle(request)
        finally:
            self._handling = False

    def _handle(self, request: bytes) -> Sequence[Buffer]:
        if self.retired:
            self.closing = True
            return [frame(b"retired")]
        if self.claim is not None and not self.accepted:
            claimed = self.claim(self.connection.fileno(), request[:1] == b"p")
            if claimed.reason:
                return self.refuse(claimed.reason)
            self.kept = claimed.kept
        self.accepted = True
        self.handled += 1
        return COMMANDS[request[:1]](self, request[1:])

    def refuse(self, reason: str, *, passing: bool = False) -> Sequence[Buffer]:
        self.closing = True
        return [frame(b"refused: " + reason.encode())]

    def retire(self) -> None:
        self.retired = True

    def lost(self, reason: str) -> None:
        self.ends.append(reason)
        self.host.on_lost()


def _wait(session: ScriptedSession, word: bytes) -> Sequence[Buffer]:
    session.host.wait_at_gate()
    return [frame(word)]


def _raise(error: BaseException) -> Sequence[Buffer]:
    raise error


def _close(session: ScriptedSession, word: bytes) -> Sequence[Buffer]:
    session.closing = True
    return [frame(word)]


def _big(_session: ScriptedSession, size: bytes) -> Sequence[Buffer]:
    count = int(size)
    return [struct.pack("!I", count), memoryview(b"x" * count)]


def _action(session: ScriptedSession, _: bytes) -> Sequence[Buffer]:
    session.host.action()
    return [frame(b"done")]


def _oneway(session: ScriptedSession, word: bytes) -> Sequence[Buffer]:
    def call() -> None:
        session.host.threads.append(threading.current_thread().name)
        if word.startswith(b"gate"):
            session.host.wait_at_gate()
        if word == b"exit":
            raise SystemExit(3)
        if word == b"action":
            session.host.action()
        session.host.order.append(word)

    session.spawn(call, session.connection, len(word))
    return ()


def _thread(_session: ScriptedSession, _: bytes) -> Sequence[Buffer]:
    return [frame(threading.current_thread().name.encode())]


COMMANDS: dict[bytes, Callable[[ScriptedSession, bytes], Sequence[Buffer]]] = {
    b"e": lambda session, word: [frame(word)],  # echo
    b"p": lambda session, word: [frame(word)],  # echo, and when it comes first: who asks is the operator
    b"w": _wait,  # echo when the gate is open
    b"r": lambda session, word: _raise(ValueError(word.decode())),
    b"x": lambda session, word: _raise(SystemExit(1)),
    b"i": lambda session, word: _raise(KeyboardInterrupt()),
    b"c": _close,  # echo, and then the end
    b"b": _big,  # as many bytes as the number says
    b"a": _action,  # run the host's action
    b"o": _oneway,
    b"t": _thread,  # the name of the thread in which it runs
}
