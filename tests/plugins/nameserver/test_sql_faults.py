"""What goes wrong with a file of names: it is told, with advice; nothing is lost, and it goes on."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pyroplug_nameserver.storages.sql import SqlStore

from pyroplug.contracts import NameRecord
from pyroplug.errors import NamingError
from tests.support import PATIENCE


def run(program: str, *arguments: str) -> str:
    """What a program prints, that is run in a process of its own; it must not fail."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROLOGUE + program, *arguments],
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


PROLOGUE = """
import os, sys
from pyroplug_nameserver.storages.sql import SqlStore
from pyroplug.contracts import NameRecord
from pyroplug.errors import NamingError
path = sys.argv[1]
"""


def record(name: str, *tags: str) -> NameRecord:
    return NameRecord(name, f"PYRO:{name}@localhost:1", frozenset(tags))


def refused(path: Path, words: str, hint: str) -> None:
    with pytest.raises(NamingError, match=words) as caught:
        SqlStore(str(path), patience=0.1)
    assert hint in str(caught.value.hint)
    assert str(path) in str(caught.value)


# Opening ----------------------------------------------------------------------------------------------


def test_no_folder(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere" / "names", "cannot open names in .*unable to open", "make the folder")
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    refused(tmp_path, "unable to open", "let this user write")


@pytest.mark.parametrize("content", [b"no database at all, " * 100, b"x"])
def test_another_ones_file_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "names"
    path.write_bytes(content)
    refused(path, "file is not a database", "name another file")
    assert path.read_bytes() == content
    assert os.listdir(tmp_path) == ["names"]


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "names"
    with_names(path, 2000)
    content = bytearray(path.read_bytes())
    content[8192:-4096] = b"\xa5" * (len(content) - 8192 - 4096)
    path.write_bytes(content)

    def use() -> None:
        with closing(SqlStore(str(path))) as store:
            list(store.find())

    with pytest.raises(NamingError, match="malformed") as caught:
        use()
    assert "bring this one back from a copy" in str(caught.value.hint)


def test_a_locked_file(tmp_path: Path) -> None:
    path = tmp_path / "names"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE something (value)")
    other.execute("BEGIN EXCLUSIVE")
    try:
        refused(path, "database is locked", "end it, or try again")
    finally:
        other.close()
    with_names(path, 1)


READ_ONLY = """
if os.geteuid() == 0:  # who may write anywhere
    os.setgid(65534)
    os.setuid(65534)
try:
    SqlStore(path)
except NamingError as error:
    print(error)
"""


def test_a_file_that_may_only_be_read() -> None:
    with TemporaryDirectory() as name:  # pytest's are for one user alone
        folder, path = Path(name), Path(name, "names")
        with_names(path, 1)
        path.chmod(0o444)
        folder.chmod(0o555)
        said = run(READ_ONLY, str(path))
        folder.chmod(0o755)
        path.chmod(0o644)
        assert "hint: let this user write" in said
        store = SqlStore(str(path))
        assert store.count() == 1
        store.close()


# Working ----------------------------------------------------------------------------------------------


def with_names(path: Path, count: int) -> None:
    store = SqlStore(str(path))
    for number in range(count):
        store.put(record(f"name{number}", "x"), replace=True)
    store.close()


def test_a_locked_file_is_waited_for(tmp_path: Path, in_thread: Callable[..., object]) -> None:
    store = SqlStore(str(tmp_path / "names"))
    other = sqlite3.connect(tmp_path / "names", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    put = in_thread(lambda: store.put(record("a"), replace=False))
    assert store.count() == 0  # who only reads does not wait
    other.execute("ROLLBACK")
    other.close()
    assert put.result(PATIENCE)  # type: ignore[attr-defined]
    assert store.count() == 1
    store.close()


FULL = """
import resource
store = SqlStore(path)
kept = []
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
try:
    for number in range(10_000):
        store.put(NameRecord(f"name{number}", "PYRO:x@h:1", frozenset(["x" * 500])), replace=False)
        kept.append(number)
except NamingError as error:
    print(error)
for name, change in (
    ("put", lambda: store.put(NameRecord("z", "u" * 300_000), replace=True)),
    ("tag", lambda: store.tag("name0", frozenset(str(n) * 5000 for n in range(100)))),
):
    try:
        change()
    except NamingError as error:
        assert error.hint, name
    else:
        raise AssertionError(f"{name} was acknowledged")
assert store.count() == len(kept)
assert [it.name for it in store.find()] == sorted(f"name{number}" for number in kept)
assert store.get("name0").tags == {"x" * 500}
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
assert store.put(NameRecord("later", "PYRO:x@h:1"), replace=False)
assert store.remove(["name0"]) == 1
store.close()
store = SqlStore(path)
assert store.count() == len(kept)
store.close()
"""


def test_a_full_disk(tmp_path: Path) -> None:
    """Or a limit on the size of files: what was acknowledged is kept, and it goes on when there is room."""
    said = run(FULL, str(tmp_path / "names"))
    assert "cannot keep a name" in said
    assert "all names that were acknowledged are kept" in said


KILLED = """
store = SqlStore(path)
for number in range(100_000):
    store.put(NameRecord(f"name{number}", "PYRO:x@h:1", frozenset(["x", f"tag{number}"])), replace=False)
    if number % 7 == 6:
        store.remove([f"name{number - 3}"])
    print(number, flush=True)
"""


def test_what_is_acknowledged_survives_being_killed(tmp_path: Path) -> None:
    """In the middle of whatever it does."""
    path = str(tmp_path / "names")
    process = subprocess.Popen(
        [sys.executable, "-c", PROLOGUE + KILLED, path], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    last = -1
    with process:
        for line in process.stdout:
            last = int(line)
            if last == 150:
                process.send_signal(signal.SIGKILL)
    assert last >= 150
    store = SqlStore(path)
    there = {it.name: it.tags for it in store.find()}
    removed = {number - 3 for number in range(6, last + 1, 7)}
    for number in set(range(last + 1)) - removed:
        if number != last - 2:  # this one may have been removed, and nobody was told any more
            assert there[f"name{number}"] == {"x", f"tag{number}"}
    assert len(there) - (last + 1 - len(removed)) in (-1, 0, 1)
    store.close()


MANY = """
store = SqlStore(path)
won = [number for number in range(50) if store.put(NameRecord(f"name{number}", sys.argv[2]), replace=False)]
mine = [store.put(NameRecord(f"{sys.argv[2]}.{number}", "PYRO:x@h:1"), replace=False) for number in range(20)]
assert all(mine)
store.close()
print(len(won))
"""


def test_several_processes_share_a_file(tmp_path: Path) -> None:
    """All of them make it, and register the same names."""
    path = str(tmp_path / "names")
    command = [sys.executable, "-W", "error", "-c", PROLOGUE + MANY, path]
    processes = [
        subprocess.Popen([*command, str(number)], stdout=subprocess.PIPE, text=True) for number in range(4)
    ]
    won = [int(process.communicate(timeout=3 * PATIENCE)[0]) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sum(won) == 50
    store = SqlStore(path)
    assert store.count() == 50 + 4 * 20
    store.close()
    assert os.listdir(tmp_path) == ["names"]


def test_it_stays_where_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program may go to another folder later."""
    monkeypatch.chdir(tmp_path)
    store = SqlStore("names")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.put(record("a"), replace=True)
    assert store.count() == 1
    store.close()
    assert os.listdir() == []
