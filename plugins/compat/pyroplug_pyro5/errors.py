"""All exceptions, and what shows them with the remote side's traceback."""

from __future__ import annotations

from pyroplug.errors import (
    CommunicationError,
    ConnectionClosedError,
    DaemonError,
    MessageTooLargeError,
    NamingError,
    ProtocolError,
    PyroError,
    SecurityError,
    SerializeError,
    TimeoutError,
    excepthook,
    format_traceback,
    get_pyro_traceback,
)

__all__ = [
    "CommunicationError",
    "ConnectionClosedError",
    "DaemonError",
    "MessageTooLargeError",
    "NamingError",
    "ProtocolError",
    "PyroError",
    "SecurityError",
    "SerializeError",
    "TimeoutError",
    "excepthook",
    "format_traceback",
    "get_pyro_traceback",
]
