"""The steps from a direct address to a call of the object there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyroplug.api import URI
from pyroplug.errors import PluginUnavailableError

from .conversing import call, handshake, look_at_object, serializer
from .findings import Finding, Situation, failed, ok
from .network import address, host_name, port
from .remedies import Fault
from .sockets import connection, socket_file
from .visits import Step, Visit, walk
from .who import protocol, tls

__all__ = ["LAST_STEP", "examine", "steps_for"]

LAST_STEP = "object"

_TALK: Sequence[Step] = (
    ("protocol", protocol),
    ("handshake", handshake),
    ("serializer", serializer),
    ("call", call),
    (LAST_STEP, look_at_object),
)
_TCP: Sequence[Step] = (
    ("address", address),
    ("host name", host_name),
    ("port", port),
    ("TLS", tls),
    *_TALK,
)


def steps_for(uri: URI) -> Sequence[Step]:
    """The steps to an object, by what kind of address it has."""
    if uri.host is not None:
        return _TCP
    files: Sequence[Step] = ()
    if uri.sockname is not None and not uri.sockname.startswith("\0"):
        files = (("socket file", socket_file),)
    return (("transport", transport), *files, ("connection", connection), *_TALK)


def examine(uri: URI, situation: Situation, scope: str, names_at: str | None = None) -> Iterator[Finding]:
    """Walk to an object.

    :param uri: a direct one.
    :param scope: what the findings are about.
    :param names_at: the location of the name server that knows the URI.
    """
    visit = Visit(uri, situation, scope, names_at)
    try:
        yield from walk(visit, steps_for(uri))
    finally:
        visit.close()


def transport(visit: Visit) -> Finding:
    """Whether there is anything here for such an address."""
    scheme = visit.location[2:].partition(":")[0]
    try:
        found = visit.situation.plugins.by_scheme(scheme)
    except PluginUnavailableError as error:
        return failed(Fault.NO_TRANSPORT, str(error.args[0]), scheme=scheme)
    if visit.uri.sockname is not None:
        text = f"{visit.location} is a Unix socket: for programs on this machine alone"
    else:
        text = f"{visit.location} belongs to the transport {found.name!r}"
    return ok(text, scheme=scheme, transport=found.name)
