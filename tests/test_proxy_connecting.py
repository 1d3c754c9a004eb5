"""How a proxy's connection begins, and begins again: greeting, refusals, time limits, reconnecting."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from pyroplug import marshalled, retrying
from pyroplug.api import URI, Daemon, Proxy, expose
from pyroplug.connecting import names_of
from pyroplug.errors import (
    AddressError,
    CommunicationError,
    ConnectionClosedError,
    HandshakeError,
    NamingError,
    ProtocolError,
    PyroError,
    SecurityError,
    TimeoutError,
)
from pyroplug.wire import MessageType, encode

from .fake_server import Peer, fake_server
from .running import BOTH_MODELS, Running, Way, settings

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)


@expose
class Thing:
    def echo(self, value: Any) -> Any:
        return value


class Picky(Daemon):
    """Wants to hear the right word, and has something to say itself."""

    def validateHandshake(self, conn: Any, data: Any) -> Any:
        if data == "wrong":
            raise SecurityError("that was the wrong word")
        return {"heard": data}


@pytest.fixture
def silence() -> Iterator[str]:
    """The address of an object whose server never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield f"PYRO:thing@127.0.0.1:{server.getsockname()[1]}"


# Connecting


@EITHER
def test_binding(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, thing=Thing()).proxy()
    assert proxy._pyroBind() is True
    assert proxy._pyroBind() is False
    assert proxy._pyroConnection
    assert proxy._pyroConnection.sock is not None
    assert proxy._pyroConnection.objectId == "thing"
    assert proxy._pyroConnection.fileno() >= 0
    assert proxy._pyroConnection.getpeercert() is None
    assert proxy._pyroMethods == {"echo"}
    assert "; connected; " in repr(proxy)
    if way.transport == "tcp":
        assert proxy._pyroLocalSocket == proxy._pyroConnection.sock.getsockname()
        assert proxy._pyroLocalSocket[0] == "127.0.0.1"
    connection = proxy._pyroConnection
    connection.note = "kept with it"
    connection.close()
    with pytest.raises(ConnectionClosedError):
        proxy.echo(1)
    assert proxy._pyroConnection is None
    assert proxy.echo(1) == 1


@EITHER
def test_released_proxies_connect_again(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, thing=Thing()).proxy()
    for number in range(3):
        assert proxy.echo(number) == number
        proxy._pyroRelease()
        proxy._pyroRelease()
        assert proxy._pyroConnection is None
    with proxy as same:
        assert same is proxy
        assert same.echo(1) == 1
    assert proxy._pyroConnection is None


def test_nobody_there() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    proxy: Any = Proxy(f"PYRO:thing@127.0.0.1:{port}")
    for attempt in (proxy._pyroBind, lambda: proxy.echo(1), lambda: len(proxy)):
        with pytest.raises(AddressError, match=str(port)):
            attempt()
    with pytest.raises(CommunicationError):
        Proxy("PYRO:thing@./u:/nowhere/at all")._pyroBind()


def test_names_have_to_be_looked_up() -> None:
    nowhere = settings(NS_PORT=1, BROADCAST_ADDRS=[])
    for uri in ("PYRONAME:thing", "PYROMETA:a,b"):
        proxy: Any = Proxy(uri, config=nowhere)
        with pytest.raises(NamingError, match="no name server found: cannot connect to localhost:1"):
            proxy._pyroBind()
        assert str(proxy._pyroUri) == uri


def test_the_objects_own_metadata_come_with_the_greeting() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        assert peer.receive() is None

    with fake_server(script) as server, Proxy(server.uri) as proxy:
        proxy._pyroBind()
        assert (proxy._pyroMethods, proxy._pyroAttrs) == ({"call"}, {"level"})


# Greetings that fail


