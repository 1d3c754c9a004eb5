"""What a plugin may provide, and what it is given: Protocols and small named tuples.

A plugin's objects need not inherit from anything here; they satisfy a contract by having its members.
Every method lists what it may raise; anything else that escapes is a fault of the plugin and is reported
as such. Nothing in this module does anything, but for two small functions for payloads.
"""

from __future__ import annotations

from .handshake import Challenge, ChallengeResponder, Gate, HandshakeValidator, Hello, Responder
from .naming import (
    LookupContext,
    NameRecord,
    NameServerOptions,
    NameService,
    NameStorage,
    NameStore,
    WatchedNameStore,
)
from .observers import CallObserver, CallOutcome, Observe, ObservedCall
from .payloads import Payload, joined, size_of
from .resources import ResourceTracker, Tracking
from .serializers import BulkCodec, ClassConverter, Codec, Serializer
from .servers import Claimed, Server, ServerModel, Session, SessionHost, Spawn
from .settings import Buffer, ConfigItem, Settings
from .transports import NO_PEER, Connection, DirectIO, HasFileno, Listener, Peer, Transport, direct_io

__all__ = [
    "NO_PEER",
    "Buffer",
    "BulkCodec",
    "CallObserver",
    "CallOutcome",
    "Challenge",
    "ChallengeResponder",
    "Claimed",
    "ClassConverter",
    "Codec",
    "ConfigItem",
    "Connection",
    "DirectIO",
    "Gate",
    "HandshakeValidator",
    "HasFileno",
    "Hello",
    "Listener",
    "LookupContext",
    "NameRecord",
    "NameServerOptions",
    "NameService",
    "NameStorage",
    "NameStore",
    "Observe",
    "ObservedCall",
    "Payload",
    "Peer",
    "ResourceTracker",
    "Responder",
    "Serializer",
    "Server",
    "ServerModel",
    "Session",
    "SessionHost",
    "Settings",
    "Spawn",
    "Tracking",
    "Transport",
    "WatchedNameStore",
    "direct_io",
    "joined",
    "size_of",
]
