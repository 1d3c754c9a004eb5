"""An object worth serving: a stock of goods, kept in an SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from pyroplug.api import expose, oneway

__all__ = ["Stock"]

_TABLE = """
CREATE TABLE IF NOT EXISTS goods (
    name TEXT PRIMARY KEY,
    quantity INTEGER NOT NULL,
    price INTEGER NOT NULL
)
"""
_ADD = """
INSERT INTO goods VALUES (?, ?, ?)
ON CONFLICT (name) DO UPDATE SET quantity = quantity + excluded.quantity, price = excluded.price
"""
_DELIVER = "UPDATE goods SET quantity = quantity + ? WHERE name = ?"
_TAKE = "UPDATE goods SET quantity = quantity - ? WHERE name = ? AND quantity >= ?"
_BUSY_TIMEOUT = 10.0


@expose
class Stock:
    """Goods with their quantities and prices; a price is in cents.

    Each call opens the file for itself, so it does not matter in which thread a server model runs it.
    """

    def __init__(self, path: str) -> None:
        """Open the stock in an SQLite file, which is made if there is none."""
        self._path = path
        with self._database() as database:
            database.execute("PRAGMA journal_mode = WAL")  # so that readers need not wait for a writer
            database.execute(_TABLE)

    def currency(self) -> str:
        """What prices are in."""
        return "EUR"

    def add(self, name: str, quantity: int, price: int) -> int:
        """Add goods, at a price for all that there are of them: how many there are now.

        :raises ValueError: the quantity is not positive, or the price is negative.
        """
        _check_quantity(quantity)
        if price < 0:
            raise ValueError(f"{name} cannot have a price of {price}")
        with self._database() as database:
            database.execute(_ADD, (name, quantity, price))
            return _quantity(database, name)

    def take(self, name: str, quantity: int) -> int:
        """Take goods out: how many are left.

        :raises ValueError: there are not as many, or the quantity is not positive.
        """
        _check_quantity(quantity)
        with self._database() as database:
            taken = database.execute(_TAKE, (quantity, name, quantity)).rowcount
            left = _quantity(database, name)
        if not taken:
            raise ValueError(f"cannot take {quantity} {name}: there are {left}")
        return left

    @oneway
    def deliver(self, name: str, quantity: int) -> None:
        """Add to goods that there are already; the client does not wait for it."""
        _check_quantity(quantity)
        with self._database() as database:
            database.execute(_DELIVER, (quantity, name))

    def quantity(self, name: str) -> int:
        """How many there are; 0 of what is unknown."""
        with self._database() as database:
            return _quantity(database, name)

    def inventory(self) -> dict[str, dict[str, int]]:
        """All goods by name, with ``quantity`` and ``price``."""
        with self._database() as database:
            rows = database.execute("SELECT name, quantity, price FROM goods ORDER BY name").fetchall()
        return {name: {"quantity": quantity, "price": price} for name, quantity, price in rows}

    @property
    def value(self) -> int:
        """What all of it is worth, in cents."""
        with self._database() as database:
            total: int = database.execute("SELECT coalesce(sum(quantity * price), 0) FROM goods").fetchone()[
                0
            ]
        return total

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """The file, open for one transaction, which is undone if an exception ends it."""
        connection = sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT, isolation_level="IMMEDIATE")
        with closing(connection), connection:
            yield connection


def _check_quantity(quantity: int) -> None:
    if quantity <= 0:
        raise ValueError(f"a quantity of {quantity} cannot be moved")


def _quantity(database: sqlite3.Connection, name: str) -> int:
    row = database.execute("SELECT quantity FROM goods WHERE name = ?", (name,)).fetchone()
    return 0 if row is None else int(row[0])