@EITHER
@pytest.mark.parametrize("serializer", ["serpent", "json", "msgpack"])
def test_a_refused_greeting(run_daemon: Callable[..., Running], way: Way, serializer: str) -> None:
    proxy = run_daemon(way, cls=Picky, thing=Thing()).proxy()
    proxy._pyroSerializer = serializer
    proxy._pyroHandshake = "wrong"
    for _ in range(2):
        with pytest.raises(HandshakeError, match="that was the wrong word"):
            proxy.echo(1)
        assert proxy._pyroConnection is None
    proxy._pyroHandshake = "right"
    assert proxy.echo(1) == 1


@EITHER
def test_an_unknown_object(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way).proxy("nobody")
    with pytest.raises(CommunicationError, match="unknown object 'nobody'"):
        proxy.echo(1)
    assert proxy._pyroConnection is None


@EITHER
def test_a_serializer_that_is_not_accepted(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Thing(), SERIALIZERS_ACCEPTED=("json",), SERIALIZER="json")
    for name in ("serpent", "msgpack", "marshal"):
        proxy = running.proxy()
        proxy._pyroSerializer = name
        with pytest.raises(HandshakeError, match="json") as caught:
            proxy.echo(1)
        assert "SERIALIZERS_ACCEPTED" in str(caught.value)
    proxy = running.proxy()
    proxy._pyroSerializer = "json"
    assert proxy.echo(1) == 1


def test_marshal_has_to_be_accepted_by_name(run_daemon: Callable[..., Running]) -> None:
    proxy = run_daemon(thing=Thing()).proxy()
    proxy._pyroSerializer = "marshal"
    with pytest.raises(HandshakeError, match="not accepted"):
        proxy.echo(1)
    proxy = run_daemon(Way("multiplex"), thing=Thing(), SERIALIZERS_ACCEPTED=("marshal",)).proxy()
    proxy._pyroSerializer = "marshal"
    assert proxy.echo(b"1") == b"1"


def connect_fail(text: str) -> bytes:
    return b"".join(encode(MessageType.CONNECTFAIL, 2, 0, 0, marshalled.dump(text)))


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (connect_fail("no free workers"), HandshakeError, "no free workers"),
        (connect_fail("ž" * 300), HandshakeError, "žžž"),
        (b"", ConnectionClosedError, "closed"),
        (b"PYRO\x01\xf6", ConnectionClosedError, "closed"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", ProtocolError, "invalid"),
        (b"PYRO\x01\x00" + bytes(34), ProtocolError, "version"),
        (b"PYRO\x01\xf6\x02\x01" + bytes(32), ProtocolError, "invalid"),
    ],
    ids=["refusal", "long refusal", "nothing", "a part", "another protocol", "another version", "no magic"],
)
def test_answers_to_the_greeting(answer: bytes, error: type[Exception], text: str) -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.sock.sendall(answer)

    with fake_server(script) as server:
        proxy: Any = Proxy(server.uri)
        with pytest.raises(error, match=text):
            proxy.call()
        assert proxy._pyroConnection is None


class Name(str):
    """A text, of a class of its own."""

    __slots__ = ()


def test_names_may_be_texts_of_any_class() -> None:
    told: dict[str, Any] = {"methods": ["one", Name("two")], "oneway": (), "attrs": {Name("three")}}
    names = names_of({**told, "idempotent": {"one"}}, URI("PYRO:x@localhost:1"))
    assert names == [{"one", "two"}, set(), {"three"}, {"one"}]
    for part in (*told, "idempotent"):
        with pytest.raises(ProtocolError, match="invalid metadata"):
            names_of({**told, part: ["one", b"two"]}, URI("PYRO:x@localhost:1"))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (MessageType.CONNECTOK, "not a dictionary"),
        (MessageType.CONNECTOK, {"handshake": "hello"}),
        (MessageType.CONNECTOK, {"handshake": "hello", "meta": {"methods": 5, "oneway": [], "attrs": []}}),
        (MessageType.CONNECTOK, {"handshake": "hello", "meta": {"methods": [1], "oneway": [], "attrs": []}}),
        (MessageType.RESULT, {"handshake": "hello", "meta": {}}),
        (MessageType.PING, "pong"),
        (77, "?"),
    ],
)
def test_senseless_answers_to_the_greeting(kind: int, said: Any) -> None:
    def script(peer: Peer) -> None:
        peer.receive()
        peer.send(kind, said, 0)
        assert peer.receive() is None

    with fake_server(script) as server:
        proxy: Any = Proxy(server.uri)
        with pytest.raises(ProtocolError):
            proxy.call()
        assert proxy._pyroConnection is None


