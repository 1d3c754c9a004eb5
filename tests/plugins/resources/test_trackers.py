"""What each tracker keeps, refuses, and closes in which order."""

from __future__ import annotations

import gc
from types import SimpleNamespace
from typing import Any

import pytest
from pyroplug_resources import LimitedTracker, OrderedTracker, UntrackableError, WeakTracker

from pyroplug.contracts import Peer
from pyroplug.errors import PyroError
from pyroplug.testing.resources import Resource

PEER = Peer(("203.0.113.5", 4711), "tcp")
LIMIT = 3
TRACKERS = [WeakTracker(), OrderedTracker(), LimitedTracker()]
STRONG = TRACKERS[1:]

each = pytest.mark.parametrize("tracker", TRACKERS, ids=lambda tracker: tracker.name)
each_strong = pytest.mark.parametrize("tracker", STRONG, ids=lambda tracker: tracker.name)


def opened(tracker: Any, limit: int = LIMIT) -> Any:
    return tracker.open(PEER, SimpleNamespace(MAX_RESOURCES_PER_CONNECTION=limit))


class Slots:
    __slots__ = ("closed",)

    def close(self) -> None:
        self.closed = True


# All of them


@each
def test_what_comes_too_late_is_closed_at_once(tracker: Any) -> None:
    tracking = opened(tracker, limit=0)
    tracking.release()
    late = Resource()
    tracking.track(late)
    assert len(late.closed) == 1
    assert list(tracking.resources) == []


# weak


def test_weak_forgets_what_nobody_uses() -> None:
    tracking = opened(WeakTracker())
    kept, dropped = Resource(), Resource()
    tracking.track(kept)
    tracking.track(dropped)
    closed = dropped.closed
    del dropped
    gc.collect()
    assert list(tracking.resources) == [kept]
    tracking.release()
    assert (len(kept.closed), closed) == (1, [])


def test_weak_shows_nothing_that_is_being_collected() -> None:
    tracking = opened(WeakTracker())
    resource = Resource()
    tracking.track(resource)
    (key,) = tracking._held
    tracking._held[key] = lambda: None  # as a reference is before it is removed
    assert list(tracking.resources) == []
    tracking.release()
    assert resource.closed == []


def test_weak_is_not_confused_by_an_identity_that_is_used_again() -> None:
    tracking = opened(WeakTracker())
    for _ in range(100):
        resource = Resource()
        tracking.track(resource)
        assert list(tracking.resources) == [resource]
        closed = resource.closed
        del resource
        gc.collect()
        assert closed == []
    tracking.release()


def test_weak_takes_what_pyro5_takes() -> None:
    from Pyro5.socketutil import SocketConnection

    theirs = SocketConnection(None)  # its set of resources is what Pyro5 tracks with
    tracking = opened(WeakTracker())
    for untrackable in ([], {}, 5, Slots()):
        with pytest.raises(TypeError):
            theirs.tracked_resources.add(untrackable)
        with pytest.raises(UntrackableError, match=f"cannot track a {type(untrackable).__name__}") as caught:
            tracking.track(untrackable)
        assert isinstance(caught.value, TypeError)
        assert isinstance(caught.value, PyroError)
        assert "'ordered'" in str(caught.value.hint)
    resource = Resource()
    theirs.tracked_resources.add(resource)
    tracking.track(resource)
    assert list(theirs.tracked_resources) == list(tracking.resources) == [resource]


# ordered and limited


@each_strong
def test_anything_can_be_tracked(tracker: Any) -> None:
    tracking = opened(tracker)
    resource = Slots()
    tracking.track(resource)
    tracking.release()
    assert resource.closed


def test_limited_refuses_one_too_many() -> None:
    tracking = opened(LimitedTracker())
    resources = [Resource() for _ in range(LIMIT)]
    for resource in resources:
        tracking.track(resource)
    extra = Resource()
    with pytest.raises(PyroError, match=r"may hold 3 resources, .* the Resource is not tracked") as caught:
        tracking.track(extra)
    assert "MAX_RESOURCES_PER_CONNECTION" in str(caught.value.hint)
    assert caught.value.limit == "MAX_RESOURCES_PER_CONNECTION"
    tracking.track(resources[0])
    tracking.untrack(resources[0])
    tracking.track(extra)
    tracking.release()
    assert [len(one.closed) for one in [*resources, extra]] == [0, 1, 1, 1]


def test_limited_to_nothing() -> None:
    with pytest.raises(PyroError, match="may hold 0 resources"):
        opened(LimitedTracker(), limit=0).track(Resource())


def test_ordered_has_no_limit() -> None:
    tracking = opened(OrderedTracker(), limit=0)
    resources = [Resource() for _ in range(1000)]
    for resource in resources:
        tracking.track(resource)
    tracking.release()
    assert all(len(one.closed) == 1 for one in resources)
