"""The clients of the soak: what is not as it should be is noticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from soak.clients import Client, Library, Locations
from soak.server import Service, Sibling


class NoError(Exception):
    """What this library's errors are."""


class Here:
    """Stands for a proxy, and calls the object itself, or what is put in its place."""

    _pyroSerializer = "json"

    def __init__(self, service: Service, changes: dict[str, Callable[..., Any]]) -> None:
        self._service, self._changes = service, changes

    def __getattr__(self, name: str) -> Any:
        return self._changes.get(name) or getattr(self._service, name)

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Batch:
    def __init__(self, proxy: Any) -> None:
        self._proxy, self._calls = proxy, list[tuple[Any, ...]]()

    def count(self, *args: Any) -> None:
        self._calls.append(args)

    def __call__(self) -> Iterator[Any]:
        return (self._proxy.count(*args) for args in self._calls)


class Nearby(Sibling):
    def __enter__(self) -> Nearby:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("soak.clients.PATIENCE", 0.2)


def run(**changes: Callable[..., Any]) -> tuple[Client, list[str]]:
    """A client that runs for a moment; all that it found wrong."""
    library = Library("pyroplug")
    service = Service(Nearby())
    library.proxy = lambda _uri: Here(service, changes)
    library.batch, library.error = Batch, NoError
    client = Client(library, [Locations("tcp", "unix", "faulty")], "client")
    client.run(0.2)
    return client, client.wrong + client.ledgers[0].wrong


def test_nothing_is_wrong_where_nothing_is() -> None:
    client, wrong = run()
    assert wrong == []
    assert client.done["call"] > 10
    assert client.broken == 0


def fail(*_: Any) -> Any:
    raise NoError("it broke")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"echo": lambda value: "another"}, "echo: 'another' instead of"),
        ({"echo": lambda value: value[:-1] if type(value) is str else value}, "a large value came back"),
        ({"fail": lambda text: None}, "an exception is missing"),
        ({"items": lambda count, word: iter(["one"])}, "stream: "),
        ({"count": fail}, "it broke"),
        ({"count": lambda client, number: number + 1}, "call: "),
        ({"sibling": (1).__truediv__}, "TypeError"),
    ],
)
def test_wrong_answers(changes: dict[str, Any], told: str) -> None:
    _, wrong = run(**changes)
    assert any(told in text for text in wrong)


def test_calls_that_are_lost_or_run_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    _, wrong = run(count=lambda client, number: number)
    assert any("was lost" in text for text in wrong)
    twice = Service.count

    def count(self: Service, client: str, number: int) -> int:
        twice(self, client, number)
        return twice(self, client, number)

    monkeypatch.setattr(Service, "count", count)
    _, wrong = run()
    assert any("ran more than once" in text for text in wrong)
