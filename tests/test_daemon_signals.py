"""Ctrl-C and other signals, sent to daemons in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyroplug.api import Daemon, Proxy
from pyroplug.errors import CommunicationError, ConnectionClosedError, PyroError

from .running import settings
from .support import PATIENCE

ROOT = Path(__file__).parents[1]

PROGRAM = """
import os, signal, sys, threading
from pyroplug.api import Daemon, expose, config

@expose
class Thing:
    def name(self):
        return "thing"
    def wait(self):
        watched.set()
        print("waiting", flush=True)
        # In short pieces: CPython overlooks a signal that comes just before it begins to wait.
        any(gate.wait(0.05) for _ in range(400))
        return "through"

gate, watched = threading.Event(), threading.Event()
signal.signal(signal.SIGUSR1, lambda number, frame: gate.set())
config.SERVERTYPE = sys.argv[1]
config.HOST = "127.0.0.1"
config.POLLTIMEOUT = 30.0
config.SHUTDOWN_TIMEOUT = 0.1
daemon = Daemon()
wake = daemon._server.wake

def tell_and_wake():
    if watched.is_set():
        os.write(1, b"noted\\n")  # a signal handler may have interrupted a print()
    wake()

daemon._server.wake = tell_and_wake
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
SERVE = """
signal.signal(signal.SIGTERM, signal.SIG_DFL)
config.SHUTDOWN_TIMEOUT = float(sys.argv[2])
daemon.requestLoop()
print("ended", flush=True)
daemon.close()
sys.exit(7)
"""
FORKING = """
import os

@expose
class Parent:
    def fork(self):
        ready, tell = os.pipe()
        pid = os.fork()
        if not pid:
            os.write(tell, b".")
            while True:
                signal.pause()
        os.read(ready, 1)
        return pid
    def end(self, pid):
        os.kill(pid, signal.SIGTERM)
        return os.WTERMSIG(os.waitpid(pid, 0)[1])

daemon.register(Parent(), "parent")
daemon.requestLoop()
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
    """A daemon in a process of its own, which does not outlive its test."""

    def __init__(self, program: str, server: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM + program, server, *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        _children.append(self)
        self.uri = self.line()

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def ended(self, code: int) -> None:
        """It ends with this exit code, or by this signal."""
        self.end_with(code, "")

    def end_with(self, code: int, word: str) -> None:
        """It ends with this exit code, and has written this word."""
        try:
            output, errors = self._process.communicate(timeout=PATIENCE)
            assert self._process.returncode == code, errors
            assert not word or word in (output + errors).split()
        finally:
            self.kill()

    def kill(self) -> None:
        self._process.kill()
        if self._process.stdout and not self._process.stdout.closed:
            self._process.communicate()


_children: list[Child] = []


@pytest.fixture(autouse=True)
def nobody_is_left(nothing_left_behind: None) -> Iterator[None]:
    yield
    while _children:
        _children.pop().kill()


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


@pytest.mark.parametrize("server", ["threadpool", "multiplex"])
def test_sigterm_is_an_orderly_end(server: str) -> None:
    child = Child(SERVE, server, "5")
    with Proxy(child.uri) as proxy:
        assert proxy.name() == "thing"
        child.signal(signal.SIGTERM)
        child.end_with(7, "ended")
        with pytest.raises(CommunicationError):
            proxy.name()


@pytest.mark.parametrize("server", ["threadpool", "multiplex"])
def test_a_call_that_is_running_at_sigterm_is_answered(in_thread: Any, server: str) -> None:
    child = Child(SERVE, server, "20")

    def call() -> Any:
        with Proxy(child.uri) as proxy:
            return proxy.wait()

    with Proxy(child.uri) as late:
        late._pyroBind()
        answer = in_thread(call)
        assert child.line() == "waiting"
        child.signal(signal.SIGTERM)
        assert child.line() == "noted"
        if server == "threadpool":  # the other one serves nothing else meanwhile
            with pytest.raises(ConnectionClosedError, match="was not run") as caught:
                call_until_it_fails(late)
            assert caught.value.unsent
        child.signal(signal.SIGUSR1)  # opens the gate
        assert answer.result(PATIENCE) == "through"
        child.end_with(7, "ended")


@pytest.mark.parametrize("server", ["threadpool", "multiplex"])
def test_a_call_that_does_not_end_after_sigterm(in_thread: Any, server: str) -> None:
    child = Child(SERVE, server, "0.2")

    def call() -> Any:
        with Proxy(child.uri) as proxy:
            return proxy.wait()

    answer = in_thread(call)
    assert child.line() == "waiting"
    child.signal(signal.SIGTERM)
    child.ended(7 if server == "threadpool" else -signal.SIGTERM)
    with pytest.raises(PyroError):
        answer.result(PATIENCE)


def call_until_it_fails(proxy: Any) -> None:
    while True:
        proxy.name()


def test_a_second_sigterm_ends_at_once(in_thread: Any) -> None:
    child = Child(SERVE, "threadpool", "3600")

    def call() -> Any:
        with Proxy(child.uri) as proxy:
            return proxy.wait()

    answer = in_thread(call)
    assert child.line() == "waiting"
    child.signal(signal.SIGTERM)
    assert child.line() == "noted"
    child.signal(signal.SIGTERM)
    child.ended(-signal.SIGTERM)
    with pytest.raises(PyroError):
        answer.result(PATIENCE)


@pytest.mark.parametrize("server", ["threadpool", "multiplex"])
def test_a_forked_process_is_ended_by_sigterm_as_usual(server: str) -> None:
    child = Child(FORKING, server)
    with Proxy(child.uri.replace("thing", "parent")) as parent:
        assert parent.end(parent.fork()) == signal.SIGTERM
    child.signal(signal.SIGTERM)
    child.ended(0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("ignored", [False, True])
def test_a_signal_handler_of_ones_own_stays(number: signal.Signals, ignored: bool) -> None:
    def mine(number: int, frame: Any) -> None:
        raise AssertionError("it was not called")

    handler = signal.SIG_IGN if ignored else mine
    before = signal.signal(number, handler)
    try:
        with Daemon(config=settings()) as daemon:
            seen = []
            daemon.requestLoop(lambda: seen.append(signal.getsignal(number)))  # type: ignore[func-returns-value]
            assert seen == [handler]
            assert signal.getsignal(number) is handler
    finally:
        signal.signal(number, before)


def test_sigterm_in_the_main_thread_of_this_process() -> None:
    with Daemon(config=settings()) as daemon:
        asked: list[None] = []

        def terminate() -> bool:
            if not asked:  # a second one would end the tests
                asked.append(None)
                os.kill(os.getpid(), signal.SIGTERM)
            return True

        daemon.requestLoop(terminate)
        assert daemon.sock.fileno() < 0
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_another_thread_leaves_sigterm_alone(in_thread: Any) -> None:
    with Daemon(config=settings()) as daemon:
        seen = []
        condition = lambda: seen.append(signal.getsignal(signal.SIGTERM))  # noqa: E731
        in_thread(daemon.requestLoop, condition).result(PATIENCE)
        assert seen == [signal.SIG_DFL]


def test_ctrl_c_in_the_main_thread_of_this_process() -> None:
    with Daemon(config=settings()) as daemon:

        def interrupt() -> bool:
            os.kill(os.getpid(), signal.SIGINT)
            return True

        with pytest.raises(KeyboardInterrupt):
            daemon.requestLoop(interrupt)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
