"""What every resource tracker has to do, as a suite to subclass."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st

from pyroplug.contracts import Peer, ResourceTracker, Settings, Tracking
from pyroplug.plugins.kinds import Kind

from .resources import EqualToAll, Incomparable, Resource
from .suite import Breach, Suite, for_all
from .threads import hasty
from .verdicts import satisfies
from .waiting import PATIENCE

__all__ = ["ResourceTrackerSuite"]

PEER = Peer(("203.0.113.5", 4711), "trial")
ONCE = "a resource that is tracked when the connection is lost is closed exactly once"
SOME = 4
MANY = 50
STUCK = 10.0
"""Seconds after which a release that takes no time hangs."""


KINDS = pytest.mark.parametrize("make", [Resource, EqualToAll, Incomparable], ids=lambda cls: cls.__name__)
BY_IDENTITY = "look for resources by their identity: they may be equal, or neither be compared nor hashed"


class ResourceTrackerSuite(Suite):
    """The laws of :class:`~pyroplug.contracts.ResourceTracker`. Override ``tracker``.

    A tracker that has a limit must be configured to take fifty resources a connection, by ``configuration``.

    :cvar order: in which order resources are closed: ``"last first"``, ``"first first"``, or ``None`` if that
        is not promised.
    :cvar holds: whether resources live as long as they are tracked, even if nobody else refers to them; false
        for a tracker that forgets those, true for one that closes them in the end.
    """

    order: ClassVar[str | None] = None
    holds: ClassVar[bool] = True

    @pytest.fixture
    def tracker(self) -> ResourceTracker:
        """The tracker on trial: to be overridden."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a fixture 'tracker', which returns the tracker on trial"
        )

    @pytest.fixture
    def tracking(self, tracker: ResourceTracker, settings: Settings) -> Tracking:
        """What it opens for a connection."""
        return tracker.open(PEER, settings)

    # What there is

    def test_it_satisfies_the_contract(self, tracker: ResourceTracker) -> None:
        """All members are there, and of the right kind."""
        satisfies(Kind.RESOURCE_TRACKER, tracker, "a tracker satisfies pyroplug.contracts.ResourceTracker")

    def test_what_it_opens_satisfies_the_contract(self, tracking: Tracking) -> None:
        """Nobody checks that before the first client comes."""
        for name in ("resources", "track", "untrack", "release"):
            if not hasattr(tracking, name):
                raise Breach(
                    "a tracking satisfies pyroplug.contracts.Tracking",
                    f"{type(tracking).__name__} has no {name!r}",
                )

    def test_connections_have_trackings_of_their_own(
        self, tracker: ResourceTracker, settings: Settings
    ) -> None:
        """What one client holds is not closed when another one leaves."""
        one, other = tracker.open(PEER, settings), tracker.open(PEER, settings)
        resource = Resource("of one connection")
        one.track(resource)
        if list(other.resources):
            raise Breach("open gives a tracking for one connection", "another one's resources are in it")
        other.release()
        if resource.closed:
            raise Breach(
                "open gives a tracking for one connection", "the end of another one closed its resource"
            )
        one.release()
        _closed(ONCE, [resource], [1])

    def test_nothing_is_lost_with_nothing_tracked(self, tracking: Tracking) -> None:
        """The usual case."""
        if list(tracking.resources):
            raise Breach("a new tracking has no resources", f"it has {list(tracking.resources)}")
        _release(tracking)

    # Exactly one release

    @KINDS
    def test_each_is_closed_once(self, tracking: Tracking, make: type[Resource]) -> None:
        """Also such as are equal to each other, or can be neither compared nor hashed."""
        resources = [make(str(number)) for number in range(SOME)]
        for resource in resources:
            _do("track", tracking.track, resource)
        _tracks(tracking, resources)
        _release(tracking)
        _closed(ONCE, resources, [1] * SOME, BY_IDENTITY)
        if list(tracking.resources):
            raise Breach(
                "after its release a tracking has no resources", f"it has {list(tracking.resources)}"
            )

    def test_a_second_release_closes_nothing_again(self, tracking: Tracking) -> None:
        """It is called once; a tracker that relies on that harms whoever is called twice."""
        resource = Resource()
        tracking.track(resource)
        _release(tracking)
        _release(tracking)
        _closed(ONCE, [resource], [1])

    def test_one_that_is_tracked_twice_is_closed_once(self, tracking: Tracking) -> None:
        """Tracking is no counting."""
        resource = Resource()
        tracking.track(resource)
        tracking.track(resource)
        _tracks(tracking, [resource])
        _release(tracking)
        _closed("a resource that was tracked twice is closed once", [resource], [1])

    @KINDS
    def test_one_that_is_untracked_is_left_alone(self, tracking: Tracking, make: type[Resource]) -> None:
        """It, and no other that is equal to it."""
        kept, dropped, stranger = make("kept"), make("dropped"), make("never tracked")
        for resource in (kept, dropped):
            _do("track", tracking.track, resource)
        for resource in (dropped, dropped, stranger):
            _do("untrack", tracking.untrack, resource)
        _release(tracking)
        _closed("an untracked resource is not closed", [kept, dropped, stranger], [1, 0, 0], BY_IDENTITY)
        _do("untrack after release", tracking.untrack, kept)

    def test_one_that_comes_too_late_is_closed(self, tracking: Tracking) -> None:
        """A method may run on when its client is gone; nobody else would close what it then tracks."""
        _release(tracking)
        late = Resource("tracked after the release")
        _do("track after release", tracking.track, late)
        _closed("what is tracked after the release is closed at once", [late], [1])

    def test_whatever_happens_in_whatever_order(self, tracker: ResourceTracker, settings: Settings) -> None:
        """Compared with a model."""
        step = st.tuples(st.sampled_from(["track", "untrack", "release"]), st.integers(0, SOME - 1))

        def check(steps: list[tuple[str, int]]) -> None:
            tracking = tracker.open(PEER, settings)
            resources = [Resource(str(number)) for number in range(SOME)]
            wanted, tracked, released = [0] * SOME, set[int](), False
            for what, number in [*steps, ("release", 0)]:
                if what == "release":
                    _release(tracking)
                    for one in tracked:
                        wanted[one] += 1
                    tracked, released = set(), True
                elif what == "untrack":
                    tracking.untrack(resources[number])
                    tracked.discard(number)
                elif released:
                    tracking.track(resources[number])
                    wanted[number] += 1
                else:
                    tracking.track(resources[number])
                    tracked.add(number)
                if {id(one) for one in tracking.resources} != {id(resources[one]) for one in tracked}:
                    raise Breach(
                        "resources are those that are tracked now",
                        f"they are {list(tracking.resources)} and not {[resources[one] for one in tracked]}",
                    )
            _closed(ONCE, resources, wanted)

        for_all(check, steps=st.lists(step, max_size=12))

    def test_the_resources_are_a_snapshot(self, tracking: Tracking) -> None:
        """Who goes through them may track and untrack meanwhile."""
        first, second = Resource("first"), Resource("second")
        tracking.track(first)
        seen = tracking.resources
        tracking.track(second)
        if [id(one) for one in seen] != [id(first)]:
            raise Breach(
                "resources are those that were tracked when they were asked for", f"they are {list(seen)}"
            )
        for one in tracking.resources:
            _do("untrack while going through resources", tracking.untrack, one)
        _tracks(tracking, [])

    def test_the_order_is_the_promised_one(self, tracking: Tracking) -> None:
        """What was opened with the help of something else should be closed before it."""
        if self.order is None:
            pytest.skip("the tracker promises no order")
        resources = [Resource(f"number {number}") for number in range(SOME)]
        for resource in (*resources, resources[0]):
            tracking.track(resource)
        _release(tracking)
        _closed(ONCE, resources, [1] * SOME)
        wanted = resources[::-1] if self.order == "last first" else resources
        found = sorted(resources, key=lambda one: one.closed)
        if found != wanted:
            raise Breach(f"resources are closed in the order {self.order!r}", f"they were closed as {found}")

    # Failures

    @pytest.mark.parametrize(
        "error",
        [ValueError, AttributeError, MemoryError, SystemExit, GeneratorExit],
        ids=lambda it: it.__name__,
    )
    def test_one_whose_close_raises_keeps_no_other_open(
        self, tracking: Tracking, error: type[BaseException]
    ) -> None:
        """And release raises nothing."""

        def fail() -> None:
            raise error("as planned")

        resources = [Resource(str(number), fail if number % 2 else int) for number in range(2 * SOME)]
        for resource in resources:
            tracking.track(resource)
        _release(tracking, f"where a resource's close() raises {error.__name__}")
        _closed(
            f"a resource is closed even if the close() of another raises {error.__name__}",
            resources,
            [1] * 2 * SOME,
        )

    def test_one_that_cannot_be_closed_at_all(self, tracking: Tracking) -> None:
        """Whoever tracks it has made a mistake; the others are closed."""

        class NoResource:
            pass

        first, broken, last = Resource("first"), NoResource(), Resource("last")
        for resource in (first, broken, last):
            try:
                tracking.track(resource)
            except Exception:  # it may be refused
                if resource is not broken:
                    raise
        _release(tracking, "where one of the resources has no close()")
        _closed("a resource is closed even if another has no close()", [first, last], [1, 1])

    def test_one_that_nobody_else_uses(self, tracking: Tracking) -> None:
        """It is kept and closed in the end, or forgotten: as the tracker says."""
        resource, kept = Resource("used by nobody else"), Resource("kept")
        closed = resource.closed
        tracking.track(resource)
        tracking.track(kept)
        del resource
        gc.collect()
        _release(tracking, "where a resource is gone")
        _closed(ONCE, [kept], [1])
        if len(closed) != self.holds:
            raise Breach(
                "a resource that nobody else uses is closed in the end"
                if self.holds
                else "a resource that nobody else uses is forgotten (holds is False)",
                f"it was closed {len(closed)} times",
                "" if self.holds else "if the tracker is to hold resources, leave holds as it is: true",
            )

    def test_nothing_is_held_after_the_release(self, tracking: Tracking) -> None:
        """Or what a client had takes memory until the end of the daemon."""
        resource = Resource()
        alive = weakref.ref(resource)
        tracking.track(resource)
        _release(tracking)
        del resource
        gc.collect()
        if alive() is not None:
            raise Breach(
                "after its release a tracking holds no resource", "one that was closed is still in memory"
            )

    def test_a_close_may_track_and_untrack(self, tracking: Tracking) -> None:
        """It runs while the tracking is being released: no lock may be held then."""
        inner, late = Resource("untracked by another's close()"), Resource("tracked by another's close()")

        def act() -> None:
            tracking.untrack(outer)
            tracking.untrack(inner)
            tracking.track(late)
            list(tracking.resources)

        outer = Resource("outer", act)
        tracking.track(inner)
        tracking.track(outer)
        thread = threading.Thread(target=tracking.release, daemon=True)
        thread.start()
        thread.join(STUCK)
        if thread.is_alive():
            raise Breach(
                "a resource's close() may call track and untrack",
                "release does not come to an end then",
                "hold no lock while closing",
            )
        _closed("a resource's close() may call track and untrack", [outer, late], [1, 1])

    # Threads

    def test_many_threads(self, tracker: ResourceTracker, settings: Settings) -> None:
        """One-way calls of a connection run at the same time, and when it is lost."""
        with hasty(), ThreadPoolExecutor(SOME) as pool:
            for _ in range(20):
                tracking = tracker.open(PEER, settings)
                resources = [[Resource() for _ in range(MANY // SOME)] for _ in range(SOME - 1)]
                start = threading.Barrier(SOME)

                def work(some: list[Resource], tracking: Tracking = tracking, start: Any = start) -> None:
                    start.wait(PATIENCE)
                    for one in some:
                        tracking.track(one)
                        list(tracking.resources)
                        tracking.untrack(object())

                def release(tracking: Tracking = tracking, start: Any = start) -> None:
                    start.wait(PATIENCE)
                    tracking.release()

                tasks = [pool.submit(work, some) for some in resources] + [pool.submit(release)]
                for task in tasks:
                    _do("track in one thread and release in another", task.result, PATIENCE)
                every = [one for some in resources for one in some]
                _closed(f"{ONCE}, also if another thread has just tracked it", every, [1] * len(every))


def _do(what: str, use: Callable[[Any], object], argument: Any) -> None:
    try:
        use(argument)
    except Exception as error:
        raise Breach(
            f"{what} raises nothing",
            f"for {argument!r} it raised {type(error).__name__}: {error}",
            BY_IDENTITY,
        ) from error


def _release(tracking: Tracking, where: str = "") -> None:
    try:
        tracking.release()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise Breach(
            "release raises nothing", f"it raised {type(error).__name__}: {error} {where}".strip()
        ) from error


def _closed(law: str, resources: list[Any], wanted: list[int], hint: str = "") -> None:
    for resource, times in zip(resources, wanted, strict=True):
        if len(resource.closed) != times:
            raise Breach(law, f"{resource!r} was closed {len(resource.closed)} times, and not {times}", hint)


def _tracks(tracking: Tracking, resources: list[Any]) -> None:
    found = list(tracking.resources)
    if sorted(map(id, found)) != sorted(map(id, resources)):
        raise Breach(
            "resources are those that are tracked now", f"they are {found} and not {resources}", BY_IDENTITY
        )
