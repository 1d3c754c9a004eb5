"""How daemons end: from anywhere, by anything, at once, and for good."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyroplug.api import Daemon, Proxy, expose, oneway
from pyroplug.errors import CommunicationError, ConnectionClosedError, DaemonError, PyroError

from .running import BOTH_MODELS, Running, Way, settings
from .support import PATIENCE, wait_for, wait_until

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
ROOT = Path(__file__).parents[1]


@expose
class Thing:
    def __init__(self) -> None:
        self.entered = threading.Event()
        self.gate = threading.Event()

    def name(self) -> str:
        return "thing"

    def wait(self) -> str:
        self.entered.set()
        wait_for(self.gate, "the gate's opening")
        return "through"

    def shut_down(self) -> str:
        self._pyroDaemon.shutdown()  # type: ignore[attr-defined]
        return "the last answer"

    def close(self) -> str:
        self._pyroDaemon.close()  # type: ignore[attr-defined]
        return "the last answer"

    @oneway
    def shut_down_one_way(self) -> None:
        self._pyroDaemon.shutdown()  # type: ignore[attr-defined]


# From somewhere


@EITHER
def test_from_another_thread(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Thing())
    proxy = running.proxy()
    assert proxy.name() == "thing"
    running.daemon.shutdown()
    running.thread.join(PATIENCE)
    assert not running.thread.is_alive()
    with pytest.raises(ConnectionClosedError):
        proxy.name()
    with pytest.raises(CommunicationError):
        proxy.name()


@EITHER
@pytest.mark.parametrize("method", ["shut_down", "close"])
def test_from_inside_a_call(run_daemon: Callable[..., Running], way: Way, method: str) -> None:
    running = run_daemon(way, thing=Thing())
    proxy = running.proxy()
    assert getattr(proxy, method)() == "the last answer"
    running.thread.join(PATIENCE)
    assert not running.thread.is_alive()
    with pytest.raises(CommunicationError):
        proxy.name()


@EITHER
def test_from_inside_a_one_way_call(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Thing())
    assert running.proxy().shut_down_one_way() is None
    running.thread.join(PATIENCE)
    assert not running.thread.is_alive()


@EITHER
def test_from_many_threads_at_once(run_daemon: Callable[..., Running], in_thread: Any, way: Way) -> None:
    running = run_daemon(way, thing=Thing())
    running.proxy().name()
    for ending in [in_thread(running.daemon.shutdown) for _ in range(4)]:
        ending.result(PATIENCE)
    assert not running.thread.is_alive()


@EITHER
def test_before_the_loop_begins(way: Way, tmp_path: Path) -> None:
    with Daemon(unixsocket=str(tmp_path / "s"), config=settings(SERVERTYPE=way.server)) as daemon:
        daemon.shutdown()
        daemon.requestLoop()


@EITHER
def test_a_call_that_is_running_is_answered(
    run_daemon: Callable[..., Running], in_thread: Any, way: Way
) -> None:
    thing = Thing()
    running = run_daemon(way, thing=thing)
    proxy = running.proxy()
    proxy._pyroBind()
    proxy_answer = in_thread(lambda: (proxy._pyroClaimOwnership(), proxy.wait())[1])
    wait_for(thing.entered)
    ending = in_thread(running.daemon.shutdown)
    wait_until(lambda: running.daemon.sock.fileno() < 0, "the end of listening")
    thing.gate.set()
    assert proxy_answer.result(PATIENCE) == "through"
    ending.result(PATIENCE)


@EITHER
def test_a_call_that_does_not_end_holds_up_nobody_for_ever(
    run_daemon: Callable[..., Running], in_thread: Any, way: Way
) -> None:
    thing = Thing()
    running = run_daemon(way, thing=thing, SHUTDOWN_TIMEOUT=0.05)
    proxy = running.proxy()
    proxy._pyroBind()
    answer = in_thread(lambda: (proxy._pyroClaimOwnership(), proxy.wait())[1])
    wait_for(thing.entered)
    running.daemon.shutdown()
    if way.server == "threadpool":
        with pytest.raises(ConnectionClosedError):
            answer.result(PATIENCE)
    thing.gate.set()
    running.thread.join(PATIENCE)


def test_connections_that_said_no_hello_end_too(run_daemon: Callable[..., Running]) -> None:
    for way in BOTH_MODELS:
        running = run_daemon(way)
        with socket.socket(running.daemon.sock.family) as stranger:
            stranger.settimeout(PATIENCE)
            stranger.connect(running.daemon.sock.getsockname())
            stranger.send(b"PYR")
            running.stop()
            try:
                while stranger.recv(1000):
                    pass
            except ConnectionResetError:
                pass


# Closing


@EITHER
def test_closing_twice_and_the_with_block(way: Way, tmp_path: Path) -> None:
    own = settings(SERVERTYPE=way.server)
    with Daemon(unixsocket=str(tmp_path / "socket"), config=own) as daemon:
        daemon.close()
        daemon.close()
        daemon.shutdown()
    assert not (tmp_path / "socket").exists()


def test_a_closed_daemon_refuses() -> None:
    daemon = Daemon(config=settings())
    other = Daemon(config=settings())
    daemon.close()
    refusing: list[Callable[[], Any]] = [
        daemon.requestLoop,
        lambda: daemon.events([]),
        lambda: daemon.combine(other),
        lambda: other.combine(daemon),
        lambda: daemon.sockets,
        daemon.__enter__,
    ]
    for attempt in refusing:
        with pytest.raises(PyroError, match="closed"):
            attempt()
    other.close()


@EITHER
def test_a_daemon_that_was_closed_while_it_served(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Thing())
    running.proxy().name()
    running.daemon.close()
    running.thread.join(PATIENCE)
    assert not running.thread.is_alive()


# The loop


@EITHER
def test_the_loops_condition(way: Way, tmp_path: Path) -> None:
    asked = []
    own = settings(SERVERTYPE=way.server, POLLTIMEOUT=0.01)
    with Daemon(unixsocket=str(tmp_path / "s"), config=own) as daemon:
        daemon.requestLoop(lambda: asked.append(1) or len(asked) < 4)  # type: ignore[func-returns-value]
        assert len(asked) == 4
        with pytest.raises(ZeroDivisionError):
            daemon.requestLoop(lambda: bool(1 / 0))
        daemon.requestLoop(lambda: False)


@EITHER
def test_the_loop_can_go_on_later(way: Way, in_thread: Any, tmp_path: Path) -> None:
    going = [True]
    own = settings(SERVERTYPE=way.server, POLLTIMEOUT=0.01)
    with Daemon(unixsocket=str(tmp_path / "s"), config=own) as daemon:
        daemon.register(Thing(), "thing")
        for _ in range(2):
            going[0] = True
            loop = in_thread(daemon.requestLoop, lambda: going[0])
            with Proxy(daemon.uriFor("thing")) as proxy:
                assert proxy.name() == "thing"
                going[0] = False
                loop.result(PATIENCE)


def test_two_loops_at_once(run_daemon: Callable[..., Running]) -> None:
    running = run_daemon(thing=Thing())
    running.proxy().name()
    with pytest.raises(DaemonError, match="already"):
        running.daemon.requestLoop()


@EITHER
def test_an_event_loop_of_ones_own(in_thread: Any, way: Way, tmp_path: Path) -> None:
    import select

    with Daemon(unixsocket=str(tmp_path / "s"), config=settings(SERVERTYPE=way.server)) as daemon:
        uri = daemon.register(Thing(), "thing")

        def call() -> Any:
            with Proxy(uri) as proxy:
                return [proxy.name() for _ in range(3)]

        answer = in_thread(call)
        while not answer.done():
            daemon.events(select.select(daemon.sockets, [], [], 0.05)[0])
        assert answer.result() == ["thing"] * 3


def test_combined_daemons(run_daemon: Callable[..., Running]) -> None:
    for way in BOTH_MODELS:
        running = run_daemon(way, thing=Thing())
        with Daemon(config=settings(SERVERTYPE=way.server)) as other:
            uri = other.register(Thing(), "other")
            running.daemon.combine(other)
            with Proxy(uri) as proxy:
                assert proxy.name() == "thing"


# Signals


PROGRAM = """
import signal, sys, threading
from pyroplug.api import Daemon, expose, config

