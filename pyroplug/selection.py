"""Names to plugins: the choice of one daemon or proxy, made once and frozen.

What is named has to be there: a daemon does not start with a guard missing. A default that nobody wrote
down is no such word, and what it lists may be missing. From here on plain objects call plain objects.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from .config import KERNEL_ITEMS
from .contracts import (
    ClassConverter,
    Codec,
    Connection,
    HandshakeValidator,
    ResourceTracker,
    Serializer,
    ServerModel,
    Settings,
    Transport,
)
from .errors import AddressError, PluginUnavailableError
from .plugins import Kind, PluginSet

__all__ = ["DaemonSelection", "adopt", "codec_for", "select_for_daemon", "transport_for"]

log = logging.getLogger(__name__)

_DEFAULTS = {item.name: item.default for item in KERNEL_ITEMS}


@dataclass(frozen=True, slots=True)
class DaemonSelection:
    """What a daemon is made of.

    :ivar serializers: those that it accepts, by wire id.
    :ivar codecs: their codecs, likewise.
    :ivar validators: all of them must agree to a connection.
    """

    server: ServerModel
    serializers: Mapping[int, Serializer]
    codecs: Mapping[int, Codec]
    validators: Sequence[HandshakeValidator]
    tracker: ResourceTracker


def select_for_daemon(
    plugins: PluginSet,
    settings: Settings,
    classes: ClassConverter,
    validators: Iterable[str | HandshakeValidator] | None = None,
) -> DaemonSelection:
    """The plugins that a daemon's configuration names.

    :param validators: handshake validators, by name or as they are, instead of the configuration's.
    :raises PluginUnavailableError: one that is named is not to be had.
    :raises ConfigError: a serializer cannot work with the settings.
    """
    serializers = {each.wire_id: each for each in _accepted(plugins, settings)}
    named = settings.HANDSHAKE_VALIDATORS if validators is None else validators
    return DaemonSelection(
        server=plugins.get(Kind.SERVER, settings.SERVERTYPE),
        serializers=MappingProxyType(serializers),
        codecs={wire_id: each.codec(settings, classes) for wire_id, each in serializers.items()},
        validators=tuple(
            plugins.get(Kind.HANDSHAKE_VALIDATOR, one) if isinstance(one, str) else one for one in named
        ),
        tracker=plugins.get(Kind.RESOURCE_TRACKER, settings.RESOURCE_TRACKER),
    )


def _accepted(plugins: PluginSet, settings: Settings) -> list[Serializer]:
    """The serializers that a daemon accepts: those that it lists, and its own."""
    found: dict[str, Serializer] = {}
    for item in ("SERIALIZERS_ACCEPTED", "SERIALIZER"):
        value = getattr(settings, item)
        for name in [value] if isinstance(value, str) else value:
            try:
                found[name] = plugins.get(Kind.SERIALIZER, name)
            except PluginUnavailableError as error:
                if value != _DEFAULTS[item]:
                    raise
                log.warning("not accepted: %s", error)
    return list(found.values())


def codec_for(
    plugins: PluginSet, name: str, settings: Settings, classes: ClassConverter
) -> tuple[Serializer, Codec]:
    """A serializer by its name, and its codec.

    :raises PluginUnavailableError: it is not to be had.
    """
    serializer: Serializer = plugins.get(Kind.SERIALIZER, name)
    return serializer, serializer.codec(settings, classes)


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
