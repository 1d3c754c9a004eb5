"""Tracked resources: closed once, whatever way the client's connection is lost."""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pyroplug.api import Daemon, Proxy, behavior, current_context, expose, oneway
from pyroplug.errors import CommunicationError, PluginUnavailableError, PyroError
from tests.features.programs import Program, pyro5_proxy
from tests.running import BOTH_MODELS, Running, Way, settings
from tests.support import PATIENCE, wait_for, wait_until

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
SERVER = pytest.mark.parametrize("server", ["threadpool", "multiplex"])
WAYS = [Way(server, transport) for server in ("threadpool", "multiplex") for transport in ("tcp", "unix")]


class Resource:
    """Counts how often it is closed; ``trouble`` is what its ``close()`` raises."""

    def __init__(self, name: str = "", trouble: BaseException | None = None) -> None:
        self.name = name
        self.trouble = trouble
        self.closed = 0

    def close(self) -> None:
        self.closed += 1
        if self.trouble is not None:
            raise self.trouble


@expose
class Store:
    """Allocates resources. It keeps them alive, as the tracker ``weak`` does not."""

    def __init__(self) -> None:
        self.resources: list[Resource] = []
        self.tracked = threading.Semaphore(0)
        self.gate = threading.Event()
        self.entered = threading.Event()

    def allocate(self, count: int = 1) -> None:
        for _ in range(count):
            self.resources.append(Resource())
            current_context.track_resource(self.resources[-1])
            self.tracked.release()

    @oneway
    def allocate_one_way(self) -> None:
        self.allocate()

    @oneway
    def allocate_late(self) -> None:
        """When the client has gone, perhaps."""
        self.entered.set()
        wait_for(self.gate)
        self.allocate()

    def free(self) -> None:
        resource = self.resources[-1]
        resource.close()
        current_context.untrack_resource(resource)

    def forget(self) -> int:
        """Nobody but the tracker knows them any more."""
        del self.resources[:]
        gc.collect()
        assert current_context.client is not None
        return len(list(current_context.client.tracked_resources))

    def troublesome(self) -> None:
        troubles = [
            None,
            ValueError("close"),
            None,
            SystemExit(3),
            KeyboardInterrupt(),
            GeneratorExit(),
            None,
        ]
        for trouble in troubles:
            self.resources.append(Resource(trouble=trouble))
            current_context.track_resource(self.resources[-1])

    def closed(self) -> list[int]:
        return [resource.closed for resource in self.resources]

    def wait(self) -> str:
        self.entered.set()
        wait_for(self.gate)
        return "through"


class Watching(Daemon):
    """Notes what it sees when clients go. It refuses who asks for it."""

    def __init__(self, **arguments: Any) -> None:
        self.seen: list[int] = []
        self.gone = threading.Semaphore(0)
        self.of_the_handshake = Resource()
        super().__init__(**arguments)

    def validateHandshake(self, conn: Any, data: Any) -> Any:
        if data == "refuse me":
            current_context.track_resource(self.of_the_handshake)
            raise ValueError("no")
        return "hello"

    def clientDisconnect(self, conn: Any) -> None:
        self.seen.append(sum(not resource.closed for resource in conn.tracked_resources))
        self.gone.release()


def all_closed_once(store: Store) -> None:
    wait_until(lambda: all(resource.closed for resource in store.resources), "the end of the resources")
    assert store.resources
    assert set(store.closed()) == {1}


# Ways to lose a connection


def reset(proxy: Any) -> None:
    sock = proxy._pyroConnection.sock
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(sock.detach())


def half_close(proxy: Any) -> None:
    proxy._pyroConnection.sock.shutdown(socket.SHUT_WR)


def break_off(proxy: Any) -> None:
    """In the middle of a message."""
    proxy._pyroConnection.sock.sendall(b"PYRO")
    proxy._pyroRelease()


def talk_nonsense(proxy: Any) -> None:
    proxy._pyroConnection.sock.sendall(b"nonsense" * 100)


