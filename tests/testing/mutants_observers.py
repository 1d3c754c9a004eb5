"""Observers that are broken on purpose; ``SAYS`` has which test finds each, and what it must say."""

from __future__ import annotations

import time
from typing import Any

import pytest

from pyroplug.testing import CallObserverSuite


class Sound:
    """Breaks nothing: what the others are made of."""

    name = "sound"

    def open(self, _settings: Any) -> Any:
        return self.begin

    def begin(self, call: Any) -> Any:
        return lambda outcome: self.end(call, outcome)

    def end(self, call: Any, outcome: Any) -> None:
        pass


class OpensNothing(Sound):
    def open(self, _settings: Any) -> Any:
        return None


class Nameless(Sound):
    name = ""


class ReturnsNoFunction(Sound):
    def begin(self, call: Any) -> Any:
        return call.method


class NeedsACorrelationId(Sound):
    def begin(self, call: Any) -> Any:
        call.correlation_id.hex  # noqa: B018
        return super().begin(call)


class EncodesNames(Sound):
    def begin(self, call: Any) -> Any:
        call.object_id.encode()
        return super().begin(call)


class NeedsAPort(Sound):
    def begin(self, call: Any) -> Any:
        _host, _port = call.peer.address
        return super().begin(call)


class TellsErrors(Sound):
    def end(self, call: Any, outcome: Any) -> None:
        str(outcome.error)


class RaisesThemAgain(Sound):
    def end(self, call: Any, outcome: Any) -> None:
        if outcome.error is not None:
            raise outcome.error


class KeepsErrors(Sound):
    def __init__(self) -> None:
        self.kept: list[Any] = []

    def end(self, call: Any, outcome: Any) -> None:
        self.kept.append(outcome.error)


class EndsTheLast(Sound):
    def __init__(self) -> None:
        self.under_way: list[Any] = []

    def begin(self, call: Any) -> Any:
        self.under_way.append(call)
        return super().begin(call)

    def end(self, call: Any, outcome: Any) -> None:
        assert self.under_way.pop() is call, "calls do not end in order"


class HasRoomForFew(Sound):
    def __init__(self) -> None:
        self.under_way: list[Any] = []

    def begin(self, call: Any) -> Any:
        self.under_way.append(call)
        if len(self.under_way) > 100:
            raise OverflowError("too many calls under way")
        return super().begin(call)

    def end(self, call: Any, outcome: Any) -> None:
        self.under_way.remove(call)


class Slow(Sound):
    def end(self, call: Any, outcome: Any) -> None:
        time.sleep(0.002)


class OpensOnce(Sound):
    opened = False

    def open(self, _settings: Any) -> Any:
        assert not self.opened, "it is open already"
        self.opened = True
        return self.begin


class Base(CallObserverSuite):
    observer_class: type[Sound] = Sound

    @pytest.fixture
    def observer(self) -> Any:
        return self.observer_class()


class TestSound(Base):
    pass


class TestOpensNothing(Base):
    observer_class = OpensNothing


class TestNameless(Base):
    observer_class = Nameless


class TestReturnsNoFunction(Base):
    observer_class = ReturnsNoFunction


class TestNeedsACorrelationId(Base):
    observer_class = NeedsACorrelationId


class TestEncodesNames(Base):
    observer_class = EncodesNames


class TestNeedsAPort(Base):
    observer_class = NeedsAPort


class TestTellsErrors(Base):
    observer_class = TellsErrors


class TestRaisesThemAgain(Base):
    observer_class = RaisesThemAgain


class TestKeepsErrors(Base):
    observer_class = KeepsErrors


class TestEndsTheLast(Base):
    observer_class = EndsTheLast


class TestHasRoomForFew(Base):
    observer_class = HasRoomForFew


class TestSlow(Base):
    observer_class = Slow


class TestOpensOnce(Base):
    observer_class = OpensOnce


SAYS = {
    "TestOpensNothing": ("test_it_takes_whatever_is_called", "return a function that takes an ObservedCall"),
    "TestNameless": ("test_it_satisfies_the_contract", "as its name"),
    "TestReturnsNoFunction": (
        "test_calls_may_never_end",
        "a function that takes a CallOutcome, or None",
    ),
    "TestNeedsACorrelationId": ("test_it_takes_whatever_is_called", "correlation_id=None"),
    "TestEncodesNames": ("test_it_takes_whatever_is_called", "UnicodeEncodeError"),
    "TestNeedsAPort": ("test_it_takes_whatever_is_called", "when this call begins"),
    "TestTellsErrors": ("test_it_takes_whatever_was_raised", "a call that raised SilentError"),
    "TestRaisesThemAgain": ("test_it_takes_whatever_was_raised", "an observer raises nothing"),
    "TestKeepsErrors": ("test_what_was_raised_is_not_kept", "10 of 10 exceptions are still there"),
    "TestEndsTheLast": ("test_calls_end_in_any_order", "calls do not end in order"),
    "TestHasRoomForFew": ("test_calls_may_never_end", "too many calls under way"),
    "TestSlow": ("test_no_call_waits_for_long", "do the work in a thread of your own"),
    "TestOpensOnce": ("test_it_can_be_opened_several_times", "it is open already"),
}
