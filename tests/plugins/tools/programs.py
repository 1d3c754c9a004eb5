"""Programs in processes of their own: servers of either library, and ``pyroplug`` as it is typed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pyroplug.api import Proxy
from tests.support import PATIENCE, wait_until

LIBRARIES = ("pyroplug", "Pyro5")

SERVICE = """
import importlib, itertools, sys

api = importlib.import_module(sys.argv[1] + ".api")
closed = []

class Odd(Exception):
    pass

@api.expose
class Thing:
    level = property(lambda self: {"low": [1, None], "high": "no"})
    nothing = property(lambda self: None)

    def echo(self, *args, **kwargs):
        return [args, kwargs] if kwargs or len(args) != 1 else args[0]

    def fail(self, text):
        raise FileNotFoundError(2, text)

    def odd(self):
        raise Odd("very")

    def count(self, number):
        yield from range(number)

    def break_off(self):
        yield None
        yield "two"
        raise ValueError("no more")

    def forever(self):
        try:
            yield from itertools.count()
        finally:
            closed.append(True)

    def endings(self):
        return len(closed)

    @api.oneway
    def push(self, value):
        closed.append(value)

daemon = api.Daemon(host="127.0.0.1")
print(daemon.register(Thing(), "thing"), flush=True)
daemon.requestLoop()
"""


class Program:
    """A running program whose lines are read as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.out: deque[str] = deque()
        self.err: deque[str] = deque()
        self._readers = [
            threading.Thread(target=_collect, args=pair, daemon=True)
            for pair in ((process.stdout, self.out), (process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    def line(self) -> str:
        """The next line that it prints."""
        wait_until(lambda: self.out or self.process.poll() is not None, "a line")
        wait_until(lambda: self.out or not self._readers[0].is_alive(), "a line, or the end of output")
        assert self.out, f"it ended with status {self.process.returncode}: {''.join(self.err)}"
        return self.out.popleft().rstrip("\n")

    def end(self, number: int | None = None) -> int:
        """Its exit status, when it has ended; by a signal, if one is given."""
        if number is not None:
            self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return status


def _collect(stream: Iterator[str], lines: deque[str]) -> None:
    lines.extend(stream)


@contextmanager
def program(*arguments: str, folder: Path | None = None, **environment: str) -> Iterator[Program]:
    """Run Python with these arguments; end it in the end, if it has not ended by then."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, **environment},
    )
    running = Program(process)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        running.end()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            stream.close()


@contextmanager
def service(library: str) -> Iterator[str]:
    """A server of a library, with one object: its URI."""
    with program("-c", SERVICE, library) as server:
        yield server.line()


def typed(
    *arguments: str, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """What becomes of ``pyroplug`` with these arguments: exit status, output, errors."""
    ended = subprocess.run(
        [sys.executable, "-m", "pyroplug", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


class NameServer(NamedTuple):
    """A name server in a process of its own.

    :ivar environment: what has programs find it, and no other.
    """

    uri: str
    host: str
    port: int
    environment: dict[str, str]
    program: Program


@contextmanager
def name_server(port: int = 0, library: str = "Pyro5") -> Iterator[NameServer]:
    """That of a library."""
    code = f"from {library}.api import start_ns_loop as ns; ns('127.0.0.1', {port}, enableBroadcast=False)"
    with program("-u", "-c", code) as server:
        line = server.line()
        while not line.startswith("URI = "):
            line = server.line()
        uri = line.removeprefix("URI = ")
        port = int(uri.rpartition(":")[2])
        yield NameServer(uri, "127.0.0.1", port, finding(port), server)


ADDRESS = "PYRO:thing@localhost:4444"
"""What the names stand for."""


@contextmanager
def three_names(server: NameServer) -> Iterator[Any]:
    """Its proxy, when it knows three names and no others: two with tags, and one without."""
    with Proxy(server.uri) as proxy:
        proxy.remove(regex=".*")
        proxy.register("shop.apples", ADDRESS, metadata=["fruit", "red"])
        proxy.register("shop.pears", ADDRESS, metadata=["fruit"])
        proxy.register("till", ADDRESS)
        yield proxy


def finding(port: int) -> dict[str, str]:
    """The environment of programs that look for a name server there, and nowhere else."""
    return {
        "PYRO_NS_HOST": "127.0.0.1",
        "PYRO_NS_PORT": str(port),
        "PYRO_NS_BCPORT": str(port),  # nobody answers there
        "PYRO_BROADCAST_ADDRS": "127.0.0.1",
    }


def free_port() -> int:
    """Of one that nobody listens at."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        number: int = sock.getsockname()[1]
        return number
