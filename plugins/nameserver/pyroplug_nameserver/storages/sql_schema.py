"""The tables: real Pyro5's, with a column for leases and with indexes, neither of which it minds.

Pyro5 names its columns when it writes, and deletes and inserts what it registers anew: so a name that it
registers has no lease. In a table of our own a lease would be found again by a later name with the same id.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import suppress

from .sql_errors import is_passing

__all__ = ["check_format", "connect", "prepare"]

_TABLES = """
CREATE TABLE pyro_names (id INTEGER PRIMARY KEY, name NVARCHAR NOT NULL UNIQUE, uri NVARCHAR NOT NULL);
CREATE TABLE pyro_metadata (
    object INTEGER NOT NULL REFERENCES pyro_names(id), metadata NVARCHAR NOT NULL
);
"""
_OLD = "pyro_names_before_metadata"
_INDEXES = {
    # a listing by prefix reads this index and nothing else
    "pyroplug_by_name": "pyro_names(name, uri, expires)",
    "pyroplug_lapsing": "pyro_names(expires) WHERE expires IS NOT NULL",
    "pyroplug_tags": "pyro_metadata(object, metadata)",
    "pyroplug_by_tag": "pyro_metadata(metadata, object)",
}
_MAGIC = b"SQLite format 3\0"
_AGAIN = 0.02


def check_format(path: str) -> None:
    """Raise :exc:`sqlite3.DatabaseError` for a file of others: SQLite takes a short one for an empty one."""
    with (
        suppress(OSError),
        open(path, "rb") as file,
    ):  # SQLite's own words say more of what the system refuses
        if file.read(len(_MAGIC)) not in (b"", _MAGIC):
            raise sqlite3.DatabaseError("file is not a database")


def connect(path: str, patience: float) -> sqlite3.Connection:
    """A connection for one thread at a time, which commits what it is told to.

    :param patience: seconds that it waits for locks of others.
    """
    db = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        # FULL: what is acknowledged has reached the disk, so that it survives a power cut too.
        db.execute("PRAGMA synchronous=FULL")
    except BaseException:
        db.close()
        raise
    return db


def prepare(db: sqlite3.Connection, patience: float) -> None:
    """Make the tables, or what is missing of them."""
    _log_ahead(db, patience)
    if not _is_ready(db):
        db.execute("BEGIN IMMEDIATE")
        try:
            if not _is_ready(db):  # somebody else may have been quicker
                _complete(db)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def _log_ahead(db: sqlite3.Connection, patience: float) -> None:
    """Readers and a writer do not wait for each other then. Where the disk cannot do it, they do."""
    deadline, pause = time.monotonic() + patience, threading.Event()
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL").fetchall()
            return
        except sqlite3.OperationalError as error:
            # SQLite does not wait by itself here
            if not is_passing(error) or time.monotonic() > deadline:
                raise
            pause.wait(_AGAIN)


def _is_ready(db: sqlite3.Connection) -> bool:
    there = {name for (name,) in db.execute("SELECT name FROM sqlite_master").fetchall()}
    return {"pyro_names", "pyro_metadata", *_INDEXES} <= there and "expires" in _columns(db)


def _columns(db: sqlite3.Connection) -> set[str]:
    return {row[1] for row in db.execute("PRAGMA table_info(pyro_names)").fetchall()}


def _complete(db: sqlite3.Connection) -> None:
    there = {name for (name,) in db.execute("SELECT name FROM sqlite_master").fetchall()}
    tables = [text for text in _TABLES.split(";") if text.strip()]
    if "pyro_metadata" not in there:
        old = "pyro_names" in there
        if old:  # of the time before tags
            db.execute(f"ALTER TABLE pyro_names RENAME TO {_OLD}")
        for table in tables:
            db.execute(table)
        if old:
            db.execute(f"INSERT INTO pyro_names(name, uri) SELECT name, uri FROM {_OLD}")
            db.execute(f"DROP TABLE {_OLD}")
    elif "pyro_names" not in there:
        db.execute(tables[0])
    if "expires" not in _columns(db):
        db.execute("ALTER TABLE pyro_names ADD COLUMN expires REAL")
    for name, of in _INDEXES.items():
        db.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {of}")