CLIENT_ENDS = [Proxy._pyroRelease, reset, half_close, break_off, talk_nonsense]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("end", CLIENT_ENDS, ids=lambda end: end.__name__.strip("_"))
def test_the_client_ends_it(
    run_daemon: Callable[..., Running], way: Way, end: Callable[[Any], object]
) -> None:
    store = Store()
    running = run_daemon(way, cls=Watching, thing=store)
    daemon: Any = running.daemon
    proxy, other = running.proxy(), running.proxy()
    proxy.allocate(3)
    other.allocate_one_way()
    for _ in range(4):
        assert store.tracked.acquire(timeout=PATIENCE)
    end(proxy)
    assert daemon.gone.acquire(timeout=PATIENCE)
    assert daemon.seen == [3]
    wait_until(lambda: sum(store.closed()) == 3)
    assert other.closed().count(0) == 1
    other._pyroRelease()
    all_closed_once(store)


@EITHER
@pytest.mark.parametrize("end", ["shutdown", "close"])
@pytest.mark.parametrize("tracker", ["weak", "ordered", "limited"])
def test_the_daemon_ends_it(run_daemon: Callable[..., Running], way: Way, end: str, tracker: str) -> None:
    store = Store()
    running = run_daemon(way, thing=store, RESOURCE_TRACKER=tracker)
    proxies = [running.proxy() for _ in range(3)]
    for proxy in proxies:
        proxy.allocate(2)
    getattr(running.daemon, end)()
    assert store.closed() == [1] * 6
    running.stop()
    all_closed_once(store)


@EITHER
def test_a_silent_connection_is_ended(run_daemon: Callable[..., Running], way: Way) -> None:
    store = Store()
    running = run_daemon(way, thing=store, COMMTIMEOUT=0.1)
    proxy = running.proxy()
    proxy.allocate()
    all_closed_once(store)
    with pytest.raises(CommunicationError):
        proxy.closed()


@EITHER
def test_the_handshake_is_refused_afterwards(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, cls=Watching, thing=Store())
    daemon: Any = running.daemon
    proxy = running.proxy()
    proxy._pyroHandshake = "refuse me"
    with pytest.raises(CommunicationError, match="no"):
        proxy.allocate()
    wait_until(lambda: daemon.of_the_handshake.closed)
    running.stop()
    assert daemon.of_the_handshake.closed == 1


@EITHER
def test_there_are_too_many_connections(run_daemon: Callable[..., Running], way: Way) -> None:
    store = Store()
    running = run_daemon(way, cls=Watching, thing=store, MAX_CONNECTIONS=1)
    daemon: Any = running.daemon
    first, second = running.proxy(), running.proxy()
    first.allocate()
    with pytest.raises(CommunicationError, match="MAX_CONNECTIONS"):
        second.allocate()
    assert first.closed() == [0]
    first._pyroRelease()
    all_closed_once(store)
    wait_until(lambda: daemon.seen == [1], "clientDisconnect, of the one that was accepted alone")
    second.allocate()


CLIENT = """
import sys
from {library}.api import Proxy
with Proxy(sys.argv[1]) as proxy:
    proxy.allocate(2)
    print("allocated", flush=True)
    if sys.argv[2] == "in a call":
        proxy.wait()
    sys.stdin.read()
"""


@SERVER
@pytest.mark.parametrize("library", ["pyroplug", "Pyro5"])
def test_the_clients_process_is_killed(run_daemon: Callable[..., Running], server: str, library: str) -> None:
    store = Store()
    running = run_daemon(Way(server), thing=store)
    with Program(CLIENT.format(library=library), str(running.daemon.uriFor("thing")), "idle") as program:
        assert program.line() == "allocated"
        assert store.closed() == [0, 0]
        os.kill(program.process.pid, signal.SIGKILL)
        all_closed_once(store)


@SERVER
def test_it_is_killed_while_its_call_is_running(run_daemon: Callable[..., Running], server: str) -> None:
    store = Store()
    running = run_daemon(Way(server), thing=store)
    with Program(
        CLIENT.format(library="pyroplug"), str(running.daemon.uriFor("thing")), "in a call"
    ) as program:
        assert program.line() == "allocated"
        wait_for(store.entered)
        program.kill()
        store.gate.set()
        all_closed_once(store)


@EITHER
def test_on_connected_sockets(way: Way) -> None:
    here, there = socket.socketpair()
    store = Store()
    with here, there:
        for end in ("client", "daemon", "user"):
            del store.resources[:]
            with Watching(connected_socket=there, config=settings(SERVERTYPE=way.server)) as daemon:
                daemon.register(store, "thing")
                loop = threading.Thread(target=daemon.requestLoop)
                loop.start()
                with Proxy("thing", connected_socket=here) as proxy:
                    proxy._pyroTimeout = PATIENCE
                    proxy.allocate(2)
                    if end == "user":
                        here.shutdown(socket.SHUT_WR)
                        assert daemon.gone.acquire(timeout=PATIENCE)  # type: ignore[attr-defined]
                    daemon.shutdown()
                loop.join(PATIENCE)
            all_closed_once(store)
            assert daemon.seen == [2]  # type: ignore[attr-defined]
            daemon.unregister(store)


