"""The file of names: which indexes answer a question, what is in it, and how its connections are used."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyroplug_nameserver.storages import sql
from pyroplug_nameserver.storages.sql import SqlStore

from pyroplug.contracts import NameRecord
from pyroplug.errors import NamingError
from pyroplug.testing.clock import FakeClock
from pyroplug.testing.threads import at_once


def record(name: str, *tags: str, expires: float | None = None) -> NameRecord:
    return NameRecord(name, f"PYRO:{name}@localhost:1", frozenset(tags), expires)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "names"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    store = SqlStore(str(path))
    yield store
    store.close()


def query(path: Path, statement: str) -> list[tuple[object, ...]]:
    db = sqlite3.connect(path)
    try:
        return db.execute(statement).fetchall()
    finally:
        db.close()


@pytest.mark.parametrize(
    ("asked", "with_tags", "used"),
    [
        ({"prefix": "name1"}, False, "COVERING INDEX pyroplug_by_name (name>? AND name<?)"),
        ({"prefix": "name1"}, True, "COVERING INDEX pyroplug_by_name (name>? AND name<?)"),
        ({"prefix": "\U0010ffff"}, False, "COVERING INDEX pyroplug_by_name (name>?)"),
        ({}, False, "COVERING INDEX pyroplug_by_name"),
        ({"all_of": {"x"}}, False, "COVERING INDEX pyroplug_by_tag (metadata=?)"),
        ({"all_of": {"x"}}, True, "COVERING INDEX pyroplug_tags (object=?)"),
        ({"any_of": {"x", "y"}}, False, "COVERING INDEX pyroplug_by_tag (metadata=?)"),
    ],
)
def test_indexes_answer(
    path: Path, store: SqlStore, asked: dict[str, object], with_tags: bool, used: str
) -> None:
    for number in range(300):
        store.put(record(f"name{number}", *(["x"] if number < 10 else [])), replace=True)
    told: list[str] = []
    db = store._idle[0] if store._idle else None
    assert db is None
    store.count()  # opens one that looks names up
    store._idle[0].set_trace_callback(told.append)
    store.find(**asked, with_tags=with_tags)  # type: ignore[arg-type]
    (statement,) = [it for it in told if it.startswith("SELECT")]
    plan = [str(row[3]) for row in query(path, f"EXPLAIN QUERY PLAN {statement}")]
    assert any(used in step for step in plan), plan
    assert not [step for step in plan if step.startswith("SCAN") and "INDEX" not in step], plan


def test_what_has_lapsed_leaves_the_file(path: Path) -> None:
    """The next change removes it from the file, and nothing does before: reading changes nothing."""
    clock = FakeClock(1000.0)
    store = SqlStore(str(path), clock)
    store.put(record("a", "x", expires=1010.0), replace=True)
    clock.advance(20.0)
    assert store.get("a") is None
    assert query(path, "SELECT name FROM pyro_names") == [("a",)]
    store.put(record("b"), replace=True)
    assert query(path, "SELECT name FROM pyro_names") == [("b",)]
    assert query(path, "SELECT * FROM pyro_metadata") == []
    store.close()


def test_tags_of_an_earlier_name_are_not_found_again(path: Path, store: SqlStore) -> None:
    """Programs that remove names without their tags leave some behind, and numbers are used again."""
    store.put(record("a", "x"), replace=True)
    db = sqlite3.connect(path)
    db.execute("DELETE FROM pyro_names")
    db.commit()
    db.close()
    for tags in ((), ("y",)):
        store.put(record("b", *tags), replace=True)
        assert list(store.find()) == [record("b", *tags)]
        assert not list(store.find(all_of=frozenset("x")))


def test_it_waits_for_the_disk(store: SqlStore) -> None:
    """So that a power cut loses nothing that was acknowledged."""
    assert store._writer is not None
    assert store._writer.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
    assert store._writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_few_connections_are_kept(store: SqlStore) -> None:
    """However many threads there were."""
    together = threading.Barrier(20)

    def use(_number: int) -> None:
        with store._reading("wait") as db:
            together.wait(20)
            assert db.execute("SELECT 1").fetchone() == (1,)

    at_once("looking up works", 20, use)
    assert len(store._idle) == sql._IDLE


def test_what_is_borrowed_is_closed_when_the_store_is(store: SqlStore) -> None:
    with store._reading("wait") as db:
        store.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        db.execute("SELECT 1")
    with pytest.raises(NamingError, match="is closed"):
        store.get("a")


def test_files_beside_it_go_when_it_is_closed(path: Path) -> None:
    store = SqlStore(str(path))
    store.put(record("a"), replace=True)
    assert {it.name for it in path.parent.iterdir()} == {"names", "names-wal", "names-shm"}
    store.close()
    assert {it.name for it in path.parent.iterdir()} == {"names"}
