"""It keeps its contract; what that means is said by pyroplug's own suite."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pyroplug.testing import FakeClock, NameStorageSuite

from pyroplug_sharednames import SharedNames


class TestSharedNames(NameStorageSuite):
    durable = shared = True
    malformed_addresses = ("", "a\0b")

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock(time.time())

    @pytest.fixture
    def storage(self, clock: FakeClock) -> SharedNames:
        return SharedNames(clock, every=0.02)

    @pytest.fixture
    def address(self, tmp_path: Path) -> str:
        return str(tmp_path / "names")

    @pytest.fixture
    def breakdown(self, address: str, tmp_path: Path) -> object:
        """The folder is gone, as a network's may be."""

        @contextmanager
        def gone() -> Iterator[None]:
            Path(address).rename(tmp_path / "gone")
            yield
            (tmp_path / "gone").rename(address)

        return gone()
