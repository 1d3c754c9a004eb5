"""Daemons and proxies on sockets that the user has connected: between threads, and between processes."""

from __future__ import annotations

import multiprocessing
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pyroplug.api import BatchProxy, Daemon, Proxy, current_context, expose, oneway
from pyroplug.errors import ConnectionClosedError, DaemonError, PyroError
from tests.features.programs import Program
from tests.running import settings
from tests.support import PATIENCE, wait_for, wait_until

SERVER = pytest.mark.parametrize("server", ["threadpool", "multiplex"])
# Python warns of forks in processes with several threads since 3.12.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")

Pair = tuple[socket.socket, socket.socket]


@expose
class Thing:
    def __init__(self, name: str = "thing") -> None:
        self._name = name
        self.noted, self.gate = threading.Event(), threading.Event()

    def name(self) -> str:
        return self._name

    def process(self) -> int:
        return os.getpid()

    def count(self) -> Iterator[int]:
        yield from range(300)

    def fail(self) -> None:
        raise ValueError("on purpose")

    def echo(self, value: Any) -> Any:
        return value

    def client(self) -> bool:
        return current_context.client is not None

    @oneway
    def note(self) -> None:
        self.noted.set()

    @oneway
    def wait(self) -> None:
        self.noted.set()
        wait_for(self.gate)


class Watching(Daemon):
    def __init__(self, **arguments: Any) -> None:
        self.greeted = 0
        self.gone = threading.Semaphore(0)
        super().__init__(**arguments)

    def validateHandshake(self, conn: Any, data: Any) -> Any:
        self.greeted += 1
        return "hello"

    def clientDisconnect(self, conn: Any) -> None:
        self.gone.release()


@pytest.fixture
def pair(nothing_left_behind: None) -> Iterator[Pair]:
    here, there = socket.socketpair()
    with here, there:
        yield here, there


@contextmanager
def serving(sock: socket.socket, server: str, **things: Any) -> Iterator[Watching]:
    with Watching(connected_socket=sock, config=settings(SERVERTYPE=server)) as daemon:
        for name, thing in things.items():
            daemon.register(thing, name)
        loop = threading.Thread(target=daemon.requestLoop)
        loop.start()
        try:
            yield daemon
        finally:
            daemon.shutdown()
            loop.join(PATIENCE)


def proxy_on(sock: socket.socket, name: str = "thing") -> Any:
    proxy: Any = Proxy(name, connected_socket=sock)
    proxy._pyroTimeout = PATIENCE
    return proxy


def still_works(here: socket.socket, there: socket.socket) -> None:
    """The user's sockets are open, and as they were."""
    assert here.gettimeout() is there.gettimeout() is None
    here.sendall(b"the user's own bytes")
    assert there.recv(100) == b"the user's own bytes"


@SERVER
def test_all_kinds_of_calls(pair: Pair, server: str) -> None:
    here, there = pair
    thing = Thing()
    with serving(there, server, thing=thing) as daemon, proxy_on(here) as proxy:
        assert proxy.name() == "thing"
        assert proxy.client()
        assert list(proxy.count()) == list(range(300))
        with pytest.raises(ValueError, match="on purpose"):
            proxy.fail()
        assert proxy.echo("x" * 3_000_000) == "x" * 3_000_000
        batch = BatchProxy(proxy)
        batch.name()
        batch.echo(5)
        assert list(batch() or ()) == ["thing", 5]
        proxy.note()
        wait_for(thing.noted)
        assert "<<connected-socket>>" in str(proxy._pyroUri)
        assert daemon.locationStr == ""
        assert daemon.sock is None
        assert daemon.greeted == 0  # there is no greeting on a connected socket
    assert daemon.gone.acquire(timeout=PATIENCE)
    still_works(here, there)


@SERVER
def test_one_proxy_after_another(pair: Pair, server: str) -> None:
    here, there = pair
    with serving(there, server, thing=Thing(), other=Thing("other")) as daemon:
        for _ in range(3):
            with proxy_on(here) as proxy:
                assert proxy.name() == "thing"
            with proxy_on(here, "other") as proxy:
                assert proxy.name() == "other"
        proxy = proxy_on(here)
        assert proxy.name() == "thing"
        proxy._pyroRelease()
        assert proxy.name() == "thing"  # it takes the same socket again
        with proxy_on(here, "nobody") as nobody, pytest.raises(DaemonError, match="unknown object"):
            nobody.name()
        assert proxy.name() == "thing"
        proxy._pyroRelease()
        assert not daemon.gone.acquire(blocking=False)  # the socket is one client, whoever uses it
    still_works(here, there)


@pytest.mark.parametrize("first", ["threadpool", "multiplex"])
@SERVER
def test_one_daemon_after_another(pair: Pair, first: str, server: str) -> None:
    here, there = pair
    for model, end, name in ((first, there, "one"), (server, there, "two"), (first, here, "three")):
        other = here if end is there else there
        with serving(end, model, thing=Thing(name)), proxy_on(other) as proxy:
            assert proxy.name() == name
    still_works(here, there)


