"""Server models, and the sessions that they serve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from .settings import Buffer, Settings
from .transports import Connection, HasFileno, Listener

__all__ = ["Claimed", "Server", "ServerModel", "Session", "SessionHost", "Spawn"]


class Claimed(NamedTuple):
    """What a server says when a client is about to be accepted.

    :ivar reason: why it has no place for the client; empty if it has one.
    :ivar kept: whether that is the place which is kept for the operator of a full server: nothing but the
        daemon's own object may be called from it.
    """

    reason: str = ""
    kept: bool = False


class Session(Protocol):
    """The server's side of one connection, given to server models. It does no input or output itself.

    Per received piece: ``n = recv_into(session.get_buffer(scratch))``, then ``session.buffer_updated(n)``
    gives the requests, then for each of them, in order, send what ``session.handle(request)`` gives. When
    ``closing`` is true and everything was sent, close the connection. Whatever happens, call ``lost`` in the
    end. No method raises anything.
    """

    @property
    def accepted(self) -> bool:
        """Whether the handshake is over."""

    @property
    def closing(self) -> bool:
        """Whether the connection is to be closed once everything has been sent."""

    @property
    def unfinished(self) -> bool:
        """Whether a message has begun to arrive, and the rest of it is still to come."""

    def get_buffer(self, scratch: memoryview, /) -> memoryview:
        """Where to put what is received next; valid until ``buffer_updated``.

        Let go of it before that is called: what somebody still has a view of has to be copied.

        :param scratch: memory lent until ``buffer_updated`` returns; the session may prefer its own.
            Nothing of it is kept, requests included: the next piece may go elsewhere.
        """

    def buffer_updated(self, count: int, /) -> Sequence[Any]:
        """Take note of ``count`` received bytes: the requests that are complete now, often one."""

    def handle(self, request: Any, /) -> Sequence[Buffer]:
        """Run one request: what to send, nothing if it wants no answer. This is where user code runs.

        What it gave is not changed afterwards: with a slow reader it may be sent much later.
        """

    def handle_plain(self, piece: memoryview, count: int, /) -> Sequence[Buffer] | None:
        """``buffer_updated`` and ``handle`` in one, for what is received nearly always: what to send.

        :param piece: the memory that ``get_buffer`` gave last; it goes on being valid.
        :param count: how many bytes were received into it.
        :returns: ``None`` unless that is one small request, by itself, and all of it. Nothing has happened
            then, and it is still for ``buffer_updated``. A server model that runs requests elsewhere than
            it receives them goes without this.
        """

    def refuse(self, reason: str, /, *, passing: bool = False) -> Sequence[Buffer]:
        """Turn the peer away: what to send before closing.

        :param passing: the reason may be gone later, so that the peer may try again.
        """

    def retire(self) -> None:
        """Run nothing any more, as the server is closing: requests are answered with an error that says so.

        For any thread, also while another one is in ``handle``: what that runs is not interrupted.
        """

    def lost(self, reason: str, /) -> None:
        """The connection is gone: everything that belonged to it is released, once."""


class Spawn(Protocol):
    """Runs a one-way call outside its connection's own turn."""

    def __call__(self, call: Callable[[], None], connection: Connection, size: int, /) -> None:
        """Have a call run soon. It raises nothing.

        :param connection: on which it came: no connection's calls keep those of others from running.
        :param size: how many bytes of it are kept until then, so that the server model can limit them.
        """


class SessionHost(Protocol):
    """What a server model serves: the daemon, as far as the model needs it."""

    def open_session(
        self,
        connection: Connection,
        spawn: Spawn,
        /,
        *,
        handshake: bool = True,
        claim: Callable[[int, bool], Claimed] | None = None,
    ) -> Session:
        """A session for a new connection.

        :param spawn: runs one-way calls.
        :param claim: asked for a place when a client has passed the handshake's validators, by the
            connection's descriptor, and whether it wants no more than the daemon's own object. For any
            thread. ``None`` if there is room for everybody.
        :param handshake: false where both ends were made by the user, and no greeting is exchanged.
        """

    def housekeeping(self) -> None:
        """To be called every few seconds. Raises nothing."""

    def refused(self, limit: str, what: str, /) -> None:
        """Take note that a limit has refused somebody, who was told so: it is counted, and logged.

        For any thread. Raises nothing.

        :param limit: the limit's name, such as a configuration item's.
        :param what: who was refused what, and why, for the log; a burst is told in one line.
        """


class Server(Protocol):
    """A running server, made by a server model for one daemon."""

    @property
    def sockets(self) -> Sequence[HasFileno]:
        """All that an outside event loop has to watch for readability."""

    def run(self, running: Callable[[], bool], /) -> None:
        """Serve until ``running()`` is false.

        That is asked at least every POLLTIMEOUT seconds, and when a connection has ended that was given to
        the server, and not accepted by it.
        """

    def events(self, ready: Iterable[HasFileno], /) -> None:
        """Serve those of ``sockets`` that an outside event loop found readable.

        With nothing ready it looks after what depends on the clock, such as housekeeping.
        """

    def combine(self, other: Server, /) -> None:
        """Serve another server's connections in this one's ``run``.

        Raises :exc:`~pyroplug.errors.DaemonError` where that is impossible.
        """

    def wake(self) -> None:
        """Make ``run`` ask ``running()`` at once. Called from any thread."""

    def close(self, grace: float, /) -> None:
        """End it all: no new connection, running calls get ``grace`` seconds, then every one is closed.

        Called from any thread, also from within a running call: that call's connection and thread end when
        it has been answered. Otherwise all sessions are lost, all connections closed and no thread is left
        when it returns, but for a thread whose call ignores the grace.
        """


@runtime_checkable
class ServerModel(Protocol):
    """A way to serve many connections. Offered by ``pyroplug_servers``.

    One that never runs two calls at a time may say so with an attribute ``serial``, which is true: then
    iterators do not run ahead of their clients either, unless the configuration insists.
    """

    @property
    def name(self) -> str:
        """The name by which users choose it."""

    @property
    def aliases(self) -> frozenset[str]:
        """Other names by which it can be chosen, such as those that it had before."""

    def create(
        self,
        host: SessionHost,
        listeners: Sequence[Listener],
        connections: Sequence[Connection],
        settings: Settings,
        /,
    ) -> Server:
        """A server for listeners, and for connections that exist already and need no greeting.

        Raises :exc:`~pyroplug.errors.ConfigError` for settings it cannot work with.
        """
