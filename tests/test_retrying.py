"""When a call is repeated: where it cannot have been carried out, or may be twice; and never otherwise."""

from __future__ import annotations

import select
import socket
import struct
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from typing import Any

import pytest

from pyroplug import retrying
from pyroplug.api import BatchProxy, Proxy, behavior, expose, idempotent
from pyroplug.errors import (
    AddressError,
    CommunicationError,
    ConnectionClosedError,
    HandshakeError,
    ProtocolError,
    SecurityError,
    SerializeError,
    TimeoutError,
)
from pyroplug.retrying import Retries, is_passing, may_run_twice, pauses
from pyroplug.uri import DAEMON_NAME
from pyroplug.wire import MessageType, encode

from .fake_server import METADATA, Peer, arguments_of, exception_bytes, fake_server
from .running import BOTH_MODELS, Running, Way, settings
from .support import PATIENCE

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
MARKED = {**METADATA, "idempotent": ["call"]}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the proxy would have slept."""
    slept: list[float] = []
    monkeypatch.setattr(retrying, "wait", slept.append)
    return slept


# How long


def test_pauses_become_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda least, most: most)
    assert list(islice(pauses(), 8)) == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    assert list(islice(pauses(0.3), 5)) == [0.05, 0.1, 0.2, 0.3, 0.3]
    assert list(islice(pauses(10.0), 8))[-1] == 2.0


def test_pauses_are_not_the_same_for_all() -> None:
    first = [next(pauses()) for _ in range(200)]
    assert all(0.025 <= pause <= 0.05 for pause in first)
    assert max(first) - min(first) > 0.005


# Whether


def passing_address_error() -> AddressError:
    error = AddressError()
    error.passing = True
    return error


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (ConnectionClosedError(), True),
        (TimeoutError(), True),
        (passing_address_error(), True),
        (AddressError(), False),
        (HandshakeError(), False),
        (ProtocolError(), False),
        (SerializeError(), False),
        (SecurityError(), False),
        (CommunicationError(), False),
        (ValueError(), False),
        (OSError(), False),
        (KeyboardInterrupt(), False),
    ],
    ids=repr,
)
def test_what_may_pass(error: BaseException, passing: bool) -> None:
    assert is_passing(error) is passing


@pytest.mark.parametrize(
    ("target", "method", "args", "harmless"),
    [
        ("thing", "marked", (), True),
        ("thing", "other", (), False),
        ("thing", "__getattr__", ("level",), True),
        ("thing", "__setattr__", ("level", 1), False),
        ("thing", "<batch>", [("marked", (), {}), ("marked", (1,), {})], True),
        ("thing", "<batch>", [("marked", (), {}), ("other", (), {})], False),
        ("thing", "ping", (), False),
        (DAEMON_NAME, "ping", (), True),
        (DAEMON_NAME, "info", (), True),
        (DAEMON_NAME, "registered", (), True),
        (DAEMON_NAME, "get_metadata", ("thing",), True),
        (DAEMON_NAME, "get_next_stream_items", ("stream", 0, 9), True),
        (DAEMON_NAME, "get_next_stream_item", ("stream",), False),
        (DAEMON_NAME, "close_stream", ("stream",), False),
    ],
)
def test_what_may_run_twice(target: str, method: str, args: Any, harmless: bool) -> None:
    assert may_run_twice(target, method, args, {"marked"}) is harmless


@pytest.mark.parametrize("unsent", [True, False])
@pytest.mark.parametrize("harmless", [True, False])
@pytest.mark.parametrize("most", [0, 1])
def test_the_advice(unsent: bool, harmless: bool, most: int, waits: list[float]) -> None:
    retries, error = Retries(), ConnectionClosedError("gone")
    retries.begin(most)
    error.unsent = unsent
    if most and (unsent or harmless):
        retries.next(error, harmless, None)
        assert error.hint is None
    with pytest.raises(ConnectionClosedError) as caught:
        retries.next(error, harmless, None)
    hint = caught.value.hint or ""
    assert ("@idempotent" in hint) is (not unsent and not harmless)
    assert ("it was repeated 1 times" in hint) is bool(most and (unsent or harmless))
    assert ("MAX_RETRIES" in hint) is (not most)
    assert len(waits) == (1 if most and (unsent or harmless) else 0)


def test_advice_that_is_there_already_stays() -> None:
    error = ConnectionClosedError("gone", hint="do something else")
    with pytest.raises(ConnectionClosedError):
        Retries().next(error, False, None)
    assert error.hint == "do something else"


# Calls whose answer is lost


def hang_up(peer: Peer) -> None:
    peer.greet(MARKED if peer.marked else METADATA)
    peer.receive_call()


def be_silent(peer: Peer) -> None:
    peer.greet(MARKED if peer.marked else METADATA)
    while peer.receive() is not None:
        pass


def answering(seen: list[Any]) -> Callable[[Peer], None]:
    def answer(peer: Peer) -> None:
        peer.greet(MARKED if peer.marked else METADATA)
        request = peer.receive_call()
        seen.append(arguments_of(request)[1:])
        peer.answer(request, ["first", "second"])
        assert peer.receive() is None

    return answer


def marked(script: Callable[[Peer], None]) -> Callable[[Peer], None]:
    """The same, by a server that says that the method may be called twice."""

    def run(peer: Peer) -> None:
        peer.marked = True
        script(peer)

    return run


@pytest.mark.parametrize("loss", [hang_up, be_silent])
@pytest.mark.parametrize("retries", [0, 5])
def test_a_call_that_may_have_run_is_not_repeated(
    loss: Callable[[Peer], None], retries: int, waits: list[float]
) -> None:
    with fake_server(loss) as server:
        proxy: Any = Proxy(server.uri)
        proxy._pyroMaxRetries = retries
        proxy._pyroTimeout = 0.2
        with pytest.raises(CommunicationError, match="may have been carried out") as caught:
            proxy.call(1)
        assert "_pyroIdempotent" in str(caught.value.hint)
        assert not caught.value.unsent
        assert proxy._pyroConnection is None
    assert waits == []


@pytest.mark.parametrize("by_whom", ["server", "client", "client, later"])
def test_a_call_that_may_run_twice_is_repeated(by_whom: str, waits: list[float]) -> None:
    seen: list[Any] = []
    scripts = [hang_up, be_silent, answering(seen)]
    if by_whom == "server":
        scripts = [marked(script) for script in scripts]
    with fake_server(*scripts) as server, Proxy[Any](server.uri) as proxy:
        proxy._pyroMaxRetries = 2
        proxy._pyroTimeout = 0.2
        if by_whom == "client":
            proxy._pyroIdempotent = {"call"}
        elif by_whom == "client, later":
            proxy._pyroBind()
            proxy._pyroIdempotent.add("call")
        assert proxy.call(1, key="x") == ["first", "second"]
        assert server.connections == 3
        assert proxy._pyroIdempotent == {"call"}
    assert [(method, list(args), kwargs) for method, args, kwargs in seen] == [("call", [1], {"key": "x"})]
    assert len(waits) == 2


def test_the_clients_marks_are_its_own() -> None:
    """What one server says is forgotten at the next; what the client says stays."""
    with fake_server(marked(be_silent), be_silent) as server, Proxy[Any](server.uri) as proxy:
        proxy._pyroIdempotent.add("mine")
        proxy._pyroBind()
        assert proxy._pyroIdempotent == {"mine", "call"}
        proxy._pyroRelease()
        proxy._pyroBind()
        assert proxy._pyroIdempotent == {"mine"}


def test_another_objects_methods_are_not_what_is_marked(waits: list[float]) -> None:
    with fake_server(marked(hang_up)) as server:
        proxy: Any = Proxy(server.uri)
        proxy._pyroMaxRetries = 5
        with pytest.raises(ConnectionClosedError):
            proxy._pyroInvoke("call", (), {}, objectId="another")
    assert waits == []


def test_calls_are_repeated_so_often_and_no_more(waits: list[float]) -> None:
    with fake_server(*[marked(hang_up)] * 3) as server:
        proxy: Any = Proxy(server.uri, config=settings(MAX_RETRIES=2))
        with pytest.raises(ConnectionClosedError, match="repeated 2 times"):
            proxy.call()
        assert server.connections == 3
    assert len(waits) == 2


def test_each_call_has_its_attempts(waits: list[float]) -> None:
    seen: list[Any] = []
    scripts = [hang_up, answering(seen)] * 3
    with fake_server(*map(marked, scripts)) as server, Proxy[Any](server.uri) as proxy:
        proxy._pyroMaxRetries = 1
        for number in range(3):
            assert proxy.call(number) == ["first", "second"]
            proxy._pyroRelease()
    assert [list(args) for _, args, _ in seen] == [[0], [1], [2]]


def test_properties(waits: list[float]) -> None:
    seen: list[Any] = []
    with fake_server(hang_up, answering(seen), hang_up) as server, Proxy[Any](server.uri) as proxy:
        proxy._pyroMaxRetries = 1
        assert proxy.level == ["first", "second"]
        proxy._pyroRelease()
        with pytest.raises(ConnectionClosedError, match="may have been carried out"):
            proxy.level = 5
    assert len(waits) == 1


def test_batches(waits: list[float]) -> None:
    seen: list[Any] = []
    scripts = (marked(hang_up), marked(answering(seen)), hang_up)
    with fake_server(*scripts) as server, Proxy[Any](server.uri) as proxy:
        proxy._pyroMaxRetries = 1
        batch = BatchProxy(proxy)
        batch.call(1)
        batch.call(2)
        assert list(batch() or ()) == ["first", "second"]
        proxy._pyroRelease()
        batch.call(1)
        batch.other(2)
        with pytest.raises(ConnectionClosedError, match="may have been carried out"):
            batch()
    assert len(waits) == 1


def test_pauses_are_no_longer_than_the_time_limit(waits: list[float]) -> None:
    with fake_server(*[marked(hang_up)] * 5) as server:
        proxy: Any = Proxy(server.uri)
        proxy._pyroMaxRetries = 4
        proxy._pyroTimeout = 0.06
        with pytest.raises((ConnectionClosedError, TimeoutError)):
            proxy.call()
    assert len(waits) == 4
    assert max(waits) <= 0.06


# What methods raise


def test_what_a_method_raises_is_no_reason_to_repeat_it(waits: list[float]) -> None:
    def script(peer: Peer) -> None:
        peer.greet(MARKED)
        request = peer.receive_call()
        peer.sock.sendall(exception_bytes(ValueError("once"), request.sequence))
        ping = peer.receive()
        assert ping is not None
        peer.send(MessageType.PING, "pong", ping.sequence)
        assert peer.receive() is None

    with fake_server(script) as server, Proxy[Any](server.uri) as proxy:
        proxy._pyroMaxRetries = 5
        with pytest.raises(ValueError, match="once"):
            proxy.call()
    assert waits == []


@expose
class Thing:
    def __init__(self) -> None:
        self.calls = 0

    @idempotent
    def fail(self, kind: str) -> None:
        self.calls += 1
        raise {"closed": ConnectionClosedError, "late": TimeoutError}[kind]("theirs")

    def count(self) -> int:
        self.calls += 1
        return self.calls


@EITHER
@pytest.mark.parametrize("kind", ["closed", "late"])
def test_nor_is_an_error_of_a_connection_that_a_method_had(
    run_daemon: Callable[..., Running], way: Way, kind: str, waits: list[float]
) -> None:
    thing = Thing()
    proxy = run_daemon(way, thing=thing).proxy()
    proxy._pyroMaxRetries = 5
    with pytest.raises((ConnectionClosedError, TimeoutError), match="theirs"):
        proxy.fail(kind)
    assert thing.calls == 1
    assert proxy.count() == 2
    assert waits == []


# Calls that were never sent


@pytest.fixture
def port() -> int:
    """A port where nobody listens, for now."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        number: int = server.getsockname()[1]
    return number