def test_an_object_that_exposes_nothing() -> None:
    def script(peer: Peer) -> None:
        peer.greet({"methods": [], "oneway": [], "attrs": []})
        assert peer.receive() is None

    with fake_server(script) as server:
        proxy: Any = Proxy(server.uri)
        with pytest.raises(PyroError, match="expose") as caught:
            proxy.call()
        assert caught.value.hint
        assert proxy._pyroConnection is None


# Validation of the server


class Validating(Proxy[Any]):
    """Remembers what it was answered, and refuses what does not please it."""

    def _pyroValidateHandshake(self, response: Any) -> None:
        self._pyroSeen = (response, self._pyroConnection, self._pyroLocalSocket)
        if response == {"heard": "refuse me"}:
            raise SecurityError("I do not trust you")


@EITHER
def test_the_proxy_may_look_at_the_server(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, cls=Picky, thing=Thing()).proxy(cls=Validating)
    proxy._pyroHandshake = ["a", "word"]
    assert proxy.echo(1) == 1
    response, connection, address = proxy._pyroSeen
    assert response == {"heard": ["a", "word"]}
    assert connection is proxy._pyroConnection
    assert connection.getpeercert() is None
    assert address == proxy._pyroLocalSocket


@EITHER
def test_a_refused_server_gets_no_calls(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, cls=Picky, thing=Thing()).proxy(cls=Validating)
    proxy._pyroHandshake = "refuse me"
    for _ in range(3):
        with pytest.raises(SecurityError, match="I do not trust you"):
            proxy.echo(1)
        assert proxy._pyroConnection is None
    proxy._pyroHandshake = "please"
    assert proxy.echo(1) == 1


def test_calls_while_the_server_is_being_looked_at(run_daemon: Callable[..., Running]) -> None:
    class Hasty(Proxy[Any]):
        def _pyroValidateHandshake(self, response: Any) -> None:
            self.echo("too early")

    proxy = run_daemon(thing=Thing()).proxy(cls=Hasty)
    with pytest.raises(PyroError, match="handshake"):
        proxy.echo(1)
    assert proxy._pyroConnection is None


# Time limits


def test_a_server_that_never_answers(silence: str) -> None:
    proxy: Any = Proxy(silence)
    proxy._pyroTimeout = 0.05
    for attempt in (proxy._pyroBind, lambda: proxy.echo(1)):
        with pytest.raises(TimeoutError):
            attempt()
        assert proxy._pyroConnection is None
    from_configuration: Any = Proxy(silence, config=settings(COMMTIMEOUT=0.05))
    with pytest.raises(TimeoutError):
        from_configuration.echo(1)


def test_a_call_that_is_never_answered() -> None:
    def script(peer: Peer) -> None:
        peer.greet()
        while peer.receive() is not None:
            pass

    with fake_server(script, script) as server:
        proxy: Any = Proxy(server.uri)
        proxy._pyroBind()
        proxy._pyroTimeout = 0.05
        assert proxy._pyroTimeout == 0.05
        with pytest.raises(TimeoutError):
            proxy.call()
        assert proxy._pyroConnection is None
        with pytest.raises(TimeoutError):
            _ = proxy.level
        assert server.connections == 2


