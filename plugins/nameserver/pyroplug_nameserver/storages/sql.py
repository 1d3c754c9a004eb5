"""Names in a file of SQLite's, which several name servers of one machine may share.

One connection writes, as SQLite has one writer at a time; lookups borrow others, so that they wait neither
for a disk nor for a long listing. All of a question is one statement, or one transaction: it is answered with
what was there at one moment.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby, repeat
from operator import itemgetter
from threading import Lock
from typing import Any

from pyroplug.contracts import NameRecord
from pyroplug.errors import NamingError

from .sql_errors import explained, is_passing
from .sql_schema import check_format, connect, prepare
from .texts import after_prefix, check_texts, is_encodable

__all__ = ["SqlStore"]

_IDLE = 8
_MOST_TAGS = 8
_MOST_EITHER = 500
_NO_TAGS: frozenset[str] = frozenset()

_THERE = "(n.expires IS NULL OR n.expires > ?)"
_GET = (
    "SELECT n.uri, n.expires, m.metadata FROM pyro_names n LEFT JOIN pyro_metadata m ON m.object = n.id"
    f" WHERE n.name = ? AND {_THERE}"
)
_COUNT = "SELECT (SELECT count(*) FROM pyro_names) - (SELECT count(*) FROM pyro_names WHERE expires <= ?)"


class SqlStore:
    """Names in a file. For any thread.

    What was acknowledged is on the disk: it is there after a crash of the program, and of the machine.
    """

    def __init__(self, path: str, clock: Callable[[], float] = time.time, patience: float = 5.0) -> None:
        """
        :param path: the file; it is made if it is not there, and its folder is not.
        :param clock: what time it is, in seconds since the epoch, for leases.
        :param patience: seconds that other programs' locks are waited for.
        :raises NamingError: it cannot be used; nothing in it was changed.
        """
        self._path = os.path.abspath(path)  # the program may go to another folder
        self._clock = clock
        self._patience = patience
        self._writing = Lock()
        self._writer: sqlite3.Connection | None = None
        self._guard = Lock()  # guards what follows
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        with self._explaining("open names"):
            check_format(self._path)
            db = connect(self._path, patience)
            try:
                prepare(db, patience)
            except BaseException:
                db.close()
                raise
            self._writer = db

    def get(self, name: str, /) -> NameRecord | None:
        """The record of a name; ``None`` if there is none."""
        if not is_encodable(name):
            return None
        with self._reading("look a name up") as db:
            rows = db.execute(_GET, (name, self._clock())).fetchall()
        if not rows:
            return None
        uri, expires, tag = rows[0]
        tags = _NO_TAGS if tag is None else frozenset(row[2] for row in rows)
        return NameRecord(name, uri, tags, expires)

    def put(self, record: NameRecord, /, *, replace: bool) -> bool:
        """Keep a record: false if the name is there and may not be replaced."""
        check_texts(record)
        with self._changing("keep a name") as db:
            found = db.execute("SELECT id, uri FROM pyro_names WHERE name = ?", (record.name,)).fetchone()
            if found is None:
                number = db.execute(
                    "INSERT INTO pyro_names(name, uri, expires) VALUES (?, ?, ?)",
                    (record.name, record.uri, record.expires),
                ).lastrowid
            elif not replace:
                return False
            else:
                number = found[0]
                db.execute(
                    "UPDATE pyro_names SET uri = ?, expires = ? WHERE id = ?",
                    (record.uri, record.expires, number),
                )
            _set_tags(db, number, record.tags)
        return True

    def tag(self, name: str, tags: frozenset[str], /) -> bool:
        """Replace the tags of a name: false if it is not there."""
        if not is_encodable(name):
            return False
        check_texts(NameRecord(name, "", tags))
        with self._changing("tag a name") as db:
            found = db.execute("SELECT id FROM pyro_names WHERE name = ?", (name,)).fetchone()
            if found is None:
                return False
            _set_tags(db, found[0], tags)
        return True

    def remove(self, names: Iterable[str], /) -> int:
        """Forget names: how many of them were there. All of them or, if it fails, none."""
        wanted = [name for name in names if is_encodable(name)]
        removed = 0
        with self._changing("remove names") as db:
            for name in wanted:
                found = db.execute("SELECT id FROM pyro_names WHERE name = ?", (name,)).fetchone()
                if found is not None:
                    db.execute("DELETE FROM pyro_metadata WHERE object = ?", found)
                    db.execute("DELETE FROM pyro_names WHERE id = ?", found)
                    removed += 1
        return removed

    def count(self) -> int:
        """How many names there are."""
        with self._reading("count names") as db:
            return int(db.execute(_COUNT, (self._clock(),)).fetchone()[0])

    def find(
        self,
        *,
        prefix: str = "",
        all_of: frozenset[str] = frozenset(),
        any_of: frozenset[str] = frozenset(),
        with_tags: bool = True,
    ) -> Iterator[NameRecord]:
        """The records that have all that is asked for, by name: those of one moment."""
        either = any_of and frozenset(filter(is_encodable, any_of))
        if not is_encodable(prefix) or not all(map(is_encodable, all_of)) or (any_of and not either):
            return iter(())
        condition, values, all_said = _condition(prefix, all_of, either)
        values = (*values, self._clock())
        with self._reading("list names") as db:
            if with_tags or not all_said:
                everything = not (prefix or all_of or any_of)
                found = (_all if everything else _tagged)(db, condition, values)
            else:
                found = _untagged(db, condition, values)
        # Records are made one by one as they are asked for: of many, that takes half the time.
        if all_said:
            return found
        return (it for it in found if all_of <= it.tags and (not either or either & it.tags))

    def close(self) -> None:
        """Use it no more: its file is closed."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        with self._writing:
            writer, self._writer = self._writer, None
        for db in (*idle, *((writer,) if writer is not None else ())):
            db.close()

    # Connections

    @contextmanager
    def _reading(self, doing: str) -> Iterator[sqlite3.Connection]:
        """A connection that nobody else uses."""
        with self._explaining(doing):
            with self._guard:
                self._check_open()
                db = self._idle.pop() if self._idle else None
            if db is None:
                db = connect(self._path, self._patience)
            try:
                yield db
            except BaseException:
                db.close()
                raise
            with self._guard:
                kept = not self._closed and len(self._idle) < _IDLE
                if kept:
                    self._idle.append(db)
            if not kept:
                db.close()

    @contextmanager
    def _changing(self, doing: str) -> Iterator[sqlite3.Connection]:
        """The connection that writes, in a transaction; what has lapsed is gone in it."""
        with self._explaining(doing):
            if not self._writing.acquire(timeout=self._patience):
                raise sqlite3.OperationalError("database is locked")
            try:
                self._check_open()
                if self._writer is None:
                    self._writer = connect(self._path, self._patience)
                with _transaction(self._writer) as db:
                    _drop_lapsed(db, self._clock())
                    yield db
            except sqlite3.Error as error:
                # After a fault of the disk's a new connection finds what is really there.
                if self._writer is not None and not is_passing(error):
                    self._writer.close()
                    self._writer = None
                raise
            finally:
                self._writing.release()

    @contextmanager
    def _explaining(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise explained(error, doing, self._path) from error

    def _check_open(self) -> None:
        if self._closed:
            raise NamingError(f"the storage of names {self._path} is closed", hint="open it again")


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _drop_lapsed(db: sqlite3.Connection, now: float) -> None:
    if db.execute("SELECT 1 FROM pyro_names WHERE expires <= ? LIMIT 1", (now,)).fetchone() is not None:
        lapsed = "SELECT id FROM pyro_names WHERE expires <= ?"
        db.execute(f"DELETE FROM pyro_metadata WHERE object IN ({lapsed})", (now,))
        db.execute("DELETE FROM pyro_names WHERE expires <= ?", (now,))


def _set_tags(db: sqlite3.Connection, number: Any, tags: frozenset[str]) -> None:
    rows = db.execute("SELECT metadata FROM pyro_metadata WHERE object = ?", (number,)).fetchall()
    if sorted(tags) != sorted(tag for (tag,) in rows):
        db.execute("DELETE FROM pyro_metadata WHERE object = ?", (number,))
        db.executemany(
            "INSERT INTO pyro_metadata(object, metadata) VALUES (?, ?)", [(number, tag) for tag in tags]
        )


# Questions --------------------------------------------------------------------------------------------


def _condition(
    prefix: str, all_of: frozenset[str], any_of: frozenset[str]
) -> tuple[str, tuple[object, ...], bool]:
    """What is asked for in SQL, its values but the time, and whether that is all of it."""
    parts: list[str] = []
    values: list[object] = []
    if prefix:
        parts.append("n.name >= ?")
        values.append(prefix)
        end = after_prefix(prefix)
        if end is not None:
            parts.append("n.name < ?")
            values.append(end)
    tagged = "n.id IN (SELECT object FROM pyro_metadata WHERE metadata"
    some = sorted(all_of)[:_MOST_TAGS]
    parts += [f"{tagged} = ?)"] * len(some)
    values += some
    few = len(any_of) <= _MOST_EITHER
    if any_of and few:
        parts.append(f"{tagged} IN ({', '.join('?' * len(any_of))}))")
        values += any_of
    return " AND ".join([*parts, _THERE]), tuple(values), few and len(some) == len(all_of)


def _untagged(db: sqlite3.Connection, condition: str, values: Sequence[object]) -> Iterator[NameRecord]:
    """Some or all records, without their tags."""
    names: list[str] = []
    uris: list[str] = []
    ends: list[float | None] = []
    # No row is kept: the garbage collector would look at each of a hundred thousand, again and again.
    for name, uri, expires in db.execute(
        f"SELECT n.name, n.uri, n.expires FROM pyro_names n WHERE {condition} ORDER BY n.name", values
    ):
        names.append(name)
        uris.append(uri)
        ends.append(expires)
    return map(NameRecord, names, uris, repeat(_NO_TAGS), ends)


def _tagged(db: sqlite3.Connection, condition: str, values: Sequence[object]) -> Iterator[NameRecord]:
    """Some records, with their tags."""
    rows = db.execute(
        "SELECT n.name, n.uri, n.expires, m.metadata FROM pyro_names n"
        f" LEFT JOIN pyro_metadata m ON m.object = n.id WHERE {condition} ORDER BY n.name",
        values,
    ).fetchall()
    return (
        NameRecord(name, uri, frozenset(row[3] for row in group if row[3] is not None), expires)
        for (name, uri, expires), group in groupby(rows, itemgetter(0, 1, 2))
    )


def _all(db: sqlite3.Connection, condition: str, values: Sequence[object]) -> Iterator[NameRecord]:
    """All records, with their tags: for many, reading both tables from end to end is faster than joining."""
    db.execute("BEGIN")
    rows = db.execute(
        f"SELECT n.id, n.name, n.uri, n.expires FROM pyro_names n WHERE {condition} ORDER BY n.name", values
    ).fetchall()
    tags: dict[int, list[str]] = {}
    for number, tag in db.execute("SELECT object, metadata FROM pyro_metadata"):
        tags.setdefault(number, []).append(tag)
    db.execute("COMMIT")
    return (
        NameRecord(name, uri, frozenset(tags.get(number, ())), expires) for number, name, uri, expires in rows
    )
