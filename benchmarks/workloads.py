"""What the contestants have to do."""

from __future__ import annotations

from itertools import repeat
from typing import Any, Protocol

from .contestant import Remote

__all__ = ["RECORD", "WORKLOADS", "EchoRecord", "EmptyCall", "Workload"]

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


class Workload(Protocol):
    """Something that a client does over and over."""

    @property
    def name(self) -> str:
        """What it is called in tables and results."""

    def verify(self, remote: Remote) -> bool:
        """Do it once: whether the answer is right."""

    def run(self, remote: Remote, count: int) -> None:
        """Do it ``count`` times, in the way of a program that uses the library."""


class EmptyCall:
    """No arguments, no result: what a call costs by itself."""

    name = "empty call"

    def verify(self, remote: Remote) -> bool:
        result: object = remote.nop()  # type: ignore[func-returns-value]  # that is in question
        return result is None

    def run(self, remote: Remote, count: int) -> None:
        for _ in repeat(None, count):
            remote.nop()


class EchoRecord:
    """A record goes there and comes back."""

    name = "echo of a 1 kB record"

    def verify(self, remote: Remote) -> bool:
        return bool(remote.echo(RECORD) == RECORD)

    def run(self, remote: Remote, count: int) -> None:
        record = RECORD
        for _ in repeat(None, count):
            remote.echo(record)


WORKLOADS: tuple[Workload, ...] = (EmptyCall(), EchoRecord())
