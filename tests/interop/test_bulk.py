"""Large bytes and texts, by themselves and within other values, between the two libraries."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import ALL, Link, over

pytestmark = over([link for link in ALL if link.serializer in ("msgpack", "marshal")])

SIZE = 1_500_000
DATA = bytes(range(256)) * (SIZE // 256)


def test_bytes_in_every_form(service: Any) -> None:
    assert service.value(DATA) == DATA
    assert service.value(bytearray(DATA)) == DATA


def test_within_other_values(service: Any, link: Link) -> None:
    text = "žluťoučký кот 猫 \U0001f408" * 10_000
    value = [1, {"name": "x", "content": DATA, "text": text}, [text, DATA]]
    assert service.value(value) == value
    assert service.call(DATA, 1, text, x=DATA, y=value) == [[DATA, 1, text], {"x": DATA, "y": value}]
    assert service.combine(text, third=[DATA] * 20) == [text, "two", [DATA] * 20]


def test_views(service: Any, link: Link) -> None:
    if link.client == "Pyro5" and link.serializer == "marshal":
        pytest.skip("Pyro5 makes no bytes of a memoryview there")
    assert service.value(memoryview(DATA)) == DATA


def test_in_batches_and_one_way(service: Any, link: Link, client: Any) -> None:
    if link.client == "Pyro5" and link.serializer == "marshal":
        pytest.skip("Pyro5's own client cannot do this with marshal")
    batch = client.api.BatchProxy(service)
    batch.value(DATA)
    batch.value([DATA, 1])
    assert list(batch()) == [DATA, [DATA, 1]]
    service.note(f"bulk {link} {'x' * SIZE}")
    assert [len(note) for note in service.notes(f"bulk {link} ", 1)] == [len(f"bulk {link} ") + SIZE]
