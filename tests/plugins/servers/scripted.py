"""A host and sessions that do what the client tells them: bytes in, bytes out, nothing of Pyro.

A message is four bytes of length and a body: a letter, and what belongs to it. ``COMMANDS`` has them all.
"""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from pyroplug.contracts import Buffer, Claimed, Connection, Spawn

PATIENCE = 20.0
"""Seconds after which a test that waits for something has failed."""


def frame(body: bytes) -> bytes:
    return struct.pack("!I", len(body)) + body


class Host:
    """Remembers what happened to it. ``action`` is what the command ``a`` runs."""

    def __init__(self) -> None:
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
        self.waiting.release()
        assert self.gate.wait(PATIENCE)

    def wait_for_call(self, calls: int = 1) -> None:
        """Until that many more calls wait at the gate."""
        for _ in range(calls):
            assert self.waiting.acquire(timeout=PATIENCE)

    def wait_for_session(self, number: int = 0) -> ScriptedSession:
        wait_until(lambda: len(self.sessions) > number)
        return self.sessions[number]

    def wait_until_lost(self, sessions: int = 1) -> None:
        wait_until(lambda: sum(len(session.ends) for session in self.sessions) >= sessions)

    @property
    def all_lost_once(self) -> bool:
        return all(len(session.ends) == 1 for session in self.sessions)


class ScriptedSession:
    def __init__(
        self,
        host: Host,
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

    def handle_plain(self, _piece: memoryview, _count: int) -> None:
        return None

    def handle(self, request: bytes) -> Sequence[Buffer]:
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


def wait_until(condition: Callable[[], Any], patience: float = PATIENCE) -> None:
    """For what no event tells of."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.002)
