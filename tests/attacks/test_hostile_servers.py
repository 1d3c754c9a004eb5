"""Servers that say what nobody asked for: no call gets another one's answer, and no program ends by one."""

from __future__ import annotations

import builtins
import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import Pyro5.api
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pyroplug import retrying
from pyroplug.api import BatchProxy, Proxy
from pyroplug.errors import CommunicationError, PyroError, RemoteError
from pyroplug.wire import Flags, MessageType
from tests.fake_server import METADATA, Peer, arguments_of, fake_server, message_bytes
from tests.running import settings
from tests.support import PATIENCE

STRANGE = "an answer that is nobody's"
LIMIT = 0.05
"""Seconds after which the proxy takes an answer for lost."""

RESULT = int(MessageType.RESULT)


# Moves: how a server answers its next call


def right(peer: Peer, sequence: int, key: Any) -> None:
    peer.send(RESULT, key, sequence)


def of_another_call(by: int) -> Callable[[Peer, int, Any], None]:
    def move(peer: Peer, sequence: int, _key: Any) -> None:
        peer.send(RESULT, STRANGE, (sequence + by) & 0xFFFF)

    move.__name__ = f"of_another_call_{by}"
    return move


def of_type(kind: int) -> Callable[[Peer, int, Any], None]:
    def move(peer: Peer, sequence: int, _key: Any) -> None:
        peer.send(kind, STRANGE, sequence)

    move.__name__ = f"of_type_{kind}"
    return move


def twice(peer: Peer, sequence: int, key: Any) -> None:
    peer.sock.sendall(message_bytes(RESULT, key, sequence) + message_bytes(RESULT, STRANGE, sequence))


def twice_apart(peer: Peer, sequence: int, key: Any) -> None:
    peer.send(RESULT, key, sequence)
    peer.send(RESULT, STRANGE, sequence)


def the_last_one_again(peer: Peer, sequence: int, key: Any) -> None:
    peer.send(RESULT, STRANGE, (sequence - 1) & 0xFFFF)
    peer.send(RESULT, key, sequence)


def with_the_next_one(peer: Peer, sequence: int, key: Any) -> None:
    peer.send(RESULT, key, sequence)
    peer.send(MessageType.PING, STRANGE, 0)


def in_another_serializer(peer: Peer, sequence: int, _key: Any) -> None:
    peer.send(RESULT, STRANGE, sequence, serializer_id=3)


def too_late(peer: Peer, sequence: int, _key: Any) -> None:
    assert peer.receive() is None  # the proxy hangs up when its time is over
    peer.send(RESULT, STRANGE, sequence)


