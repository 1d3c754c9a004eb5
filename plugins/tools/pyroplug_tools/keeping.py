"""A name that a name server knows for as long as something runs."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from pyroplug.api import URI, locate_ns
from pyroplug.config import Configuration
from pyroplug.errors import NamingError, PyroError
from pyroplug_tools.reaching import reporting

__all__ = ["EVERY", "kept_name"]

EVERY = 10.0
"""Seconds between two looks at whether the name is still known."""


@contextmanager
def kept_name(
    name: str, uri: URI, tags: Iterable[str], settings: Configuration, every: float = EVERY
) -> Iterator[URI]:
    """Register a name, see to it that it stays known, and remove it in the end: the name server's address.

    A name server that was started again, or that has forgotten the name in another way, is told again.
    Where somebody else has taken over the name, it is theirs.

    :raises Failure: no name server answers.
    """
    wanted = sorted(tags)
    with reporting(), locate_ns(config=settings) as names:
        names.register(name, uri, metadata=wanted)
        where = names._pyroUri
    over = threading.Event()
    telling = threading.Lock()  # what was removed in the end is not registered again afterwards

    def keep() -> None:
        while not over.wait(every):
            with suppress(PyroError), locate_ns(config=settings) as names, telling:
                if not over.is_set() and _is_ours(names, name, uri, or_nobodys=True):
                    names.register(name, uri, metadata=wanted)

    keeper = threading.Thread(target=keep, name=f"keeps the name {name}", daemon=True)
    keeper.start()
    try:
        yield where
    finally:
        over.set()
        try:
            with locate_ns(config=settings) as names, telling:
                if _is_ours(names, name, uri, or_nobodys=False):
                    names.remove(name)
        except PyroError as error:
            click.echo(f"warning: the name {name} could not be removed: {error}", err=True)
        keeper.join(1)


def _is_ours(names: Any, name: str, uri: URI, *, or_nobodys: bool) -> bool:
    try:
        return str(names.lookup(name)) == str(uri)
    except NamingError:
        return or_nobodys
