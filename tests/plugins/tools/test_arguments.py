"""What is typed, and the values that are meant by it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_tools.arguments import UnclearError, keyword, value_of

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
LITERALS = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(JSON)
def test_json_is_what_it_says(value: Any) -> None:
    assert value_of(json.dumps(value)) == value


@given(LITERALS)
def test_python_is_what_it_says(value: Any) -> None:
    assert value_of(repr(value)) == value


@given(st.text())
def test_everything_else_is_text_or_refused(text: str) -> None:
    """No text makes anything fail in another way, and a plain word is never changed."""
    try:
        value = value_of(text)
    except UnclearError:
        assert text.lstrip()[0] in "'\"[{"
    else:
        assert not isinstance(value, str) or value == text or text.strip(" \t\n\r\f")[-1] in "'\""


@pytest.mark.parametrize(
    "text",
    ["hello", "", "a b", "a=b", "007", "2024-10-11", "1.2.3", "NaN", "Infinity", "-", "...", "x[1]", "(x"],
)
def test_words_stand_for_themselves(text: str) -> None:
    assert value_of(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("True", True),
        ("null", None),
        ("None", None),
        ("-3", -3),
        ("1e3", 1000.0),
        ("0x10", 16),
        ("'42'", "42"),
        ('"a=b"', "a=b"),
        ("{1, 2}", {1, 2}),
        ("(1,)", (1,)),
        ("b'x'", b"x"),
        ("1+2j", 1 + 2j),
    ],
)
def test_values(text: str, value: Any) -> None:
    found = value_of(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("text", ["[1, 2", "{a: 1}", "'it", '"', " [x]"])
def test_half_a_value_is_no_text(text: str) -> None:
    with pytest.raises(UnclearError, match="neither JSON nor a Python literal") as caught:
        value_of(text)
    assert "--text" in caught.value.args[1]


def test_what_is_too_deep_or_too_long_fails_nothing() -> None:
    with pytest.raises(UnclearError):
        value_of("[" * 100_000)
    assert isinstance(value_of("9" * 10_000), (int, str))


def test_keywords() -> None:
    assert keyword("name=3") == ("name", 3)
    assert keyword("name=3", plain=True) == ("name", "3")
    assert keyword("name=") == ("name", "")
    assert keyword("größe_2=a=b\nc") == ("größe_2", "a=b\nc")
    assert math.isclose(keyword("x=1.5")[1], 1.5)


@pytest.mark.parametrize("text", ["name", "=3", "2x=3", "a b=3", "a-b=3"])
def test_what_is_no_keyword(text: str) -> None:
    with pytest.raises(UnclearError, match="NAME=VALUE"):
        keyword(text)


def test_long_texts_are_shortened_in_errors() -> None:
    with pytest.raises(UnclearError) as caught:
        value_of("[" + "x" * 1000)
    assert len(str(caught.value.args[0])) < 200
