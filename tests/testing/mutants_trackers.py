"""Trackers that are broken on purpose; ``SAYS`` has which test finds each, and what it must say."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import pytest

from pyroplug.testing import ResourceTrackerSuite


class Sound:
    """Breaks nothing: what the others are made of."""

    def __init__(self) -> None:
        self.held: dict[int, Any] = {}
        self.lock = threading.RLock()
        self.released = False

    @property
    def resources(self) -> Any:
        with self.lock:
            return tuple(self.held.values())

    def track(self, resource: Any) -> None:
        with self.lock:
            if not self.released:
                self.held.setdefault(id(resource), resource)
                return
        self.close(resource)

    def untrack(self, resource: Any) -> None:
        with self.lock:
            self.held.pop(id(resource), None)

    def release(self) -> None:
        with self.lock:
            self.released = True
            resources = list(self.held.values())
            self.held.clear()
        for resource in resources:
            self.close(resource)

    def close(self, resource: Any) -> None:
        with suppress(BaseException):
            resource.close()


class Twice(Sound):
    def close(self, resource: Any) -> None:
        super().close(resource)
        super().close(resource)


class ForgetsTheLast(Sound):
    def release(self) -> None:
        if len(self.held) > 1:
            self.held.popitem()
        super().release()


class StopsAtTheFirstError(Sound):
    def close(self, resource: Any) -> None:
        resource.close()


class SwallowsExceptionsOnly(Sound):
    def close(self, resource: Any) -> None:
        with suppress(Exception):
            resource.close()


class IgnoresLateOnes(Sound):
    def track(self, resource: Any) -> None:
        if not self.released:
            super().track(resource)


class LooksByEquality(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.listed: list[Any] = []

    @property
    def resources(self) -> Any:
        return tuple(self.listed)

    def track(self, resource: Any) -> None:
        if self.released:
            self.close(resource)
        elif resource not in self.listed:
            self.listed.append(resource)

    def untrack(self, resource: Any) -> None:
        if resource in self.listed:
            self.listed.remove(resource)

    def release(self) -> None:
        self.released = True
        while self.listed:
            self.close(self.listed.pop())


class InASet(LooksByEquality):
    def track(self, resource: Any) -> None:
        hash(resource)
        super().track(resource)


class LocksWhileClosing(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()  # type: ignore[assignment]

    def release(self) -> None:
        with self.lock:
            self.released = True
            while self.held:
                self.close(self.held.popitem()[1])


class ShowsItsOwnTable(Sound):
    @property
    def resources(self) -> Any:
        return self.held.values()


class KeepsThem(Sound):
    def close(self, resource: Any) -> None:
        super().close(resource)
        self.held_too = resource


class FirstFirst(Sound):
    """Promises another order below."""


class SharesOne(Sound):
    """Its tracker, below, opens the same one for all."""


class Base(ResourceTrackerSuite):
    tracking_class: type[Sound] = Sound

    @pytest.fixture
    def tracker(self) -> Any:
        cls = self.tracking_class

        class Tracker:
            name = "mutant"
            shared = cls()

            def open(self, _peer: Any, _settings: Any) -> Any:
                return self.shared if cls is SharesOne else cls()

        return Tracker()


class TestSound(Base):
    order = "first first"


class TestTwice(Base):
    tracking_class = Twice


class TestForgetsTheLast(Base):
    tracking_class = ForgetsTheLast


class TestStopsAtTheFirstError(Base):
    tracking_class = StopsAtTheFirstError


class TestSwallowsExceptionsOnly(Base):
    tracking_class = SwallowsExceptionsOnly


class TestIgnoresLateOnes(Base):
    tracking_class = IgnoresLateOnes


class TestLooksByEquality(Base):
    tracking_class = LooksByEquality


class TestInASet(Base):
    tracking_class = InASet


class TestLocksWhileClosing(Base):
    tracking_class = LocksWhileClosing


class TestShowsItsOwnTable(Base):
    tracking_class = ShowsItsOwnTable


class TestKeepsThem(Base):
    tracking_class = KeepsThem


class TestFirstFirst(Base):
    tracking_class = FirstFirst
    order = "last first"


class TestSharesOne(Base):
    tracking_class = SharesOne


SAYS = {
    "TestTwice": ("test_each_is_closed_once", "was closed 2 times, and not 1"),
    "TestForgetsTheLast": ("test_each_is_closed_once", "was closed 0 times, and not 1"),
    "TestStopsAtTheFirstError": ("test_one_whose_close_raises_keeps_no_other_open", "release raises nothing"),
    "TestSwallowsExceptionsOnly": ("test_one_whose_close_raises_keeps_no_other_open", "it raised SystemExit"),
    "TestIgnoresLateOnes": (
        "test_one_that_comes_too_late_is_closed",
        "what is tracked after the release is closed at once",
    ),
    "TestLooksByEquality": ("test_each_is_closed_once", "look for resources by their identity"),
    "TestInASet": ("test_each_is_closed_once", "cannot be hashed"),
    "TestLocksWhileClosing": ("test_a_close_may_track_and_untrack", "hold no lock while closing"),
    "TestShowsItsOwnTable": (
        "test_the_resources_are_a_snapshot",
        "those that were tracked when they were asked for",
    ),
    "TestKeepsThem": ("test_nothing_is_held_after_the_release", "still in memory"),
    "TestFirstFirst": ("test_the_order_is_the_promised_one", "in the order 'last first'"),
    "TestSharesOne": (
        "test_connections_have_trackings_of_their_own",
        "open gives a tracking for one connection",
    ),
}
