"""The object that every server serves, and the values that it gives and takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["CHUNK", "MIB", "RECORD", "Served", "payload"]

MIB = 1024 * 1024
CHUNK = 256 * 1024
"""Bytes of an item of an iterator."""

RECORD: dict[str, Any] = {
    "order": 4711,
    "customer": {
        "id": 90125,
        "name": "Nordlicht Instrumente GmbH",
        "address": {"street": "Am Alten Hafen 17", "zip": "24103", "city": "Kiel", "country": "DE"},
        "contacts": ["einkauf@nordlicht.example", "+49 431 5550 118"],
        "discount": 0.075,
    },
    "lines": [
        {
            "sku": f"NL-{number:05}",
            "text": f"Pressure sensor, series {number % 7}",
            "quantity": number % 5 + 1,
            "price": 12.5 + number * 3.75,
            "in_stock": number % 3 != 0,
        }
        for number in range(8)
    ],
    "tags": ["export", "priority", "insured"],
    "weights": [0.25, 1.5, 3.125, 0.75, 12.0, 4.5],
    "note": None,
    "paid": False,
    "total": 1284.5,
}
"""About a kilobyte of the kind of value that programs send: made once, and only of what JSON has as well."""


def payload(kind: str, size: int) -> Any:
    """A large value.

    :param kind: the name of its type: ``str``, ``bytes``, ``bytearray`` or ``memoryview``.
    :param size: of one letter or byte each; a multiple of 256.
    """
    if kind == "str":
        return ("All work and no play makes Jack a dull boy.  " * 256)[:256] * (size // 256)
    if kind == "bytearray":
        return bytearray(range(256)) * (size // 256)
    data = bytes(range(256)) * (size // 256)
    return memoryview(data) if kind == "memoryview" else data


class Served:
    """What clients call."""

    def __init__(self) -> None:
        self._oneway_calls = 0
        self._held: tuple[tuple[str, int], list[Any]] = (("", 0), [])
        self._chunk = payload("bytes", CHUNK)

    def nop(self) -> None:
        """Do nothing."""

    def add(self, a: int, b: int) -> int:
        """The sum."""
        return a + b

    def echo(self, value: Any) -> Any:
        """Give the value back."""
        return value

    def oneway(self) -> None:
        """Do nothing, for one-way calls."""
        self._oneway_calls += 1  # of several threads, but none is interrupted within it

    def oneway_calls(self) -> int:
        """How many of them there were, of all clients."""
        return self._oneway_calls

    def take(self, data: Any) -> int:
        """Receive data; its length."""
        return len(data)

    def hold(self, kind: str, size: int, count: int) -> None:
        """Make what the next calls of ``give`` return, in place of what was made before.

        A ``bytearray`` is one that the method has just made, and that nobody else has: each is given away
        once. What cannot change is the same each time.
        """
        if kind != "bytearray" and self._held[0] == (kind, size):
            return
        self._held = ("", 0), []  # do not hold two at a time
        times = count if kind == "bytearray" else 1
        self._held = (kind, size), [payload(kind, size) for _ in range(times)]

    def give(self, kind: str, size: int) -> Any:
        """Send what was made."""
        key, values = self._held
        if key != (kind, size) or not values:
            raise LookupError(f"no {kind} of {size:,} bytes is held")
        return values.pop() if kind == "bytearray" else values[0]

    def chunks(self, count: int) -> Iterator[bytes]:
        """Send so many chunks."""
        for _ in range(count):
            yield self._chunk
