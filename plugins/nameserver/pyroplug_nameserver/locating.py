"""Where the name server is: the configured address, or whoever answers a broadcast."""

from __future__ import annotations

from typing import Any

from pyroplug.api import URI, Proxy
from pyroplug.contracts import LookupContext
from pyroplug.errors import CommunicationError, NamingError, PyroError
from pyroplug.uri import NAMESERVER_NAME

__all__ = ["located"]


def located(host: Any, port: int | None, _broadcast: bool, context: LookupContext) -> Any:
    """A connected proxy of the name server.

    :raises NamingError: none answers.
    """
    settings = context.settings
    where = str(host) if host else settings.NS_HOST
    if where.startswith("./"):
        location = where
    else:
        joined = f"[{where}]" if ":" in where and not where.startswith("[") else where
        location = f"{joined}:{(port if host else None) or settings.NS_PORT}"
    proxy: Any = Proxy(URI(f"PYRO:{NAMESERVER_NAME}@{location}"), config=settings, plugins=context.plugins)
    try:
        proxy._pyroBind()
    except CommunicationError as error:
        proxy._pyroRelease()
        raise NamingError(
            f"no name server answers at {location}",
            hint="start one with: pyroplug ns; NS_HOST and NS_PORT say where it is looked for",
        ) from error
    except PyroError:
        proxy._pyroRelease()
        raise
    return proxy
