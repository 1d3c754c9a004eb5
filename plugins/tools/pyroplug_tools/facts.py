"""What can be found out about an object and its server by asking from outside."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, NamedTuple

from pyroplug.api import URI, Proxy, config
from pyroplug.errors import AddressError, CommunicationError, TimeoutError
from pyroplug.plugins import Kind, default_plugins
from pyroplug.protocol import PROTOCOL_VERSION
from pyroplug.uri import DAEMON_NAME

__all__ = ["Facts", "Member", "ask"]

_OURS = "get_next_stream_items"
"""A method that every daemon of pyroplug has, and none of Pyro5."""


class Member(NamedTuple):
    """A method of the object."""

    name: str
    oneway: bool
    idempotent: bool


class Facts(NamedTuple):
    """What was found out.

    :ivar asked: the address that was asked for.
    :ivar uri: the direct one.
    :ivar protocol: the version of the wire protocol, which is the same at both ends.
    :ivar serializers: whether the server accepts each of those that are installed here.
    :ivar library: what the server is made with, as far as can be told.
    :ivar about: the line that it tells of itself; ``None`` if it tells nothing.
    :ivar objects: how many objects it serves; ``None`` if it does not tell.
    :ivar seconds: the median time of a small call.
    :ivar pings: how many calls that is the median of.
    """

    asked: URI
    uri: URI
    methods: tuple[Member, ...]
    properties: tuple[str, ...]
    protocol: int
    serializers: Mapping[str, bool]
    library: str
    about: str | None
    objects: int | None
    seconds: float
    pings: int


def ask(uri: URI, timeout: float, pings: int) -> Facts:
    """Find it out; nothing of the object itself is called.

    :param timeout: seconds that each question may take.
    :param pings: how many times the time of a call is measured.
    :raises CommunicationError: the server is not there, or refuses us.
    :raises NamingError: the name is not known.
    """
    with ExitStack() as stack:
        names = sorted(default_plugins().names(Kind.SERIALIZER), key=lambda name: name != config.SERIALIZER)
        accepted, faults = {}, []
        for name in names:
            try:
                accepted[name] = stack.enter_context(_connected(uri, name, timeout))
            except CommunicationError as fault:
                faults.append(fault)
                if isinstance(fault, (AddressError, TimeoutError)):  # it is not about serializers
                    break
        if not accepted:
            raise faults[0]
        proxy = next(iter(accepted.values()))
        where = URI(f"PYRO:{DAEMON_NAME}@{proxy._pyroUri.location}")
        daemon = stack.enter_context(_connected(where, next(iter(accepted)), timeout))
        times = [_time_of(daemon) for _ in range(pings)]
        return Facts(
            uri,
            proxy._pyroUri,
            tuple(
                Member(name, name in proxy._pyroOneway, name in proxy._pyroIdempotent)
                for name in sorted(proxy._pyroMethods)
            ),
            tuple(sorted(proxy._pyroAttrs)),
            PROTOCOL_VERSION,
            {name: name in accepted for name in sorted(names)},
            "pyroplug" if _OURS in daemon._pyroMethods else "Pyro5",
            _told(daemon, "info"),
            None if (objects := _told(daemon, "registered")) is None else len(objects),
            statistics.median(times),
            pings,
        )


def _connected(uri: URI, serializer: str, timeout: float) -> Proxy[Any]:
    proxy: Proxy[Any] = Proxy(uri)
    proxy._pyroSerializer, proxy._pyroTimeout = serializer, timeout
    proxy._pyroBind()
    return proxy


def _time_of(daemon: Proxy[Any]) -> float:
    before = time.perf_counter()
    daemon._pyroInvoke("ping", (), {})
    return time.perf_counter() - before


def _told(daemon: Proxy[Any], method: str) -> Any:
    """What it tells of itself; ``None`` if it refuses, or cannot."""
    try:
        return daemon._pyroInvoke(method, (), {})
    except CommunicationError:
        raise
    except Exception:  # whatever it raises: it tells nothing
        return None
