"""Where a daemon listens, and what it publishes: from arguments and configuration to locations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .context import ClientConnection
from .contracts import Settings
from .errors import AddressError, ConfigError

__all__ = ["join_location", "location_for", "natted", "wanted_locations"]

_PORTS = "ports are whole numbers from 0, which leaves the choice to others, to 65535"
_NAT = "they are published instead of the real host and port; a socket's name has neither"


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
    if not _is_port(port):
        raise AddressError(f"{port!r} is no port", hint=_PORTS)
    return [join_location(settings.HOST if host is None else str(host), port)]


def _is_port(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 65535


def join_location(host: str, port: int) -> str:
    """``host:port``, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def location_for(client: ClientConnection | None, server: object) -> str:
    """The location by which a client reached a server; empty if that is unknown, or it is another's client.

    :param server: what the client has for its ``served_by``.
    """
    return client.peer.reached if client is not None and client.served_by is server else ""


def natted(
    settings: Settings, nathost: str | None, natport: int | None, locations: Sequence[str]
) -> Callable[[str], str] | None:
    """How a real location becomes the published one; ``None`` if that is the same.

    :param natport: ``None`` for the configuration's, 0 for the real location's.
    :raises ConfigError: a port without a host, or either where no location has any.
    """
    host = nathost or settings.NATHOST
    if natport is None:
        natport = settings.NATPORT if host else 0
    if not _is_port(natport):
        raise ConfigError(f"natport {natport!r} is no port", hint=_PORTS)
    if not host:
        if natport:
            raise ConfigError(f"natport {natport} needs a nathost to go with it", hint=_NAT)
        return None
    if nathost and all(location.startswith("./") for location in locations):
        raise ConfigError(f"nathost {nathost!r} has nothing to do with {', '.join(locations)}", hint=_NAT)

    def publish(location: str) -> str:
        if location.startswith("./") or not location:
            return location
        return join_location(host, natport or int(location.rpartition(":")[2]))

    return publish
