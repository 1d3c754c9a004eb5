"""Transports: connections, listeners, and who is at the other end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, runtime_checkable

from .settings import Buffer, Settings

__all__ = ["NO_PEER", "Connection", "DirectIO", "HasFileno", "Listener", "Peer", "Transport", "direct_io"]


class Peer(NamedTuple):
    """The other end of a connection, as the operating system names it.

    :ivar address: what ``getpeername`` gives: ``(host, port)``, a socket's path, or ``""``.
    :ivar transport: the name of the transport.
    :ivar facts: what the transport knows for certain about the peer beyond its address, such as a
        certificate.
    :ivar reached: the location by which it reached this side, in the form that goes into a URI; empty
        where there is none, or this side made the connection.
    """

    address: Any
    transport: str
    facts: Mapping[str, Any] = MappingProxyType({})
    reached: str = ""

    def __str__(self) -> str:
        if isinstance(self.address, tuple) and len(self.address) > 1:
            host, port = self.address[:2]
            return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
        return str(self.address) or f"<{self.transport}>"


NO_PEER = Peer("", "none")
"""Stands for the other end where there is none."""


class HasFileno(Protocol):
    """Anything that a selector can wait for."""

    def fileno(self) -> int:
        """The file descriptor. Raises ``OSError`` or returns -1 once closed."""


class DirectIO(NamedTuple):
    """A way into a connection without a Python function in between, which small messages feel.

    It is for whoever deals with what its first two functions raise, as ``OSError``. A connection that has one
    keeps nothing back of what has arrived: ``pending`` is always false.

    :ivar recv_into: receives as the connection's own does, into a buffer, and does not return ``None``.
    :ivar send: takes a buffer and ``no_wait``, sends what can be sent without waiting, and returns how many
        bytes that was.
    :ivar no_wait: what it has to be given.
    :ivar recv_failed: takes the connection and what ``recv_into`` raised, and does what the connection's own
        does then: it returns ``None``, or raises.
    :ivar send_failed: takes the connection and what ``send`` raised, and does what ``send_some`` does then:
        it returns 0, or raises.
    """

    recv_into: Callable[[memoryview], int]
    send: Callable[[Buffer, int], int]
    no_wait: int
    recv_failed: Callable[[Any, OSError], None]
    send_failed: Callable[[Any, OSError], int]


class Connection(Protocol):
    """A two-way stream of bytes. It is created blocking, without a time limit.

    One thread may receive while another sends; ``shutdown`` and ``close`` may be called from any.
    Operating-system errors never get past it: they become
    :exc:`~pyroplug.errors.ConnectionClosedError` or :exc:`~pyroplug.errors.TimeoutError`; or
    :exc:`~pyroplug.errors.HandshakeError` as long as its two ends have not agreed to talk to each other.

    It may have an attribute ``direct``: a :class:`DirectIO` that does the same, faster; ``None`` for none.
    """

    @property
    def peer(self) -> Peer:
        """Who is at the other end. There may be more facts about it once something was received."""

    @property
    def sock(self) -> Any:
        """The socket, for programs that want to look at it; ``None`` where there is none."""

    def fileno(self) -> int:
        """The file descriptor; -1 once closed."""

    def recv_into(self, buffer: memoryview, /) -> int | None:
        """Receive at least one byte: how many; 0 at the end; ``None`` if non-blocking and none is there.

        Raises ``ConnectionClosedError`` if the connection broke, ``TimeoutError`` after ``set_timeout``.
        """

    def send(self, buffers: Sequence[Buffer], /) -> None:
        """Send all of it. Raises as ``recv_into`` does; then the stream is unusable.

        What it raises for was not sent as a whole: a caller may rely on it that nobody received all of it.
        """

    def send_some(self, buffers: Sequence[Buffer], /) -> int:
        """Send what can be sent without waiting: how many bytes that was, 0 if none.

        The rest has to be the first that is sent next. Raises ``ConnectionClosedError``.
        """

    def set_timeout(self, seconds: float | None, /) -> None:
        """The longest that one receive may wait, and that one send may take from its beginning to its end.

        ``None`` for ever. Implies blocking mode.
        """

    def set_nonblocking(self) -> None:
        """Never wait again, until ``set_timeout`` is called."""

    def pending(self) -> bool:
        """Whether bytes are here already that no selector will tell of; receiving then does not wait."""

    def wants_write(self) -> bool:
        """Whether receiving, which has just given nothing, can go on only when something can be sent."""

    def shutdown(self) -> None:
        """End the stream both ways, so that a thread waiting in it wakes up. Raises nothing."""

    def end_of_data(self) -> None:
        """Tell the peer that nothing more will be sent; receiving goes on. Raises nothing."""

    def close(self) -> None:
        """Give back what the operating system lent. May be called twice. Raises nothing."""


def direct_io(connection: Connection) -> DirectIO | None:
    """A connection's direct way, if it has one."""
    found: DirectIO | None = getattr(connection, "direct", None)
    return found


class Listener(Protocol):
    """Waits for connections at one location. ``accept`` never waits."""

    @property
    def location(self) -> str:
        """Where others can reach it, in the form that goes into a URI."""

    @property
    def sock(self) -> Any:
        """The listening socket, for programs that want to look at it; ``None`` where there is none."""

    def fileno(self) -> int:
        """The file descriptor; -1 once closed."""

    def accept(self) -> Connection | None:
        """The next connection, ``None`` if nobody waits.

        Raises :exc:`~pyroplug.errors.CommunicationError` where the system has no room for it right now.
        """

    def close(self) -> None:
        """Stop listening, and remove what ``listen`` created. May be called twice. Raises nothing."""


@runtime_checkable
class Transport(Protocol):
    """A way to reach another process. Offered by ``pyroplug_transports``."""

    @property
    def name(self) -> str:
        """The name by which users and messages call it."""

    @property
    def scheme(self) -> str | None:
        """It owns the locations ``./SCHEME:address``; ``None`` for the bare ``host:port``."""

    def listen(self, address: str, settings: Settings, /) -> Listener:
        """Listen at an address: the location without its scheme.

        Raises :exc:`~pyroplug.errors.AddressError`, which names the address and says why, and
        :exc:`~pyroplug.errors.ConfigError` for settings it cannot work with.
        """

    def connect(self, address: str, settings: Settings, timeout: float | None, /) -> Connection:
        """Connect to an address, within ``timeout`` seconds.

        Raises :exc:`~pyroplug.errors.AddressError` where nobody answers there (with ``passing`` set if
        somebody may later: calls with retries try again only then),
        :exc:`~pyroplug.errors.HandshakeError` where whoever does is not to be talked to or refuses,
        :exc:`~pyroplug.errors.TimeoutError`, and :exc:`~pyroplug.errors.ConfigError` for settings it cannot
        work with.
        """

    def adopt(self, channel: Any, settings: Settings, /) -> Connection | None:
        """A connection over something the user has connected already; ``None`` if it is not of its kind.

        Closing that connection leaves the user's own object open.
        Raises :exc:`~pyroplug.errors.AddressError` if it is of its kind, and unusable.
        """

    def loopback_address(self, folder: str, /) -> str | None:
        """An address for trials, which this machine alone can reach and nobody uses yet.

        :param folder: where it may put files that go away with the folder.
        :returns: what ``listen`` takes; ``None`` if other processes cannot connect to anything here.
        """

    def loopback_pair(self) -> tuple[Any, Any] | None:
        """Two channels for trials, connected with each other, as ``adopt`` takes them.

        They can be handed to child processes, and are the caller's to close. ``None`` if it adopts nothing.
        """
