"""Where the name server is: the configured address, or whoever answers a broadcast."""

from __future__ import annotations

import ipaddress
import sys
from contextlib import closing
from itertools import islice
from typing import Any, NamedTuple, TypeAlias

from pyroplug.api import URI, Proxy
from pyroplug.contracts import LookupContext
from pyroplug.errors import (
    AddressError,
    ConfigError,
    HandshakeError,
    NamingError,
    PluginError,
    PyroError,
    SecurityError,
    TimeoutError,
)
from pyroplug.uri import NAMESERVER_NAME

__all__ = ["Broadcast", "Direct", "located", "plan"]

PROBE = 3.0
"""Seconds that one address has where there are other ways: what listens there may never say a word."""
LONGEST_BROADCAST = 2.1
"""Seconds that the network is asked for, at most."""
_MOST_ANSWERS = 8
"""Name servers to be tried that a broadcast has found."""
_READS = frozenset({"count", "list", "lookup", "ping", "yplookup"})
"""What a name server can be asked twice."""
_DEBIAN = "127.0.1.1"
"""Debian and its relatives give the machine's own name this address: a name server may listen there."""

_HINT = (
    "start one with: pyroplug ns; NS_HOST, NS_PORT and BROADCAST_ADDRS say where it is looked for; "
    "pyroplug doctor finds out what is wrong"
)

_REFUSED = (
    "somebody is there, and refuses: do as the reason says, with what the configuration has for clients, "
    "such as HANDSHAKE_RESPONDERS and SSL; pyroplug doctor finds out what is wrong"
)

_HINT_FOLLOWS = "\nhint:"

Failure: TypeAlias = "tuple[str, PyroError | None]"
"""What was tried in vain, in words, and the error if it was one."""


# What to do ---------------------------------------------------------------------------------------------


class Direct(NamedTuple):
    """Connect to a location."""

    location: str


class Broadcast(NamedTuple):
    """Ask the network, at a UDP port, and connect to what answers."""

    port: int


class Places(NamedTuple):
    """Where the configuration says that the name server is."""

    host: str
    port: int
    broadcast_port: int


def plan(
    host: Any,
    port: int | None,
    broadcast: bool,
    places: Places,
    *,
    platform: str = sys.platform,
) -> list[Direct | Broadcast]:
    """The steps of looking for a name server, in their order.

    :param host: as for ``locate_ns``, as are ``port`` and ``broadcast``.
    """
    if host:
        return [Direct(_location(str(host), port or places.port))]
    steps: list[Direct | Broadcast] = []
    if is_here(places.host):
        steps.append(Direct(_location(places.host, port or places.port)))
        # All of 127/8 is this machine on Linux; elsewhere nobody might answer there for long.
        if platform == "linux" and not places.host.startswith("./"):
            steps.append(Direct(_location(_DEBIAN, port or places.port)))
    if broadcast:
        steps.append(Broadcast(port or places.broadcast_port))
    steps.append(Direct(_location(places.host, places.port)))
    return list(dict.fromkeys(steps))


