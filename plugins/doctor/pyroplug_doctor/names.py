"""The steps from a name to an address: the name server, and what it knows."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from typing import Any

from pyroplug.api import URI, Proxy, locate_ns
from pyroplug.errors import NamingError, PyroError
from pyroplug.uri import NAMESERVER_NAME

from .conversing import similar
from .findings import Finding, Outcome, Situation, failed, milliseconds, ok, warning
from .probes import broadcasts, greetings, hosts
from .probes.hosts import AddressKind
from .remedies import Fault
from .servers import examine

__all__ = ["Where", "find", "look_up"]

SCOPE = "name server"
_ABSENT = frozenset(
    {
        *(Fault.REFUSED, Fault.FILTERED, Fault.UNREACHABLE, Fault.HOST_UNKNOWN, Fault.NAME_SERVICE_SILENT),
        *(Fault.SOCKET_MISSING, Fault.SOCKET_ABANDONED),
    }
)
"""What says that no name server is there; anything else is what is wrong with one that is."""
_BROADCAST = 2.0
"""Seconds to listen for those who answer."""
_MANY = 10_000
_LONGEST_CHAIN = 8
"""Names that a name may lead to, one after the other: as many as look-ups follow."""
_BEGINNING = 2


class Where:
    """Where the name server is looked for.

    :ivar host: host name, address or ``./u:path``; empty for where the configuration says, or by broadcast.
    :ivar port: ``None`` for the configured one.
    """

    def __init__(self, host: str, port: int | None) -> None:
        self.host = host
        self.port = port

    def location(self, situation: Situation) -> str:
        """The one direct address."""
        host = self.host or situation.settings.NS_HOST
        if host.startswith("./"):
            return host
        here = self.host or hosts.kind_of(host.strip("[]")) is AddressKind.LOOPBACK
        port = (self.port if here else None) or situation.settings.NS_PORT
        return f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"


def find(where: Where, situation: Situation) -> Generator[Finding, None, Proxy[Any] | None]:
    """Look for the name server: findings, and a connected proxy in the end, if there is one."""
    began = time.monotonic()
    direct = where.location(situation)
    try:
        names: Proxy[Any] = locate_ns(
            where.host, where.port, config=situation.settings, plugins=situation.plugins
        )
    except PyroError as error:
        return (yield from _not_found(where, situation, direct, error))
    seconds = time.monotonic() - began
    uri: URI = names._pyroUri
    how = "" if uri.location == direct else f", and not at {direct}"
    text = f"found at {uri.location}{how} ({milliseconds(seconds)})"
    yield ok(text, seconds, location=uri.location, tried=[direct]).at("name server", SCOPE)
    yield _address(uri).at("address", SCOPE)
    return names


def _address(uri: URI) -> Finding:
    """Whether others find it, too."""
    facts: dict[str, Any] = {"location": uri.location, "host": uri.host, "what": SCOPE}
    if uri.host is None:
        return ok(f"{uri.location} is for programs on this machine alone", **facts)
    kind = hosts.kind_of(uri.host)
    if kind is AddressKind.LOOPBACK:
        text = f"{uri.location} is for programs on this machine alone"
        return warning(Fault.LOOPBACK, text, **facts)
    if kind is AddressKind.WILDCARD:
        return warning(Fault.WILDCARD, f"{uri.host} is no address that one can connect to", **facts)
    return ok(f"{uri.location} can be an address for others, too", **facts)


def _not_found(
    where: Where, situation: Situation, direct: str, error: PyroError
) -> Generator[Finding, None, Proxy[Any] | None]:
    """Why there is none: whoever is there is no name server for this client, or nobody is there at all."""
    uri = URI(f"PYRO:{NAMESERVER_NAME}@{direct}")
    findings = list(examine(uri, situation, SCOPE))
    problem = _first_failed(findings)
    if problem is None or problem.fault not in _ABSENT:
        yield from findings
        return None if problem else _connected(uri, situation)
    tried = {direct: problem.text}
    if not where.host:
        port = where.port or situation.settings.NS_BCPORT
        answer = broadcasts.ask(situation.settings.BROADCAST_ADDRS, port, min(situation.timeout, _BROADCAST))
        if answer.answers:
            return (yield from _answered(answer.answers[0], situation))
        tried |= {f"broadcast to {it}": "no answer" for it in answer.asked}
        tried |= {f"broadcast to {it}": reason.lower() for it, reason in answer.unasked.items()}
    # The service's own words: it may know more ways than the two that were looked into here.
    text = str(error.args[0]) if error.args else str(error)
    yield failed(Fault.NAME_SERVER_NOT_FOUND, text, tried=tried).at("name server", SCOPE)
    return None


def _connected(uri: URI, situation: Situation) -> Proxy[Any] | None:
    try:
        return greetings.connected(str(uri), situation)
    except PyroError:
        return None


def _answered(text: str, situation: Situation) -> Generator[Finding, None, Proxy[Any] | None]:
    """Somebody has answered the broadcast: is it of any use?"""
    try:
        uri = URI(text)
        if uri.protocol != "PYRO":
            raise NamingError(f"{text} is no direct address")
    except PyroError as error:
        nonsense = f"a broadcast was answered with nonsense: {error.args[0]}"
        yield failed(Fault.NAME_SERVER_NOT_FOUND, nonsense).at("name server", SCOPE)
        return None
    yield ok(f"a broadcast was answered: {uri}", answer=str(uri)).at("name server", SCOPE)
    findings = []
    for finding in examine(uri, situation, SCOPE):
        findings.append(finding)
        yield finding
    return None if _first_failed(findings) else _connected(uri, situation)


def _first_failed(findings: Sequence[Finding]) -> Finding | None:
    return next((it for it in findings if it.outcome is Outcome.FAILED), None)


# Names ------------------------------------------------------------------------------------------------


def look_up(uri: URI, names: Proxy[Any]) -> tuple[Finding, URI | None]:
    """What the name server knows of a name, or of tags: a finding, and a direct address."""
    began = time.monotonic()
    way = ""
    for _ in range(_LONGEST_CHAIN + 1):
        try:
            found, text, facts = _ask(uri, names)
        except NamingError as error:
            return _unknown(uri, names, error, way), None
        except Exception as error:  # whatever calls itself a name server can answer, and raise, anything
            return failed(Fault.CALL_FAILED, f"{type(error).__name__}: {error}"), None
        way += f"{text} {found}"
        try:
            uri = URI(str(found))
        except PyroError as error:
            return failed(Fault.NAME_UNUSABLE, f"{way}: {error.args[0]}", **facts), None
        if uri.protocol == "PYRO":
            seconds = time.monotonic() - began
            return ok(f"{way} ({milliseconds(seconds)})", seconds, uri=str(uri), **facts), uri
        if uri.location is not None:
            text = f"{way}: another name server has to be asked for it: pyroplug doctor {found}"
            return failed(Fault.NAME_UNUSABLE, text, **facts), None
        way += "; "
    return failed(Fault.NAME_UNUSABLE, f"it leads from name to name without end: {way}…", **facts), None


def _ask(uri: URI, names: Proxy[Any]) -> tuple[Any, str, dict[str, Any]]:
    if uri.protocol == "PYRONAME":
        return names.lookup(uri.object), f"{uri.object} is", {"name": uri.object}
    tags = sorted(uri.object)
    found: dict[str, Any] = names.yplookup(tags, None, False)
    if not found:
        raise NamingError(f"no name has all of the tags {', '.join(tags)}")
    name = min(found)
    text = f"{len(found)} with the tags {', '.join(tags)}; the first, {name}, is"
    return found[name], text, {"name": name, "tags": tags, "names": sorted(found)[:100]}


def _unknown(uri: URI, names: Proxy[Any], error: PyroError, way: str) -> Finding:
    wanted = uri.object if uri.protocol == "PYRONAME" else ""
    known: list[str] = []
    total: int | None = None
    try:
        total = int(names.count())
        if wanted:
            prefix = None if total <= _MANY else wanted[:_BEGINNING]
            known = [it for it in names.list(prefix=prefix) if isinstance(it, str) and it != NAMESERVER_NAME]
    except Exception:  # it is for better words alone
        known = []
    alike = similar(wanted, known) if wanted else []
    text = way + (str(error.args[0]) if error.args else str(error))
    if alike:
        text += f"; there is {', '.join(alike)}"
    elif total is not None:
        text += f"; the name server knows {total} names"
    return failed(Fault.NAME_UNKNOWN, text, name=wanted, similar=alike, names=total)
