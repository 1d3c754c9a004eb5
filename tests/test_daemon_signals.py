"""Ctrl-C and other signals, sent to daemons in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pyroplug.api import Daemon, Proxy
from pyroplug.errors import CommunicationError, PyroError

from .running import settings
from .support import PATIENCE

ROOT = Path(__file__).parents[1]

PROGRAM = """
import signal, sys, threading
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
config.SERVERTYPE = sys.argv[1]
config.HOST = "127.0.0.1"
config.POLLTIMEOUT = 30.0
config.SHUTDOWN_TIMEOUT = 0.1
daemon = Daemon()
wake = daemon._server.wake

def tell_and_wake():
    if watched.is_set():
        print("noted", flush=True)
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
        """It ends with this exit code, and has written this word."""
        try:
            output, errors = self._process.communicate(timeout=PATIENCE)
            assert self._process.returncode == code, errors
            assert word in (output + errors).split()
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


def test_a_signal_handler_of_ones_own_stays() -> None:
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
