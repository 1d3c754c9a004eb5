"""The built-in storages pass the suite that every storage has to pass."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from pyroplug_nameserver import MemoryStorage, SqlStorage

from pyroplug.contracts import NameStorage
from pyroplug.testing import NameStorageSuite
from pyroplug.testing.clock import FakeClock


class TestMemory(NameStorageSuite):
    malformed_addresses = ("names", "/tmp/names")

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock(time.time())

    @pytest.fixture
    def storage(self, clock: FakeClock) -> NameStorage:
        return MemoryStorage(clock)


class TestSql(NameStorageSuite):
    durable = shared = True
    malformed_addresses = ("", ":memory:", ":Memory:", "a\0b")

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock(time.time())

    @pytest.fixture
    def storage(self, clock: FakeClock) -> NameStorage:
        return SqlStorage(clock, patience=1.0)  # six threads of a busy machine wait for one another

    @pytest.fixture
    def address(self, tmp_path: Path) -> str:
        return str(tmp_path / "names.sqlite")

    @pytest.fixture
    def breakdown(self, address: str) -> AbstractContextManager[object]:
        """Another program keeps the file locked."""

        @contextmanager
        def locked() -> Iterator[None]:
            db = sqlite3.connect(address, isolation_level=None)
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("ROLLBACK")
            db.close()

        return locked()


class TestInRealTime(NameStorageSuite):
    @pytest.fixture
    def storage(self) -> NameStorage:
        return MemoryStorage()
