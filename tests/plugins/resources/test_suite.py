"""The built-in trackers pass the suite that every tracker has to pass."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from pyroplug_resources import LimitedTracker, OrderedTracker, WeakTracker

from pyroplug.contracts import ResourceTracker
from pyroplug.testing import ResourceTrackerSuite


class TestWeak(ResourceTrackerSuite):
    order = "last first"
    holds = False

    @pytest.fixture
    def tracker(self) -> ResourceTracker:
        return WeakTracker()


class TestOrdered(ResourceTrackerSuite):
    order = "last first"

    @pytest.fixture
    def tracker(self) -> ResourceTracker:
        return OrderedTracker()


class TestLimited(ResourceTrackerSuite):
    order = "last first"
    configuration: ClassVar[Any] = {"MAX_RESOURCES_PER_CONNECTION": 50}

    @pytest.fixture
    def tracker(self) -> ResourceTracker:
        return LimitedTracker()
