"""Remote iterators with real Pyro5 at one end, which notices nothing of what the other end could do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from .conftest import EACH_SERIALIZER, EACH_SERVER, Link, over
from .harness import Library


@over([*EACH_SERIALIZER, *EACH_SERVER])
def test_long_ones(service: Any) -> None:
    assert list(service.count_to(300)) == list(range(1, 301))
    assert list(service.mapped(list(range(100)))) == list(map(str, range(100)))


@over(EACH_SERVER)
def test_several_at_a_time_with_calls_and_reconnects_in_between(
    service: Any, client: Library, release: Callable[[Any], None]
) -> None:
    streams = [service.count_to(40) for _ in range(5)]
    for number in range(1, 41):
        assert [next(items) for items in streams] == [number] * 5
        assert service.value(number) == number
        if number % 10 == 0:
            release(service)
            with pytest.raises(client.errors.ConnectionClosedError):
                next(streams[0])
            service._pyroBind()
    assert [list(items) for items in streams] == [[]] * 5


@over(EACH_SERVER)
def test_an_endless_one_is_closed(service: Any) -> None:
    name = str(uuid4())
    items = service.told(name)
    assert [next(items) for _ in range(50)] == list(range(50))
    items.close()
    assert service.value("the next call") == "the next call"
    assert service.notes(name, 1) == [f"{name} closed"]


@over([link for link in EACH_SERVER if link.client == "Pyro5"])
def test_pyro5_takes_one_item_a_call(
    service: Any, client: Library, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = spy(monkeypatch, client, service)
    assert list(service.count_to(3)) == [1, 2, 3]
    assert asked == ["count_to", *["get_next_stream_item"] * 4]


@over([link for link in EACH_SERVER if link.server == "Pyro5"])
def test_pyro5_is_asked_for_one_item_a_call(service: Any) -> None:
    service._pyroBind()
    asked: list[str] = []
    channel = service._pyroChannel
    call = channel.call

    def spying(method: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(method)
        return call(method, *args, **kwargs)

    channel.call = spying
    try:
        assert list(service.count_to(3)) == [1, 2, 3]
    finally:
        del channel.call
    assert [name for name in asked if name != "count_to"] == ["get_next_stream_item"] * 4


def spy(monkeypatch: pytest.MonkeyPatch, client: Library, service: Any) -> list[str]:
    """The methods that a proxy of Pyro5 calls from now on."""
    asked: list[str] = []
    invoke: Callable[..., Any] = client.api.Proxy._pyroInvoke

    def spying(self: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(method)
        return invoke(self, method, *args, **kwargs)

    service._pyroBind()
    monkeypatch.setattr(client.api.Proxy, "_pyroInvoke", spying)
    return asked
