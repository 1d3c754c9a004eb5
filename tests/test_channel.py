"""What goes wrong on a proxy's way to its object, and when its connection is given back."""

from __future__ import annotations

import gc
import os
import signal
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from pyroplug import wire
from pyroplug.api import Proxy, current_context, expose, oneway
from pyroplug.errors import (
    CommunicationError,
    ConnectionClosedError,
    MessageTooLargeError,
    ProtocolError,
    PyroError,
    RemoteError,
    SerializeError,
)
from pyroplug.wire import Flags, MessageType

from .fake_server import Peer, exception_bytes, fake_server, message_bytes
from .running import BOTH_MODELS, Running, Way, settings
from .support import wait_for, wait_until

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)


@expose
class Thing:
    def __init__(self) -> None:
        self.lost = threading.Event()
        self.calls: list[Any] = []

    def echo(self, value: Any) -> Any:
        return value

    def numbers(self) -> Any:
        try:
            yield from range(1000)
        finally:
            self.lost.set()

    def function(self) -> Any:
        return len

    @oneway
    def note(self, value: Any) -> None:
        self.calls.append(value)


# Answers that are none


def answers(*pieces: Callable[[int], bytes]) -> Callable[[Peer], None]:
    """Accept a proxy, answer its calls with these bytes, given the sequence number, and hang up."""

    def script(peer: Peer) -> None:
        peer.greet()
        for piece in pieces:
            request = peer.receive_call()
            peer.sock.sendall(piece(request.sequence))

    return script


def result(value: Any, sequence: int, **parts: Any) -> bytes:
    return message_bytes(MessageType.RESULT, value, sequence, **parts)


BAD_ANSWERS: dict[str, tuple[Callable[[int], bytes], type[PyroError], str]] = {
    "another call's": (lambda seq: result("x", seq + 1), ProtocolError, "request"),
    "an earlier call's": (lambda seq: result("x", seq - 1), ProtocolError, "request"),
    "another serializer's": (lambda seq: result("x", seq, serializer_id=3), SerializeError, "serializer 3"),
    "no result": (lambda seq: message_bytes(MessageType.CONNECTOK, "x", seq), ProtocolError, "msg type 2"),
    "an invoke": (lambda seq: message_bytes(MessageType.INVOKE, "x", seq), ProtocolError, "msg type 4"),
    "two": (lambda seq: result("x", seq) * 2, ProtocolError, "two|more|second|messages"),
    "half": (lambda seq: result("x" * 100, seq)[:60], ConnectionClosedError, "closed"),
    "nothing": (lambda seq: b"", ConnectionClosedError, "closed"),
    "garbage": (lambda seq: b"garbage" * 10, ProtocolError, "invalid"),
    "too much": (lambda seq: result("x" * 100_000, seq), MessageTooLargeError, "MAX_MESSAGE_SIZE"),
}


@pytest.mark.parametrize("kind", BAD_ANSWERS)
def test_a_bad_answer_ends_the_connection_and_the_next_call_makes_a_new_one(kind: str) -> None:
    bad, error, text = BAD_ANSWERS[kind]
    good = answers(lambda sequence: result("fine", sequence))
    with fake_server(answers(bad), good) as server:
        proxy: Any = Proxy(server.uri, config=settings(MAX_MESSAGE_SIZE=50_000))
        with pytest.raises(error, match=text):
            proxy.call()
        assert proxy._pyroConnection is None
        assert proxy.call() == "fine"
        proxy._pyroRelease()


def test_a_failure_told_without_the_serializer() -> None:
    """The last words of a server that cannot say it any other way."""
    from pyroplug import marshalled

    def script(peer: Peer) -> None:
        peer.greet()
        request = peer.receive_call()
        words = marshalled.dump("out of order")
        peer.sock.sendall(b"".join(wire.encode(MessageType.CONNECTFAIL, 2, 0, request.sequence, words)))

    with fake_server(script) as server:
        proxy: Any = Proxy(server.uri)
        with pytest.raises(ProtocolError, match="out of order"):
            proxy.call()
        assert proxy._pyroConnection is None


def test_an_exception_that_is_none() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.answer(peer.receive_call(), {"not": "an exception"}, flags=Flags.EXCEPTION)
        assert (peer.receive() or peer).__class__ is wire.Message  # a ping, or whatever else
        peer.sock.close()

    with fake_server(script) as server:
        proxy: Any = Proxy(server.uri)
        with pytest.raises(SerializeError, match="not"):
            proxy.call()
        proxy._pyroRelease()


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()], ids=repr)
def test_a_server_cannot_end_this_program(error: BaseException) -> None:
    script = answers(lambda sequence: exception_bytes(error, sequence))
    with fake_server(script) as server:
        proxy: Any = Proxy(server.uri)
        with pytest.raises(RemoteError, match=type(error).__name__):
            proxy.call()
        proxy._pyroRelease()


def test_ctrl_c_while_waiting_gives_the_connection_up() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        peer.receive_call()
        os.kill(os.getpid(), signal.SIGINT)
        assert peer.receive() is None

    with fake_server(script) as server:
        proxy: Any = Proxy(server.uri)
        with pytest.raises(KeyboardInterrupt):
            proxy.call()
        assert proxy._pyroConnection is None


# What cannot be sent or read


