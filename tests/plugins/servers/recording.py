"""Listeners and connections that write down what they are asked to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from pyroplug.contracts import DirectIO


class RecordingListener:
    """Passes everything on to a real one; ``connections`` are those it accepted."""

    def __init__(self, listener: Any, kind: type[RecordingConnection] | None = None) -> None:
        self._listener = listener
        self._kind = kind or RecordingConnection
        self.connections: list[RecordingConnection] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listener, name)

    def accept(self) -> Any:
        connection = self._listener.accept()
        if connection is None:
            return None
        self.connections.append(self._kind(connection))
        return self.connections[-1]


class RecordingConnection:
    """``calls`` counts, by the method's name."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._connection, name)
        return self._counting(name, attribute) if callable(attribute) else attribute

    @property
    def direct(self) -> DirectIO | None:
        direct: DirectIO = self._connection.direct
        return direct._replace(
            recv_into=self._counting("direct recv_into", direct.recv_into),
            send=self._counting("direct send", direct.send),
        )

    def _counting(self, name: str, function: Callable[..., Any]) -> Any:
        def call(*arguments: Any) -> Any:
            self.calls[name] += 1
            return function(*arguments)

        return call


class HoardingConnection(RecordingConnection):
    """Takes in all that has arrived and gives it out in portions of ten bytes, as TLS does with records."""

    direct = None

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self._hoard = bytearray()

    def recv_into(self, buffer: memoryview) -> Any:
        if not self._hoard:
            count = self._connection.recv_into(buffer)
            if not count:
                return count
            self._hoard += buffer[:count]
        portion = bytes(self._hoard[:10])
        del self._hoard[:10]
        buffer[: len(portion)] = portion
        return len(portion)

    def pending(self) -> bool:
        return bool(self._hoard)
