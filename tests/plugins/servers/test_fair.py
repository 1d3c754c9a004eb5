"""The queue of one-way calls by itself: order, turns, and what one connection may have."""

from __future__ import annotations

from collections import Counter

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
    if not queue.ready():
        return None
    task = queue.popleft()
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
        queue.popleft()
        started += 1
    assert started < threads or floods * (limits.ONEWAY_SHARE + 1) > threads
    if started < threads:
        put(queue, floods)
        assert queue.ready()
        assert queue.popleft()[1] == floods


def test_a_queue_that_was_lifted_leaves_none() -> None:
    queue = FairQueue(8)
    for _ in range(10):
        put(queue, 1)
    queue.lift()
    for _ in range(8):
        assert queue.ready()
        queue.popleft()


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
