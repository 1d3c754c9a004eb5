"""What Pyro5 has and pyroplug has not: it can be imported, and says so when it is used."""

from __future__ import annotations

from typing import NoReturn

from pyroplug.errors import NamingError

__all__ = ["no_name_server", "not_there"]

_HINT = "the one of Pyro5 works together with pyroplug's daemons and proxies: run that"


def no_name_server(what: str) -> NamingError:
    """The error for something that needs a name server."""
    return NamingError(
        f"{what} is not available: pyroplug has no name server yet",
        hint=f"{_HINT}, and call it by Proxy('PYRO:Pyro.NameServer@host:9090')",
    )


def not_there(what: str) -> NoReturn:
    """Refuse to be a program that is not there."""
    raise NotImplementedError(f"{what} is not available in pyroplug yet\nhint: {_HINT}")
