"""What is read without a parser is read as the parser reads it."""

from __future__ import annotations

import ast
from types import SimpleNamespace
from typing import Any

import pytest
import serpent
from hypothesis import example, given
from hypothesis import strategies as st
from pyroplug_serpent import serializer

from pyroplug.values import registry

codec = serializer.SerpentSerializer().codec(SimpleNamespace(SERPENT_BYTES_REPR=False), registry)

names = st.text(st.sampled_from("aZ09_.- '\"\\\n\x00é€"), max_size=8)


def parsed(data: bytes) -> Any:
    return ast.literal_eval(str(data, "utf-8"))


@pytest.mark.parametrize("value", [None, True, False, (), ""])
def test_constants(value: Any) -> None:
    data = serpent.dumps(value)
    assert data in serializer._CONSTANTS
    for form in (data, bytearray(data), memoryview(data)):
        assert codec.loads(form) == parsed(data) == value
        assert type(codec.loads(form)) is type(value)


def test_every_constant_is_what_its_text_says() -> None:
    for data, value in serializer._CONSTANTS.items():
        assert parsed(data) == value
        assert type(parsed(data)) is type(value)


@given(names, names)
@example("obj_0123456789abcdef", "method")
@example("Pyro.Daemon", "__len__")
def test_calls_without_arguments(object_id: str, method: str) -> None:
    data = serpent.dumps((object_id, method, (), {}))
    for form in (data, bytearray(data), memoryview(data)):
        assert codec.loads_call(form) == parsed(data) == (object_id, method, (), {})


def test_a_shortcut_is_taken_for_usual_names_alone() -> None:
    assert serializer._bare_call(serpent.dumps(("stock", "total", (), {})))
    for call in [("stock", "it's", (), {}), ("a\\", "b", (), {}), ("é", "b", (), {}), ("s", "t", (1,), {})]:
        assert serializer._bare_call(serpent.dumps(call)) is None


def test_the_keywords_of_two_calls_are_not_the_same_dictionary() -> None:
    data = serpent.dumps(("stock", "total", (), {}))
    assert codec.loads_call(data)[3] is not codec.loads_call(data)[3]
