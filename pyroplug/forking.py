"""Connections stay with the process that made them.

A forked process has copies of its parent's connections. If it used or ended one, the parent's own
conversation would be broken, and neither could tell why. So it closes its copies at once.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import ref

__all__ = ["close_when_forked", "forget"]


class Forkable(Protocol):
    """What has something that a forked process must not use."""

    def forked(self) -> None:
        """Called in a forked process: close the copy, and do nothing that the other side notices."""


_known: dict[int, ref[Forkable]] = {}  # by identity; a WeakSet takes several times as long


def close_when_forked(one: Forkable) -> None:
    """Have its ``forked`` called in each process that is forked off, as long as it exists."""
    key = id(one)
    _known[key] = ref(one, lambda _: _known.pop(key, None))


def forget(one: Forkable) -> None:
    """It has nothing to close any more."""
    _known.pop(id(one), None)


def _tell_all() -> None:
    for known in list(_known.values()):
        one = known()
        if one is not None:
            one.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_tell_all)
