"""What the tests of the doctor share: walks with a configuration of their own, and servers to walk to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest
from pyroplug_doctor.diagnosis import diagnose, reached
from pyroplug_doctor.findings import Finding, Outcome, Situation
from pyroplug_doctor.names import Where
from pyroplug_doctor.remedies import Fault

from pyroplug.api import URI, expose
from pyroplug.plugins import default_plugins
from tests.running import settings
from tests.support import PATIENCE

SHORT = 0.4
"""Seconds for a step that will wait in vain."""


@expose
class Thing:
    """Is served."""

    def echo(self, value: Any) -> Any:
        return value


class Walk:
    """All findings of a walk."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        self.reached = reached(findings)

    def __repr__(self) -> str:
        return "\n".join(f"{it.outcome.value} {it.scope}/{it.step}: {it.text}" for it in self.findings)

    def step(self, name: str, scope: str = "object") -> Finding:
        (found,) = [it for it in self.findings if (it.step, it.scope) == (name, scope)]
        return found

    @property
    def failed(self) -> Finding:
        """The only one that failed: nothing is tried after it."""
        (found,) = [it for it in self.findings if it.outcome is Outcome.FAILED]
        return found

    @property
    def fault(self) -> tuple[str, Fault | None]:
        return self.failed.step, self.failed.fault


def situation(timeout: float = PATIENCE, **items: Any) -> Situation:
    """Capitals are configuration items."""
    mine = settings(COMMTIMEOUT=timeout, **items)
    return Situation(mine, default_plugins(), timeout)


def walk_to(uri: Any, where: Where | None = None, timeout: float = PATIENCE, **items: Any) -> Walk:
    """The findings on the way to an object; ``None`` for the name server."""
    target = None if uri is None else URI(uri)
    return Walk(list(diagnose(target, where or Where("", None), situation(timeout, **items))))


# Servers ----------------------------------------------------------------------------------------------


@contextmanager
def listening(host: str = "127.0.0.1", family: int = socket.AF_INET) -> Iterator[socket.socket]:
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.bind((host, 0))
        sock.listen(8)
        yield sock


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


_held: list[socket.socket] = []


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port at which nobody listens, and that nobody else gets as long as the test runs."""
    sock = socket.socket(socket.AF_INET, kind)
    _held.append(sock)
    sock.bind(("127.0.0.1", 0))
    return port_of(sock)


@pytest.fixture(autouse=True)
def ports_given_back(nothing_left_behind: None) -> Iterator[None]:
    yield
    while _held:
        _held.pop().close()


@contextmanager
def scripted(*answers: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server's port, which runs a function for each of its connections, the last one for all others."""
    with listening() as sock:
        sock.settimeout(0.1)
        done = threading.Event()

        def run() -> None:
            number = 0
            while not done.is_set():
                try:
                    client = sock.accept()[0]
                except TimeoutError:
                    continue
                with closing(client):
                    client.settimeout(PATIENCE)
                    answers[min(number, len(answers) - 1)](client)
                number += 1

        thread = threading.Thread(target=run, name="scripted server", daemon=True)
        thread.start()
        try:
            yield port_of(sock)
        finally:
            done.set()
            thread.join(PATIENCE)
            assert not thread.is_alive()


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue of connections is full: nothing that is sent there is answered."""
    with ExitStack() as stack:
        sock = stack.enter_context(socket.socket())
        sock.bind(("127.0.0.1", 0))
        sock.listen(0)
        for _ in range(64):
            client = stack.enter_context(socket.socket())
            client.settimeout(0.2)
            try:
                client.connect(sock.getsockname())
            except TimeoutError:
                break
        else:
            pytest.skip("this system's queues have no end")
        yield port_of(sock)


class Process:
    """A server in a process of its own, whose first lines of output say where it is."""

    def __init__(self, *arguments: str, ready: str, **items: str) -> None:
        variables = {f"PYRO_{name}": value for name, value in items.items()}
        self._process = subprocess.Popen(
            [sys.executable, "-u", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **variables},
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(ready):
                self.said = line.removeprefix(ready).strip()
                return
        self.kill()
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        """End it at once: it cleans nothing up."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(PATIENCE)
        assert self._process.stdout is not None
        self._process.stdout.close()


PYRO5_SERVER = """
import sys, Pyro5.api

@Pyro5.api.expose
class Thing:
    def echo(self, value): return value

class Shy:
    def echo(self, value): return value

class Daemon(Pyro5.api.Daemon):
    def validateHandshake(self, connection, data):
        if data != password:
            raise ValueError("that is not the word")
        return "hello"

host, names, password = sys.argv[1:]
with Daemon(host=host) as daemon:
    uri = daemon.register(Thing, "thing")
    daemon.register(Shy, "shy")
    if names:
        ns = Pyro5.api.Proxy(names)
        ns.register("example.thing", uri, metadata=["kitchen"])
        ns._pyroRelease()
    print("URI =", uri)
    daemon.requestLoop()
"""


@pytest.fixture
def pyro5_server() -> Iterator[Callable[..., Process]]:
    """Starts servers of Pyro5, which serve a thing, and register it as example.thing."""
    with ExitStack() as stack:

        def start(host: str = "127.0.0.1", names: str = "", password: str = "hello", **items: str) -> Process:
            process = Process("-c", PYRO5_SERVER, host, names, password, ready="URI =", **items)
            stack.callback(process.kill)
            return process

        yield start


NAME_SERVERS = {
    "Pyro5": ["-m", "Pyro5.nameserver", "-n", "127.0.0.1", "-p", "0", "-x"],
    "pyroplug": [
        "-c",
        "from pyroplug.api import start_ns_loop; start_ns_loop('127.0.0.1', 0, enableBroadcast=False)",
    ],
}


@pytest.fixture(scope="module", params=NAME_SERVERS)
def names_uri(request: pytest.FixtureRequest) -> Iterator[URI]:
    """The URI of a name server, in a process of its own."""
    process = Process(*NAME_SERVERS[request.param], ready="URI =")
    yield URI(process.said)
    process.kill()
