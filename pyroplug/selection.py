"""Names to plugins: the choice of one daemon or proxy, made once and frozen.

What is named has to be there: a daemon does not start with a guard missing. A default that nobody wrote
down is no such word, and what it lists may be missing. From here on plain objects call plain objects.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from .config import KERNEL_ITEMS
from .contracts import (
    ClassConverter,
    Codec,
    Connection,
    Gate,
    HandshakeValidator,
    Listener,
    Observe,
    ResourceTracker,
    Responder,
    Serializer,
    Server,
    ServerModel,
    SessionHost,
    Settings,
    Transport,
)
from .errors import AddressError, ConfigError, PluginError, PluginUnavailableError
from .plugins import Kind, PluginSet
from .plugins.conformance import check
from .plugins.obtaining import obtain
from .values import plain_classes

__all__ = [
    "DaemonSelection",
    "ProxySelection",
    "adopt",
    "codec_for",
    "codec_of",
    "listener_at",
    "observers_for",
    "select_for_daemon",
    "select_for_proxy",
    "server_for",
    "transport_for",
]

log = logging.getLogger(__name__)

_DEFAULTS = {item.name: item.default for item in KERNEL_ITEMS}


@dataclass(frozen=True, slots=True)
class DaemonSelection:
    """What a daemon is made of.

    :ivar serializers: those that it accepts, by wire id.
    :ivar codecs: their codecs, likewise.
    :ivar greeting_codecs: likewise, for peers that are not accepted yet: these make no objects.
    :ivar gates: what the handshake validators judge with, by their names; all must agree to a connection.
    :ivar observers: told of each call.
    """

    server: ServerModel
    serializers: Mapping[int, Serializer]
    codecs: Mapping[int, Codec]
    greeting_codecs: Mapping[int, Codec]
    gates: Mapping[str, Gate]
    tracker: ResourceTracker
    observers: Sequence[Observe]


def select_for_daemon(
    plugins: PluginSet,
    settings: Settings,
    classes: ClassConverter,
    validators: Iterable[str | HandshakeValidator] | None = None,
) -> DaemonSelection:
    """The plugins that a daemon's configuration names.

    :param validators: handshake validators, by name or as they are, instead of the configuration's.
    :raises PluginUnavailableError: one that is named is not to be had.
    :raises ConfigError: one of them cannot work with the settings.
    :raises PluginError: what is given as a validator is none.
    """
    serializers = {each.wire_id: each for each in _accepted(plugins, settings)}
    named = settings.HANDSHAKE_VALIDATORS if validators is None else validators
    return DaemonSelection(
        server=plugins.get(Kind.SERVER, settings.SERVERTYPE),
        serializers=MappingProxyType(serializers),
        codecs={key: codec_of(each, settings, classes) for key, each in serializers.items()},
        greeting_codecs={key: codec_of(each, settings, plain_classes) for key, each in serializers.items()},
        gates=_gates(plugins, settings, [named] if isinstance(named, str) else named),
        tracker=plugins.get(Kind.RESOURCE_TRACKER, settings.RESOURCE_TRACKER),
        observers=observers_for(plugins, settings),
    )


def _gates(
    plugins: PluginSet, settings: Settings, validators: Iterable[str | HandshakeValidator]
) -> Mapping[str, Gate]:
    """What the validators judge with, in their order, by their names."""
    gates: dict[str, Gate] = {}
    for one in validators:
        if isinstance(one, str):
            name, validator = one, plugins.get(Kind.HANDSHAKE_VALIDATOR, one)
        else:
            name, validator = check(Kind.HANDSHAKE_VALIDATOR, one)["name"], one
        if name in gates:
            raise ConfigError(f"the handshake validator {name!r} is listed twice", hint="list it once")
        gates[name] = gate = obtain(Kind.HANDSHAKE_VALIDATOR, name, validator.open, settings)
        if not callable(getattr(gate, "validate", None)):
            raise PluginError(
                f"the handshake validator {name!r} opened {gate!r:.100}, which cannot validate anybody",
                hint="its open() returns an object with validate(hello).",
            )
    return MappingProxyType(gates)


def observers_for(plugins: PluginSet, settings: Settings) -> Sequence[Observe]:
    """What is told of calls, in the order in which it is listed.

    :raises PluginUnavailableError: one that is named is not to be had.
    :raises ConfigError: one of them cannot work with the settings.
    :raises PluginError: one of them is broken.
    """
    named: Sequence[str] = settings.CALL_OBSERVERS
    return tuple(_observe(plugins, name, settings) for name in dict.fromkeys(named))


def _observe(plugins: PluginSet, name: str, settings: Settings) -> Observe:
    opened = obtain(Kind.CALL_OBSERVER, name, plugins.get(Kind.CALL_OBSERVER, name).open, settings)
    if not callable(opened):
        raise PluginError(
            f"the call observer {name!r} opened {opened!r:.100}, which cannot be told of calls",
            hint="its open() returns a function that takes an ObservedCall.",
        )
    observe: Observe = opened
    return observe


def _accepted(plugins: PluginSet, settings: Settings) -> list[Serializer]:
    """The serializers that a daemon accepts: those that it lists, and its own."""
    found: dict[str, Serializer] = {}
    for item in ("SERIALIZERS_ACCEPTED", "SERIALIZER"):
        value = getattr(settings, item)
        for name in [value] if isinstance(value, str) else value:
            try:
                found[name] = plugins.serializer(name)
            except PluginUnavailableError as error:
                if value != _DEFAULTS[item]:
                    raise
                log.warning("not accepted: %s", error)
    return list(found.values())


class ProxySelection(NamedTuple):
    """What a proxy's connections are made of.

    :ivar wire_id: the serializer's.
    :ivar limit: bytes of the largest message.
    :ivar compress: whether large messages are compressed.
    :ivar log_wire: whether messages are logged.
    :ivar proofs: the validators for which the server owes a proof.
    """

    plugins: PluginSet
    codec: Codec
    wire_id: int
    limit: int
    compress: bool
    log_wire: bool
    proofs: Sequence[str]
    responder_makers: Sequence[tuple[str, Callable[[Settings], Responder | None]]]

    def responders(self, settings: Settings) -> dict[str, Responder]:
        """What answers the challenges that one new connection may meet, by the validators' names.

        :raises ConfigError: the settings hold nothing for a proof that they require, or nothing that works.
        """
        found: dict[str, Responder] = {}
        for name, make in self.responder_makers:
            responder = make(settings)
            if responder is not None:
                found[name] = responder
            elif name in self.proofs:
                raise _nothing_to_check_with(name)
        return found

    def transport_for(self, location: str) -> tuple[Transport, str]:
        """See :func:`transport_for`."""
        return transport_for(self.plugins, location)


def select_for_proxy(
    plugins: PluginSet, serializer: str, settings: Settings, classes: ClassConverter
) -> ProxySelection:
    """The plugins that a proxy's configuration names.

    :raises PluginUnavailableError: one that is named is not to be had.
    """
    chosen, codec = codec_for(plugins, serializer, settings, classes)
    return ProxySelection(
        plugins=plugins,
        codec=codec,
        wire_id=chosen.wire_id,
        limit=settings.MAX_MESSAGE_SIZE,
        compress=settings.COMPRESSION,
        log_wire=settings.LOGWIRE,
        proofs=settings.HANDSHAKE_PROOFS,
        responder_makers=_responder_makers(plugins, settings),
    )


def _responder_makers(
    plugins: PluginSet, settings: Settings
) -> Sequence[tuple[str, Callable[[Settings], Responder | None]]]:
    required: Sequence[str] = settings.HANDSHAKE_PROOFS
    answered: Sequence[str] = settings.HANDSHAKE_RESPONDERS
    found: list[tuple[str, Callable[[Settings], Responder | None]]] = []
    for name in dict.fromkeys((*required, *answered)):
        try:
            validator = plugins.get(Kind.HANDSHAKE_VALIDATOR, name)
        except PluginUnavailableError:
            if name in required or answered != _DEFAULTS["HANDSHAKE_RESPONDERS"]:
                raise
            continue
        make = getattr(validator, "responder", None)
        if make is not None:
            found.append((name, make))
        elif name in required:
            raise _nothing_to_check_with(name)
    return found


def _nothing_to_check_with(name: str) -> ConfigError:
    return ConfigError(
        f"configuration item HANDSHAKE_PROOFS: there is nothing here to check {name!r} with",
        hint="configure what the validator needs on this side, such as its secret",
    )


def codec_for(
    plugins: PluginSet, name: str, settings: Settings, classes: ClassConverter
) -> tuple[Serializer, Codec]:
    """A serializer by its name, and its codec.

    :raises PluginUnavailableError: it is not to be had.
    """
    serializer = plugins.serializer(name)
    return serializer, codec_of(serializer, settings, classes)


def codec_of(serializer: Serializer, settings: Settings, classes: ClassConverter) -> Codec:
    """A serializer's codec.

    :raises PluginError: it gives none that is of use.
    """
    return obtain(Kind.SERIALIZER, serializer.name, serializer.codec, settings, classes)


def listener_at(transport: Transport, address: str, settings: Settings) -> Listener:
    """A transport's listener. Raises as ``Transport.listen`` does, and ``PluginError`` if it gives none."""
    return obtain(Kind.TRANSPORT, transport.name, transport.listen, address, settings)


