"""Host names and addresses: what they stand for, and what kind of address it is."""

from __future__ import annotations

import ipaddress
import socket
import threading
from enum import Enum
from typing import Any, NamedTuple

__all__ = ["AddressKind", "SilenceError", "Target", "is_number", "kind_of", "look_up"]


class AddressKind(Enum):
    """What becomes of it on another machine."""

    LOOPBACK = "loopback"
    WILDCARD = "wildcard"
    LINK_LOCAL = "link-local"
    ORDINARY = "ordinary"
    NAME = "name"
    """A host name, which has to be looked up."""


class SilenceError(Exception):
    """The name service does not answer in time."""


class Target(NamedTuple):
    """One address of a host, as sockets take it."""

    family: int
    address: Any

    @property
    def host(self) -> str:
        return str(self.address[0])

    @property
    def version(self) -> int:
        """The IP version."""
        return 6 if self.family == socket.AF_INET6 else 4

    def __str__(self) -> str:
        host, port = self.address[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def kind_of(host: str) -> AddressKind:
    """What kind of address it is; that of ``localhost`` is known without asking."""
    if host.rstrip(".").lower() in ("localhost", "localhost.localdomain", "ip6-localhost"):
        return AddressKind.LOOPBACK
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return AddressKind.NAME
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_unspecified:
        return AddressKind.WILDCARD
    if address.is_loopback:
        return AddressKind.LOOPBACK
    if address.is_link_local and (address.version == 4 or "%" not in host):
        return AddressKind.LINK_LOCAL
    return AddressKind.ORDINARY


def is_number(host: str) -> bool:
    """Whether it is an address and not a name."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def look_up(host: str, port: int, timeout: float) -> list[Target]:
    """The addresses of a host, in the system's order.

    :raises OSError: it has none.
    :raises SilenceError: nobody says so in time; what goes on asking is left behind, and ends by itself.
    """
    found: list[list[Target]] = []
    errors: list[OSError] = []

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
            found.append([Target(int(family), address) for family, _, _, _, address in answers])
        except OSError as error:
            errors.append(error)
        except ValueError as error:  # what cannot even be asked: an empty or too long label, a NUL
            errors.append(OSError(str(error)))

    # Asking the system cannot be interrupted.
    thread = threading.Thread(target=ask, name=f"look up {host}", daemon=True)
    thread.start()
    thread.join(timeout)
    if errors:
        raise errors[0]
    if not found:
        raise SilenceError
    return list(dict.fromkeys(found[0]))
