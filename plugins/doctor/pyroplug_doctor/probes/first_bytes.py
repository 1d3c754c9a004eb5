"""Who is there: the first bytes of a Pyro conversation go out, and what comes back tells it."""

from __future__ import annotations

import time
from enum import Enum
from typing import NamedTuple

from pyroplug.contracts import Connection, Settings, joined
from pyroplug.errors import (
    CommunicationError,
    ConnectionClosedError,
    PyroError,
    TimeoutError,
)
from pyroplug.protocol import PROTOCOL_VERSION, MessageType, encode
from pyroplug.uri import DAEMON_NAME
from pyroplug.values import registry
from pyroplug_doctor.findings import Situation

__all__ = ["Answer", "Who", "ask", "classify", "greeting"]

_ENOUGH = 512
"""Bytes; more of them tell nothing more."""
_PREFIX = b"PYRO"
_VERSION_ENDS = 6
_NEWLINES = b"\r\n\r\n"
_TLS_RECORDS = frozenset({20, 21, 22, 23})
_BANNERS = {
    b"SSH-": "an SSH server",
    b"HTTP/": "an HTTP server",
    b"<!DOCTYPE": "an HTTP server",
    b"<html": "an HTTP server",
    b"<?xml": "an HTTP server",
    b"220 ": "a mail or FTP server",
    b"220-": "a mail or FTP server",
    b"+OK": "a mail server",
    b"* OK": "a mail server",
    b"-ERR": "a Redis server",
    b"RFB ": "a VNC server",
    b"AMQP": "an AMQP server",
}


class Who(Enum):
    """Who is there."""

    PYRO = "a Pyro server"
    OTHER_PYRO = "a Pyro server of another version"
    TLS = "a server that speaks TLS"
    OTHER = "another server"
    SILENT = "nobody who speaks"
    CLOSED = "somebody who closes the connection"
    NOBODY = "nobody"
    """There is no connection at all."""


class Answer(NamedTuple):
    """What came back.

    :ivar name: of whom is there, for people.
    :ivar data: the first bytes.
    :ivar version: of the protocol.
    :ivar error: why there is no connection, or no more of it.
    """

    who: Who
    name: str = ""
    data: bytes = b""
    version: int | None = None
    error: PyroError | None = None
    seconds: float = 0.0


def classify(data: bytes) -> Answer | None:
    """Who sends such bytes; ``None`` where more of them are needed to tell."""
    if data[: len(_PREFIX)] == _PREFIX[: len(data)]:
        if len(data) < _VERSION_ENDS:
            return None
        version = int.from_bytes(data[len(_PREFIX) : _VERSION_ENDS], "big")
        who = Who.PYRO if version == PROTOCOL_VERSION else Who.OTHER_PYRO
        return Answer(who, who.value, data, version)
    if data[0] in _TLS_RECORDS:
        if len(data) < 2:
            return None
        if data[1] == 3:
            return Answer(Who.TLS, Who.TLS.value, data)
    for banner, name in _BANNERS.items():
        if data[: len(banner)].lower() == banner[: len(data)].lower():
            return Answer(Who.OTHER, name, data) if len(data) >= len(banner) else None
    return Answer(Who.OTHER, "a server of another kind", data)


def greeting(situation: Situation) -> bytes:
    """A hello to the daemon itself, in the configured serializer."""
    settings = situation.settings
    said = {"handshake": "hello", "object": DAEMON_NAME}
    number, payload = 0, b""
    try:
        serializer = situation.plugins.serializer(settings.SERIALIZER)
        number, payload = serializer.wire_id, bytes(joined(serializer.codec(settings, registry).dumps(said)))
    except Exception:
        pass  # an empty hello is answered as well; what is wrong here has a step of its own
    return b"".join(bytes(part) for part in encode(MessageType.CONNECT, number, 0, 0, payload))


def ask(
    location: str, situation: Situation, settings: Settings | None = None, *, quietly: bool = False
) -> Answer:
    """Connect, say hello, and see who answers, within the situation's time.

    :param settings: others than the situation's.
    :param quietly: say nothing. Who closes a connection in which something was said may take its own last
        words back with it.
    :raises ConfigError: the settings are unusable.
    """
    began = time.monotonic()
    hello = b"" if quietly else greeting(situation)
    deadline = began + situation.timeout
    answer = _conversation(location, situation, settings or situation.settings, deadline, hello)
    return answer._replace(seconds=time.monotonic() - began)


def _conversation(
    location: str, situation: Situation, settings: Settings, deadline: float, hello: bytes
) -> Answer:
    scheme, address = _split(location)
    try:
        transport = situation.plugins.by_scheme(scheme)
        connection = transport.connect(address, settings, situation.timeout)
    except CommunicationError as error:
        return Answer(Who.NOBODY, error=error)
    received = b""
    try:
        connection.set_timeout(_left(deadline))
        if hello:
            connection.send([hello])
            received = _first(connection, deadline, situation.timeout / 2)
        else:
            received = _receive(connection, _left(deadline))
        while received:
            found = classify(received)
            if found is not None:
                return found
            more = _receive(connection, _left(deadline))
            if not more:
                break
            received += more
    except TimeoutError as error:
        return Answer(Who.SILENT, data=received, error=error)
    except ConnectionClosedError as error:
        return Answer(Who.CLOSED, data=received, error=error)
    except CommunicationError as error:  # TLS fails with the first bytes at the earliest
        return Answer(Who.NOBODY, error=error)
    finally:
        connection.close()
    return Answer(Who.CLOSED, data=received)


def _first(connection: Connection, deadline: float, patience: float) -> bytes:
    """The first bytes. Servers that read lines answer only when one has ended."""
    try:
        return _receive(connection, patience)
    except TimeoutError:
        connection.send([_NEWLINES])
        return _receive(connection, _left(deadline))


def _receive(connection: Connection, seconds: float) -> bytes:
    buffer = bytearray(_ENOUGH)
    connection.set_timeout(seconds)
    count = connection.recv_into(memoryview(buffer))
    return bytes(buffer[: count or 0])


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.001)


def _split(location: str) -> tuple[str | None, str]:
    if not location.startswith("./"):
        return None, location
    scheme, _, address = location[2:].partition(":")
    return scheme, address