@SERVER
def test_a_client_whose_daemon_is_closed_in_the_middle(pair: Pair, server: str) -> None:
    here, there = pair
    with serving(there, server, thing=Thing()) as daemon:
        proxy = proxy_on(here)
        assert proxy.name() == "thing"
        daemon.close()
    with serving(there, server, thing=Thing("another")):
        assert proxy.name() == "another"
        proxy._pyroRelease()
    still_works(here, there)


@SERVER
def test_a_call_that_comes_while_the_daemon_shuts_down(pair: Pair, in_thread: Any, server: str) -> None:
    here, there = pair
    thing = Thing()
    with serving(there, server, thing=thing) as daemon:
        proxy = proxy_on(here)
        proxy.wait()
        wait_for(thing.noted)
        shutdown = in_thread(daemon.shutdown)
        wait_until(lambda: not daemon.sockets, "the beginning of the end")
        began = time.monotonic()
        with pytest.raises(ConnectionClosedError, match="shutting down"):
            proxy.name()
        assert time.monotonic() - began < PATIENCE / 2
        thing.gate.set()
        shutdown.result(PATIENCE)
        proxy._pyroRelease()
    still_works(here, there)


@SERVER
def test_in_a_forked_process(pair: Pair, server: str) -> None:
    here, there = pair
    child = os.fork()
    if not child:
        try:
            here.close()
            with serving(there, server, thing=Thing()) as daemon:
                daemon.gone.acquire(timeout=PATIENCE)
            os._exit(0)
        finally:
            os._exit(1)
    there.close()
    with proxy_on(here) as proxy:
        assert proxy.process() == child
    with proxy_on(here) as proxy:
        assert proxy.name() == "thing"
    here.close()
    assert os.waitpid(child, 0)[1] == 0


def _ask(sock: socket.socket, answers: Any) -> None:
    with proxy_on(sock) as proxy:
        answers.send([proxy.name(), proxy.process(), sum(proxy.count())])


@SERVER
def test_a_client_in_a_process_of_multiprocessing(pair: Pair, server: str) -> None:
    here, there = pair
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    client = context.Process(target=_ask, args=(here, sender))
    client.start()
    with receiver, sender, serving(there, server, thing=Thing()):
        assert receiver.poll(PATIENCE)
        assert receiver.recv() == ["thing", os.getpid(), sum(range(300))]
        client.join(PATIENCE)
        with proxy_on(here) as proxy:  # the parent's copy of the same socket
            assert proxy.name() == "thing"
    client.close()


# With real Pyro5

PYRO5_SERVER = """
import socket, sys
from Pyro5.api import *
config.SERVERTYPE = sys.argv[2]
@expose
class Thing:
    def name(self):
        return "of Pyro5"
    def count(self):
        yield from range(300)
with socket.socket(fileno=int(sys.argv[1])) as sock, Daemon(connected_socket=sock) as daemon:
    daemon.register(Thing(), "thing")
    print("serving", flush=True)
    daemon.requestLoop(lambda: sock.fileno() >= 0)
"""
PYRO5_CLIENT = """
import socket, sys
from Pyro5.api import *
with socket.socket(fileno=int(sys.argv[1])) as sock:
    for name in ("thing", "other"):
        with Proxy(name, connected_socket=sock) as proxy:
            print(proxy.name(), sum(proxy.count()), flush=True)
            try:
                proxy.fail()
            except ValueError as error:
                print(error, flush=True)
"""


@SERVER
def test_a_client_that_is_real_pyro5(pair: Pair, server: str) -> None:
    here, there = pair
    with serving(there, server, thing=Thing(), other=Thing("other")):
        with Program(PYRO5_CLIENT, str(here.fileno()), keep=[here]) as client:
            for name in ("thing", "other"):
                assert client.line() == f"{name} {sum(range(300))}"
                assert client.line() == "on purpose"
            client.stop(0)
        with proxy_on(here) as proxy:
            assert proxy.name() == "thing"


def test_a_server_that_is_real_pyro5(pair: Pair) -> None:
    here, there = pair
    with Program(PYRO5_SERVER, str(there.fileno()), "multiplex", keep=[there]) as program:
        there.close()
        assert program.line() == "serving"
        for _ in range(2):
            with proxy_on(here) as proxy:
                assert proxy.name() == "of Pyro5"
                assert list(proxy.count()) == list(range(300))
        here.close()
        program.stop()


def test_arguments_that_make_no_sense(pair: Pair) -> None:
    here, _ = pair
    with pytest.raises(PyroError):
        Daemon(connected_socket="no socket", config=settings())
    with Proxy("thing", connected_socket="no socket") as proxy, pytest.raises(PyroError):
        proxy.name()
    here.close()
    with pytest.raises(PyroError, match="closed"):
        Daemon(connected_socket=here, config=settings())