def server_for(
    model: ServerModel,
    host: SessionHost,
    listeners: Sequence[Listener],
    connections: Sequence[Connection],
    settings: Settings,
) -> Server:
    """A server model's server. Raises ``ConfigError``, and ``PluginError`` if it gives none."""
    return obtain(Kind.SERVER, model.name, model.create, host, listeners, connections, settings)


def transport_for(plugins: PluginSet, location: str) -> tuple[Transport, str]:
    """The transport that claims a location, and the address that is left for it.

    :param location: ``host:port``, or ``./SCHEME:address``.
    :raises PluginUnavailableError: no transport claims it.
    :raises AddressError: it is neither of the two.
    """
    if not location.startswith("./"):
        return plugins.by_scheme(None), location
    scheme, colon, address = location[2:].partition(":")
    if not colon:
        raise AddressError(
            f"{location!r} is no location", hint="write it as host:port, ./u:path or ./SCHEME:address"
        )
    return plugins.by_scheme(scheme), address


def adopt(plugins: PluginSet, channel: Any, settings: Settings) -> Connection:
    """A connection over something that the user has connected already.

    :raises AddressError: no transport takes it, or it is unusable.
    """
    transports: Mapping[str, Transport] = plugins.all(Kind.TRANSPORT)
    for transport in transports.values():
        connection = transport.adopt(channel, settings)
        if connection is not None:
            return connection
    raise AddressError(
        f"{channel!r} cannot be used as a connection: no transport in use takes a {type(channel).__name__}",
        hint=f"hand over a connected socket; the transports in use: {', '.join(transports) or 'none'}",
    )
