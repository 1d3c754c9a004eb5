"""The end of a daemon: what runs is answered, what comes is refused with a word, and nothing stays."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import Pyro5.errors
import pytest

from pyroplug import connecting
from pyroplug.api import BatchProxy, Daemon, Proxy, expose, oneway
from pyroplug.errors import CommunicationError, ConnectionClosedError, HandshakeError
from pyroplug.testing.leaks import Watch
from tests.features.programs import Program, pyro5_proxy
from tests.running import BOTH_MODELS, Running, Way, settings
from tests.support import PATIENCE, wait_for, wait_until

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
TCP = pytest.mark.parametrize("server", ["threadpool", "multiplex"])


@expose
class Thing:
    def __init__(self) -> None:
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.reached: list[Any] = []

    def name(self) -> str:
        self.reached.append("name")
        return "thing"

    def wait(self) -> str:
        self.entered.set()
        wait_for(self.gate, "the gate's opening")
        return "through"

    @oneway
    def wait_one_way(self) -> None:
        self.reached.append(self.wait())

    @oneway
    def note(self, value: Any) -> None:
        self.reached.append(value)

    def end(self) -> str:
        self._pyroDaemon.shutdown()  # type: ignore[attr-defined]
        return "the last answer"


class Ending:
    """A daemon that is shut down while a call is running."""

    def __init__(self, run_daemon: Any, in_thread: Any, way: Way, idle: list[Any], **items: Any) -> None:
        self.thing = Thing()
        self.running: Running = run_daemon(way, thing=self.thing, **items)
        self.idle = [self.running.proxy(cls=cls) for cls in idle]
        for proxy in self.idle:
            proxy._pyroBind()
        busy = self.running.proxy()
        self.answer = in_thread(lambda: (busy._pyroClaimOwnership(), busy.wait())[1])
        wait_for(self.thing.entered)
        self.shutdown = in_thread(self.running.daemon.shutdown)
        wait_until(lambda: self.running.daemon.sock.fileno() < 0, "the end of listening")

    def finish(self) -> None:
        assert not self.shutdown.done()
        self.thing.gate.set()
        assert self.answer.result(PATIENCE) == "through"
        self.shutdown.result(PATIENCE)
        self.running.thread.join(PATIENCE)


# New calls are refused


@EITHER
def test_new_calls_are_refused_with_the_reason(
    run_daemon: Callable[..., Running], in_thread: Any, way: Way
) -> None:
    ending = Ending(run_daemon, in_thread, way, [Proxy] * 5)
    plain, batching, noting, reading, silent = ending.idle
    for proxy in (plain, reading):
        with pytest.raises(ConnectionClosedError, match="the daemon is shutting down; this call was not run"):
            proxy.name()
        assert proxy._pyroConnection is None
    batch = BatchProxy(batching)
    batch.name()
    with pytest.raises(ConnectionClosedError, match="shutting down"):
        batch()
    assert noting.note("lost") is None
    with pytest.raises(ConnectionClosedError):
        noting.name()
    with pytest.raises(CommunicationError, match=r"cannot connect|refused"):
        plain.name()
    ending.finish()
    assert ending.thing.reached == []
    with pytest.raises(ConnectionClosedError):
        silent.name()


@TCP
def test_new_calls_of_a_real_pyro5_are_refused_too(
    run_daemon: Callable[..., Running], in_thread: Any, server: str
) -> None:
    ending = Ending(run_daemon, in_thread, Way(server), [pyro5_proxy])
    with pytest.raises(Pyro5.errors.ConnectionClosedError, match="the daemon is shutting down"):
        ending.idle[0].name()
    with pytest.raises(Pyro5.errors.CommunicationError):
        ending.idle[0].name()
    ending.finish()
    assert ending.thing.reached == []


@EITHER
def test_whoever_is_saying_hello_is_refused_with_the_reason(
    run_daemon: Callable[..., Running], in_thread: Any, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It has connected, and says hello when the end has begun.
    hello, begun = threading.Event(), threading.Event()

    thing = Thing()
    running = run_daemon(way, thing=thing)
    busy, slow = running.proxy(), running.proxy()
    channel = slow._pyroChannel
    greet = connecting._greet

    def late(line: Any, uri: Any, caller: Any, selection: Any) -> Any:
        if caller is channel:
            hello.set()
            wait_for(begun)
        return greet(line, uri, caller, selection)

    monkeypatch.setattr(connecting, "_greet", late)
    greeting = in_thread(lambda: (slow._pyroClaimOwnership(), slow._pyroBind()))
    wait_for(hello)
    answer = in_thread(lambda: (busy._pyroClaimOwnership(), busy.wait())[1])
    wait_for(thing.entered)  # connections are accepted in their order
    shutdown = in_thread(running.daemon.shutdown)
    wait_until(lambda: running.daemon.sock.fileno() < 0)
    begun.set()
    with pytest.raises(HandshakeError, match="the daemon is shutting down"):
        greeting.result(PATIENCE)
    thing.gate.set()
    assert answer.result(PATIENCE) == "through"
    shutdown.result(PATIENCE)


@EITHER
def test_who_waits_to_be_accepted_is_let_go_at_once(way: Way, tmp_path: Path) -> None:
    where: dict[str, Any] = {"unixsocket": str(tmp_path / "s")} if way.transport == "unix" else {}
    daemon = Daemon(config=settings(SERVERTYPE=way.server), **where)
    with socket.socket(daemon.sock.family) as waiting:
        waiting.settimeout(PATIENCE)
        waiting.connect(daemon.sock.getsockname())
        daemon.close()
        with suppress(ConnectionResetError):
            assert waiting.recv(1) == b""


# What runs


@EITHER
def test_one_way_calls_are_waited_for(run_daemon: Callable[..., Running], in_thread: Any, way: Way) -> None:
    thing = Thing()
    running = run_daemon(way, thing=thing)
    proxy = running.proxy()
    proxy.wait_one_way()
    wait_for(thing.entered)
    shutdown = in_thread(running.daemon.shutdown)
    wait_until(lambda: running.daemon.sock.fileno() < 0)
    with pytest.raises(ConnectionClosedError, match="shutting down"):
        proxy.name()
    thing.gate.set()
    shutdown.result(PATIENCE)
    assert thing.reached == ["through"]


@EITHER
def test_a_call_that_does_not_end_is_not_waited_for_any_longer(
    run_daemon: Callable[..., Running], in_thread: Any, way: Way
) -> None:
    ending = Ending(run_daemon, in_thread, way, [Proxy], SHUTDOWN_TIMEOUT=0.3)
    began = time.monotonic()
    with pytest.raises(ConnectionClosedError, match="shutting down"):
        ending.idle[0].name()
    ending.shutdown.result(PATIENCE)
    assert time.monotonic() - began < PATIENCE / 2
    ending.thing.gate.set()
    with pytest.raises(ConnectionClosedError):
        assert ending.answer.result(PATIENCE) == "never"
    ending.running.thread.join(PATIENCE)


@EITHER
def test_from_inside_a_call_while_others_run(
    run_daemon: Callable[..., Running], in_thread: Any, way: Way
) -> None:
    thing = Thing()
    running = run_daemon(way, thing=thing)
    busy, ending, idle = running.proxy(), running.proxy(), running.proxy()
    idle._pyroBind()
    if way.server == "multiplex":
        assert ending.end() == "the last answer"
        return
    answer = in_thread(lambda: (busy._pyroClaimOwnership(), busy.wait())[1])
    wait_for(thing.entered)
    last = in_thread(lambda: (ending._pyroClaimOwnership(), ending.end())[1])
    wait_until(lambda: running.daemon.sock.fileno() < 0)
    with pytest.raises(ConnectionClosedError, match="shutting down"):
        idle.name()
    thing.gate.set()
    assert answer.result(PATIENCE) == "through"
    assert last.result(PATIENCE) == "the last answer"
    running.thread.join(PATIENCE)


# Nothing stays


@EITHER
def test_everything_is_closed_and_the_address_is_free_again(
    run_daemon: Callable[..., Running], way: Way, tmp_path: Path
) -> None:
    where: dict[str, Any] = {"unixsocket": str(tmp_path / "s")} if way.transport == "unix" else {}
    watch = Watch()
    for _ in range(3):
        running = run_daemon(way, daemon=dict(where), thing=Thing())
        location = running.daemon.locationStr
        proxies = [running.proxy() for _ in range(5)]
        assert [proxy.name() for proxy in proxies] == ["thing"] * 5
        running.stop()
        assert not (way.transport == "unix" and (tmp_path / "s").exists())
        if way.transport == "tcp":
            where["port"] = int(location.split(":")[1])
        for proxy in proxies:
            proxy._pyroRelease()
        assert watch.left_behind() == []


# Signals

SERVER = """
import signal, sys, threading
from pyroplug.api import Daemon, config, expose

