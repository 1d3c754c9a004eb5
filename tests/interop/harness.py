"""Servers in processes of their own, and the two libraries by their names.

The servers are started together, once in a test run, and used by all tests.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

PATIENCE = 20.0
ROOT = Path(__file__).parents[2]
LIBRARIES = ("Pyro5", "pyroplug")
SERIALIZERS = ("serpent", "json", "marshal", "msgpack")
SERVER_TYPES = ("thread", "multiplex")
TRANSPORTS = ("tcp", "unix")
PAIRS = (("pyroplug", "Pyro5"), ("Pyro5", "pyroplug"), ("pyroplug", "pyroplug"))
"""Client and server."""


class Library:
    """One of the two libraries.

    :ivar api: its module of that name.
    :ivar errors: likewise.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.api: Any = importlib.import_module(f"{name}.api")
        self.errors: Any = importlib.import_module(f"{name}.errors")


class Kind(NamedTuple):
    """What distinguishes servers."""

    library: str
    server_type: str = "thread"
    compress: bool = False


class ServerProcess:
    """A running server.

    :ivar locations: where it listens, by ``tcp`` and ``unix``.
    """

    def __init__(self, kind: Kind, folder: Path) -> None:
        arguments = [kind.library, kind.server_type, str(folder / f"{'-'.join(map(str, kind))}")]
        environment = {**os.environ, "PYRO_COMPRESSION": str(int(kind.compress))}
        program = "from tests.interop.service import serve; serve()"
        self.kind = kind
        self.locations: dict[str, str] = {}
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program, *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def wait_until_ready(self) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"the server {self.kind} did not start"
        self.locations = json.loads(line)

    def uri(self, name: str, transport: str = "tcp") -> str:
        return f"PYRO:{name}@{self.locations[transport]}"

    def stop(self) -> None:
        """Have it end, and see that it does so of its own accord."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            assert self._process.wait(PATIENCE) == 0, f"the server {self.kind} failed"
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()


@contextmanager
def servers(folder: Path) -> Iterator[dict[Kind, ServerProcess]]:
    """All servers: each library with each server type, and one that compresses."""
    kinds = [Kind(library, server_type) for library in LIBRARIES for server_type in SERVER_TYPES]
    kinds += [Kind(library, compress=True) for library in LIBRARIES]
    with ExitStack() as stack:
        running = {}
        for kind in kinds:
            running[kind] = ServerProcess(kind, folder)
            stack.callback(running[kind].stop)
        for server in running.values():
            server.wait_until_ready()
        yield running
