"""What :func:`ast.literal_eval` makes of a text, in half of the time, and in proportion to the text.

Python's own parser makes a tree first. That takes five hundred times as much memory as the text, and for some
texts a minute for each megabyte. Here a text is read token by token, as far as it is what serpent writes, in
any language: texts, bytes and numbers in their usual forms, and lists, tuples, sets and dictionaries of them.
Whatever else Python takes for a literal, such as a text in several parts, is left to Python in small texts,
and refused in large ones.
"""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Callable
from typing import Any

__all__ = ["read_literal"]

SMALL = 8192
"""Characters of the largest text that Python's own parser is asked about."""
DEEPEST = 200
"""How deep containers may be nested; Python's own parser has the same limit."""
CROWD = 1000
"""Keys from which on it is looked at whether they were made to meet in one place of a table."""

# The longest number has 100,000 digits: reading one takes a time that grows with their square.
_NUMBER = r"(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?"
_NO_MORE = r"(?![0-9a-zA-Z_.])"
_tokens = re.compile(
    rf"""[ \t\n\r\f]*(?:
      '([^'\\\r\n\0]*)'
    | "([^"\\\r\n\0]*)"
    | (-?(?:0|[1-9][0-9]{{0,99999}})){_NO_MORE}(?![+-])
    | (,)
    | (:)
    | ([\[({{])
    | ([\])}}])
    | (-?(?:[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?){_NO_MORE}(?![+-])
    | (None|True|False){_NO_MORE}
    | (b?['"])
    | ([+-]?(?:0[xXoObB][0-9a-fA-F_]{{,99999}}|(?:{_NUMBER}[+-])?{_NUMBER}[jJ]){_NO_MORE})
    | (set\(\))
    | (\Z)
    )""",
    re.VERBOSE,
).scanner  # type: ignore[attr-defined]
_SINGLE, _DOUBLE, _INTEGER, _COMMA, _COLON, _OPENING, _CLOSING = range(1, 8)
_FLOAT, _CONSTANT, _QUOTE, _OTHER_NUMBER, _EMPTY_SET, _END = range(8, 14)

_beginning = re.compile(r"[ \t]*(?:#[^\n\0]*\n){0,9}").match
_CONSTANTS = {"None": None, "True": True, "False": False}
_SIMPLE: dict[int, Callable[[str], Any]] = {
    _INTEGER: int,
    _FLOAT: float,
    _CONSTANT: _CONSTANTS.__getitem__,
    _OTHER_NUMBER: literal_eval,
    _EMPTY_SET: lambda _: set(),
}

# What is being filled: a container by how it begins, and by what has told tuples, sets and dictionaries.
_AFTER_COMMA = {"[": "[", "(": "(,", "(,": "(,", "{": "{,", "{,": "{,", "{:": "{:,"}
_AFTER_COLON = {"{": "{:", "{:,": "{:"}
_CLOSED_BY = {"[": "]", "(": ")", "(,": ")", "{": "}", "{,": "}", "{:": "}", "{:,": "}"}

# What Python's parser writes warnings about: escapes that are none, and words that follow on numbers.
_curious = re.compile(
    r"\\(?:[^\n\\'\"abfnrtvxuUN0-7]|[4-7][0-7]{2})"
    r"|(?<![^\s(\[{,:+*/-])[0-9.][0-9a-fA-F_xXoObBjJeE.]*(?:and|else|for|if|in|is|not|or)"
).search
_bytes_begin = re.compile(r"[bB][rR]?['\"]").search
_of_texts_alone = re.compile(r"\\[NuU]").search

_not_in_text = re.compile(r"[\r\n\0]").search
_EITHER_ESCAPE = r"\\(?:[\\'\"abfnrtv]|x[0-9a-fA-F]{2}|[0-3][0-7]{2}|[0-7]{1,2}(?![0-7])"
_text_escape = re.compile(rf"{_EITHER_ESCAPE}|u[0-9a-fA-F]{{4}}|U[0-9a-fA-F]{{8}})")
_bytes_escape = re.compile(rf"{_EITHER_ESCAPE})")