@expose
class Thing:
    def name(self):
        return "thing"
    def wait(self):
        print("waiting", flush=True)
        threading.Event().wait(0.7)
        return "through"

config.SERVERTYPE, config.HOST, config.POLLTIMEOUT = sys.argv[1], "127.0.0.1", 30.0
daemon = Daemon()
print(daemon.register(Thing(), "thing"), flush=True)
if sys.argv[2] == "SIGTERM":
    signal.signal(signal.SIGTERM, lambda *_: daemon.shutdown())
with daemon:
    daemon.requestLoop()
assert threading.active_count() == 1, threading.enumerate()
sys.exit(0)
"""


@TCP
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_lets_running_calls_be_answered(in_thread: Any, server: str, name: str) -> None:
    with Program(SERVER, server, name) as program:
        uri = program.line()

        def call() -> Any:
            with Proxy(uri) as proxy:
                return proxy.wait()

        with Proxy(uri) as idle:
            assert idle.name() == "thing"
            answer = in_thread(call)
            assert program.line() == "waiting"
            os.kill(program.process.pid, getattr(signal, name))
            assert answer.result(PATIENCE) == "through"
            program.stop(0 if name == "SIGTERM" else -signal.SIGINT)
            with pytest.raises(CommunicationError):
                idle.name()