@EITHER
def test_time_limits_come_and_go(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Thing())
    assert Proxy(running.daemon.uriFor("thing"))._pyroTimeout == 0.0
    proxy = running.proxy()
    for limit in (5, None, 0, 0.5, 0.0):
        proxy._pyroTimeout = limit
        assert proxy._pyroTimeout == limit
        assert proxy.echo(limit) == limit
    proxy._pyroTimeout = 20


# Reconnecting


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the proxy would have slept."""
    slept: list[float] = []
    monkeypatch.setattr(retrying, "wait", slept.append)
    monkeypatch.setattr("random.uniform", lambda least, most: most)
    return slept


def nobody() -> str:
    """The URI of an object where nobody listens."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return f"PYRO:thing@127.0.0.1:{server.getsockname()[1]}"


def test_reconnecting_in_vain(waits: list[float]) -> None:
    proxy: Any = Proxy(nobody())
    with pytest.raises(ConnectionClosedError, match="reconnect") as caught:
        proxy._pyroReconnect(9)
    assert isinstance(caught.value.__cause__, AddressError)
    assert waits == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0]
    for tries in (0, 1):
        with pytest.raises(ConnectionClosedError, match="reconnect"):
            proxy._pyroReconnect(tries)
    assert len(waits) == 8


def test_reconnecting_until_it_works(waits: list[float]) -> None:
    def hang_up(peer: Peer) -> None:
        peer.receive()

    def accept(peer: Peer) -> None:
        peer.greet()
        assert peer.receive() is None

    with fake_server(accept, hang_up, hang_up, accept) as server, Proxy(server.uri) as proxy:
        proxy._pyroBind()
        proxy._pyroReconnect(5)
        assert proxy._pyroConnection
        assert server.connections == 4
    assert waits == [0.05, 0.1]


@EITHER
def test_a_refusal_is_not_tried_again(
    run_daemon: Callable[..., Running], way: Way, waits: list[float]
) -> None:
    proxy = run_daemon(way, cls=Picky, thing=Thing()).proxy()
    proxy._pyroHandshake = "wrong"
    with pytest.raises(HandshakeError, match="that was the wrong word"):
        proxy._pyroReconnect()
    assert waits == []


@pytest.mark.parametrize(
    ("uri", "error"),
    [
        ("PYRO:thing@./nonsense:here", PyroError),
        ("PYRO:thing@a..b:4711", AddressError),
        ("PYROMETA:a,b", NamingError),
    ],
)
def test_an_unusable_address_is_not_tried_again(uri: str, error: type[Exception], waits: list[float]) -> None:
    with pytest.raises(error):
        Proxy(uri)._pyroReconnect()
    assert waits == []


# Sockets that are connected already


@pytest.mark.parametrize("server", ["threadpool", "multiplex"])
def test_a_connected_socket(in_thread: Callable[..., Any], server: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with Daemon(connected_socket=theirs, config=settings(SERVERTYPE=server, POLLTIMEOUT=0.05)) as daemon:
            assert daemon.locationStr == ""
            assert daemon.sock is None
            assert "connected-socket" in str(daemon.register(Thing(), "thing"))
            loop = in_thread(daemon.requestLoop)
            with Proxy("thing", connected_socket=ours) as proxy:
                assert proxy.echo("over a pair") == "over a pair"
                assert proxy._pyroMethods == {"echo"}
            assert proxy.echo("again") == "again"
            proxy._pyroRelease()
            daemon.shutdown()
            loop.result(20)
        ours.sendall(b"still ours")
        assert theirs.recv(100) == b"still ours"


def test_an_unknown_object_over_a_connected_socket(in_thread: Callable[..., Any]) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, Daemon(connected_socket=theirs, config=settings(POLLTIMEOUT=0.05)) as daemon:
        loop = in_thread(daemon.requestLoop)
        with Proxy("nobody", connected_socket=ours) as proxy:
            for _ in range(2):
                with pytest.raises(PyroError, match="unknown object"):
                    proxy.echo(1)
        daemon.shutdown()
        loop.result(20)