def half(peer: Peer, sequence: int, _key: Any) -> None:
    data = message_bytes(RESULT, STRANGE, sequence)
    peer.sock.sendall(data[: len(data) // 2])
    raise ConnectionError


def nothing(_peer: Peer, _sequence: int, _key: Any) -> None:
    raise ConnectionError


def nonsense(peer: Peer, _sequence: int, _key: Any) -> None:
    peer.sock.sendall(b"nonsense" * 20)


def an_exit(peer: Peer, sequence: int, _key: Any) -> None:
    peer.send(RESULT, described("builtins.SystemExit"), sequence, flags=Flags.EXCEPTION)


MOVES = [
    right, right, right, twice, twice_apart, the_last_one_again, with_the_next_one, in_another_serializer,
    too_late, half, nothing, nonsense, an_exit,
    *(of_another_call(by) for by in (-2, -1, 1, 0x8000)),
    *(of_type(kind) for kind in (1, 2, 3, 4, 6, 99)),
]  # fmt: skip


def described(name: str, *args: Any) -> dict[str, Any]:
    """An exception as a message has it, of any class."""
    lines = ["Traceback (most recent call last):\n", f"  in a hostile place\n{name}\n"]
    attributes = {"_pyroTraceback": lines}
    return {"__class__": name, "__exception__": True, "args": args, "attributes": attributes}


class HostileServer:
    """Answers each call by the next move.

    :ivar arrived: how often each call has come, by its argument.
    """

    def __init__(self, moves: list[Callable[[Peer, int, Any], None]], idempotent: bool = False) -> None:
        self._moves = iter(moves)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.uri = f"PYRO:thing@127.0.0.1:{self._listener.getsockname()[1]}"
        self.arrived: Counter[Any] = Counter()
        self._metadata = {**METADATA, **({"idempotent": ["call"]} if idempotent else {})}
        self._failures: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, name="hostile server", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            sock = self._listener.accept()[0]
            with sock, contextlib.suppress(OSError):
                peer = Peer(sock)
                if peer.sock.recv(1, 2) == b"":  # MSG_PEEK: whoever stops it says nothing
                    return
                try:
                    self._serve(peer)
                except OSError:
                    raise
                except BaseException as error:
                    self._failures.append(error)

    def _serve(self, peer: Peer) -> None:
        peer.greet(self._metadata)
        while (message := peer.receive()) is not None:
            if message.type == MessageType.PING:
                peer.sock.sendall(message_bytes(MessageType.PING, "pong", 0, serializer_id=42))
                continue
            [key] = arguments_of(message)[2]
            self.arrived[key] += 1
            next(self._moves, right)(peer, message.sequence, key)

    def stop(self) -> None:
        host, _, port = self.uri.rpartition("@")[2].rpartition(":")
        with contextlib.suppress(OSError):
            socket.create_connection((host, int(port))).close()
        self._thread.join(PATIENCE)
        self._listener.close()
        assert not self._thread.is_alive(), "the hostile server still waits"
        if self._failures:
            raise self._failures[0]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "wait", lambda _: None)


def check_calls(
    moves: list[Callable[[Peer, int, Any], None]], whose: list[int], retries: int, idempotent: bool
) -> None:
    """Call once for each move and a few times more, by one of two threads, which claim the proxy in turn."""
    with ExitStack() as stack:
        server = HostileServer(moves, idempotent)
        stack.callback(server.stop)
        proxy: Any = Proxy(server.uri, config=settings(MAX_RETRIES=retries, COMMTIMEOUT=LIMIT))
        threads = [stack.enter_context(ThreadPoolExecutor(1)) for _ in range(2)]

        def call(key: int) -> Any:
            proxy._pyroClaimOwnership()
            try:
                return proxy.call(key)
            except PyroError as error:
                return error

        for key, thread in enumerate(whose):
            answer = threads[thread].submit(call, key).result(PATIENCE)
            assert answer == key or isinstance(answer, (CommunicationError, RemoteError)), answer
            assert type(answer) is not str
        if not idempotent:
            assert all(count == 1 for count in server.arrived.values())
        else:
            assert all(count <= 1 + retries for count in server.arrived.values())
        proxy._pyroClaimOwnership()
        proxy._pyroRelease()


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
@pytest.mark.parametrize(("retries", "idempotent"), [(0, False), (2, False), (2, True)])
def test_each_wrong_answer(move: Any, retries: int, idempotent: bool) -> None:
    check_calls([right, move, move, right, move], [0, 1, 0, 1, 1, 0, 1, 0], retries, idempotent)


@given(
    st.lists(st.sampled_from(MOVES), max_size=8),
    st.lists(st.integers(0, 1), min_size=1, max_size=10),
    st.integers(0, 2),
    st.booleans(),
)
@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_wrong_answers(moves: Any, whose: list[int], retries: int, idempotent: bool) -> None:
    check_calls(moves, whose, retries, idempotent)


def test_a_thread_that_claims_in_the_middle_of_anothers_call(in_thread: Callable[..., Any]) -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def slow(peer: Peer, sequence: int, key: Any) -> None:
        asked.set()
        assert may_answer.wait(PATIENCE)
        right(peer, sequence, key)

    server = HostileServer([right, slow])
    try:
        proxy: Any = Proxy(server.uri, config=settings(COMMTIMEOUT=PATIENCE))
        assert proxy.call(0) == 0
        first = in_thread(lambda: (proxy._pyroClaimOwnership(), proxy.call(1))[1])
        assert asked.wait(PATIENCE)
        proxy._pyroClaimOwnership()
        for key in (2, 3):
            with pytest.raises(PyroError, match="another thread is in the middle of a call"):
                proxy.call(key)
        may_answer.set()
        assert first.result(PATIENCE) == 1
        assert proxy.call(4) == 4
        assert server.arrived == {0: 1, 1: 1, 4: 1}
        proxy._pyroRelease()
    finally:
        server.stop()


# Exceptions that would end a program

ENDING = [
    name
    for name, cls in vars(builtins).items()
    if isinstance(cls, type) and issubclass(cls, BaseException) and not issubclass(cls, Exception)
]
"""What Python itself has of them."""


def spelt(name: str) -> list[str]:
    return [f"builtins.{name}", name, f"exceptions.{name}"]


@pytest.mark.parametrize("name", [spelling for name in ENDING for spelling in spelt(name)])
@pytest.mark.parametrize("form", ["call", "batch", "read", "stream", "value"])
def test_what_ends_programs_is_an_error_like_any(name: str, form: str) -> None:
    def serve(peer: Peer) -> None:
        peer.greet()
        flags, value = Flags.EXCEPTION, described(name, 3)
        if form == "stream":
            parts: dict[str, Any] = {"annotations": {"STRM": b"x" * 36}}
            peer.answer(peer.receive_call(), value, flags=flags | Flags.ITEM_STREAM_RESULT, **parts)
        request = peer.receive_call()
        wrapped = {"__class__": "Pyro5.core._ExceptionWrapper", "exception": value}
        if form == "batch":
            peer.answer(request, [1, wrapped], flags=Flags.BATCH)
        elif form == "value":
            peer.answer(request, wrapped)
        else:
            peer.answer(request, value, flags=flags)
        assert peer.receive() is None

    with fake_server(serve) as server, Proxy[Any](server.uri) as proxy:
        with pytest.raises(RemoteError) as caught:
            _use(proxy, form)
        connected = proxy._pyroConnection is not None
    assert connected
    assert caught.value.type_name == name
    assert "3" in str(caught.value)
    assert "in a hostile place" in "".join(caught.value._pyroTraceback)


def _use(proxy: Any, form: str) -> None:
    if form == "batch":
        calls = BatchProxy(proxy)
        calls.call()
        calls.call()
        results = calls()
        assert results is not None
        assert next(results) == 1
        next(results)
    elif form == "read":
        _ = proxy.level
    elif form == "stream":
        next(proxy.call())
    elif form == "value":
        proxy.call().raise_()
    else:
        proxy.call()


class ExitError(Exception):
    """Is told under the name that is its argument."""


@Pyro5.api.expose
class Pyro5Service:
    """Served by a real Pyro5, which sends what its program has registered."""

    def fail(self, name: str) -> None:
        raise ExitError(name)

    @property
    def broken(self) -> None:
        raise ExitError("SystemExit")

    def iterate(self, name: str) -> Iterator[int]:
        yield 1
        raise ExitError(name)

    def fine(self) -> str:
        return "fine"


@pytest.fixture(scope="module")
def pyro5() -> Iterator[str]:
    """The URI of such a service. Pyro5 leaves descriptors open, so that it is one for all tests."""

    def tell(error: ExitError) -> dict[str, Any]:
        return {**described(f"builtins.{error.args[0]}", 3), "attributes": {}}

    Pyro5.api.register_class_to_dict(ExitError, tell)
    daemon = Pyro5.api.Daemon(host="127.0.0.1")
    uri = daemon.register(Pyro5Service())
    thread = threading.Thread(target=daemon.requestLoop, daemon=True)
    thread.start()
    yield str(uri)
    daemon.shutdown()
    thread.join(PATIENCE)
    daemon.close()
    Pyro5.api.unregister_class_to_dict(ExitError)


@pytest.mark.parametrize("serializer", ["serpent", "json", "msgpack", "marshal"])
@pytest.mark.parametrize("name", ENDING)
def test_a_real_pyro5_that_sends_them(pyro5: str, serializer: str, name: str) -> None:
    with Proxy[Any](pyro5, config=settings(SERIALIZER=serializer, COMMTIMEOUT=PATIENCE)) as proxy:
        forms: list[Callable[[], Any]] = [lambda: proxy.fail(name), lambda: list(proxy.iterate(name))]
        if name == "SystemExit":
            forms.append(lambda: proxy.broken)
        if serializer != "marshal":  # Pyro5 cannot write what fails in a batch there
            forms.append(lambda: list(_batch(proxy, name)))
        for use in forms:
            with pytest.raises(RemoteError) as caught:
                use()
            assert caught.value.type_name == f"builtins.{name}"
            assert proxy.fine() == "fine"


def _batch(proxy: Any, name: str) -> Iterator[Any]:
    calls = BatchProxy(proxy)
    calls.fine()
    calls.fail(name)
    return calls() or iter(())
