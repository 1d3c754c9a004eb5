"""Where an object may be that has a name: at the address where it was, or at what its name stands for now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .contracts import LookupContext
from .errors import PyroError
from .naming import look_up
from .time_limit import TimeLimit
from .uri import URI

__all__ = ["Whereabouts", "candidates"]


class Whereabouts(NamedTuple):
    """What became of a name.

    :ivar name: the URI that was looked up.
    :ivar uri: the address that was found, and connected.
    :ivar doubtful: it could not be connected the last time.
    """

    name: URI
    uri: URI
    doubtful: bool = False


def candidates(known: Whereabouts, context: LookupContext) -> Iterator[URI]:
    """The addresses to try, in their order: the one that worked, unless it did not the last time."""
    if not known.doubtful:
        yield known.uri
    now = _now(known, context)
    if now is not None and now != known.uri:
        yield now
    if known.doubtful:
        yield known.uri


def _now(known: Whereabouts, context: LookupContext) -> URI | None:
    """What the name stands for now; ``None`` if that cannot be found out: the address is what there is."""
    try:
        left = context.left()
        limit = TimeLimit(None if left is None else left / 2)  # the rest is for connecting
        limit.begin()
        return look_up(known.name, 0.0, context._replace(left=limit.left))
    except PyroError:
        return None
