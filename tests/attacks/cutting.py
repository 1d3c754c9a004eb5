"""A relay that breaks a conversation off after so many bytes, and what is served behind it."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections import Counter
from typing import NamedTuple

from pyroplug.api import expose, idempotent, oneway
from tests.support import PATIENCE


@expose
class Counting:
    """Counts how often each call ran, by a key that the caller chooses."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, key: str) -> str:
        self._counts[key] += 1
        return key

    @idempotent
    def add_again(self, key: str) -> str:
        return self.add(key)

    @oneway
    def note(self, key: str) -> None:
        self.add(key)

    @property
    def last(self) -> str:
        return ""

    @last.setter
    def last(self, key: str) -> None:
        self.add(key)

    def echo(self, value: str) -> str:
        return value

    def counts(self) -> dict[str, int]:
        return dict(self._counts)


class Cut(NamedTuple):
    """Where a conversation breaks off.

    :ivar up: bytes that still reach the server; ``None`` for all.
    :ivar down: bytes that still reach the client.
    """

    up: int | None = None
    down: int | None = None


class Relay:
    """Passes on what two sides say, and cuts connections as it is told: by turns, each cut holds for one.

    :ivar place: where it listens, ``host:port``.
    :ivar cuts: those of the next connections; without one a connection is not cut.
    :ivar passed: bytes that went up and down on the last connection.
    """

    def __init__(self, family: int, address: object) -> None:
        self._target = (family, address)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.place = "{}:{}".format(*self._listener.getsockname())
        self.cuts: list[Cut] = []
        self.passed = [0, 0]
        self._over, self._ended = socket.socketpair()
        self._threads = [threading.Thread(target=self._accept, name="relay", daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            ready, _, _ = select.select([self._listener, self._ended], [], [])
            if self._ended in ready:
                return
            client = self._listener.accept()[0]
            server = socket.socket(self._target[0])
            server.connect(self._target[1])  # type: ignore[arg-type]
            cut = self.cuts.pop(0) if self.cuts else Cut()
            thread = threading.Thread(
                target=self._pass_on, args=(client, server, cut), name="relayed", daemon=True
            )
            self._threads = [*(each for each in self._threads if each.is_alive()), thread]
            thread.start()

    def _pass_on(self, client: socket.socket, server: socket.socket, cut: Cut) -> None:
        self.passed = passed = [0, 0]
        with client, server, contextlib.suppress(OSError):
            while all(most is None or passed[way] < most for way, most in enumerate(cut)):
                ready, _, _ = select.select([client, server, self._ended], [], [])
                if self._ended in ready:
                    return
                for source, sink, way in ((client, server, 0), (server, client, 1)):
                    if source not in ready:
                        continue
                    data = source.recv(1 << 16)
                    if not data:
                        return
                    most = cut[way]
                    data = data if most is None else data[: most - passed[way]]
                    passed[way] += len(data)
                    sink.sendall(data)

    def close(self) -> None:
        self._over.send(b"x")
        for thread in self._threads:
            thread.join(PATIENCE)
        for sock in (self._listener, self._over, self._ended):
            sock.close()