def test_nobody_there_for_a_while(
    port: int, run_daemon: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    thing = Thing()

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            run_daemon(daemon={"host": "127.0.0.1", "port": port}, thing=thing)

    monkeypatch.setattr(retrying, "wait", wait)
    with Proxy[Any](f"PYRO:thing@127.0.0.1:{port}") as proxy:
        proxy._pyroMaxRetries = 5
        proxy._pyroTimeout = PATIENCE
        assert proxy._pyroInvoke("count", (), {}) == 1
    assert len(waits) == 3


@pytest.mark.parametrize("retries", [0, 2])
def test_nobody_there(port: int, retries: int, waits: list[float]) -> None:
    proxy: Any = Proxy(f"PYRO:thing@127.0.0.1:{port}")
    proxy._pyroMaxRetries = retries
    with pytest.raises(AddressError) as caught:
        proxy.anything()
    assert caught.value.unsent
    assert len(waits) == retries


def test_a_refusal_is_not_repeated(waits: list[float]) -> None:
    from pyroplug import marshalled

    def refuse(peer: Peer) -> None:
        peer.receive()
        peer.sock.sendall(b"".join(encode(MessageType.CONNECTFAIL, 2, 0, 0, marshalled.dump("no"))))

    with fake_server(refuse) as server:
        proxy: Any = Proxy(server.uri)
        proxy._pyroMaxRetries = 5
        with pytest.raises(HandshakeError, match="no"):
            proxy.call()
    assert waits == []


def reset(sock: socket.socket) -> None:
    """Close a connection so that the other side's sends fail."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@pytest.mark.parametrize("retries", [0, 1])
def test_a_call_of_which_a_part_was_sent(retries: int, waits: list[float]) -> None:
    """It is not there as a whole, so it was not carried out; the method need not be marked."""
    huge = "x" * 40_000_000
    sizes: list[int] = []

    def break_off(peer: Peer) -> None:
        peer.greet()
        peer.sock.recv(1000)
        reset(peer.sock)

    def answer(peer: Peer) -> None:
        peer.receiver.limit = 1 << 30
        peer.greet()
        request = peer.receive_call()
        sizes.append(len(request.payload))
        peer.answer(request, "taken")
        assert peer.receive() is None

    scripts = [break_off, answer][: retries + 1]
    with fake_server(*scripts) as server, Proxy[Any](server.uri) as proxy:
        proxy._pyroMaxRetries = retries
        if retries:
            assert proxy.call(huge) == "taken"
            assert sizes[0] > len(huge)
        else:
            with pytest.raises(ConnectionClosedError, match="was not carried out") as caught:
                proxy.call(huge)
            assert caught.value.unsent
    assert len(waits) == retries


# Connections that are over before anybody uses them


def leave(peer: Peer) -> None:
    peer.greet()
    peer.answer(peer.receive_call(), "once")


def say_something(peer: Peer) -> None:
    leave(peer)
    peer.send(5, "nobody asked", 0)
    peer.receive()


@pytest.mark.parametrize("end", [leave, say_something])
def test_a_connection_that_is_over_is_noticed_before_a_call(
    end: Callable[[Peer], None], waits: list[float]
) -> None:
    seen: list[Any] = []
    with fake_server(end, answering(seen)) as server, Proxy[Any](server.uri) as proxy:
        proxy._pyroMaxRetries = 1
        proxy._pyroTimeout = PATIENCE
        assert proxy.call() == "once"
        select.select([proxy._pyroConnection], [], [], PATIENCE)
        proxy._pyroChannel._used -= 5  # as if it were long ago
        assert proxy.call() == ["first", "second"]
    assert len(seen) == 1
    assert waits == []


def test_one_that_was_just_used_is_not_looked_at(waits: list[float]) -> None:
    with fake_server(leave) as server:
        proxy: Any = Proxy(server.uri)
        proxy._pyroMaxRetries = 1
        assert proxy.call() == "once"
        select.select([proxy._pyroConnection], [], [], PATIENCE)
        with pytest.raises(ConnectionClosedError):
            proxy.call()


def test_servers_that_hang_up_after_an_exception(waits: list[float]) -> None:
    seen: list[Any] = []

    def fail(peer: Peer) -> None:
        peer.greet()
        peer.sock.sendall(exception_bytes(ValueError("in a callback"), peer.receive_call().sequence))
        peer.receive()

    with fake_server(fail, answering(seen)) as server, Proxy[Any](server.uri) as proxy:
        proxy._pyroMaxRetries = 1
        with pytest.raises(ValueError, match="in a callback"):
            proxy.call(1)
        assert proxy.call(2) == ["first", "second"]
    assert [list(args) for _, args, _ in seen] == [[2]]
    assert waits == []


@EITHER
def test_looking_disturbs_nothing(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, thing=Thing()).proxy()
    proxy._pyroMaxRetries = 1
    for limit in (PATIENCE, None):
        proxy._pyroTimeout = limit
        for _ in range(3):
            proxy.count()
            connection = proxy._pyroConnection
            proxy._pyroChannel._used -= 5
            proxy.count()
            assert proxy._pyroConnection is connection
    proxy._pyroTimeout = PATIENCE


@EITHER
def test_session_instances_begin_anew(run_daemon: Callable[..., Running], way: Way) -> None:
    @expose
    @behavior(instance_mode="session")
    class Counter:
        def __init__(self) -> None:
            self.value = 0

        def up(self) -> int:
            self.value += 1
            return self.value

    proxy = run_daemon(way, thing=Counter).proxy()
    assert [proxy.up(), proxy.up()] == [1, 2]
    proxy._pyroReconnect()
    assert proxy.up() == 1


# Sockets that the user has connected


def test_a_connected_socket_is_not_used_after_a_call_that_broke_off(in_thread: Callable[..., Any]) -> None:
    """The late answer to one proxy's call would be taken for that of another's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        proxy: Any = Proxy("thing", connected_socket=ours)
        proxy._pyroGetMetadata(known_metadata=METADATA)
        proxy._pyroTimeout = 0.1
        with pytest.raises(TimeoutError):
            proxy.call()
        other: Any = Proxy("thing", connected_socket=ours)
        other._pyroGetMetadata(known_metadata=METADATA)
        other._pyroMaxRetries = 1
        for each in (proxy, other):
            with pytest.raises(ConnectionClosedError, match="of no more use"):
                each.call()
        assert ours.fileno() >= 0
        theirs.send(b"x")
        assert ours.recv(1) == b"x"
