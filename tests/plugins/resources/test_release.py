"""Closing goes on, whatever happens: failing resources, other threads, finalizers."""

from __future__ import annotations

import gc
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pyroplug_resources import LimitedTracker, OrderedTracker, WeakTracker

from pyroplug.contracts import Peer
from tests.support import PATIENCE

PEER = Peer(("203.0.113.5", 4711), "tcp")
TRACKERS = [WeakTracker(), OrderedTracker(), LimitedTracker()]

each = pytest.mark.parametrize("tracker", TRACKERS, ids=lambda tracker: tracker.name)


def opened(tracker: Any) -> Any:
    return tracker.open(PEER, SimpleNamespace(MAX_RESOURCES_PER_CONNECTION=100_000))


class Resource:
    def __init__(self, action: Callable[[], object] = int) -> None:
        self.action = action
        self.closed = 0

    def close(self) -> None:
        self.closed += 1
        self.action()


class Unclosable:
    """No resource at all, and nothing about it works."""

    __eq__ = __hash__ = __repr__ = __str__ = __bool__ = property(lambda self: 1 / 0)  # type: ignore[assignment]

    @property
    def close(self) -> Any:
        raise LookupError("no close")


def failing(error: type[BaseException]) -> Callable[[], object]:
    def fail() -> None:
        raise error("as planned")

    return fail


# Failures


@each
@pytest.mark.parametrize(
    "error", [ValueError, AttributeError, SystemExit, GeneratorExit, BaseException, MemoryError]
)
def test_a_failing_close_keeps_no_other_from_being_closed(
    tracker: Any, error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    tracking = opened(tracker)
    resources = [Resource(), Resource(failing(error)), Resource(), Resource(failing(error)), Resource()]
    for resource in resources:
        tracking.track(resource)
    tracking.release()
    assert [one.closed for one in resources] == [1] * 5
    assert [record.name for record in caplog.records] == ["pyroplug_resources"] * 2
    for record in caplog.records:
        assert "Resource" in record.getMessage()
        assert "203.0.113.5:4711" in record.getMessage()
        assert record.exc_info is not None
        assert record.exc_info[0] is error


@each
def test_what_cannot_be_closed_at_all(tracker: Any, caplog: pytest.LogCaptureFixture) -> None:
    tracking = opened(tracker)
    broken, sound = Unclosable(), Resource()
    tracking.track(sound)
    tracking.track(broken)
    tracking.release()
    assert sound.closed == 1
    assert "Unclosable" in caplog.text


@each
def test_a_late_one_that_fails(tracker: Any, caplog: pytest.LogCaptureFixture) -> None:
    tracking = opened(tracker)
    tracking.release()
    tracking.track(Resource(failing(ValueError)))
    assert len(caplog.records) == 1


@each
def test_an_interruption_waits_for_the_others(tracker: Any, caplog: pytest.LogCaptureFixture) -> None:
    tracking = opened(tracker)
    resources = [Resource(), Resource(failing(KeyboardInterrupt)), Resource()]
    for resource in resources:
        tracking.track(resource)
    with pytest.raises(KeyboardInterrupt):
        tracking.release()
    assert [one.closed for one in resources] == [1, 1, 1]
    assert caplog.records == []


@each
def test_an_interruption_in_another_thread_is_a_failure(
    tracker: Any, caplog: pytest.LogCaptureFixture, in_thread: Callable[..., Any]
) -> None:
    tracking = opened(tracker)
    resources = [Resource(), Resource(failing(KeyboardInterrupt))]
    for resource in resources:
        tracking.track(resource)
    in_thread(tracking.release).result(PATIENCE)
    assert [one.closed for one in resources] == [1, 1]
    assert len(caplog.records) == 1


# Back into the tracker


class Finalized(Resource):
    """Looks back at its tracker when it is collected."""

    def __init__(self, tracking: Any) -> None:
        super().__init__()
        self.tracking, self.me = tracking, self

    def __del__(self) -> None:
        self.tracking.untrack(self)
        list(self.tracking.resources)


@each
def test_finalizers_may_run_at_any_time(tracker: Any, in_thread: Callable[..., Any]) -> None:
    tracking = opened(tracker)
    threshold = gc.get_threshold()

    def work() -> None:
        for _ in range(300):
            tracking.track(Finalized(tracking))
            for one in tracking.resources:
                tracking.untrack(one)

    gc.set_threshold(1)
    try:
        in_thread(work).result(PATIENCE)
    finally:
        gc.set_threshold(*threshold)
    tracking.release()
    gc.collect()
    assert list(tracking.resources) == []
