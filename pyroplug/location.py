"""Where a daemon listens, and what it publishes: from arguments and configuration to locations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .contracts import Settings
from .errors import AddressError

__all__ = ["join_location", "natted", "wanted_locations"]


def wanted_locations(
    settings: Settings, host: Any, port: int, unixsocket: str | None, listen: Iterable[str] | None
) -> list[str]:
    """The locations to listen on.

    :param host: host name or address, also one of :mod:`ipaddress`; ``None`` for the configuration's.
    :param listen: the locations themselves, instead of the other arguments.
    :raises AddressError: the arguments make no location.
    """
    if listen is not None:
        locations = [listen] if isinstance(listen, str) else list(listen)
        if not locations or not all(isinstance(location, str) for location in locations):
            raise AddressError(
                f"cannot listen on {locations!r}", hint="name locations, such as localhost:0 or ./u:path"
            )
        return locations
    if unixsocket:
        return [f"./u:{unixsocket}"]
    if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port <= 65535:
        raise AddressError(f"{port!r} is no port", hint="ports are whole numbers from 0, for any, to 65535")
    return [join_location(settings.HOST if host is None else str(host), port)]


def join_location(host: str, port: int) -> str:
    """``host:port``, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def natted(
    settings: Settings, nathost: str | None, natport: int | None, locations: Sequence[str]
) -> Callable[[str], str] | None:
    """How a real location becomes the published one; ``None`` if that is the same.

    :param natport: ``None`` for the configuration's, 0 for the real location's.
    :raises ValueError: a port without a host, or behind a location that has none.
    """
    host = nathost or settings.NATHOST
    if natport is None:
        natport = settings.NATPORT if host else 0
    if not host:
        if natport:
            raise ValueError(f"natport {natport} needs a nathost to go with it")
        return None
    if nathost and any(location.startswith("./") for location in locations):
        raise ValueError(f"nathost {nathost!r} can only be used with host and port, not with a socket's name")
    if natport and not 0 < natport <= 65535:
        raise ValueError(f"{natport} is no port")

    def publish(location: str) -> str:
        if location.startswith("./") or not location:
            return location
        return join_location(host, natport or int(location.rpartition(":")[2]))

    return publish