# What is tracked


@EITHER
def test_one_way_calls(run_daemon: Callable[..., Running], way: Way) -> None:
    store = Store()
    running = run_daemon(way, cls=Watching, thing=store)
    daemon: Any = running.daemon
    proxy = running.proxy()
    proxy.allocate_one_way()
    assert store.tracked.acquire(timeout=PATIENCE)
    proxy.allocate_late()
    wait_for(store.entered)
    proxy._pyroRelease()
    assert daemon.gone.acquire(timeout=PATIENCE)
    store.gate.set()
    assert store.tracked.acquire(timeout=PATIENCE)
    assert len(store.resources) == 2
    all_closed_once(store)


@EITHER
def test_what_is_freed_or_forgotten_is_not_closed(run_daemon: Callable[..., Running], way: Way) -> None:
    store = Store()
    running = run_daemon(way, cls=Watching, thing=store)
    daemon: Any = running.daemon
    proxy = running.proxy()
    proxy.allocate()
    proxy.free()
    freed = store.resources[0]
    proxy.allocate(5)
    assert proxy.forget() == 0
    proxy._pyroRelease()
    assert daemon.gone.acquire(timeout=PATIENCE)
    running.stop()
    assert freed.closed == 1
    assert daemon.seen == [0]


@EITHER
@pytest.mark.parametrize("tracker", ["weak", "ordered", "limited"])
def test_no_close_keeps_others_from_being_closed(
    run_daemon: Callable[..., Running], way: Way, tracker: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store()
    running = run_daemon(way, thing=store, RESOURCE_TRACKER=tracker)
    proxy, other = running.proxy(), running.proxy()
    with caplog.at_level(logging.ERROR):
        proxy.troublesome()
        proxy._pyroRelease()
        all_closed_once(store)
        wait_until(lambda: caplog.text.count("closing a Resource failed") == 4)
    assert other.closed() == [1] * 7


@EITHER
def test_the_trackers_differ(run_daemon: Callable[..., Running], way: Way) -> None:
    remembered = {}
    for tracker in ("weak", "ordered", "limited"):
        running = run_daemon(way, thing=Store(), RESOURCE_TRACKER=tracker, MAX_RESOURCES_PER_CONNECTION=3)
        proxy, other = running.proxy(), running.proxy()
        proxy.allocate(3)
        if tracker == "limited":
            with pytest.raises(PyroError, match="3 resources"):
                proxy.allocate()
            other.allocate()
            assert running.daemon.refusals.counts() == {"MAX_RESOURCES_PER_CONNECTION": 1}
        remembered[tracker] = proxy.forget()
    assert remembered == {"weak": 0, "ordered": 3, "limited": 3}


def test_a_tracker_that_is_not_there() -> None:
    with pytest.raises(PluginUnavailableError, match="strong"):
        Daemon(config=settings(RESOURCE_TRACKER="strong"))


def test_outside_of_a_call() -> None:
    for attempt in (current_context.track_resource, current_context.untrack_resource):
        with pytest.raises(PyroError, match="request"):
            attempt(Resource())


@SERVER
def test_a_client_that_is_real_pyro5(run_daemon: Callable[..., Running], server: str) -> None:
    store = Store()
    running = run_daemon(Way(server), cls=Watching, thing=store)
    daemon: Any = running.daemon
    proxy = running.proxy(cls=pyro5_proxy)
    proxy.allocate(2)
    assert proxy.closed() == [0, 0]
    proxy._pyroRelease()
    all_closed_once(store)
    assert daemon.seen == [2]


@EITHER
def test_one_that_only_an_instance_of_the_connection_knows(
    run_daemon: Callable[..., Running], way: Way
) -> None:
    closed: list[object] = []

    class Resource:
        def close(self) -> None:
            closed.append(self)

    @expose
    @behavior("session")
    class Holder:
        def hold(self) -> None:
            self.held = Resource()
            current_context.track_resource(self.held)

    proxy = run_daemon(way, thing=Holder).proxy()
    proxy.hold()
    proxy._pyroRelease()
    wait_until(lambda: closed, "the end of the resource")
