"""What takes part in a comparison: one library, in one way of using it.

To add a library, write its class in a module of ``contestants`` and list it there; nothing else knows it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

__all__ = ["RAW", "REAL_PYRO5", "Contestant", "Remote", "Served", "ServerSetup"]

RAW = "raw"
"""The library whose times are the limit."""
REAL_PYRO5 = "Pyro5"


class Remote(Protocol):
    """The served object, as a client has it."""

    def nop(self) -> None:
        """Do nothing."""

    def echo(self, value: Any) -> Any:
        """Give the value back."""


class Served:
    """The object that every server serves."""

    def nop(self) -> None:
        """Do nothing."""

    def echo(self, value: Any) -> Any:
        """Give the value back."""
        return value


@dataclass(frozen=True, slots=True)
class ServerSetup:
    """One server process. Contestants that differ in their serializer alone share it.

    :ivar library: a contestant's.
    :ivar model: the server model, such as ``threadpool``.
    :ivar transport: ``tcp`` or ``unix``.
    """

    library: str
    model: str
    transport: str


class Contestant(ABC):
    """A library, and how it is used; also the client's end of its one connection.

    Libraries are imported when they are used: a server process has one of them and no more.
    """

    library: ClassVar[str]

    def __init__(self, serializer: str, model: str, transport: str = "tcp") -> None:
        """
        :param model: the server model.
        :param transport: ``tcp`` or ``unix``.
        """
        self.serializer = serializer
        self.setup = ServerSetup(self.library, model, transport)

    @property
    def name(self) -> str:
        """What it is called in tables and in filters; no two have the same."""
        return f"{self.library} {self.serializer} {self.setup.model} {self.setup.transport}"

    @classmethod
    @abstractmethod
    def serve(cls, setup: ServerSetup, folder: str, ready: Callable[[str], None]) -> None:
        """Serve a :class:`Served` until the process ends.

        :param folder: for socket files.
        :param ready: to be called with the address, a single line, once clients can connect.
        """

    @abstractmethod
    def connect(self, address: str) -> Remote:
        """Connect with the server: its object, with which calls can be made right now."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""
