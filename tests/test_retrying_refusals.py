"""A server that is full, or is closing, has run nothing: calls with retries come back, and run once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from pyroplug import marshalled, retrying
from pyroplug.api import BatchProxy, Proxy, expose
from pyroplug.errors import CommunicationError, ConnectionClosedError, HandshakeError
from pyroplug.values import exception_to_dict, registry
from pyroplug.values.exceptions import exception_from_dict
from pyroplug.wire import Flags, MessageType, encode

from .fake_server import Peer, arguments_of, exception_bytes, fake_server, message_bytes
from .running import BOTH_MODELS, Running, Way
from .support import PATIENCE, wait_for, wait_until

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
CLOSING = ConnectionClosedError("the daemon is shutting down; this call was not run")


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the proxy would have slept."""
    slept: list[float] = []
    monkeypatch.setattr(retrying, "wait", slept.append)
    return slept


def full(peer: Peer) -> None:
    peer.receive()
    reason = marshalled.dump("the server is full")
    peer.sock.sendall(b"".join(encode(MessageType.CONNECTFAIL, 2, Flags.TRY_AGAIN, 0, reason)))
    assert peer.receive() is None


def closing(peer: Peer) -> None:
    peer.greet()
    request = peer.receive_call()
    described = exception_to_dict(CLOSING, ())
    flags = Flags.EXCEPTION | Flags.TRY_AGAIN
    peer.sock.sendall(message_bytes(MessageType.RESULT, described, request.sequence, flags=flags))
    assert peer.receive() is None


def serving(peer: Peer) -> None:
    peer.greet()
    request = peer.receive_call()
    method = arguments_of(request)[1]
    peer.answer(request, [method] if request.flags & Flags.BATCH else method, flags=request.flags)
    assert peer.receive() is None


@pytest.mark.parametrize("refusals", [[full], [closing], [full, closing, full]])
@pytest.mark.parametrize("batch", [False, True])
def test_it_is_asked_again(refusals: list[Callable[[Peer], None]], batch: bool, waits: list[float]) -> None:
    with fake_server(*refusals, serving) as server, Proxy[Any](server.uri) as proxy:
        proxy._pyroMaxRetries = len(refusals)
        if batch:
            calls = BatchProxy(proxy)
            calls.call()
            assert list(calls() or ()) == ["<batch>"]
        else:
            assert proxy.call() == "call"
    assert len(waits) == len(refusals)


@pytest.mark.parametrize(
    ("refusal", "error"), [(full, HandshakeError), (closing, ConnectionClosedError)], ids=["full", "closing"]
)
@pytest.mark.parametrize("retries", [0, 2])
def test_so_often_and_no_more(
    refusal: Callable[[Peer], None], error: type[CommunicationError], retries: int, waits: list[float]
) -> None:
    with fake_server(*[refusal] * (retries + 1)) as server, Proxy[Any](server.uri) as proxy:
        proxy._pyroMaxRetries = retries
        with pytest.raises(error, match=r"hint: .*repeated") as caught:
            proxy.call()
        assert caught.value.unsent
    assert len(waits) == retries


def test_reconnecting_goes_on_while_a_server_is_full(waits: list[float]) -> None:
    with fake_server(full, full, serving) as server, Proxy[Any](server.uri) as proxy:
        proxy._pyroReconnect(3)
        assert proxy.call() == "call"


def test_what_a_method_raises_is_never_taken_for_a_refusal(waits: list[float]) -> None:
    """Not even an error of the same class and text, which says of itself that nothing was run."""
    error = ConnectionClosedError(*CLOSING.args)
    error.unsent = True

    def fail(peer: Peer) -> None:
        peer.greet()
        request = peer.receive_call()
        peer.sock.sendall(exception_bytes(error, request.sequence))
        request = peer.receive()  # type: ignore[assignment]
        assert request.type == MessageType.PING  # whether the connection goes on
        peer.sock.sendall(b"".join(encode(MessageType.PING, 42, 0, 0, b"pong")))
        assert peer.receive() is None

    with fake_server(fail) as server, Proxy[Any](server.uri) as proxy:
        proxy._pyroMaxRetries = 5
        with pytest.raises(ConnectionClosedError) as caught:
            proxy.call()
        assert not caught.value.unsent
    assert waits == []


def test_whether_a_call_was_sent_is_known_on_its_own_side_only() -> None:
    error = HandshakeError("nested")
    error.unsent = error.passing = True
    described = exception_to_dict(error, ())
    assert not {"unsent", "passing"} & described["attributes"].keys()
    described["attributes"]["unsent"] = True
    read = exception_from_dict(described["__class__"], described, registry.recreate)
    assert isinstance(read, HandshakeError)
    assert not read.unsent


@expose
class Counting:
    def __init__(self) -> None:
        self.calls = 0
        self.entered, self.gate = threading.Event(), threading.Event()

    def count(self) -> int:
        self.calls += 1
        return self.calls

    def wait(self) -> None:
        self.entered.set()
        wait_for(self.gate)


@EITHER
def test_a_full_server_until_there_is_room(
    run_daemon: Callable[..., Running], way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = Counting()
    running = run_daemon(way, thing=thing, MAX_CONNECTIONS=1)
    first, second = running.proxy(), running.proxy()
    first._pyroBind()
    tries: list[float] = []

    def make_room(seconds: float) -> None:
        tries.append(seconds)
        if len(tries) == 2:
            first._pyroRelease()
        threading.Event().wait(seconds)

    monkeypatch.setattr(retrying, "wait", make_room)
    second._pyroMaxRetries = 20
    assert second.count() == 1
    assert len(tries) >= 2


@EITHER
def test_a_server_that_closes_and_the_next_one_at_its_place(
    run_daemon: Callable[..., Running], in_thread: Any, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = Counting(), Counting()
    running = run_daemon(way, thing=old)
    client, busy = running.proxy(), running.proxy()
    client._pyroBind()
    answer = in_thread(lambda: (busy._pyroClaimOwnership(), busy.wait()))
    wait_for(old.entered)
    shutdown = in_thread(running.daemon.shutdown)
    wait_until(lambda: running.daemon.sock.fileno() < 0, "the end of listening")
    place = client._pyroUri

    def begin_anew(seconds: float) -> None:
        if not old.gate.is_set():
            old.gate.set()
            shutdown.result(PATIENCE)
            arguments = (
                {"unixsocket": place.sockname} if place.sockname else {"host": place.host, "port": place.port}
            )
            run_daemon(way, daemon=arguments, thing=new)

    monkeypatch.setattr(retrying, "wait", begin_anew)
    client._pyroMaxRetries = 3
    assert client.count() == 1
    assert (old.calls, new.calls) == (0, 1)
    answer.result(PATIENCE)
