"""What may be changed while it waits for a slow reader is copied, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

import pyroplug.steady as module
from pyroplug.steady import steady


def test_one_buffer_is_the_codecs_own() -> None:
    for payload in (b"x", bytearray(b"x"), memoryview(bytearray(b"x"))):
        assert steady(payload) is payload


def test_what_nobody_can_change_is_not_copied() -> None:
    data = b"x" * 10
    for part in (data, memoryview(data), memoryview(bytearray(data)).toreadonly()):
        assert steady((b"head", part))[1] is part


def test_a_bytearray_of_nobody_else_is_not_copied() -> None:
    payload = (b"head", bytearray(b"x" * 10))
    assert steady(payload)[1] is payload[1]


@pytest.mark.parametrize("hold", [lambda data: data, lambda data: [data], memoryview])
def test_a_bytearray_that_somebody_has_is_copied(hold: Any) -> None:
    data = bytearray(b"x" * 10)
    held = hold(data)
    payload = (b"head", data)
    del data
    sent = steady(payload)
    payload[1][:1] = b"y"  # type: ignore[index]
    assert sent == (b"head", b"x" * 10)
    del held
    assert steady(payload)[1] is payload[1]


def test_a_view_that_can_be_written_to_is_copied() -> None:
    view = memoryview(bytearray(b"x" * 10))
    sent = steady((view,))
    view[0] = 0
    assert sent == (b"x" * 10,)


def test_where_references_are_not_counted_every_bytearray_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_count", None)
    payload = (bytearray(b"x"),)
    assert type(steady(payload)[0]) is bytes
