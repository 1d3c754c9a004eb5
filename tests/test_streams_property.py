"""Whatever happens: a client gets each item once, in order, and the end at its place."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyroplug.errors import PyroError
from pyroplug.streams import State, StreamTable

from .conversation import Clock
from .streaming import ByHand, Source, Taker

SETUPS = st.fixed_dictionaries(
    {
        "count": st.integers(0, 40),
        "error": st.sampled_from([None, ValueError("bad"), StopIteration("value")]),
        "slow": st.sets(st.integers(0, 40)),
        "prefetch": st.sampled_from([-1, 0, 1, 5]),
    }
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["take", "lose", "reconnect", "wait"]), st.integers(1, 20)),
        st.tuples(st.just("run"), st.sets(st.integers(0, 40))),
    ),
    max_size=40,
)


class Story:
    """One stream, its client, and what happens to them."""

    def __init__(self, setup: dict[str, Any]) -> None:
        self.setup = setup
        self.clock = Clock()
        self.threads = ByHand()
        self.table = StreamTable(
            threading.RLock(),
            self.clock,
            lifetime=0,
            linger=30,
            prefetch=setup["prefetch"],
            threads=self.threads,
        )
        self.source = Source(self.clock, setup["count"], setup["error"])
        self.source.costs = dict.fromkeys(setup["slow"], 0.01)
        self.taker = Taker(self.table, self.source)

    def step(self, action: str, argument: Any) -> None:
        taker = self.taker
        if action == "take":
            self.take(argument)
        elif action == "lose" and taker.state == State.MORE:
            taker.ask(argument)  # and whatever that was does not arrive
            taker.reconnect()
        elif action == "reconnect":
            taker.reconnect()
        elif action == "wait":
            self.clock.now += argument / 1000
            self.table.housekeeping()
        elif action == "run":
            # While some of the items are being made, the client takes those that are ready.
            self.source.within = lambda: self.take(3) if self.may_take(argument) else None
            self.threads.run()
            self.source.within = lambda: None
        self.check()

    def may_take(self, when: set[int]) -> bool:
        return self.source.taken in when and self.source.taken > len(self.taker.items)

    def take(self, most: int) -> None:
        if self.taker.state == State.MORE:
            self.taker.take(most)

    def check(self) -> None:
        items, source, prefetch = self.taker.items, self.source, self.setup["prefetch"]
        assert items == list(range(len(items)))
        assert len(items) <= source.taken
        assert source.closed <= 1
        if prefetch == 0:
            assert not self.threads.tasks

    def finish(self) -> None:
        """Take all that is left, and meet the end."""
        for _ in range(200):
            self.take(20)
            self.threads.run()
        error = self.setup["error"]
        assert self.taker.items == list(range(self.setup["count"]))
        assert self.taker.state == (State.ENDED if error is None else State.FAILED)
        if error is not None:
            with pytest.raises(type(error)) as caught:
                self.table.next_item(self.taker.stream_id, self.taker.client)
            assert caught.value is error
        assert self.source.closed == 1


@given(SETUPS, STEPS)
def test_each_item_once_and_in_order(setup: dict[str, Any], steps: list[Any]) -> None:
    story = Story(setup)
    for step in steps:
        story.step(*step)
    story.finish()


@given(SETUPS, STEPS, st.sampled_from(["close", "close_all", "lost", "within"]))
def test_it_is_closed_once_whenever_that_happens(setup: dict[str, Any], steps: list[Any], how: str) -> None:
    story = Story(setup)
    table, taker, source = story.table, story.taker, story.source
    for step in steps:
        story.step(*step)
    if how == "within":
        source.within = lambda: table.close(taker.stream_id, taker.client)
        story.threads.run()
        source.within = lambda: None
    if how in ("close", "within"):
        table.close(taker.stream_id, taker.client)
    elif how == "close_all":
        table.close_all()
    else:
        table.client_lost(taker.client)
        story.clock.now += 31
        table.housekeeping()
    assert len(table) == 0
    story.threads.run()
    assert source.closed == 1
    with pytest.raises(PyroError, match="terminated"):
        taker.ask()
