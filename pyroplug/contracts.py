"""What a plugin may provide, and what it is given: Protocols and small frozen dataclasses.

A plugin's objects need not inherit from anything here; they satisfy a contract by having its members.
Every method lists what it may raise; anything else that escapes is a fault of the plugin and is reported
as such. Nothing in this module does anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

__all__ = [
    "NO_PEER",
    "Buffer",
    "Challenge",
    "ChallengeResponder",
    "ClassConverter",
    "Codec",
    "ConfigItem",
    "Connection",
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
]

Buffer: TypeAlias = "bytes | bytearray | memoryview"
"""Bytes in any form; a contract that takes a Buffer takes all three."""


# Configuration ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConfigItem:
    """One configuration item.

    :ivar name: upper case; the environment variable is ``PYRO_`` followed by it.
    :ivar default: the value unless something else is said; its type is the item's type, and a ``None``
        default stands for an optional text.
    :ivar summary: one line for people, with the unit.
    :ivar minimum: the least number that makes sense.
    :ivar maximum: the largest.
    :ivar choices: the only values that make sense.
    :ivar secret: people who look at the configuration are not shown the value.
    """

    name: str
    default: bool | int | float | str | Sequence[str] | None
    summary: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[int | str, ...] = ()
    secret: bool = False


class Settings(Protocol):
    """Configuration as it is read: one attribute an item, ``settings.COMMTIMEOUT``."""

    def __getattr__(self, name: str, /) -> Any:
        """The item's value. Raises ``AttributeError`` where no such item exists."""


# Serializers -----------------------------------------------------------------------------------------


class ClassConverter(Protocol):
    """Given to serializers: turns objects into plain dictionaries and back, the same way for all of them."""

    def converter_for(self, value: Any, /) -> Callable[[Any], Any] | None:
        """What was registered for an object: gives its stand-in, as ``to_dict`` would. ``None`` for nothing.

        For formats with rules of their own, which a registration overrides.
        """

    def to_dict(self, value: Any, /) -> Any:
        """A plain stand-in for an object that the format has no way to write.

        It is usually a dictionary with a ``__class__`` entry; its values may again need converting.
        Raises :exc:`~pyroplug.errors.SerializeError` where there is no way, and whatever a registered
        converter raises.
        """

    def from_dict(self, data: dict[str, Any], /) -> Any:
        """The object for a dictionary that has a ``__class__`` entry.

        Raises :exc:`~pyroplug.errors.SerializeError` or :exc:`~pyroplug.errors.SecurityError` for a class
        that must not be made here, and whatever a registered converter raises.
        """

    def recreate(self, value: Any, /) -> Any:
        """A value with each dictionary in it that has a ``__class__`` entry put through ``from_dict``.

        Lists, tuples and dictionaries are walked. Raises as ``from_dict`` does.
        """


class Codec(Protocol):
    """Values to bytes and back, for one configuration. Used by many threads at once.

    What is dumped may be read by a peer in another process and of another version; what is loaded comes
    from a stranger. Each method raises :exc:`~pyroplug.errors.SerializeError` and nothing else of its own;
    what :class:`ClassConverter` raises passes through.
    """

    def dumps(self, value: Any, /) -> Buffer:
        """The value as bytes."""

    def loads(self, data: Buffer, /) -> Any:
        """The value back from bytes."""

    def dumps_call(
        self, object_id: str, method: str, args: Any, kwargs: Mapping[str, Any] | None, /
    ) -> Buffer:
        """A call as bytes.

        :param args: the positional arguments, a sequence; with a blob, the blob's value takes their place.
        """

    def loads_call(self, data: Buffer, /) -> tuple[str, str, Any, dict[str, Any] | None]:
        """A call back: object id, method, positional and keyword arguments.

        In the place of the positional arguments is what the peer put there, which may be no sequence.
        """


@runtime_checkable
class Serializer(Protocol):
    """A serialization format. Offered by ``pyroplug_serializers``.

    Two serializers may share a ``wire_id`` only if each reads what the other writes. Ids 1 to 63 are the
    project's own, 64 to 127 are for registered third parties, 128 to 255 for private use.
    """

    @property
    def name(self) -> str:
        """The name by which users choose it."""

    @property
    def wire_id(self) -> int:
        """The number by which messages name it, 1 to 255."""

    @property
    def carries(self) -> frozenset[str]:
        """What survives a round trip unchanged beyond JSON's types: type names such as ``bytes``, ``set``."""

    def codec(self, settings: Settings, classes: ClassConverter, /) -> Codec:
        """The codec for one daemon or proxy. Raises :exc:`~pyroplug.errors.ConfigError`."""


# Transports ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Peer:
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
    facts: Mapping[str, Any] = field(default_factory=dict)
    reached: str = ""

    def __str__(self) -> str:
        if isinstance(self.address, tuple):
            host, port = self.address[:2]
            return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
        return str(self.address) or f"<{self.transport}>"


NO_PEER = Peer("", "none")
"""Stands for the other end where there is none."""


class HasFileno(Protocol):
    """Anything that a selector can wait for."""

    def fileno(self) -> int:
        """The file descriptor. Raises ``OSError`` or returns -1 once closed."""


