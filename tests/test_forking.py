"""A forked process leaves its parent's connections alone."""

from __future__ import annotations

import gc
from typing import Any

from pyroplug.forking import close_when_forked


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
