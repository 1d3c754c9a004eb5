"""A proxy's way to its object: connects when it is needed, sends calls, waits for answers, tries again.

All the input and output of the client is here. A channel belongs to one thread at a time, and knows nothing
of the proxy that uses it, so that a proxy which nobody needs any longer is gone at once, with its connection.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from threading import get_ident
from typing import Any

from .blobs import SerializedBlob
from .client import ClientProtocol, StreamReference
from .config import Configuration
from .context import current_call
from .contracts import Buffer, Connection
from .errors import (
    CommunicationError,
    ConnectionClosedError,
    HandshakeError,
    NamingError,
    ProtocolError,
    PyroError,
    SecurityError,
    TimeoutError,
)
from .forking import close_when_forked
from .greeting import Greeting
from .line import Line, ServerConnection
from .ownership import current_user, not_owner, user_within
from .plugins import PluginSet
from .remote_iterator import RemoteIterator
from .selection import adopt, codec_for, responders_for, transport_for
from .uri import DAEMON_NAME, URI
from .values import registry
from .wire import Flags, Message

__all__ = ["Channel", "ServerConnection"]

_ONEWAY = int(Flags.ONEWAY)
_RECONNECT_DELAY = 2.0


class Channel:
    """Calls the methods of objects at one address.

    :ivar uri: the object that calls go to unless they name another.
    :ivar serializer: the serializer's name; ``None`` for the one that the configuration names.
    :ivar handshake: what is said when connecting.
    :ivar max_retries: how often a call is repeated whose connection broke.
    :ivar raw: whether calls give the answer's :class:`~pyroplug.wire.Message` instead of its meaning.
    :ivar methods: the names of the object's methods; empty until it was connected.
    :ivar oneway: the names of those that are called without waiting for an answer.
    :ivar attributes: the names of the object's properties.
    :ivar settings: the configuration.
    :ivar plugins: gives the plugins to choose from, when they are needed.
    :ivar socket: what the user has connected already, instead of an address to connect to.
    :ivar validate: called with the server's answer to the handshake; raises to refuse the server.
    """

    def __init__(
        self, uri: URI, settings: Configuration, plugins: Callable[[], PluginSet], socket: Any
    ) -> None:
        """The parameters become the attributes of the same names."""
        self.line: Line | None = None  # first: __del__ asks for it
        self.uri = uri
        self.settings = settings
        self.serializer: str | None = None
        self.handshake: Any = "hello"
        self.max_retries: int = settings.MAX_RETRIES
        self.raw = False
        self.sequence = 0
        self.owner = current_user()
        self.methods: set[str] = set()
        self.oneway: set[str] = set()
        self.attributes: set[str] = set()
        self.abandoned_streams: list[str] = []
        self.validate: Callable[[Any], object] | None = None
        self.face: ServerConnection | None = None
        self.plugins = plugins
        self.socket = socket
        self._timeout: float | None = settings.COMMTIMEOUT

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self.line is not None

    @property
    def timeout(self) -> float | None:
        """Seconds to wait for the other side; ``None`` or 0 for ever."""
        return self._timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._timeout = seconds
        if self.line is not None:
            self.line.connection.set_timeout(seconds or None)

    # Calls

    def call(
        self,
        method: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any] | None,
        flags: int = 0,
        object_id: str | None = None,
    ) -> Any:
        """Call a remote method: what it returns; ``None`` at once if it is a one-way call.

        :param flags: of the message, see :class:`~pyroplug.wire.Flags`.
        :param object_id: another object of the same daemon.
        :raises CommunicationError: there is no connection to be had, or it broke.
        :raises SerializeError: an argument cannot be sent, or the result cannot be read.
        :raises PyroError: another thread owns the channel.
        :raises BaseException: what the method raised.
        """
        within = current_call.get()
        if (get_ident() if within is None else user_within(within)) != self.owner:
            raise not_owner()
        if self.line is None:
            self.connect()
        if method in self.oneway and object_id is None:
            flags |= _ONEWAY
        target = object_id or self.uri.object
        if (
            flags
            or self.raw
            or self.abandoned_streams
            or within is not None
            or (args and type(args[0]) is SerializedBlob)
        ):
            return self._call_fully(target, method, args, kwargs or {}, flags)
        # Nearly every call: nothing goes beside it, and its answer is waited for.
        line = self.line
        assert line is not None
        protocol = line.protocol
        payload = protocol.dumps_call(target, method, args, kwargs or {})
        self.sequence = sequence = (self.sequence + 1) & 0xFFFF
        found: Any
        small = payload if type(payload) is bytes and len(payload) <= protocol.plain_size else None
        request = protocol.request(payload, sequence) if small is None else ()
        try:
            found = line.exchange(request) if small is None else line.exchange_plain(small, sequence)
            if type(found) is not bytes:
                found = protocol.answer(found, sequence)
        except BaseException as error:
            found = self._lost(error, target, method, args, kwargs or {}, flags)
        return protocol.loads(found) if type(found) is bytes else self._result(found)

    def _call_fully(
        self, target: str, method: str, args: Sequence[Any], kwargs: Mapping[str, Any], flags: int
    ) -> Any:
        """A call with all that can be said beside it, or that can happen to it."""
        request = self._request(target, method, args, kwargs, flags)
        try:
            message = self._exchange(request, flags)
        except BaseException as error:
            message = self._lost(error, target, method, args, kwargs, flags)
        return message if message is None or self.raw else self._result(message)

    def _request(
        self, target: str, method: str, args: Sequence[Any], kwargs: Mapping[str, Any], flags: int
    ) -> Sequence[Buffer]:
        assert self.line is not None
        self.sequence = (self.sequence + 1) & 0xFFFF
        return self.line.protocol.call(target, method, args, kwargs, flags, self.sequence)

    def _exchange(self, request: Sequence[Buffer], flags: int) -> Message | None:
        """Send the last request and wait for its answer; ``None`` if it wants none."""
        line, sequence = self.line, self.sequence
        assert line is not None
        if self.abandoned_streams:
            self._close_abandoned(line)
        if flags & _ONEWAY:
            line.send(request)
            return None
        return line.protocol.answer(line.exchange(request), sequence)

    def _result(self, message: Message) -> Any:
        assert self.line is not None
        try:
            result = self.line.protocol.result(message)
        except (CommunicationError, SecurityError):
            self._see_if_it_goes_on()
            raise
        if type(result) is StreamReference:
            return RemoteIterator(self, result.stream_id, result.several)
        return result

    def _lost(
        self,
        error: BaseException,
        target: str,
        method: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        flags: int,
    ) -> Message | None:
        """The connection is of no more use: the answer of another attempt, or ``error`` is raised."""
        self.abandoned_streams.clear()  # nothing can be told any more
        self.release()
        for _ in range(self.max_retries):
            if not isinstance(error, (ConnectionClosedError, TimeoutError)):
                break
            try:
                if self.line is None:
                    self.connect()
                return self._exchange(self._request(target, method, args, kwargs, flags), flags)
            except BaseException as again:
                error = again
                self.release()
        raise error

    def _close_abandoned(self, line: Line) -> None:
        streams = self.abandoned_streams
        while streams:
            self.sequence = (self.sequence + 1) & 0xFFFF
            stream = streams.pop()
            line.send(line.protocol.call(DAEMON_NAME, "close_stream", (stream,), {}, _ONEWAY, self.sequence))

    def ping(self) -> None:
        """Make sure that the other side is alive. Raises as ``call`` does."""
        self.check_owner()
        if self.line is None:
            self.connect()
        assert self.line is not None
        try:
            self.line.ping()
        except BaseException:
            self.release()
            raise

    def _see_if_it_goes_on(self) -> None:
        """Give up the connection if the other side does: Pyro5 hangs up after some of its answers."""
        if self.line is not None and self.socket is None:  # nobody hangs up on a socket of the user's
            with contextlib.suppress(CommunicationError):
                self.ping()

    # Ownership

    def check_owner(self) -> None:
        """Raise :exc:`~pyroplug.errors.PyroError` in any thread but the one that the channel belongs to."""
        if current_user() != self.owner:
            raise not_owner()

    def claim(self) -> None:
        """Have it belong to this thread, with its connection."""
        self.owner = current_user()

    # Connecting

    def connect(self) -> bool:
        """Connect, say hello, and learn what the object has: false if it is connected already.

        :raises AddressError: nobody answers at the address.
        :raises HandshakeError: the other side refuses.
        :raises TimeoutError: it takes too long.
        :raises SecurityError: the other side does not prove what the configuration requires of it.
        :raises PluginUnavailableError: no plugin knows the serializer or the address.
        :raises PyroError: it is just being connected: ``validate`` wants to call something.
        :raises BaseException: what ``validate`` raises to refuse the server.
        """
        self.check_owner()
        if self.line is not None:
            return False
        if self.face is not None:
            raise PyroError(f"{self.uri} cannot be called before its handshake is over")
        plugins, settings = self.plugins(), self.settings
        serializer, codec = codec_for(plugins, self.serializer or settings.SERIALIZER, settings, registry)
        protocol = ClientProtocol(
            codec,
            serializer.wire_id,
            limit=settings.MAX_MESSAGE_SIZE,
            compress=settings.COMPRESSION,
            codecs=lambda wire_id: plugins.by_wire_id(wire_id).codec(settings, registry),
        )
        connection = self._open(plugins)
        if settings.LOGWIRE:
            from .wirelog import log_client

            connection = log_client(connection, protocol, accepted=self.socket is not None)
        try:
            connection.set_timeout(self._timeout or None)
            self.face = ServerConnection(connection, self.uri.object)  # ``validate`` may look at it
            line = Line(connection, protocol, str(self.uri))
            metadata = self._greet(line, plugins) if self.socket is None else None
        except BaseException:
            self.face = None
            connection.close()
            raise
        self.line = line
        close_when_forked(self)
        self.abandoned_streams.clear()
        self._learn(metadata)
        return True

    def _open(self, plugins: PluginSet) -> Connection:
        if self.socket is not None:
            return adopt(plugins, self.socket, self.settings)
        if self.uri.protocol != "PYRO" or self.uri.location is None:
            raise NamingError(f"{self.uri} has to be looked up, and there is no name server to ask")
        transport, address = transport_for(plugins, self.uri.location)
        return transport.connect(address, self.settings, self._timeout or None)

    def _greet(self, line: Line, plugins: PluginSet) -> Any:
        protocol = line.protocol

        def exchange(request: Sequence[Buffer]) -> Message:
            return protocol.only(line.exchange(request))

        responders = responders_for(plugins, self.settings)
        greeting = Greeting(protocol, exchange, responders, self.settings.HANDSHAKE_PROOFS)
        try:
            said = greeting.greet(self.uri.object, self.handshake, self.sequence)
        except HandshakeError as error:
            raise HandshakeError(f"connection to {self.uri} rejected: {error}") from None
        if self.validate is not None:
            self.validate(said["handshake"])
        return said["meta"]

    def _learn(self, metadata: Any) -> None:
        """Take over what the object has; ask for it if the greeting did not tell."""
        if metadata is None:
            if self.methods or self.attributes:
                return
            metadata = self.call("get_metadata", (self.uri.object,), {}, 0, DAEMON_NAME)
        try:
            self.set_metadata(metadata)
        except BaseException:
            self.release()
            raise

    def set_metadata(self, metadata: Any) -> None:
        """Take over what an object has, from its ``methods``, ``oneway`` and ``attrs``.

        :raises ProtocolError: these are not collections of names.
        :raises PyroError: there is nothing exposed.
        """
        try:
            names = [set(metadata[part]) for part in ("methods", "oneway", "attrs")]
        except (TypeError, KeyError, ValueError) as error:
            raise ProtocolError(f"invalid metadata of {self.uri}: {metadata!r:.200}") from error
        if not all(isinstance(name, str) for part in names for name in part):
            raise ProtocolError(f"invalid metadata of {self.uri}: {metadata!r:.200}")
        self.methods, self.oneway, self.attributes = names
        if not self.methods and not self.attributes:
            raise PyroError(
                f"remote object {self.uri} doesn't expose any methods or attributes",
                hint="put @expose on its class, methods or properties",
            )

    def __del__(self) -> None:
        self.release()

    def release(self) -> None:
        """Close the connection, if there is one."""
        line, self.line, self.face = self.line, None, None
        if line is not None:
            if self.abandoned_streams:
                with contextlib.suppress(CommunicationError):
                    self._close_abandoned(line)
            line.connection.close()

    def forked(self) -> None:
        """The connection is the parent process's; this one makes its own when it needs one."""
        line, user_made = self.line, self.socket is not None
        if line is not None and not user_made:
            self.line = self.face = None
            self.abandoned_streams.clear()
            line.connection.close()

    def pause(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def reconnect(self, tries: int) -> None:
        """Connect anew, trying again every two seconds.

        :raises ConnectionClosedError: ``tries`` attempts have failed.
        """
        self.check_owner()
        self.release()
        while tries > 0:
            tries -= 1
            with contextlib.suppress(CommunicationError):
                self.connect()
                return
            if tries:
                time.sleep(_RECONNECT_DELAY)
        raise ConnectionClosedError(f"failed to reconnect to {self.uri}")
