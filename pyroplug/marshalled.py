"""Plain values in Python's marshal format, read and written by hand.

Two things in the protocol are marshalled whatever the serializer: texts that are sent before one was agreed
on, and what a blob says about itself. Python's own reader is not made for data from strangers; this one
knows nothing but None, truth values, numbers, texts, bytes, and tuples, lists, sets and dictionaries of them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from .contracts import Buffer
from .errors import ProtocolError

__all__ = ["dump", "dump_text", "load", "load_text"]

DEEPEST = 20
"""How deep containers may be nested."""
LARGEST = 1 << 20
"""Bytes of the largest value that is read: what goes beside a message is short."""
MOST_DIGITS = 1000
"""Of a number, in base 32768: making larger ones takes long, and nobody sends them."""

CROWD = 1000
"""Keys from which on it is looked at whether they were made to meet in one place of a table."""

_DIGIT = 15  # bits; the format's numbers are made of such digits
_SMALLEST, _LARGEST = -(1 << 31), (1 << 31) - 1


# Out -------------------------------------------------------------------------------------------------


def dump(value: Any) -> bytes:
    """A plain value as bytes.

    :raises ProtocolError: it is not plain, or nested too deeply.
    """
    return b"".join(_dumped(value, 0))


def dump_text(text: str) -> bytes:
    """A text as bytes, in the one form that every reader knows."""
    data = text.encode("utf-8", "surrogatepass")
    return b"u" + len(data).to_bytes(4, "little") + data


def _dumped(value: Any, depth: int) -> list[bytes]:
    simple = _SIMPLE.get(type(value))
    if simple is not None:
        return [simple(value)]
    if depth < DEEPEST:
        if type(value) in _SEQUENCES:
            head = _SEQUENCES[type(value)] + len(value).to_bytes(4, "little")
            return [head, *(part for item in value for part in _dumped(item, depth + 1))]
        if type(value) is dict:
            pairs = (part for pair in value.items() for item in pair for part in _dumped(item, depth + 1))
            return [b"{", *pairs, b"0"]
    raise ProtocolError(
        f"cannot send {value!r:.100} beside a message: it is a {type(value).__name__}, or nested too deeply",
        hint="use plain values: None, numbers, texts, bytes, tuples, lists, sets and dictionaries of them",
    )


def _dump_bytes(value: bytes) -> bytes:
    return b"s" + len(value).to_bytes(4, "little") + value


def _dump_int(value: int) -> bytes:
    if _SMALLEST <= value <= _LARGEST:
        return b"i" + value.to_bytes(4, "little", signed=True)
    digits, rest = [], abs(value)
    while rest:
        digits.append((rest & ((1 << _DIGIT) - 1)).to_bytes(2, "little"))
        rest >>= _DIGIT
    count = len(digits) if value > 0 else -len(digits)
    return b"l" + count.to_bytes(4, "little", signed=True) + b"".join(digits)


_SIMPLE: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"N",
    bool: lambda value: b"T" if value else b"F",
    int: _dump_int,
    float: lambda value: b"g" + struct.pack("<d", value),
    complex: lambda value: b"y" + struct.pack("<dd", value.real, value.imag),
    str: dump_text,
    bytes: _dump_bytes,
}


_SEQUENCES: dict[type, bytes] = {tuple: b"(", list: b"[", set: b"<", frozenset: b">"}


# In --------------------------------------------------------------------------------------------------


def load(data: Buffer) -> Any:
    """The plain value that bytes stand for.

    :raises ProtocolError: they are damaged, or stand for something that is not plain.
    """
    if len(data) > LARGEST:
        raise ProtocolError(
            f"invalid data: {len(data):,} bytes beside a message, where {LARGEST:,} are allowed"
        )
    reader = _Reader(bytes(data))
    try:
        value = reader.value(0)
    except (IndexError, struct.error, UnicodeError, TypeError) as error:
        problem = f"{type(error).__name__}: {error}"
    else:
        if reader.at == len(reader.data):
            return value
        problem = "more bytes follow"
    raise ProtocolError(f"invalid data: no plain value in marshal format ({problem})")


def load_text(data: Buffer) -> str:
    """The text that bytes stand for.

    :raises ProtocolError: it is anything but one text.
    """
    value = load(data)
    if not isinstance(value, str):
        raise ProtocolError(f"invalid data: expected a text, not a {type(value).__name__}")
    return value


class _Reader:
    """Takes values from bytes, one after the other. What it raises is translated by its caller."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self._seen: list[Any] = []  # what later parts may refer to

    def value(self, depth: int) -> Any:
        code = self._take(1)[0]
        kind, kept = chr(code & 0x7F), code & 0x80
        if kind == "r":
            return self._again()
        if kind in "([{)<>":
            if depth >= DEEPEST:
                raise TypeError("nested too deeply")
            return self._container(kind, kept, depth + 1)
        value = self._simple(kind)
        if kept:
            self._seen.append(value)
        return value

    def _again(self) -> Any:
        """What was read before. Not containers: of few bytes they would make what takes ages to hash."""
        value = self._seen[self._number()]
        if value is _UNFINISHED or (value and isinstance(value, (tuple, list, set, frozenset, dict))):
            raise TypeError("a container that is referred to")
        return value

    def _take(self, count: int) -> bytes:
        if count < 0 or self.at + count > len(self.data):
            raise IndexError("the end comes too early")
        taken = self.data[self.at : self.at + count]
        self.at += count
        return taken

    def _number(self) -> int:
        return int.from_bytes(self._take(4), "little", signed=True)

    def _simple(self, kind: str) -> Any:
        if kind in _CONSTANTS:
            return _CONSTANTS[kind]
        read = _READERS.get(kind)
        if read is None:
            raise TypeError(f"type code {kind!r}")
        return read(self)

    def _float(self) -> float:
        number: float = struct.unpack("<d", self._take(8))[0]
        return number

    def _complex(self) -> complex:
        return complex(*struct.unpack("<dd", self._take(16)))

    def _bytes(self) -> bytes:
        return self._take(self._number())

    def _short_bytes(self) -> bytes:
        return self._take(self._take(1)[0])

    def _large_number(self) -> int:
        count, value = self._number(), 0
        if abs(count) > MOST_DIGITS:
            raise TypeError("too large a number")
        digits = self._take(2 * abs(count))
        for at in range(len(digits) - 2, -1, -2):
            value = value << _DIGIT | int.from_bytes(digits[at : at + 2], "little")
        return value if count >= 0 else -value

    def _container(self, kind: str, kept: int, depth: int) -> Any:
        place = len(self._seen)
        if kept:
            self._seen.append(_UNFINISHED)
        made: Any
        if kind == "{":
            keys, values = [], []
            while self.data[self.at : self.at + 1] != b"0":
                keys.append(self.value(depth))
                values.append(self.value(depth))
            self.at += 1
            made = dict(zip(_no_crowd(keys), values, strict=True))
        else:
            count = self._take(1)[0] if kind == ")" else self._number()
            made = [self.value(depth) for _ in range(count)]
            made = _MAKERS[kind](_no_crowd(made) if kind in "<>" else made)
        if kept:
            self._seen[place] = made
        return made


def _no_crowd(keys: list[Any]) -> list[Any]:
    """Keys; putting them into a table is sure not to take a time that grows with their square."""
    if len(keys) > CROWD and len(set(map(hash, keys))) < len(keys) // 2:
        raise TypeError("many keys have the same hash")
    return keys


_UNFINISHED = object()
_CONSTANTS = {"N": None, "T": True, "F": False}
_MAKERS: dict[str, Callable[[list[Any]], Any]] = {
    "(": tuple,
    ")": tuple,
    "[": list,
    "<": set,
    ">": frozenset,
}
_READERS: dict[str, Callable[[_Reader], Any]] = {
    "i": _Reader._number,
    "l": _Reader._large_number,
    "g": _Reader._float,
    "y": _Reader._complex,
    "s": _Reader._bytes,
    **dict.fromkeys("ut", lambda reader: reader._bytes().decode("utf-8", "surrogatepass")),
    **dict.fromkeys("aA", lambda reader: reader._bytes().decode("latin-1")),
    **dict.fromkeys("zZ", lambda reader: reader._short_bytes().decode("latin-1")),
}
