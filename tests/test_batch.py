"""Many calls in one message."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyroplug.api import BatchProxy, Proxy, expose, oneway
from pyroplug.errors import CommunicationError, ProtocolError, RemoteError

from .fake_server import Peer, fake_server
from .running import BOTH_MODELS, Running, Way
from .support import PATIENCE, wait_for, wait_until


class OwnError(Exception):
    pass


@expose
class Thing:
    def __init__(self) -> None:
        self._seen: list[Any] = []
        self._gate = threading.Event()

    def append(self, value: Any, *, twice: bool = False) -> int:
        self._seen += [value] * (2 if twice else 1)
        return len(self._seen)

    def seen(self) -> list[Any]:
        return self._seen

    def fail(self) -> None:
        error = ValueError("it fails", 2)
        error.code = 7  # type: ignore[attr-defined]
        raise error

    def stop(self) -> None:
        raise StopIteration("not the end", 3)

    def fail_strangely(self) -> None:
        raise OwnError("strange")

    def numbers(self) -> Iterator[int]:
        yield 1

    @oneway
    def open(self) -> None:
        self._gate.set()

    def wait(self) -> str:
        wait_for(self._gate, "the gate")
        return "through"

    def _private(self) -> None:
        raise AssertionError("nobody may get here")


@pytest.fixture(params=BOTH_MODELS, ids=str)
def proxy(run_daemon: Callable[..., Running], request: pytest.FixtureRequest) -> Any:
    way: Way = request.param
    return run_daemon(way, thing=Thing(), SERIALIZERS_ACCEPTED=("json", "msgpack", "marshal")).proxy()


@pytest.fixture
def batch(proxy: Any) -> Any:
    return BatchProxy(proxy)


def test_calls_wait_until_the_batch_is_called(proxy: Any, batch: Any) -> None:
    assert batch.append("a") is None
    assert batch.append("b", twice=True) is None
    assert proxy._pyroConnection is None
    results = batch()
    assert iter(results) is results
    assert list(results) == [1, 3]
    assert proxy.seen() == ["a", "b", "b"]
    assert proxy._pyroSeq == 2


@pytest.mark.parametrize("serializer", ["json", "msgpack", "marshal", "serpent"])
def test_every_serializer(proxy: Any, batch: Any, serializer: str) -> None:
    proxy._pyroSerializer = serializer
    batch.append("žluť", twice=True)
    batch.fail()
    results = batch()
    assert next(results) == 2
    with pytest.raises(ValueError, match="it fails"):
        next(results)


def test_an_empty_batch(batch: Any) -> None:
    assert list(batch()) == []
    assert batch(oneway=True) is None


def test_a_batch_can_be_used_again(batch: Any) -> None:
    append = batch.append
    append("a")
    assert list(batch()) == [1]
    append("b")
    batch.append("c")
    assert list(batch()) == [2, 3]
    assert list(batch()) == []


def test_a_failing_call_ends_it(proxy: Any, batch: Any) -> None:
    batch.append("a")
    batch.fail()
    batch.append("never")
    results = batch()
    assert next(results) == 1
    with pytest.raises(ValueError, match="it fails") as caught:
        next(results)
    assert caught.value.args == ("it fails", 2)
    assert caught.value.code == 7  # type: ignore[attr-defined]
    assert "in fail" in "".join(caught.value._pyroTraceback)  # type: ignore[attr-defined]
    assert list(results) == []
    assert proxy.seen() == ["a"]
    assert proxy._pyroConnection


def test_a_failure_of_a_class_that_is_unknown(batch: Any) -> None:
    batch.fail_strangely()
    with pytest.raises(RemoteError, match="OwnError: strange"):
        next(batch())


@pytest.mark.parametrize("name", ["nothing", "_private", "__init__"])
def test_names_that_are_not_exposed(proxy: Any, batch: Any, name: str) -> None:
    batch.append("before")
    if name.startswith("__"):
        with pytest.raises(AttributeError):
            getattr(batch, name + "_not_here")
        batch._pyroCalls.append((name, (), {}))
    else:
        getattr(batch, name)()
    batch.append("never")
    results = batch()
    assert next(results) == 1
    with pytest.raises(AttributeError, match=name):
        next(results)
    assert proxy.seen() == ["before"]


def test_iterators_are_no_results_of_a_batch(batch: Any) -> None:
    batch.numbers()
    with pytest.raises(ProtocolError, match="iterator"):
        next(batch())


def test_calls_that_were_not_made_are_not_made_next_time(proxy: Any, batch: Any) -> None:
    batch.append(object())
    with pytest.raises(ProtocolError):
        batch()
    batch.append("fine")
    assert list(batch()) == [1]
    assert proxy.seen() == ["fine"]


def test_one_way(proxy: Any, batch: Any) -> None:
    batch.wait()
    batch.append("at last")
    batch.open()
    assert batch(oneway=True) is None
    proxy.open()
    batch.wait()
    assert list(batch()) == ["through"]


def test_a_one_way_batch_holds_up_nobody(proxy: Any, batch: Any) -> None:
    batch.wait()
    batch.append("at last")
    batch(oneway=True)
    assert proxy.seen() == []  # on the same connection, while the batch still waits
    proxy.open()
    wait_until(lambda: proxy.seen() == ["at last"], "the end of the batch")


def test_one_way_methods_in_a_batch_have_results(batch: Any) -> None:
    batch.open()
    batch.append(1)
    assert list(batch()) == [None, 1]


def test_copies_and_with_blocks(proxy: Any, batch: Any) -> None:
    batch.append("shared")
    twin = copy.copy(batch)
    batch.append("mine")
    twin.append("theirs")
    with batch as same:
        assert same is batch
    assert list(batch()) == [1, 2]
    assert list(twin()) == [3, 4]
    assert proxy.seen() == ["shared", "mine", "shared", "theirs"]


def test_a_batch_takes_the_proxy_over(proxy: Any, batch: Any, in_thread: Callable[..., Any]) -> None:
    batch.append(1)
    assert in_thread(lambda: list(batch())).result(PATIENCE) == [1]
    batch.append(2)
    assert list(batch()) == [2]


def test_a_batch_that_nobody_answers() -> None:
    def hang_up(peer: Peer) -> None:
        peer.greet()
        peer.receive_call()

    def answer_nonsense(peer: Peer) -> None:
        peer.greet()
        peer.answer(peer.receive_call(), {"no": "list"})
        assert peer.receive() is None

    with fake_server(hang_up, answer_nonsense) as server, Proxy(server.uri) as proxy:
        batch: Any = BatchProxy(proxy)
        batch.call()
        with pytest.raises(CommunicationError):
            batch()
        assert batch._pyroCalls == []
        batch.call()
        with pytest.raises(ProtocolError, match="dict"):
            batch()


def test_the_end_of_an_iteration_is_not_the_end_of_the_results(batch: Any) -> None:
    batch.append(1)
    batch.stop()
    batch.append(2)
    results = batch()
    assert next(results) == 1
    with pytest.raises(RemoteError, match="not the end") as caught:
        next(results)
    assert (caught.value.type_name, caught.value.remote_args) == (
        "builtins.StopIteration",
        ("not the end", 3),
    )
    assert "in stop" in "".join(caught.value._pyroTraceback)
    assert list(results) == []
