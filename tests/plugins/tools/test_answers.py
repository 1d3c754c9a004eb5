"""Answers as text for people, and as JSON for programs."""

from __future__ import annotations

import datetime
import io
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_tools.answers import as_json, as_text, write

from pyroplug.api import URI, Proxy

ADDRESS = "PYRO:thing@localhost:4444"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        ("it's\nso", "it's\nso"),
        (3, "3"),
        (["a"], "['a']"),
        ({"b": 1, "a": 2}, "{'b': 1, 'a': 2}"),
        (URI(ADDRESS), ADDRESS),
        (b"x", "b'x'"),
    ],
)
def test_for_people(value: Any, text: str | None) -> None:
    assert as_text(value) == text


def test_a_proxy_is_its_address() -> None:
    assert as_text(Proxy(ADDRESS)) == ADDRESS
    assert json.loads(as_json([Proxy(ADDRESS)])) == [ADDRESS]


@pytest.mark.parametrize(
    ("value", "document"),
    [
        (None, None),
        (True, True),
        ("ä\n", "ä\n"),
        ((1, 2.5), [1, 2.5]),
        ({"b", "a"}, ["a", "b"]),
        (b"\x00", {"data": "AA==", "encoding": "base64"}),
        (bytearray(b"x"), {"data": "eA==", "encoding": "base64"}),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ({1: {None: 2}}, {"1": {"None": 2}}),
        (datetime.date(2024, 1, 2), "2024-01-02"),
        (1 + 2j, "(1+2j)"),
        ({(1, 2): 3}, {"[1, 2]": 3}),
    ],
)
def test_for_programs(value: Any, document: Any) -> None:
    line = as_json(value)
    assert "\n" not in line
    assert json.loads(line) == document


@given(
    st.recursive(st.none() | st.integers() | st.text() | st.floats() | st.binary(), st.lists, max_leaves=8)
)
def test_it_is_always_strict_json(value: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    json.loads(as_json(value), parse_constant=refuse)


class Output(io.TextIOWrapper):
    def __init__(self, terminal: bool, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def written(self) -> str:
        self.seek(0)
        return self.read()


def test_a_terminal_gets_no_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a\x1b[2J\r\tä\n\x9b"
    for terminal, shown in ((True, "a\\x1b[2J\\r\tä\n\\x9b\n"), (False, f"{text}\n")):
        monkeypatch.setattr(sys, "stdout", output := Output(terminal))
        write(text)
        written = output.buffer.getvalue().decode()  # type: ignore[attr-defined]
        assert written == shown


def test_what_the_output_cannot_have_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", output := Output(False, "ascii"))
    write("ä\ud800")
    assert output.written() == "\\xe4\\ud800\n"
