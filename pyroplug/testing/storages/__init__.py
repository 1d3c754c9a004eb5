"""The suite for storages of names: what every store has to do for the name servers that use it."""

from __future__ import annotations

from .finding import FindingTests
from .keeping import KeepingTests
from .lapsing import LapsingTests
from .lasting import LastingTests
from .sharing import SharingTests
from .support import Clock, OpenStore, WallClock
from .watching import WatchingTests

__all__ = ["Clock", "NameStorageSuite", "OpenStore", "WallClock"]


class NameStorageSuite(KeepingTests, FindingTests, LapsingTests, SharingTests, LastingTests, WatchingTests):
    """Tests of a storage for names. A subclass has a fixture or two, and says what its storage promises::

        class TestMyStorage(NameStorageSuite):
            durable = True
            shared = True

            @pytest.fixture
            def storage(self):
                return MyStorage()

            @pytest.fixture
            def address(self, tmp_path):
                return str(tmp_path / "names")

    ``address`` is where nothing is yet; empty unless overridden. ``clock`` is what leases go by: real time,
    unless overridden with a :class:`~pyroplug.testing.clock.FakeClock` that the storage is given as well.
    ``breakdown`` is a context manager within which nothing can be changed, for a storage that can fail.

    :cvar durable: what was acknowledged is there when the storage is opened again.
    :cvar shared: several stores may be open at one address, and see each other's changes.
    :cvar malformed_addresses: addresses that make no sense.
    :cvar lease: seconds of a short lease.
    :cvar rounding: seconds by which a lease may be kept, or lapse, otherwise than it was given.
    :cvar patience: seconds after which something that hangs has failed.
    """
