"""The queue of one-way calls by itself: order, turns, and what one connection may have."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_servers import limits
from pyroplug_servers.fair import FairQueue, Task


def call() -> None:
    pass


def put(queue: FairQueue, owner: int, size: int = 0) -> Task:
    task: Task = (call, owner, size)
    queue.append(task)
    return task


def take(queue: FairQueue) -> Task | None:
    """The next call, which is over at once."""
    task = queue.take()
    if task is not None:
        queue.finished()
    return task


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)) | st.none(), max_size=200))
def test_nothing_is_lost_and_each_connection_has_its_order(steps: list[tuple[int, int] | None]) -> None:
    queue, given_in, taken = FairQueue(2), [], []
    for step in steps:
        if step is None:
            task = take(queue)
            assert (task is None) == (len(given_in) == len(taken))
            if task is not None:
                taken.append(task)
        else:
            given_in.append(put(queue, *step))
    assert len(queue) == len(given_in) - len(taken)
    while (task := take(queue)) is not None:
        taken.append(task)
    for owner in range(5):
        assert [t for t in taken if t[1] == owner] == [t for t in given_in if t[1] == owner]
    assert not queue.crowded
    assert all(queue.is_calm(owner) and not queue.is_over(owner) for owner in range(5))


@given(st.lists(st.integers(1, 60), min_size=1, max_size=6))
def test_whoever_waits_has_its_turn(counts: list[int]) -> None:
    """Before anybody has had two more turns than somebody else who waits as well."""
    queue = FairQueue(1)
    for owner, count in enumerate(counts):
        for _ in range(count):
            put(queue, owner)
    turns: Counter[int] = Counter()
    while (task := take(queue)) is not None:
        turns[task[1]] += 1
        waiting = [owner for owner, count in enumerate(counts) if turns[owner] < count]
        assert all(turns[task[1]] <= turns[owner] + 1 for owner in waiting)
    assert [turns[owner] for owner in range(len(counts))] == counts


@given(st.integers(4, 40), st.integers(1, 8))
def test_some_threads_are_left_for_others(threads: int, floods: int) -> None:
    queue = FairQueue(threads)
    for _ in range(threads + 1):
        for owner in range(floods):
            put(queue, owner)
    started = 0
    while queue.ready():
        queue.take()
        started += 1
    assert started < threads or floods * (limits.ONEWAY_SHARE + 1) > threads
    if started < threads:
        put(queue, floods)
        assert queue.ready()
        assert (queue.take() or (call, -1, 0))[1] == floods


def test_a_queue_that_was_lifted_leaves_none() -> None:
    queue = FairQueue(8)
    for _ in range(10):
        put(queue, 1)
    queue.lift()
    for _ in range(8):
        assert queue.ready()
        queue.take()


def test_who_has_too_much_and_who_has_not() -> None:
    queue = FairQueue(1)
    for _ in range(limits.ONEWAY_QUEUE // 4):
        put(queue, 1)
    assert queue.crowded
    assert not queue.is_over(1)
    put(queue, 1)
    assert queue.is_over(1)
    assert not queue.is_over(2)
    while not queue.is_calm(1):
        take(queue)
    assert len(queue) == limits.ONEWAY_QUEUE // 8
    put(queue, 2, limits.ONEWAY_QUEUE_BYTES // 4 + 1)
    assert queue.is_over(2)
    assert not queue.is_calm(2)


def test_who_has_little_may_go_on_where_others_have_much() -> None:
    queue = FairQueue(1)
    for owner in range(1, 6):
        for _ in range(limits.ONEWAY_QUEUE // 4):
            put(queue, owner)
    for _ in range(limits.ONEWAY_LEAST):
        put(queue, 9)
        assert not queue.is_over(9)
    put(queue, 9)
    assert queue.is_over(9)


def test_nothing_is_kept_of_who_has_no_calls() -> None:
    queue = FairQueue(2)
    for owner in range(100):
        put(queue, owner)
    while take(queue) is not None:
        pass
    assert not queue._lanes
    assert not queue._at_work


def test_what_is_dropped() -> None:
    queue = FairQueue(2)
    put(queue, 1, 10)
    put(queue, 2, 10)
    queue.clear()
    assert len(queue) == 0
    assert not queue.ready()
    assert queue.is_calm(1)


# Without the lock

Step = tuple[str, int]
steps = st.lists(
    st.tuples(st.sampled_from(("append", "slip", "take", "another")), st.integers(0, 2)), max_size=200
)


@given(steps, st.integers(1, 3))
def test_the_ways_without_a_lock_lose_nothing_and_keep_the_order(steps: list[Step], threads: int) -> None:
    """And they are there only while nobody else waits."""
    queue, given_in, taken = FairQueue(threads), [], []
    last: Task | None = None
    for what, owner in steps:
        waiting = [task for task in given_in if task not in taken]
        if what in ("append", "slip"):
            task: Task = (lambda: None, owner, 1)
            slipped = queue.slip(task) if what == "slip" else None
            if slipped is None:
                queue.append(task)
            else:
                assert slipped
                assert {each[1] for each in waiting} <= {owner}
            given_in.append(task)
        elif what == "take" or last is None:
            if last is not None:
                queue.finished()
            last = queue.take()
            assert (last is None) == (not waiting)
            if last is not None:
                taken.append(last)
        else:
            found = queue.another(last)
            if found is not None:
                assert {each[1] for each in waiting} == {last[1]}
                taken.append(found)
                last = found
        assert len(queue) == len(given_in) - len(taken)
    if last is not None:
        queue.finished()
    while (found := take(queue)) is not None:
        taken.append(found)
    for owner in range(3):
        assert [t for t in taken if t[1] == owner] == [t for t in given_in if t[1] == owner]
    assert len(queue) == queue._count == queue._size == 0
    assert not queue.crowded
    assert not queue._lanes


def test_many_small_calls_are_limited_without_the_lock_as_well() -> None:
    queue = FairQueue(1)
    put(queue, 1)
    count = 1
    while not queue.crowded:
        assert queue.slip((call, 1, 100))
        count += 1
    assert count == limits.ONEWAY_QUEUE // 4
    assert not queue.is_over(1)
    queue.slip((call, 1, 100))
    assert queue.is_over(1)


def test_large_calls_and_those_of_others_do_not_slip_in() -> None:
    queue = FairQueue(2)
    assert queue.slip((call, 1, 0)) is None
    first = put(queue, 1)
    assert queue.slip((call, 1, limits.ONEWAY_LEAST_BYTES)) is None
    assert queue.slip((call, 2, 0)) is None
    assert queue.slip((call, 1, 0))
    put(queue, 2)
    assert queue.slip((call, 1, 0)) is None
    assert queue.take() == first
    assert queue.another(first) is None  # it is the other's turn
    assert (queue.take() or first)[1] == 2


def test_a_large_call_that_waits_has_all_go_the_counted_way() -> None:
    queue = FairQueue(2)
    put(queue, 1, limits.ONEWAY_LEAST_BYTES)
    assert queue.slip((call, 1, 0)) is None
    take(queue)
    put(queue, 1)
    assert queue.slip((call, 1, 0))


def test_whoever_waits_for_progress_is_told_in_time() -> None:
    queue, told = FairQueue(1), []
    queue.on_progress = told.append
    for _ in range(limits.ONEWAY_QUEUE // 4 + 1):
        put(queue, 1)
    queue.stalled = True
    task = queue.take()
    while task is not None and (following := queue.another(task)) is not None:
        task = following
        assert not told
    assert queue.is_calm(1)
    queue.finished()
    assert told == [1]


class Interrupted(deque[Any]):
    """In the middle of adding something, another thread comes."""

    def __init__(self, before: Callable[[], object], after: Callable[[], object]) -> None:
        super().__init__()
        self._before, self._after = before, after

    def append(self, task: Any) -> None:
        self._before()
        super().append(task)
        self._after()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("closed", [False, True])
def test_a_call_that_slips_in_while_the_last_one_ends_is_not_forgotten(when: str, closed: bool) -> None:
    queue = FairQueue(1)
    put(queue, 1)
    (lane,) = queue._lanes.values()

    def run_all() -> None:
        while take(queue) is not None:
            pass

    nothing = bool
    waiting, lane.calls = (
        lane.calls,
        Interrupted(*(run_all if when == w else nothing for w in ("before", "after"))),
    )
    deque.extend(lane.calls, waiting)
    task: Task = (call, 1, 7)
    slipped = queue.slip(task)
    assert slipped not in (None, True)
    if closed:
        assert queue.take_back(slipped, task) == (when == "before")
        assert queue.take() is None
    else:
        queue.settle_for(slipped, task)
        assert queue.take() == (task if when == "before" else None)


def test_a_call_that_slips_in_while_its_connection_is_forgotten_is_counted_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = FairQueue(1)
    first, _ = put(queue, 1), put(queue, 1)
    assert queue.take() == first
    assert queue.another(first)
    (lane,) = queue._lanes.values()
    task: Task = (call, 1, 7)
    see_who_is_alone = queue._see_who_is_alone

    def interrupted() -> None:
        see_who_is_alone()
        lane.calls.append(task)

    with monkeypatch.context() as patch:
        patch.setattr(queue, "_see_who_is_alone", interrupted)
        queue.finished()
    queue.settle_for(lane, task)
    assert take(queue) == task
    assert queue._count == len(queue) == 0


def test_a_call_that_slips_in_while_all_are_dropped_can_be_taken_back() -> None:
    queue = FairQueue(1)
    put(queue, 1)
    (lane,) = queue._lanes.values()
    lane.calls = Interrupted(queue.clear, bool)
    task: Task = (call, 1, 7)
    slipped = queue.slip(task)
    assert slipped not in (None, True)
    assert queue.take_back(slipped, task)
    assert queue.take() is None
    assert len(queue) == 0
