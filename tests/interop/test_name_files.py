"""One file of names, used by real Pyro5's storage and by ours: in turns, and at the same time."""

from __future__ import annotations

import ast
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyroplug_nameserver.storages.sql import SqlStore

from pyroplug.contracts import NameRecord
from tests.support import PATIENCE

THEIRS = """
import sys
from Pyro5.nameserver import SqlStorage
storage = SqlStorage(sys.argv[1])
exec(sys.argv[2])
print({name: (uri, sorted(tags)) for name, (uri, tags) in storage.everything(True).items()})
"""


def theirs(path: Path, program: str = "") -> Any:
    """Runs a program with real Pyro5's ``storage``: all names that are in it then."""
    done = subprocess.run(
        [sys.executable, "-c", THEIRS, str(path), program],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout)


def ours(path: Path) -> dict[str, tuple[str, list[str]]]:
    store = SqlStore(str(path))
    try:
        assert store.count() == len(list(store.find()))
        return {it.name: (it.uri, sorted(it.tags)) for it in store.find()}
    finally:
        store.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "names.sqlite"


def test_theirs_opens_with_ours(path: Path) -> None:
    wanted = theirs(
        path,
        "storage['a'] = 'PYRO:a@h:1', {'x', 'y'}\n"
        "storage['ä_%'] = 'PYRO:b@h:1', None\n"
        "storage['Pyro.NameServer'] = 'PYRO:Pyro.NameServer@h:9090', {'class:Pyro5.nameserver.NameServer'}",
    )
    assert wanted["a"] == ("PYRO:a@h:1", ["x", "y"])
    assert ours(path) == wanted
    assert ours(path) == wanted  # and once more, now that it has our indexes


def test_ours_opens_with_theirs(path: Path) -> None:
    store = SqlStore(str(path))
    store.put(NameRecord("a", "PYRO:a@h:1", frozenset({"x", "y"})), replace=False)
    store.put(NameRecord("ä", "PYRO:b@h:1", expires=9e9), replace=False)
    store.close()
    assert theirs(path) == {"a": ("PYRO:a@h:1", ["x", "y"]), "ä": ("PYRO:b@h:1", [])}
    assert theirs(path, "storage.remove_items(['a'])\nstorage['c'] = 'PYRO:c@h:1', {'z'}") == ours(path)
    assert theirs(path, "print(end='') if len(storage) == 2 and 'c' in storage else 1 / 0") == ours(path)
    assert theirs(path, "storage.clear()") == ours(path) == {}


def test_a_name_that_they_register_has_no_lease(path: Path) -> None:
    """Nor has one with the number of a name that had one."""
    store = SqlStore(str(path))
    store.put(NameRecord("a", "PYRO:a@h:1", frozenset("x"), 9e9), replace=False)
    theirs(path, "storage['a'] = 'PYRO:new@h:1', {'y'}")
    assert store.get("a") == NameRecord("a", "PYRO:new@h:1", frozenset("y"), None)
    store.put(NameRecord("b", "PYRO:b@h:1", frozenset("x"), 9e9), replace=False)
    theirs(path, "del storage['b']\nstorage['c'] = 'PYRO:c@h:1', set()")
    assert store.get("c") == NameRecord("c", "PYRO:c@h:1")
    store.close()


def test_both_at_once(path: Path) -> None:
    """While ours is open."""
    store = SqlStore(str(path))
    for number in range(5):
        store.put(NameRecord(f"ours{number}", "PYRO:a@h:1", frozenset("x")), replace=False)
        theirs(path, f"storage['theirs{number}'] = 'PYRO:b@h:1', {{'x'}}")
        assert store.get(f"theirs{number}") == NameRecord(f"theirs{number}", "PYRO:b@h:1", frozenset("x"))
    assert len(list(store.find(all_of=frozenset("x")))) == store.count() == len(theirs(path)) == 10
    store.close()


def old_file(path: Path, columns: str) -> None:
    db = sqlite3.connect(path)
    db.execute(f"CREATE TABLE pyro_names ({columns})")
    db.execute("INSERT INTO pyro_names(name, uri) VALUES ('a', 'PYRO:a@h:1'), ('b', 'PYRO:b@h:1')")
    db.commit()
    db.close()


@pytest.mark.parametrize(
    "columns",
    [
        "name nvarchar PRIMARY KEY NOT NULL, uri nvarchar NOT NULL",
        "id integer PRIMARY KEY, name nvarchar NOT NULL UNIQUE, uri nvarchar NOT NULL",
    ],
)
def test_a_file_of_the_time_before_tags(path: Path, tmp_path: Path, columns: str) -> None:
    """Both bring it up to date; what comes out is the same, and each opens the other's."""
    old_file(path, columns)
    old_file(tmp_path / "other", columns)
    wanted = {"a": ("PYRO:a@h:1", []), "b": ("PYRO:b@h:1", [])}
    assert ours(path) == wanted
    assert theirs(tmp_path / "other") == wanted
    assert theirs(path) == ours(tmp_path / "other") == wanted
    store = SqlStore(str(path))
    store.tag("a", frozenset("x"))
    store.close()
    assert theirs(path) == {**wanted, "a": ("PYRO:a@h:1", ["x"])}
