"""How a proxy's connection comes to be: the address, the serializer, and the greeting."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet

from .client import ClientProtocol
from .config import Configuration
from .contracts import Buffer, Codec, Connection, LookupContext
from .errors import (
    CommunicationError,
    ConnectionClosedError,
    HandshakeError,
    PluginError,
    ProtocolError,
    PyroError,
    TimeoutError,
)
from .greeting import Greeting
from .line import Line, ServerConnection
from .time_limit import TimeLimit
from .uri import URI
from .values import registry
from .wire import Message

if TYPE_CHECKING:
    from .plugins import PluginSet
    from .selection import ProxySelection
    from .whereabouts import Whereabouts

__all__ = ["names_of", "open_line", "spoil"]

_spoilt: WeakSet[Any] = WeakSet()
_TEXTS: frozenset[type] = frozenset((str,))


class Caller(Protocol):
    """Who wants to have a connection: a channel, whose attributes these are."""

    uri: URI
    settings: Configuration
    serializer: str | None
    handshake: Any
    sequence: int
    socket: Any
    plugins: Callable[[], PluginSet]
    validate: Callable[[Any], object] | None
    limit: TimeLimit
    whereabouts: Whereabouts | None
    face: ServerConnection | None


def open_line(caller: Caller) -> tuple[Line, Any]:
    """Connect and say hello: the line, and the metadata of the caller's object.

    :returns: ``None`` for the metadata where there is no greeting: the user has connected the socket.
    :raises PluginUnavailableError: no plugin knows the serializer or the address.
    :raises NamingError: the address has to be looked up, and that fails.
    :raises CommunicationError: there is no connection to be had, or the server refuses.
    :raises SecurityError: the server does not prove what the configuration requires of it.
    :raises BaseException: what ``validate`` raises to refuse the server.
    """
    plugins, settings = caller.plugins(), caller.settings
    serializer = caller.serializer or settings.SERIALIZER
    selection = settings.derived((plugins, serializer), lambda: _select(plugins, serializer, settings))
    protocol = ClientProtocol(
        selection.codec,
        selection.wire_id,
        limit=selection.limit,
        compress=selection.compress,
        codecs=lambda wire_id: _codec(plugins, wire_id, settings),
    )
    uri, known = caller.uri, caller.whereabouts
    if uri.protocol == "PYRO" and (known is None or known.uri is not uri):
        return _line_to(uri, caller, plugins, selection, protocol)  # nearly always
    return _by_name(uri, known, caller, lambda at: _line_to(at, caller, plugins, selection, protocol))


def _line_to(
    uri: URI, caller: Caller, plugins: PluginSet, selection: ProxySelection, protocol: ClientProtocol
) -> tuple[Line, Any]:
    limit = caller.limit
    connection = _borrow(caller, plugins) if caller.socket is not None else _connect(uri, caller, selection)
    if selection.log_wire:
        from .wirelog import log_client

        connection = log_client(connection, protocol, accepted=caller.socket is not None)
    limit.forget()
    try:
        if limit.seconds is not None:
            limit.hold(connection)
        caller.face = ServerConnection(connection, uri.object)  # ``validate`` may look at it
        line = Line(connection, protocol, str(uri), limit)
        metadata = None if caller.socket is not None else _greet(line, uri, caller, selection)
        caller.uri = uri  # from now on that of the object itself; as long as nobody is there, its name
        return line, metadata
    except BaseException:
        connection.close()
        raise


def _by_name(
    uri: URI, known: Whereabouts | None, caller: Caller, reach: Callable[[URI], tuple[Line, Any]]
) -> tuple[Line, Any]:
    """Connect to what a name stands for, or stood for when there was a connection."""
    from .naming import look_up
    from .whereabouts import Whereabouts, candidates

    context = LookupContext(caller.settings, caller.plugins(), caller.limit.left)
    if uri.protocol != "PYRO" or known is None:
        found = look_up(uri, caller.settings.NS_LOOKUP_DELAY, context)
        made = reach(found)
        caller.whereabouts = Whereabouts(uri, found)
        return made
    caller.whereabouts = known._replace(doubtful=True)
    failure: CommunicationError | None = None
    for found in candidates(known, context):
        try:
            made = reach(found)
        except CommunicationError as error:
            failure = failure or error
            if isinstance(error, HandshakeError) and error.passing:  # it is there, and has no time
                break
        else:
            caller.whereabouts = Whereabouts(known.name, found)
            return made
    assert failure is not None
    raise failure


def _select(plugins: PluginSet, serializer: str, settings: Configuration) -> ProxySelection:
    from .selection import select_for_proxy

    return select_for_proxy(plugins, serializer, settings, registry)


def _codec(plugins: PluginSet, wire_id: int, settings: Configuration) -> Codec:
    """For answers in another serializer than the calls."""
    from .selection import codec_of

    return codec_of(plugins.by_wire_id(wire_id), settings, registry)


def _connect(uri: URI, caller: Caller, selection: ProxySelection) -> Connection:
    assert uri.location is not None  # a direct one has it
    transport, address = selection.transport_for(uri.location)
    connection = transport.connect(address, caller.settings, caller.limit.left())
    if connection is None:  # the check of all that it must have would take its time at each connection
        raise PluginError(
            f"the transport {transport.name!r} gave no connection with {uri.location}",
            hint="it is the plugin's fault: its connect() has to return one, or raise.",
        )
    return connection


def _greet(line: Line, uri: URI, caller: Caller, selection: ProxySelection) -> Any:
    def exchange(request: Sequence[Buffer]) -> Message:
        return line.protocol.only(line.exchange(request))

    responders = selection.responders(caller.settings)
    greeting = Greeting(line.protocol, exchange, responders, selection.proofs)
    try:
        said = greeting.greet(uri.object, caller.handshake, caller.sequence)
    except HandshakeError as error:
        told = HandshakeError(f"connection to {uri} rejected: {error}")
        told.passing = error.passing
        raise told from None
    except TimeoutError as error:
        raise caller.limit.error(f"{uri}: the greeting was not answered") from error
    if caller.validate is not None:
        caller.validate(said["handshake"])
    return said["meta"]


# Sockets that the user has connected ------------------------------------------------------------------


def _borrow(caller: Caller, plugins: PluginSet) -> Connection:
    if _is_spoilt(caller.socket):
        raise ConnectionClosedError(
            "the connected socket is of no more use: its conversation broke off in the middle of a call",
            hint="connect another one; this one stays open, as it is yours",
        )
    from .selection import adopt

    return adopt(plugins, caller.socket, caller.settings)


def spoil(socket: Any) -> None:
    """Have nobody use a connected socket again: what comes next on it is another call's answer."""
    with contextlib.suppress(TypeError):
        _spoilt.add(socket)


def _is_spoilt(socket: Any) -> bool:
    try:
        return socket in _spoilt
    except TypeError:
        return False


# What an object has -----------------------------------------------------------------------------------


def names_of(metadata: Any, uri: URI) -> Sequence[set[str]]:
    """An object's methods, those of them that are one-way, its properties, and its idempotent methods.

    :raises ProtocolError: these are not collections of names.
    :raises PyroError: there is nothing exposed.
    """
    try:
        names = [set(metadata["methods"]), set(metadata["oneway"]), set(metadata["attrs"])]
        names.append(set(metadata["idempotent"]) if "idempotent" in metadata else set())
    except (TypeError, KeyError, ValueError) as error:
        raise ProtocolError(f"invalid metadata of {uri}: {metadata!r:.200}") from error
    kinds = {*map(type, names[0]), *map(type, names[1]), *map(type, names[2]), *map(type, names[3])}
    if kinds != _TEXTS and not all(issubclass(kind, str) for kind in kinds):
        raise ProtocolError(f"invalid metadata of {uri}: {metadata!r:.200}")
    if not names[0] and not names[2]:
        raise PyroError(
            f"remote object {uri} doesn't expose any methods or attributes",
            hint="put @expose on its class, methods or properties",
        )
    return names