@EITHER
def test_what_cannot_be_sent_costs_no_connection(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, thing=Thing()).proxy(config=settings(MAX_MESSAGE_SIZE=10_000))
    proxy._pyroBind()
    connection = proxy._pyroConnection
    with pytest.raises(SerializeError):
        proxy.echo(object())
    with pytest.raises(MessageTooLargeError):
        proxy.echo("x" * 20_000)
    current_context.annotations = {"TOO LONG": b""}
    try:
        with pytest.raises(ProtocolError, match="TOO LONG"):
            proxy.echo(1)
    finally:
        current_context.annotations = {}
    assert proxy.echo(1) == 1
    assert proxy._pyroConnection is connection


@EITHER
def test_a_result_that_cannot_be_sent_costs_no_connection(
    run_daemon: Callable[..., Running], way: Way
) -> None:
    proxy = run_daemon(way, thing=Thing()).proxy()
    proxy._pyroBind()
    connection = proxy._pyroConnection
    with pytest.raises(SerializeError, match="builtin_function"):
        proxy.function()
    assert proxy.echo(1) == 1
    assert proxy._pyroConnection is connection


@EITHER
def test_a_result_that_is_too_large(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, thing=Thing(), MAX_MESSAGE_SIZE=10_000).proxy()
    assert proxy.echo("x" * 5_000) == "x" * 5_000
    with pytest.raises(PyroError, match="larger than the allowed"):
        proxy.echo("x" * 20_000)


# When connections are given back


def descriptor_is_closed(connection: Any) -> bool:
    return bool(connection.fileno() == -1)


@EITHER
def test_a_forgotten_proxy_closes_its_connection(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Thing())
    gc.disable()
    try:
        proxy: Any = Proxy(running.daemon.uriFor("thing"))
        assert proxy.echo(1) == 1
        assert len(proxy._pyroMethods) == 4
        with pytest.raises(AttributeError):
            _ = proxy.nothing
        connection, gone = proxy._pyroConnection, weakref.ref(proxy)
        del proxy
        assert gone() is None
        assert descriptor_is_closed(connection)
    finally:
        gc.enable()


@EITHER
def test_a_method_keeps_the_connection(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy: Any = Proxy(run_daemon(way, thing=Thing()).daemon.uriFor("thing"))
    connection = (proxy._pyroBind(), proxy._pyroConnection)[1]
    echo = proxy.echo
    del proxy
    assert echo("by itself") == "by itself"
    del echo
    assert descriptor_is_closed(connection)


@EITHER
def test_an_iterator_keeps_the_connection(run_daemon: Callable[..., Running], way: Way) -> None:
    thing = Thing()
    proxy: Any = Proxy(run_daemon(way, thing=thing, ITER_STREAM_LINGER=0.0).daemon.uriFor("thing"))
    items = proxy.numbers()
    connection = proxy._pyroConnection
    del proxy
    assert [next(items), next(items)] == [0, 1]
    del items
    assert descriptor_is_closed(connection)
    wait_for(thing.lost, "the end of the generator")


@EITHER
def test_a_proxy_forgotten_in_another_thread(
    run_daemon: Callable[..., Running], in_thread: Callable[..., Any], way: Way
) -> None:
    box: list[Any] = [Proxy(run_daemon(way, thing=Thing()).daemon.uriFor("thing"))]
    assert box[0].echo(1) == 1
    connection = box[0]._pyroConnection
    in_thread(box.clear).result(20)
    assert descriptor_is_closed(connection)


@EITHER
def test_the_server_notices_lost_connections(run_daemon: Callable[..., Running], way: Way) -> None:
    thing = Thing()
    running = run_daemon(way, thing=thing, ITER_STREAM_LINGER=0.0)
    for leave in (lambda proxy: proxy._pyroRelease(), lambda proxy: proxy._pyroConnection.sock.shutdown(2)):
        proxy = running.proxy()
        items = proxy.numbers()
        next(items)
        leave(proxy)
        wait_for(thing.lost, "the end of the generator")
        thing.lost.clear()


# Pings


@EITHER
def test_pings(run_daemon: Callable[..., Running], in_thread: Callable[..., Any], way: Way) -> None:
    running = run_daemon(way, thing=Thing())
    proxy = running.proxy()
    proxy._pyroChannel.ping()
    assert proxy._pyroConnection
    with pytest.raises(PyroError, match="owner"):
        in_thread(proxy._pyroChannel.ping).result(20)
    running.stop()
    with pytest.raises(CommunicationError):
        proxy._pyroChannel.ping()
    assert proxy._pyroConnection is None


def test_a_wrong_pong() -> None:
    with fake_server(answers()) as server:
        proxy: Any = Proxy(server.uri)
        proxy._pyroBind()
        with pytest.raises(CommunicationError):
            proxy._pyroChannel.ping()
        assert proxy._pyroConnection is None


@EITHER
def test_one_way_calls_arrive_each_with_its_own_value(run_daemon: Callable[..., Running], way: Way) -> None:
    thing = Thing()
    proxy = run_daemon(way, thing=thing).proxy()
    sent = [f"{number} " * (1 + number % 7) for number in range(300)]
    for value in sent:
        assert proxy.note(value) is None
    wait_until(lambda: len(thing.calls) == len(sent), "the last one-way call")
    assert sorted(thing.calls) == sorted(sent)