def is_here(host: str) -> bool:
    """Whether a host, or location, is this machine for certain."""
    if host.startswith("./u:"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        name = host.lower().rstrip(".")
        return name in _LOOPBACK_NAMES or name.endswith(".localhost")


_LOOPBACK_NAMES = frozenset(
    ("localhost", "localhost.localdomain", "localhost6", "ip6-localhost", "ip6-loopback")
)


def _location(host: str, port: int) -> str:
    if host.startswith("./"):
        return host
    return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def share(left: float | None, steps: int, most: float | None) -> float | None:
    """The seconds that a step has; ``None`` for ever.

    :param left: what is left for all steps.
    :param steps: how many there are, with this one.
    :param most: what it never needs more than.
    """
    if left is None:
        return most if steps > 1 else None
    mine = left / steps
    return min(mine, most) if most is not None and steps > 1 else mine


# Doing it -----------------------------------------------------------------------------------------------


def located(host: Any, port: int | None, broadcast: bool, context: LookupContext) -> Any:
    """A connected proxy of the name server.

    :raises NamingError: none answers; the reasons are in its text.
    :raises SecurityError: the one at a configured address does not prove what it has to.
    """
    settings = context.settings
    places = Places(settings.NS_HOST, settings.NS_PORT, settings.NS_BCPORT)
    steps = plan(host, port, broadcast, places)
    failures: list[Failure] = []
    for at, step in enumerate(steps):
        try:
            left = context.left()
        except TimeoutError as error:
            failures.append(("then no time was left", error))
            break
        seconds = share(left, len(steps) - at, PROBE)
        if isinstance(step, Direct):
            try:
                return connected(step.location, seconds, context)
            except (ConfigError, PluginError, SecurityError):
                raise
            except PyroError as error:
                failures.append((_said(step.location, error), error))
        else:
            bounded = LONGEST_BROADCAST if seconds is None else min(seconds, LONGEST_BROADCAST)
            found = _answering(step.port, bounded, context, failures)
            if found is not None:
                return found
    raise _not_found(failures)


def connected(location: str, seconds: float | None, context: LookupContext) -> Any:
    """A connected proxy of the name server at a location, which has the configured time limit then.

    :param seconds: for connecting; ``None`` for ever.
    :raises PyroError: it cannot be connected, or refuses.
    """
    uri = URI(f"PYRO:{NAMESERVER_NAME}@{location}")
    proxy: Any = Proxy(uri, config=context.settings, plugins=context.plugins)
    proxy._pyroIdempotent |= _READS
    proxy._pyroTimeout = seconds
    try:
        proxy._pyroBind()
    except BaseException:
        proxy._pyroRelease()
        raise
    proxy._pyroTimeout = context.settings.COMMTIMEOUT
    return proxy


def _answering(port: int, seconds: float, context: LookupContext, failures: list[Failure]) -> Any:
    """A connected proxy of the first name server that answers a broadcast and can be reached, or ``None``."""
    from .discovery import Question

    settings = context.settings
    question = Question(settings.BROADCAST_ADDRS, port, getattr(settings, "PREFER_IP_VERSION", 0))
    tried = 0
    with closing(question.answers(seconds)) as answers:
        for uri in islice(answers, _MOST_ANSWERS):
            tried += 1
            try:
                left = context.left()
                return connected(str(uri.location), PROBE if left is None else min(left, PROBE), context)
            except (ConfigError, PluginError):
                raise
            except PyroError as error:
                failures.append((f"a broadcast was answered, and {_said(str(uri.location), error)}", error))
    if not tried:
        failures.append((_silence(port, question), None))
    return None


def _silence(port: int, question: Any) -> str:
    """Who was asked in vain."""
    asked = f"nobody answered a broadcast to UDP port {port}"
    if question.ignored:
        asked += f" but for {question.ignored} datagrams that were no name server's"
    if not question.asked:
        reasons = dict.fromkeys(f"{error.strerror or error}" for error in question.failed.values())
        asked = f"no broadcast could be sent to UDP port {port}: {', '.join(reasons) or 'to nobody'}"
    return asked


def _not_found(failures: list[Failure]) -> NamingError:
    told = [error for _what, error in failures if error is not None]
    # Somebody who is there, and whom we do not get on with, is of more interest than an empty address.
    there = [error for error in told if not isinstance(error, (TimeoutError, AddressError))]
    telling = [error for error in there if _advice(error)]
    refused = any(isinstance(error, HandshakeError) for error in there)
    not_found = NamingError(
        "no name server found: " + "; ".join(what for what, _error in failures),
        hint=_advice(telling[0]) if telling else _REFUSED if refused else _HINT,
    )
    not_found.__cause__ = next(iter(telling or told), None)
    return not_found


def _advice(error: PyroError) -> str:
    """Its hint: that of a refusal is a part of its text, as the server's are."""
    return str(error).partition(_HINT_FOLLOWS)[2].strip()


def _said(location: str, error: PyroError) -> str:
    text = str(error).partition(_HINT_FOLLOWS)[0]
    return text if location in text else f"{location}: {text}"
