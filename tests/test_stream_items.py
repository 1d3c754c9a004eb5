from __future__ import annotations

import array
import itertools
from collections import deque
from typing import Any

import pytest

from pyroplug.streams.items import never_waits, size_of


@pytest.mark.parametrize(
    "source", [[], (), "text", "ä", b"", bytearray(), set(), frozenset(), {}, range(3), deque(), {}.items()]
)
def test_what_is_in_memory_is_at_hand(source: Any) -> None:
    assert never_waits(iter(source))
    assert (
        type(source) in (str, bytes, bytearray)
        or not hasattr(source, "__reversed__")
        or never_waits(reversed(source))
    )


class Own:
    def __getitem__(self, index: int) -> int:
        return index


@pytest.mark.parametrize(
    "iterator",
    [
        (one for one in ""),
        map(str, []),
        zip([], strict=True),
        enumerate([]),
        itertools.count(),
        itertools.chain([]),
        iter(Own()),
        iter(int, 1),
        reversed((1, 2)),
    ],
    ids=lambda it: type(it).__name__,
)
def test_of_anything_else_nobody_knows(iterator: Any) -> None:
    assert not never_waits(iterator)


class Slotted:
    __slots__ = ()


class WithState:
    def __init__(self) -> None:
        self.data = bytes(5000)


class Tempting:
    """Must not be asked for anything: it may be a proxy."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


@pytest.mark.parametrize(
    ("item", "least", "most"),
    [
        (1, 1, 50),
        (None, 1, 50),
        (bytes(10_000), 10_000, 10_100),
        (bytearray(10_000), 10_000, 10_100),
        ("x" * 10_000, 10_000, 10_100),
        (memoryview(bytes(10_000)), 10_000, 10_100),
        (array.array("d", range(1000)), 64, 10_000),
        ([bytes(1000)] * 1000, 1_000_000, 1_100_000),
        ({"key": bytes(10_000)}, 10_000, 11_000),
        ([[[bytes(1000)] * 10] * 10], 100_000, 110_000),
        ([], 1, 50),
        ({1, 2, 3}, 1, 200),
        (Slotted(), 1, 100),
        (WithState(), 5000, 5200),
        (Tempting(), 1, 100),
        (object(), 1, 100),
    ],
    ids=lambda value: type(value).__name__,
)
def test_about_how_large_items_are(item: Any, least: int, most: int) -> None:
    assert least <= size_of(item) <= most


def test_what_contains_itself() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert size_of(endless) < 1000


class Meta(type):
    def __getattr__(cls, name: str) -> Any:
        raise SystemExit(name) if name == "nbytes" else AttributeError(name)


class Secretive(metaclass=Meta):
    """Its class must not be asked for its size."""


class Sized:
    @property
    def nbytes(self) -> int:
        raise KeyboardInterrupt


@pytest.mark.parametrize("item", [Secretive(), Sized()])
def test_what_raises_has_a_size_all_the_same(item: Any) -> None:
    assert size_of([item]) > 0
