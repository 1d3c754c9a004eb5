"""What a plugin may provide, and what it is given: Protocols and small named tuples.

A plugin's objects need not inherit from anything here; they satisfy a contract by having its members.
Every method lists what it may raise; anything else that escapes is a fault of the plugin and is reported
as such. Nothing in this module does anything.
"""

from __future__ import annotations

from .handshake import Challenge, ChallengeResponder, Gate, HandshakeValidator, Hello, Responder
from .resources import ResourceTracker, Tracking
from .serializers import ClassConverter, Codec, Serializer
from .servers import Server, ServerModel, Session, SessionHost
from .settings import Buffer, ConfigItem, Settings
from .transports import NO_PEER, Connection, DirectIO, HasFileno, Listener, Peer, Transport, direct_io

__all__ = [
    "NO_PEER",
    "Buffer",
    "Challenge",
    "ChallengeResponder",
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
    "Peer",
    "ResourceTracker",
    "Responder",
    "Serializer",
    "Server",
    "ServerModel",
    "Session",
    "SessionHost",
    "Settings",
    "Tracking",
    "Transport",
    "direct_io",
]
