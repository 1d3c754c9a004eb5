"""The steps of a conversation with a Pyro server: from its handshake to the object that is wanted."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterable
from itertools import islice
from typing import Any

from pyroplug.errors import (
    CommunicationError,
    ConfigError,
    HandshakeError,
    PluginUnavailableError,
    PyroError,
    SecurityError,
    TimeoutError,
)
from pyroplug.uri import DAEMON_NAME

from .findings import Finding, failed, milliseconds, ok
from .probes import greetings
from .remedies import Fault
from .visits import Visit

__all__ = ["call", "handshake", "look_at_object", "serializer", "similar"]

_MANY, _LONG = 10_000, 200
"""Names, and characters of a name: comparing takes its time, and others say how many there are."""


def handshake(visit: Visit) -> Finding:
    """Whether the server lets this client in."""
    began = time.monotonic()
    try:
        visit.daemon = greetings.connected(visit.daemon_uri, visit.situation)
    except PluginUnavailableError as error:
        return failed(Fault.SERIALIZER_MISSING, str(error.args[0]))
    except HandshakeError as error:
        visit.accepted = (
            [] if error.passing else greetings.accepted_serializers(visit.daemon_uri, visit.situation)
        )
        if not visit.accepted:
            return _refused(error)
        text = f"accepted, in the serializer {visit.accepted[0]}"
        return ok(text, time.monotonic() - began, reason=_reason(error))
    except (SecurityError, ConfigError, CommunicationError) as error:
        return _broken(error, "the greeting")
    seconds = time.monotonic() - began
    return ok(f"accepted ({milliseconds(seconds)})", seconds)


def serializer(visit: Visit) -> Finding:
    """Whether the server accepts the configured serializer, for whatever it let this client in."""
    name = visit.situation.settings.SERIALIZER
    if visit.daemon is not None:
        return ok(f"{name} is accepted", serializer=name)
    accepted = list(visit.accepted)
    text = f"{name} is not accepted; {', '.join(accepted)} {'is' if len(accepted) == 1 else 'are'}"
    return failed(Fault.SERIALIZER_REFUSED, text, serializer=name, accepted=accepted)


def call(visit: Visit) -> Finding:
    """Whether a call gets through: one that every daemon answers."""
    assert visit.daemon is not None
    began = time.monotonic()
    try:
        visit.daemon.ping()
    except Exception as error:
        return _broken(error, f"the call of {DAEMON_NAME}.ping()")
    seconds = time.monotonic() - began
    return ok(f"{DAEMON_NAME}.ping() was answered ({milliseconds(seconds)})", seconds)


def look_at_object(visit: Visit) -> Finding:
    """Whether the object is there, has something to call, and lets this client in."""
    assert visit.daemon is not None
    name = visit.uri.object
    began = time.monotonic()
    try:
        metadata = visit.daemon.get_metadata(name)
    except CommunicationError as error:
        return _broken(error, f"the call of {DAEMON_NAME}.get_metadata({name!r})")
    except PyroError as error:  # Pyro5 has a class of its own for it, and we another one
        return _unknown(visit, error)
    methods, attributes = _names(metadata, "methods"), _names(metadata, "attrs")
    facts = {"object": name, "methods": methods, "attributes": attributes}
    if not methods and not attributes:
        return failed(Fault.EXPOSES_NOTHING, f"{name} exposes nothing: there is nothing to call", **facts)
    try:
        greetings.connected(str(visit.uri), visit.situation)._pyroRelease()
    except HandshakeError as error:
        return _refused(error)
    except (PyroError, CommunicationError) as error:
        return _broken(error, f"the greeting for {name}")
    text = f"{name} has {_count(len(methods), 'method')} and {_count(len(attributes), 'attribute')}"
    return ok(text, time.monotonic() - began, **facts)


def similar(name: str, names: Iterable[str]) -> list[str]:
    """Which of the names may have been meant."""
    known = {it.lower(): it for it in islice(names, _MANY) if len(it) <= _LONG}
    found = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.6)
    found += [
        it for it in known if it not in found and (name.lower() in it or (len(it) > 2 and it in name.lower()))
    ]
    return [known[it] for it in found[:3]]


def _unknown(visit: Visit, error: PyroError) -> Finding:
    assert visit.daemon is not None
    name = visit.uri.object
    try:
        names = [it for it in visit.daemon.registered() if isinstance(it, str) and it != DAEMON_NAME]
    except Exception:  # it is for better words alone
        names = []
    alike = similar(name, names)
    text = f"there is no object {name}: {error.args[0] if error.args else error}"
    if alike:
        text += f"; there is {', '.join(alike)}"
    return failed(Fault.OBJECT_UNKNOWN, text, object=name, similar=alike, objects=len(names))


def _refused(error: HandshakeError) -> Finding:
    fault = Fault.SERVER_BUSY if error.passing else Fault.HANDSHAKE_REFUSED
    return failed(fault, f"refused: {_reason(error)}", reason=_reason(error))


def _broken(error: Exception, doing: str) -> Finding:
    text = f"{doing} failed: {type(error).__name__}: {error.args[0] if error.args else error}"
    if isinstance(error, SecurityError):
        return failed(Fault.PROOF_MISSING, text)
    if isinstance(error, ConfigError):
        return failed(Fault.MISCONFIGURED, text)
    return failed(Fault.SILENT if isinstance(error, TimeoutError) else Fault.CALL_FAILED, text)


def _reason(error: HandshakeError) -> str:
    text = str(error.args[0]) if error.args else str(error)
    return text.partition(" rejected: ")[2] or text


def _names(metadata: Any, part: str) -> list[str]:
    try:
        return sorted(str(name) for name in metadata[part])
    except (TypeError, KeyError, ValueError):
        return []


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
