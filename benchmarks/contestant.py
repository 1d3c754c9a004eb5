"""What takes part in a comparison: one library, in one way of using it.

To add a library, write its class in a module of ``contestants`` and list it there; nothing else knows it.
"""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar, Protocol

from .served import Served

__all__ = [
    "MIXED",
    "OURS",
    "RAW",
    "REAL_PYRO5",
    "Bulk",
    "Can",
    "Contestant",
    "Oneway",
    "Remote",
    "Served",
    "ServerSetup",
    "Who",
]

RAW = "raw"
"""The library whose times are the limit."""
REAL_PYRO5 = "Pyro5"
OURS = "pyroplug"
MIXED = ("pyroplug to Pyro5", "Pyro5 to pyroplug")
"""A client of one library with a server of the other."""


class Can(Enum):
    """What a contestant may be able to do; a workload names what it needs."""

    CALLS = "ordinary calls"
    CONNECT = "connections for one call"
    ONEWAY = "one-way calls"
    BATCH = "batches"
    CROWD = "many clients at once"
    BULK = "large values"
    CHUNKS = "iterators"
    IDLE = "many idle connections"


class Remote(Protocol):
    """The served object, as a client has it."""

    def nop(self) -> None:
        """Do nothing."""

    def add(self, a: int, b: int) -> int:
        """The sum."""

    def echo(self, value: Any) -> Any:
        """Give the value back."""


class Bulk(Protocol):
    """The served object's methods for large values, as a client has them."""

    def take(self, data: Any) -> int:
        """Receive the data; its length."""

    def hold(self, kind: str, size: int, count: int) -> None:
        """Have data ready to be sent so many times."""

    def give(self, kind: str, size: int) -> Any:
        """Send data."""

    def chunks(self, count: int) -> Iterable[bytes]:
        """Send so many chunks, one after the other."""


@dataclass(frozen=True, slots=True)
class Oneway:
    """One-way calls.

    :ivar call: makes one.
    :ivar count: asks how many of them the server has run.
    """

    call: Callable[[], object]
    count: Callable[[], int]


@dataclass(frozen=True, slots=True)
class Who:
    """A contestant by its facts. What a library does not have is empty."""

    library: str
    serializer: str = ""
    model: str = ""
    transport: str = ""

    @property
    def name(self) -> str:
        """What it is called in tables and in filters; no two have the same."""
        return " ".join(filter(None, (self.library, self.serializer, self.model, self.transport)))


@dataclass(frozen=True, slots=True)
class ServerSetup:
    """One server process. Contestants that differ in their serializer alone share it.

    :ivar library: a contestant's.
    :ivar model: the server model, such as ``threadpool``.
    :ivar transport: ``tcp`` or ``unix``.
    :ivar connections: how many it has to hold at once; 0 for as many as it does by itself.
    :ivar number: sets apart those that are alike otherwise.
    """

    library: str
    model: str
    transport: str
    connections: int = 0
    number: int = 0


class Contestant(ABC):
    """A library, and how it is used; also the client's end of its one connection.

    Libraries are imported when they are used: a server process has one of them and no more.

    :cvar needs: modules that must be there.
    :cvar server_library: whose server it talks to, if it is another's.
    """

    library: ClassVar[str]
    server_library: ClassVar[str] = ""
    needs: ClassVar[Sequence[str]] = ()
    _can: ClassVar[frozenset[Can]] = frozenset((Can.CALLS, Can.CONNECT))

    def __init__(self, serializer: str, model: str, transport: str = "tcp") -> None:
        """
        :param model: the server model.
        :param transport: ``tcp`` or ``unix``.
        """
        self.serializer = serializer
        self.who = Who(self.library, serializer, model, transport)
        self.setup = ServerSetup(self.server_library or self.library, model, transport)

    @property
    def name(self) -> str:
        """What it is called in tables and in filters."""
        return self.who.name

    @property
    def can(self) -> frozenset[Can]:
        """What it can do."""
        return self._can

    @property
    def carries(self) -> Sequence[str]:
        """The types of which it can send large values."""
        return ("str", "bytes", "bytearray", "memoryview")

    def again(self) -> Contestant:
        """The same once more, for a connection of its own."""
        return type(self)(self.serializer, self.setup.model, self.setup.transport)

    def missing(self) -> str | None:
        """A module that it needs and that is not installed."""
        for module in self.needs:
            if importlib.util.find_spec(module) is None:
                return module
        return None

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

    def oneway(self) -> Oneway:
        """One-way calls, when connected."""
        raise NotImplementedError

    def batch(self, count: int) -> Sequence[int]:
        """Of so many calls of ``add(i, 1)``, made at once: the results."""
        raise NotImplementedError

    def bulk(self) -> Bulk:
        """The methods for large values, when connected."""
        raise NotImplementedError
