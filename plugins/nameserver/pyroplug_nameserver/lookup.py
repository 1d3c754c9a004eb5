"""From names and tags to addresses, by asking the name server."""

from __future__ import annotations

import random
from typing import Any

from pyroplug.api import URI
from pyroplug.contracts import LookupContext
from pyroplug.errors import NamingError

from .locating import located

__all__ = ["resolved"]


def resolved(text: str, _delay: float, context: LookupContext) -> str:
    """The direct address of an object by its name, or of any that has all of the tags.

    :raises NamingError: there is none, or no name server answers.
    """
    uri = URI(text)
    where: Any = uri.location if uri.host is None else uri.host
    with located(where, uri.port, True, context) as names:
        if uri.protocol == "PYRONAME":
            return str(names.lookup(uri.object))
        found = names.yplookup(sorted(uri.object), None, False)
    if not found:
        raise NamingError(f"no object has all of the tags {', '.join(sorted(uri.object))}")
    return str(random.choice(list(found.values())))
