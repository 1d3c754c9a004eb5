"""Calls, properties, one-way calls and batches, over the whole matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from .conftest import ALL, Link, over
from .harness import Library

pytestmark = over(ALL)


def cannot(link: Link) -> bool:
    """Whether this client itself fails at properties and batches: Pyro5's does with marshal."""
    return link.client == "Pyro5" and link.serializer == "marshal"


def skip_if_it_cannot(link: Link) -> None:
    if cannot(link):
        pytest.skip("Pyro5's own client cannot do this with marshal")


def test_arguments_arrive_and_results_come_back(service: Any) -> None:
    assert service.call() == [[], {}]
    assert service.call(1, "two", None, x=3.5, y=[True]) == [[1, "two", None], {"x": 3.5, "y": [True]}]
    assert service.combine("one") == ["one", "two", "three"]
    assert service.combine("one", third=3) == ["one", "two", 3]
    assert service.combine(second="zwei", first="eins") == ["eins", "zwei", "three"]
    assert service.nothing() is None


def test_every_character_survives(service: Any) -> None:
    text = "žluťoučký кот 猫 \U0001f408 \x00\x1f\x7f ' \" \\ \r\n\t  \u2028"
    assert service.value(text) == text
    assert service.call(ключ=text) == [[], {"ключ": text}]


@pytest.mark.parametrize("size", [70_000, 1_500_000])
def test_large_values(service: Any, size: int) -> None:
    text = service.text(size)
    assert text == "0123456789" * (size // 10)
    assert service.length(text) == size
    assert service.value(text) == text


def test_many_calls_on_one_connection(service: Any) -> None:
    assert [service.value(number) for number in range(50)] == list(range(50))


def test_wrong_arguments_are_a_type_error(service: Any) -> None:
    with pytest.raises(TypeError, match="first"):
        service.combine()
    with pytest.raises(TypeError, match="unexpected"):
        service.combine(1, fourth=4)
    assert service.value(1) == 1


def test_properties(connect: Callable[..., Any], link: Link) -> None:
    skip_if_it_cannot(link)
    service = connect()
    service.number = 5
    assert service.number == 5
    service.number = ["a", {"b": "č"}]
    assert service.number == ["a", {"b": "č"}]
    assert service.constant == "always"
    with pytest.raises(AttributeError):
        service.constant = "never"
    with pytest.raises(ValueError, match="a broken property"):
        _ = service.broken
    assert service.constant == "always"


def test_one_way_calls_arrive(service: Any) -> None:
    prefix = f"{uuid4()} "
    for number in range(20):
        assert service.note(f"{prefix}{number}") is None
    assert service.note_and_fail(f"{prefix}failing") is None
    assert sorted(service.notes(prefix, 21)) == sorted(
        [f"{prefix}failing", *(f"{prefix}{number}" for number in range(20))]
    )


def test_batches(connect: Callable[..., Any], link: Link, client: Library) -> None:
    skip_if_it_cannot(link)
    service = connect()
    batch = client.api.BatchProxy(service)
    assert batch.value(1) is None
    batch.combine("a", third="c")
    batch.value("žž")
    assert list(batch()) == [1, ["a", "two", "c"], "žž"]
    batch.value(2)
    assert list(batch()) == [2]
    assert service.value(3) == 3


def test_a_batch_ends_with_a_failing_call(connect: Callable[..., Any], link: Link, client: Library) -> None:
    skip_if_it_cannot(link)
    if (link.server, link.serializer) == ("Pyro5", "marshal"):
        pytest.skip("Pyro5's own server cannot write the failure with marshal")
    batch = client.api.BatchProxy(connect())
    batch.value(1)
    batch.fail("builtin")
    batch.value(2)
    results = batch()
    assert next(results) == 1
    with pytest.raises(ValueError, match="no such thing") as caught:
        next(results)
    assert "no such thing" in "".join(caught.value._pyroTraceback)
    assert list(results) == []


def test_one_way_batches(connect: Callable[..., Any], link: Link, client: Library) -> None:
    skip_if_it_cannot(link)
    service = connect()
    prefix = f"{uuid4()} "
    batch = client.api.BatchProxy(service)
    for number in range(3):
        batch.note(f"{prefix}{number}")
    assert batch(oneway=True) is None
    assert sorted(service.notes(prefix, 3)) == [f"{prefix}{number}" for number in range(3)]


def test_iterators(connect: Callable[..., Any], link: Link) -> None:
    service = connect()
    assert list(service.count_to(4)) == [1, 2, 3, 4]
    assert list(service.count_to(0)) == []
    assert list(service.mapped([1, 2])) == ["1", "2"]
    items = service.two_then_fail()
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(ValueError, match="no third one"):
        next(items)
    if not cannot(link):
        assert list(service.countdown) == [3, 2, 1]


def test_two_iterators_and_calls_at_the_same_time(service: Any) -> None:
    first, second = service.count_to(3), service.count_to(3)
    assert [next(first), next(second), next(first), service.value("x"), next(second), next(first)] == [
        1,
        1,
        2,
        "x",
        2,
        3,
    ]


def test_special_methods(connect: Callable[..., Any]) -> None:
    container = connect("container")
    key = str(uuid4())
    size = len(container)
    container[key] = [1, 2]
    assert container[key] == [1, 2]
    assert len(container) == size + 1
    assert key in iter(container)
    del container[key]
    with pytest.raises(KeyError, match=key):
        container[key]
    assert bool(container)
    assert list(iter(connect("indexed"))) == ["a", "b", "c"]


def test_autoproxy(connect: Callable[..., Any], link: Link) -> None:
    if link.serializer == "marshal":
        pytest.skip("marshal and Pyro5's objects do not go together")
    service = connect()
    with service.spare() as spare:
        spare._pyroSerializer = link.serializer
        assert spare._pyroUri.object == "spare"
        assert spare.value("x") == ["spare", "x"]
        assert service.type_name(spare) == "Proxy"
    first, second = service.spares()
    assert first == second["it"] == spare