def read_literal(text: str) -> Any:
    """The value.

    :raises Exception: what ``literal_eval`` raises; for a large text a ``ValueError``, or a ``TypeError`` for
        a key that cannot be one.
    """
    try:
        return _read(text)
    except Exception:
        if len(text) > SMALL or _curious(text) or (_of_texts_alone(text) and _bytes_begin(text)):
            raise
    return literal_eval(text)


def _read(text: str) -> Any:  # noqa: PLR0912 - a call for each token would take as long as the rest
    start = _beginning(text).end()  # type: ignore[union-attr]
    if text[start : start + 1].isspace():
        raise _unreadable(None)
    following = _tokens(text, start).match
    outer: list[tuple[str, list[Any]]] = []
    kind, items = "", list[Any]()  # what is being filled; at last the value alone
    wanted = True  # a value comes next
    while True:
        token = following()
        which = 0 if token is None else token.lastindex
        if which == _COMMA or which == _COLON:  # noqa: PLR1714, SIM109 - a tuple takes longer
            after = _AFTER_COMMA if which == _COMMA else _AFTER_COLON
            if wanted or kind not in after:
                raise _unreadable(token)
            kind, wanted = after[kind], True
            continue
        if which == _OPENING and wanted:
            if len(outer) >= DEEPEST:
                raise ValueError("too many nested parentheses")
            outer.append((kind, items))
            kind, items = token[which], []
            continue
        if which == _CLOSING:
            if _CLOSED_BY.get(kind) != token[which]:
                raise _unreadable(token)
            value = _made(kind, items)
            kind, items = outer.pop()
        elif not wanted:
            if which == _END and not kind:
                return items[0]
            raise _unreadable(token)
        elif which == _SINGLE or which == _DOUBLE:  # noqa: PLR1714, SIM109
            value = token[which]
        elif which in _SIMPLE:
            value = _SIMPLE[which](token[which])
        elif which == _QUOTE:
            value, end = _with_escapes(text, token[which], token.end())
            following = _tokens(text, end).match
        else:
            raise _unreadable(token)
        items.append(value)
        wanted = False


def _unreadable(token: re.Match[str] | None) -> ValueError:
    if token is None:
        return ValueError("it holds something that serpent does not write in large texts")
    found = token[0].strip()[:20]
    return ValueError(f"{found!r} at character {token.end()}" if found else "the end comes too early")


def _made(kind: str, items: list[Any]) -> Any:
    if kind == "[":
        return items
    if kind == "(,":
        return tuple(items)
    if kind == "(":
        return items[0] if items else ()
    if kind[:2] == "{:":
        return dict(zip(_no_crowd(items[::2]), items[1::2], strict=True))  # it tells if a value is missing
    return set(_no_crowd(items)) if items else {}


def _no_crowd(keys: list[Any]) -> list[Any]:
    """Keys; putting them into a table is sure not to take a time that grows with their square."""
    if len(keys) > CROWD and len(set(map(hash, keys))) < len(keys) // 2:
        raise ValueError("many keys have the same hash")
    return keys


def _with_escapes(text: str, opening: str, start: int) -> tuple[Any, int]:
    """A text or bytes, and where that ends."""
    end = begin = start
    while True:
        end = text.find(opening[-1], end)
        if end < 0:
            raise ValueError("a text does not end")
        before = text[begin:end]
        if (len(before) - len(before.rstrip("\\"))) % 2 == 0:
            break
        end += 1
        begin = end
    body, is_bytes = text[start:end], opening[0] == "b"
    escape = _bytes_escape if is_bytes else _text_escape
    if _not_in_text(body) or "\\" in escape.sub("", body):
        raise ValueError(f"what serpent does not write in a text, in the one at character {start}")
    if is_bytes:
        return body.encode("ascii").decode("unicode_escape").encode("latin-1"), end + 1
    return body.encode("latin-1", "backslashreplace").decode("unicode_escape"), end + 1
