"""TCP addresses as texts: ``host:port`` and ``[v6]:port``."""

from __future__ import annotations

from functools import lru_cache

from pyroplug.errors import AddressError

__all__ = ["join_address", "malformed", "split_address"]

MAX_PORT = 65535
_REMEMBERED = 128
"""Addresses that were read already: as a rule a program connects to a few, again and again."""


@lru_cache(maxsize=_REMEMBERED)
def split_address(address: str) -> tuple[str, int]:
    """Host and port of ``host:port`` or ``[v6]:port``; raises :exc:`~pyroplug.errors.AddressError`."""
    host, colon, port = address.rpartition(":")
    if not colon or port.endswith("]"):
        raise malformed(address, "the port is missing", "write it as host:port, or [v6]:port")
    if not (port.isascii() and port.isdigit()):
        raise malformed(address, f"{port!r} is not a port number", "the port is a number, such as 9090")
    if len(port) > len(str(MAX_PORT)) or int(port) > MAX_PORT:
        raise malformed(address, f"port {port} does not exist", f"ports go from 0 to {MAX_PORT}")
    return _plain_host(address, host, port), int(port)


def join_address(host: str, port: int) -> str:
    """``host:port``, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _plain_host(address: str, host: str, port: str) -> str:
    if not host.isprintable() or " " in host:
        raise malformed(address, "a host name has no such characters", "check the spelling of the host name")
    if host.startswith("[") and host.endswith("]"):
        inner = host[1:-1]
        if ":" not in inner or "[" in inner or "]" in inner:
            raise malformed(address, f"{inner!r} is no IPv6 address", "brackets are for IPv6: [::1]:9090")
        return inner
    if ":" in host:
        raise malformed(address, "an IPv6 address needs brackets", f"write it as [{host}]:{port}")
    if "[" in host or "]" in host:
        raise malformed(address, "a bracket has no counterpart", "brackets are for IPv6: [::1]:9090")
    return host


def malformed(address: str, why: str, hint: str) -> AddressError:
    return AddressError(f"unusable TCP address {address!r}: {why}", hint=hint)
