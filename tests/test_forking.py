"""A forked process leaves its parent's connections alone."""

from __future__ import annotations

import gc
from typing import Any

from pyroplug import forking
from pyroplug.forking import close_when_forked, forget


class Holding:
    def __init__(self) -> None:
        self.told = 0

    def forked(self) -> None:
        self.told += 1


def test_those_who_are_known_are_told_in_the_child_alone(in_child: Any) -> None:
    known, unknown, gone = Holding(), Holding(), Holding()
    for one in (known, gone, known):
        close_when_forked(one)
    del gone
    gc.collect()

    def child() -> None:
        assert (known.told, unknown.told) == (1, 0)

    in_child(child)
    assert known.told == 0


def test_who_has_nothing_to_close_any_more_is_not_told(in_child: Any) -> None:
    known, forgotten = Holding(), Holding()
    for one in (known, forgotten):
        close_when_forked(one)
    forget(forgotten)
    forget(forgotten)

    def child() -> None:
        assert (known.told, forgotten.told) == (1, 0)

    in_child(child)


def test_nothing_is_kept_of_who_is_gone() -> None:
    gc.collect()
    before = dict(forking._known)
    for _ in range(3):  # also where another one has the same place in memory
        close_when_forked(Holding())
    gone, forgotten = Holding(), Holding()
    for one in (gone, gone, forgotten):
        close_when_forked(one)
    forget(forgotten)
    del one, gone, forgotten
    gc.collect()
    assert forking._known == before
