"""From names and tags to addresses, by asking the name server."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from pyroplug.api import URI, config
from pyroplug.contracts import LookupContext
from pyroplug.errors import CommunicationError, NamingError, TimeoutError

from .locating import located

__all__ = ["lookup", "resolved", "until_found", "yplookup"]

_LONGEST_CHAIN = 8
"""Names that stand for names; more than that are taken for a circle."""
_SHORTEST_PAUSE = 0.2
"""Seconds between two attempts."""

T = TypeVar("T")


def lookup(nameserver: Any, name: str, return_metadata: bool = False, delay_time: float = 0) -> Any:
    """Ask a name server for a name, and ask again for a while if it does not know it: its URI.

    :param nameserver: a proxy of one.
    :param return_metadata: give its URI and its tags.
    :param delay_time: seconds for which it is asked again; 0 for the configuration's ``NS_LOOKUP_DELAY``.
    :raises NamingError: the name is unknown.
    """
    return until_found(lambda: nameserver.lookup(name, return_metadata), delay_time or config.NS_LOOKUP_DELAY)


def yplookup(
    nameserver: Any,
    meta_all: Iterable[str] | None = None,
    meta_any: Iterable[str] | None = None,
    return_metadata: bool = True,
    delay_time: float = 0,
) -> Any:
    """Ask a name server for what has tags, and ask again for a while if there is nothing: URIs by name.

    :param nameserver: a proxy of one.
    :param meta_all: tags that it has to have.
    :param meta_any: tags of which it has to have one.
    :param return_metadata: give its URI and its tags.
    :param delay_time: seconds for which it is asked again; 0 for the configuration's ``NS_LOOKUP_DELAY``.
    """

    def attempt() -> Any:
        found = nameserver.yplookup(meta_all, meta_any, return_metadata)
        if not found:
            raise _NothingFoundError(found)
        return found

    try:
        return until_found(attempt, delay_time or config.NS_LOOKUP_DELAY)
    except _NothingFoundError as error:
        return error.found


class _NothingFoundError(NamingError):
    def __init__(self, found: Any) -> None:
        super().__init__("nothing has the tags")
        self.found = found


def resolved(text: str, delay: float, context: LookupContext) -> str:
    """The direct address of an object by its name, or of any that has all of the tags.

    :param delay: seconds for which a search that fails is repeated.
    :raises NamingError: there is none, or no name server answers.
    """
    uri = URI(text)
    way = [str(uri)]
    while uri.protocol != "PYRO":
        if len(way) > _LONGEST_CHAIN:
            raise NamingError(
                f"{way[0]} leads from name to name without end: {' -> '.join(way)}",
                hint="register the address of an object, PYRO:…, with one of these names",
            )
        uri = until_found(partial(_asked, uri, context), delay, context.left)
        way.append(str(uri))
    return str(uri)


def _asked(uri: URI, context: LookupContext) -> URI:
    where: Any = uri.location if uri.host is None else uri.host
    with located(where, uri.port, True, context) as names:
        names._pyroTimeout = context.left()
        try:
            if uri.protocol == "PYRONAME":
                found = names.lookup(uri.object)
            else:
                # A list, and not a set: not every serializer carries sets.
                by_name = names.yplookup(sorted(uri.object), None, False)
                found = random.choice(list(by_name.values())) if by_name else None
            if found is not None:
                return URI(found)
        except NamingError as error:
            raise _unknown(uri, names) from error
        except CommunicationError:
            raise
        except Exception as error:  # whatever it raises there, or gives instead of an address
            said = str(error).partition("\n")[0]
            raise NamingError(
                f"the name server at {names._pyroUri.location} gave no address for {uri}: "
                f"{type(error).__name__}: {said}"
            ) from error
        raise _unknown(uri, names)


def _unknown(uri: URI, names: Any) -> NamingError:
    at = f"the name server at {names._pyroUri.location}"
    if uri.protocol == "PYRONAME":
        return NamingError(
            f"unknown name: {uri.object} ({at} does not know it)",
            hint="pyroplug nsc list shows the names that it knows",
        )
    tags = ", ".join(sorted(uri.object))
    return NamingError(
        f"no object has all of the tags {tags} ({at} knows none)",
        hint="pyroplug nsc list shows what it knows, with tags",
    )


def _for_ever() -> None:
    """There is no limit."""


def until_found(attempt: Callable[[], T], delay: float, left: Callable[[], float | None] = _for_ever) -> T:
    """What an attempt gives; one that fails is repeated for a while.

    :param delay: seconds for which it is repeated; 0 for not at all.
    :param left: the seconds that are left at most.
    :raises NamingError: what the last attempt raised.
    :raises CommunicationError: likewise.
    """
    ends = clock() + delay
    pause = max(_SHORTEST_PAUSE, delay / 5)
    while True:
        try:
            return attempt()
        except (NamingError, CommunicationError):
            still = ends - clock()
            try:
                most = left()
            except TimeoutError:
                most = 0.0
            if most is not None:
                still = min(still, most)
            if still <= 0:
                raise
        wait(min(pause, still))


wait = time.sleep
"""Wait so many seconds."""
clock = time.monotonic
"""Seconds since whenever."""
