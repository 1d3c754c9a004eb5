"""Connections stay with the process that made them.

A forked process has copies of its parent's connections. If it used or ended one, the parent's own
conversation would be broken, and neither could tell why. So it closes its copies at once.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet

__all__ = ["close_when_forked"]


class Forkable(Protocol):
    """What has something that a forked process must not use."""

    def forked(self) -> None:
        """Called in a forked process: close the copy, and do nothing that the other side notices."""


_known: WeakSet[Forkable] = WeakSet()


def close_when_forked(one: Forkable) -> None:
    """Have its ``forked`` called in each process that is forked off, as long as it exists."""
    _known.add(one)


def _tell_all() -> None:
    for one in list(_known):
        one.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_tell_all)