@expose
class Thing:
    def name(self):
        return "thing"
    def wait(self):
        print("waiting", flush=True)
        watched.set()
        gate.wait(20)
        return "through"

gate, watched = threading.Event(), threading.Event()
config.SERVERTYPE = sys.argv[1]
config.HOST = "127.0.0.1"
config.POLLTIMEOUT = 30.0
config.SHUTDOWN_TIMEOUT = 0.1
daemon = Daemon()
wake = daemon.transportServer.wake

def tell_and_wake():
    if watched.is_set():
        print("noted", flush=True)
    wake()

daemon.transportServer.wake = tell_and_wake
print(daemon.register(Thing(), "thing"), flush=True)
"""
CTRL_C = """
try:
    daemon.requestLoop()
except KeyboardInterrupt:
    print("interrupted", flush=True)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    daemon.close()
    sys.exit(7)
"""
EVENTS = """
import select
try:
    while True:
        daemon.events(select.select(daemon.sockets, [], [], 30)[0])
except KeyboardInterrupt:
    print("interrupted", flush=True)
    daemon.close()
    sys.exit(7)
"""
HANDLER = """
def end(number, frame):
    daemon.shutdown()
signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGTERM, end)
daemon.requestLoop()
print("ended", flush=True)
daemon.close()
sys.exit(7)
"""


class Child:
    """A daemon in a process of its own."""

    def __init__(self, program: str, server: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM + program, server],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.uri = self.line()

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def end_with(self, code: int, word: str) -> None:
        """It ends with this exit code, and this as the last word that it wrote."""
        try:
            output, errors = self._process.communicate(timeout=PATIENCE)
            assert self._process.returncode == code, errors
            assert (output + errors).split()[-1] == word
        finally:
            self._process.kill()
            self._process.communicate()


@pytest.mark.parametrize("server", ["threadpool", "multiplex"])
@pytest.mark.parametrize("program", [CTRL_C, EVENTS], ids=["requestLoop", "events"])
def test_ctrl_c_ends_the_loop_when_the_calls_are_over(in_thread: Any, server: str, program: str) -> None:
    child = Child(program, server)

    def call() -> Any:
        with Proxy(child.uri) as proxy:
            return proxy.wait()

    answer = in_thread(call)
    assert child.line() == "waiting"
    child.signal(signal.SIGINT)
    if server == "threadpool":
        child.end_with(7, "interrupted")
        with pytest.raises(CommunicationError):
            answer.result(PATIENCE)
        return
    assert child.line() == "noted"
    child.signal(signal.SIGINT)  # the call runs in the loop's own thread; a second one interrupts it
    child.end_with(7, "interrupted")
    with pytest.raises(PyroError):
        answer.result(PATIENCE)


@pytest.mark.parametrize("server", ["threadpool", "multiplex"])
def test_ctrl_c_of_an_idle_daemon(server: str) -> None:
    child = Child(CTRL_C, server)
    with Proxy(child.uri) as proxy:
        assert proxy.name() == "thing"
        child.signal(signal.SIGINT)
        child.end_with(7, "interrupted")
        with pytest.raises(CommunicationError):
            proxy.name()


def test_ctrl_c_that_nobody_catches() -> None:
    child = Child("daemon.requestLoop()", "thread")
    with Proxy(child.uri) as proxy:
        proxy.name()
    child.signal(signal.SIGINT)
    child.end_with(-signal.SIGINT, "KeyboardInterrupt")


@pytest.mark.parametrize("server", ["threadpool", "multiplex"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_shutdown_in_a_signal_handler(server: str, number: int) -> None:
    child = Child(HANDLER, server)
    with Proxy(child.uri) as proxy:
        assert proxy.name() == "thing"
        child.signal(number)
        child.end_with(7, "ended")


def test_a_signal_handler_of_ones_own_stays(run_daemon: Callable[..., Running]) -> None:
    def mine(number: int, frame: Any) -> None:
        raise AssertionError("it was not called")

    before = signal.signal(signal.SIGINT, mine)
    try:
        with Daemon(config=settings()) as daemon:
            daemon.requestLoop(lambda: False)
            assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_in_the_main_thread_of_this_process() -> None:
    with Daemon(config=settings()) as daemon:

        def interrupt() -> bool:
            os.kill(os.getpid(), signal.SIGINT)
            return True

        with pytest.raises(KeyboardInterrupt):
            daemon.requestLoop(interrupt)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
