"""Binary data as the page of tips has it: what carries it, and how more travels than a message holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import Pyro5.api
import pytest
import serpent

from pyroplug.api import config, current_context, expose
from pyroplug.errors import MessageTooLargeError, SerializeError
from tests.running import Running, Way, settings
from tests.support import PATIENCE

EITHER = pytest.mark.parametrize("server", ["threadpool", "multiplex"])
ALL_FOUR = ("serpent", "marshal", "json", "msgpack")
SAID = b"irmen de jong"
"""Anything will do; this is what the page shows."""


@expose
class Store:
    def give(self, kind: str) -> Any:
        return {"str": "x" * 100_000, "bytes": SAID, "bytearray": bytearray(SAID)}[kind]

    def is_bytes(self, value: Any) -> bool:
        return isinstance(value, bytes)

    def chunks(self, number: int, size: int) -> Iterator[str]:
        for index in range(number):
            yield chr(ord("a") + index % 26) * size

    def whole(self, size: int) -> str:
        return "x" * size

    def beside(self, size: int) -> None:
        current_context.response_annotations = {"FILE": bytes(size)}


def proxies(running: Running, serializer: str) -> Iterator[Any]:
    """One of each library."""
    ours = running.proxy("store", config=settings(SERIALIZER=serializer))
    yield ours
    with Pyro5.api.Proxy(str(running.daemon.uriFor("store"))) as theirs:
        theirs._pyroTimeout = PATIENCE
        theirs._pyroSerializer = serializer
        yield theirs


@EITHER
@pytest.mark.parametrize("serializer", ALL_FOUR)
@pytest.mark.parametrize("kind", ["str", "bytes", "bytearray"])
def test_which_serializer_carries_what(
    run_daemon: Callable[..., Running], server: str, serializer: str, kind: str
) -> None:
    running = run_daemon(Way(server), store=Store(), SERIALIZERS_ACCEPTED=ALL_FOUR)
    for store in proxies(running, serializer):
        if kind == "str":
            assert store.give(kind) == "x" * 100_000
        elif serializer == "json":
            with pytest.raises((SerializeError, Pyro5.errors.SerializeError)):
                store.give(kind)
            assert len(store.give("str")) == 100_000  # nothing is broken by that
        elif serializer == "serpent":
            value = store.give(kind)
            assert value == {"data": "aXJtZW4gZGUgam9uZw==", "encoding": "base64"}
            assert serpent.tobytes(value) == SAID
        else:
            assert store.give(kind) == SAID


@EITHER
def test_serpent_writes_bytes_as_they_are_where_the_sender_says_so(
    run_daemon: Callable[..., Running], monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    literal = run_daemon(Way(server), store=Store(), SERPENT_BYTES_REPR=True)
    for store in proxies(literal, "serpent"):
        assert store.give("bytes") == SAID
        assert serpent.tobytes(store.give("bytes")) == SAID  # left alone
    # It is the side that sends which counts: this server gets what the client makes of it.
    assert literal.proxy("store").is_bytes(SAID) is False
    assert literal.proxy("store", config=settings(SERPENT_BYTES_REPR=True)).is_bytes(SAID) is True


def test_a_gigabyte_is_the_limit() -> None:
    assert config.copy().MAX_MESSAGE_SIZE == Pyro5.config.MAX_MESSAGE_SIZE == 1024 * 1024 * 1024


@EITHER
@pytest.mark.parametrize("serializer", ["serpent", "msgpack"])
def test_an_iterator_brings_more_than_a_message_holds(
    run_daemon: Callable[..., Running], server: str, serializer: str
) -> None:
    running = run_daemon(Way(server), store=Store(), MAX_MESSAGE_SIZE=200_000)
    for store in proxies(running, serializer):
        with pytest.raises((MessageTooLargeError, Pyro5.errors.CommunicationError)):
            store.whole(1_000_000)
        chunks = list(store.chunks(20, 50_000))
        assert [len(chunk) for chunk in chunks] == [50_000] * 20
        assert [chunk[0] for chunk in chunks] == [chr(ord("a") + index) for index in range(20)]


@EITHER
@pytest.mark.parametrize("serializer", ALL_FOUR)
def test_annotations_pass_the_serializer_by(
    run_daemon: Callable[..., Running], server: str, serializer: str
) -> None:
    running = run_daemon(Way(server), store=Store(), SERIALIZERS_ACCEPTED=ALL_FOUR, MAX_MESSAGE_SIZE=500_000)
    store = running.proxy("store", config=settings(SERIALIZER=serializer))
    store.beside(300_000)
    assert bytes(current_context.response_annotations["FILE"]) == bytes(300_000)
    with pytest.raises(MessageTooLargeError):  # they count as well: larger files take several
        store.beside(600_000)
