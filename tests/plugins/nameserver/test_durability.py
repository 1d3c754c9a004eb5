"""Names that a name server has acknowledged are there after it was killed, and when its disk is full."""

from __future__ import annotations

import resource
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from pyroplug.api import Proxy
from pyroplug.errors import CommunicationError, NamingError
from tests.plugins.tools.programs import Program, program
from tests.running import settings

CLIENTS = 4
KILL_AFTER = 60


def uri_of(server: Program) -> str:
    line = server.line()
    while not line.startswith("URI = "):
        line = server.line()
    return line.removeprefix("URI = ")


def ns(storage: str) -> Any:
    return program("-m", "pyroplug", "ns", "-n", "127.0.0.1", "-p", "0", "-s", storage)


def test_every_acknowledged_name_survives_a_kill(tmp_path: Path) -> None:
    storage = f"sql:{tmp_path / 'names.db'}"
    acknowledged: dict[str, str] = {}
    enough = threading.Event()

    def register(client: int, uri: str) -> None:
        with Proxy(uri, config=settings()) as names:
            for number in range(100_000):
                name = f"client{client}.{number}"
                try:
                    names.register(name, f"PYRO:{name}@host:1", metadata=["a", name])
                except CommunicationError:
                    return
                acknowledged[name] = f"PYRO:{name}@host:1"
                if len(acknowledged) >= KILL_AFTER:
                    enough.set()

    with ns(storage) as server:
        uri = uri_of(server)
        clients = [threading.Thread(target=register, args=(client, uri)) for client in range(CLIENTS)]
        for client in clients:
            client.start()
        assert enough.wait(60)
        assert server.end(signal.SIGKILL) == -signal.SIGKILL
        for client in clients:
            client.join()
    with ns(storage) as server, Proxy(uri_of(server), config=settings()) as names:
        kept = names.list(prefix="client", return_metadata=True)
    lost = {name for name, uri in acknowledged.items() if name not in kept or kept[name][0] != uri}
    assert not lost
    assert all(set(tags) == {"a", name} for name, (_, tags) in kept.items())
    assert len(kept) <= len(acknowledged) + CLIENTS, "what was under way may be there too"


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
from pyroplug.cli import main
main(["ns", "-n", "127.0.0.1", "-p", "0", "-s", sys.argv[2]])
"""
"""A name server that finds its disk full when a file is as large as that."""


def test_a_full_disk_refuses_and_loses_nothing(tmp_path: Path) -> None:
    storage = f"sql:{tmp_path / 'names.db'}"
    kept: list[str] = []

    def fill(names: Any) -> None:
        for number in range(10_000):
            name = f"n{number:05}" + "x" * 1500
            names.register(name, "PYRO:a@host:1")
            kept.append(name)

    limited = program("-c", LIMITED, str(300_000), storage)
    with limited as server, Proxy(uri_of(server), config=settings()) as names:
        with pytest.raises(NamingError) as caught:
            fill(names)
        assert caught.value.hint
        assert kept
        assert names.count() == len(kept) + 1
        assert names.lookup(kept[-1]).object == "a"
        room = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (room, room))
        names.register("afterwards", "PYRO:b@host:1")
        assert names.count() == len(kept) + 2
    with ns(storage) as server, Proxy(uri_of(server), config=settings()) as names:
        assert set(names.list(prefix="n")) == set(kept)
        assert names.lookup("afterwards").object == "b"


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's")
