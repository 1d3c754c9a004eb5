"""The steps before anything is said: the address as it is written, its host, and its port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyroplug.api import URI

from .findings import Finding, failed, milliseconds, ok, skipped, warning
from .probes import first_bytes, hosts, ports
from .probes.hosts import AddressKind
from .probes.ports import Attempt, Reached
from .remedies import Fault
from .visits import Visit

__all__ = ["address", "host_name", "port"]


def address(visit: Visit) -> Finding:
    """Whether others can use the address, too."""
    host = visit.uri.host
    assert host is not None
    kind = hosts.kind_of(host)
    facts: dict[str, Any] = {"location": visit.location, "host": host, "what": visit.what, "kind": kind.value}
    if kind is AddressKind.LOOPBACK:
        return warning(Fault.LOOPBACK, f"{visit.location} is for programs on this machine alone", **facts)
    if kind is AddressKind.WILDCARD:
        return warning(Fault.WILDCARD, f"{host} is no address that one can connect to", **facts)
    if kind is AddressKind.LINK_LOCAL:
        return warning(Fault.LINK_LOCAL, f"{host} is valid on one network cable alone", **facts)
    return ok(f"{visit.location} can be an address for others, too", **facts)


def host_name(visit: Visit) -> Finding:
    """What the host name stands for, here."""
    host, number = visit.uri.host, visit.uri.port
    assert host is not None
    assert number is not None
    try:
        visit.targets = targets = hosts.look_up(host, number, visit.situation.timeout)
    except hosts.SilenceError:
        text = f"nobody says what {host} stands for within {visit.situation.timeout:g} s"
        return failed(Fault.NAME_SERVICE_SILENT, text, host=host)
    except OSError as error:
        text = f"{host} cannot be looked up: {error.strerror or error}"
        return failed(Fault.HOST_UNKNOWN, text, host=host)
    addresses = [target.host for target in targets]
    facts: dict[str, Any] = {"host": host, "addresses": addresses}
    if hosts.is_number(host):
        return skipped(f"{host} is a number: there is nothing to look up", **facts)
    text = f"{host} is {', '.join(addresses)}"
    is_name = hosts.kind_of(host) is AddressKind.NAME
    if is_name and all(hosts.kind_of(one) is AddressKind.LOOPBACK for one in addresses):
        return warning(Fault.HOST_IS_LOOPBACK, f"{text}: this machine, for itself alone", **facts)
    return ok(text, **facts)


def port(visit: Visit) -> Finding:
    """Whether somebody takes connections, at which of the host's addresses."""
    attempts = ports.try_all(visit.targets, visit.situation.timeout)
    text = "; ".join(map(_told, attempts))
    facts = {"port": visit.uri.port, "addresses": [_facts(one) for one in attempts]}
    connected = [one for one in attempts if one.reached is Reached.CONNECTED]
    seconds = min((one.seconds for one in connected or attempts), default=None)
    if not connected:
        fault, more = _why(visit, attempts)
        return failed(fault, text + more.pop("text", ""), seconds, **facts, **more)
    versions = {one.target.version for one in attempts}
    works = {one.target.version for one in connected}
    if works != versions:
        return warning(Fault.ONE_IP_VERSION, text, seconds, works=min(works), **facts)
    return ok(text, seconds, **facts)


def _told(attempt: Attempt) -> str:
    if attempt.reached is Reached.CONNECTED:
        return f"{attempt.target} takes connections ({milliseconds(attempt.seconds)})"
    return f"{attempt.target}: {attempt.reason.lower()}"


def _facts(attempt: Attempt) -> dict[str, object]:
    return {
        "address": str(attempt.target),
        "outcome": attempt.reached.value,
        "seconds": round(attempt.seconds, 6),
    }


def _why(visit: Visit, attempts: Sequence[Attempt]) -> tuple[Fault, dict[str, str]]:
    """What is wrong where nobody takes connections; of an address that a name server gave, more is known."""
    ways = {one.reached for one in attempts}
    told = {"location": visit.location}
    if visit.names_at is not None:
        if _is_elsewheres(visit, visit.names_at):
            text = f"; localhost is another machine where the name server is, at {visit.names_at}"
            return Fault.LOOPBACK, {**told, "what": visit.what, "text": text}
        instead = _elsewhere(visit)
        if instead is not None:
            return Fault.PUBLISHED_ELSEWHERE, {
                **told,
                "instead": instead,
                "text": f"; but a Pyro server answers at {instead}, where the name server is",
            }
    if Reached.REFUSED in ways:
        return (Fault.REFUSED if visit.names_at is None else Fault.STALE_REGISTRATION), told
    return (Fault.FILTERED if Reached.FILTERED in ways else Fault.UNREACHABLE), told


def _is_elsewheres(visit: Visit, names_at: str) -> bool:
    """Whether the address is good for the server's machine alone, and that seems to be another one."""
    there = URI(f"PYRO:x@{names_at}").host
    here = hosts.kind_of(str(visit.uri.host)) is AddressKind.LOOPBACK
    return here and there is not None and hosts.kind_of(there) is not AddressKind.LOOPBACK


def _elsewhere(visit: Visit) -> str | None:
    """Where the server is if not at its published address: on the name server's machine, at the same port."""
    there = URI(f"PYRO:x@{visit.names_at}")
    if there.host is None or there.host == visit.uri.host:
        return None
    host = f"[{there.host}]" if ":" in there.host else there.host
    location = f"{host}:{visit.uri.port}"
    answer = first_bytes.ask(location, visit.situation)
    return location if answer.who is first_bytes.Who.PYRO else None