class Connection(Protocol):
    """A two-way stream of bytes. It is created blocking, without a time limit.

    One thread may receive while another sends; ``shutdown`` and ``close`` may be called from any.
    Operating-system errors never get past it: they become
    :exc:`~pyroplug.errors.ConnectionClosedError` or :exc:`~pyroplug.errors.TimeoutError`; or
    :exc:`~pyroplug.errors.HandshakeError` as long as its two ends have not agreed to talk to each other.
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

        Raises :exc:`~pyroplug.errors.AddressError` where nobody answers there,
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


# Server models ---------------------------------------------------------------------------------------


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

    def get_buffer(self, scratch: memoryview, /) -> memoryview:
        """Where to put what is received next; valid until ``buffer_updated``.

        :param scratch: memory lent until ``buffer_updated`` returns; the session may prefer its own.
            Nothing of it is kept, requests included: the next piece may go elsewhere.
        """

    def buffer_updated(self, count: int, /) -> Sequence[Any]:
        """Take note of ``count`` received bytes: the requests that are complete now, often one."""

    def handle(self, request: Any, /) -> Sequence[Buffer]:
        """Run one request: what to send, nothing if it wants no answer. This is where user code runs.

        What it gave is not changed afterwards: with a slow reader it may be sent much later.
        """

    def refuse(self, reason: str, /) -> Sequence[Buffer]:
        """Turn the peer away: what to send before closing."""

    def lost(self, reason: str, /) -> None:
        """The connection is gone: everything that belonged to it is released, once."""


class SessionHost(Protocol):
    """What a server model serves: the daemon, as far as the model needs it."""

    def open_session(
        self,
        connection: Connection,
        spawn: Callable[[Callable[[], None]], None],
        /,
        *,
        handshake: bool = True,
    ) -> Session:
        """A session for a new connection.

        :param spawn: runs a one-way call outside the connection's own turn.
        :param handshake: false where both ends were made by the user, and no greeting is exchanged.
        """

    def housekeeping(self) -> None:
        """To be called every few seconds. Raises nothing."""


class Server(Protocol):
    """A running server, made by a server model for one daemon."""

    @property
    def sockets(self) -> Sequence[HasFileno]:
        """All that an outside event loop has to watch for readability."""

    def run(self, running: Callable[[], bool], /) -> None:
        """Serve until ``running()`` is false, which is asked at least every POLLTIMEOUT seconds."""

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


# Handshake and resources -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello:
    """What a client said when it connected. Nothing of it was made into an object of any class.

    :ivar peer: who it is, as far as the operating system knows.
    :ivar object_id: the object it wants to talk to: untrusted.
    :ivar data: the handshake value, as sent by the client: untrusted. Where the client sent an object, it
        is the dictionary that stands for it, with a ``__class__`` entry.
    :ivar annotations: the message's annotations: untrusted.
    """

    peer: Peer
    object_id: str
    data: Any
    annotations: Mapping[str, Buffer]


class Challenge(Protocol):
    """A question to one client, which only the right one can answer. It is asked once.

    It is kept while the client thinks, and forgotten with its connection.
    """

    @property
    def question(self) -> Buffer:
        """What the client is sent, at most 1000 bytes: never the same twice."""

    @property
    def reason(self) -> str:
        """What is wanted, in words: a client that cannot answer is refused with them."""

    def verify(self, response: Buffer, /) -> Buffer | None:
        """Judge the client's response: return to agree, with a proof for the client if there is one.

        Raises as :meth:`Gate.validate` does.
        """


class Gate(Protocol):
    """A validator at work in one daemon. Used by many threads at once."""

    def validate(self, hello: Hello, /) -> Challenge | None:
        """Return ``None`` to agree, or a challenge that the client has to pass.

        Raises :exc:`~pyroplug.errors.SecurityError` to refuse, with a reason that the client is told.
        Any other exception refuses as well, as does any other value, and the client is told nothing of it.
        """


@runtime_checkable
class HandshakeValidator(Protocol):
    """Decides who may connect. Offered by ``pyroplug_handshake_validators``."""

    @property
    def name(self) -> str:
        """The name by which users choose it."""

    def open(self, settings: Settings, /) -> Gate:
        """What judges the clients of one daemon, which is just being made.

        Raises :exc:`~pyroplug.errors.ConfigError` for settings that it cannot work with.
        """


class Responder(Protocol):
    """The client's side of a challenge, for one connection."""

    def respond(self, question: Buffer, object_id: str, /) -> Buffer:
        """The response to the server's question.

        :param object_id: the object that the client wants to talk to.

        Raises :exc:`~pyroplug.errors.SecurityError` to give none.
        """

    def conclude(self, proof: Buffer | None, /) -> None:
        """Take note that the server accepts the connection; return to accept the server.

        :param proof: what the server says about itself; ``None`` if it asked nothing, or says nothing.

        Raises :exc:`~pyroplug.errors.SecurityError` to refuse the server.
        """


@runtime_checkable
class ChallengeResponder(HandshakeValidator, Protocol):
    """What a validator that challenges clients is besides: able to answer as a client."""

    def responder(self, settings: Settings, /) -> Responder | None:
        """What answers for one new connection; ``None`` if the settings hold nothing to answer with.

        Raises :exc:`~pyroplug.errors.ConfigError` for settings that it cannot work with.
        """


class Tracking(Protocol):
    """The resources of one connection."""

    @property
    def resources(self) -> Iterable[Any]:
        """Those that are tracked now."""

    def track(self, resource: Any, /) -> None:
        """Have the resource's ``close()`` called when the connection is lost."""

    def untrack(self, resource: Any, /) -> None:
        """Forget it. An unknown one is ignored."""

    def release(self) -> None:
        """Close what is still tracked; called exactly once. Raises nothing."""


@runtime_checkable
class ResourceTracker(Protocol):
    """Looks after what a client holds on the server. Offered by ``pyroplug_resource_trackers``."""

    @property
    def name(self) -> str:
        """The name by which users choose it."""

    def open(self, peer: Peer, settings: Settings, /) -> Tracking:
        """A tracking for one connection."""
