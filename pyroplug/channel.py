"""A proxy's way to its object: connects when it is needed, sends calls, waits for answers, tries again.

All the input and output of the client is here. A channel belongs to one thread at a time, and knows nothing
of the proxy that uses it, so that a proxy which nobody needs any longer is gone at once, with its connection.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from threading import get_ident
from typing import TYPE_CHECKING, Any

from .blobs import SerializedBlob
from .client import RemoteCall, StreamReference
from .config import Configuration
from .connecting import names_of, open_line, spoil
from .context import current_call
from .contracts import Buffer
from .errors import CommunicationError, ConnectionClosedError, PyroError, SecurityError, TimeoutError
from .forking import close_when_forked, forget
from .line import Line, ServerConnection
from .ownership import Owned, current_user
from .plain_exchange import InUseError
from .retrying import Retries, may_run_twice, until_it_works
from .time_limit import TimeLimit, finite
from .uri import DAEMON_NAME, URI
from .wire import Flags, Message

if TYPE_CHECKING:
    from .plugins import PluginSet
    from .whereabouts import Whereabouts

__all__ = ["Channel", "ServerConnection"]

_ONEWAY, _call_here = int(Flags.ONEWAY), current_call.get
_LONG_AGO = 1.0
"""Seconds after which the server may have closed a connection that nobody used."""


class Channel(Owned):
    """Calls the methods of objects at one address.

    :ivar uri: the object that calls go to unless they name another.
    :ivar serializer: the serializer's name; ``None`` for the one that the configuration names.
    :ivar handshake: what is said when connecting.
    :ivar limit: how much time a call has, with connecting if that is needed.
    :ivar raw: whether calls give the answer's :class:`~pyroplug.wire.Message` instead of its meaning.
    :ivar methods: the names of the object's methods; empty until it was connected.
    :ivar oneway: the names of those that are called without waiting for an answer.
    :ivar attributes: the names of the object's properties.
    :ivar idempotent: the names of methods that may be called again by who cannot know whether they have run.
    :ivar settings: the configuration.
    :ivar plugins: gives the plugins to choose from, when they are needed.
    :ivar socket: what the user has connected already, instead of an address to connect to.
    :ivar whereabouts: the name that ``uri`` was found by, if it was.
    :ivar validate: called with the server's answer to the handshake; raises to refuse the server.
    """

    def __init__(
        self, uri: URI, settings: Configuration, plugins: Callable[[], PluginSet], socket: Any
    ) -> None:
        self.line: Line | None = None  # first: __del__ asks for it
        super().__init__()
        self.uri, self.settings, self.plugins, self.socket = uri, settings, plugins, socket
        self.serializer: str | None = None
        self.handshake: Any = "hello"
        self.raw, self.sequence, self._used = False, 0, 0.0
        names: list[set[str]] = [set(), set(), set(), set(), set()]  # each set[str]() takes ten times as long
        self.methods, self.oneway, self.attributes, self.idempotent, self._told = names
        self.abandoned_streams: list[str] = []
        self.validate: Callable[[Any], object] | None = None
        self.whereabouts: Whereabouts | None = None
        self.face: ServerConnection | None = None
        self._timeout: float | None = settings.COMMTIMEOUT
        self.limit, self._retries = TimeLimit(finite(self._timeout)), Retries()
        self._max_retries: int = settings.MAX_RETRIES
        self._take_care()

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return self.line is not None

    @property
    def timeout(self) -> float | None:
        """Seconds that a call may take; ``None`` or 0 for ever."""
        return self._timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._timeout, self.limit.seconds = seconds, finite(seconds)
        if self.line is not None:
            self.limit.restore(self.line.connection)
        self._take_care()

    @property
    def max_retries(self) -> int:
        """How often a call is repeated, where it may be, whose connection broke or ran out of time."""
        return self._max_retries

    @max_retries.setter
    def max_retries(self, count: int) -> None:
        self._max_retries = count
        self._retries.begin(0)
        self._take_care()

    def _take_care(self) -> None:
        self._careful = self.limit.seconds is not None or self._max_retries > 0

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
        line = self.line
        if (
            line is None
            or flags
            or get_ident() != self.owner
            or _call_here() is not None
            or (args and type(args[0]) is SerializedBlob)
            or self.abandoned_streams
            or self.raw
        ):
            return self._call_fully(RemoteCall(object_id or "", method, args, kwargs or {}, flags))
        # Nearly every call: nothing goes beside it.
        if self._careful:
            self.prepare()
            line = self._connected_line()
        # What is no method is faster to call when it is taken out first.
        dumps_call, exchange_plain, loads = line.dumps_call, line.exchange_plain, line.loads
        target = object_id or self.uri.object
        if method in self.oneway and not object_id:
            flags = _ONEWAY
        payload = dumps_call(target, method, args, {} if kwargs is None else kwargs)
        self.sequence = sequence = (self.sequence + 1) & 0xFFFF
        found: Any
        request: Sequence[Buffer] | None = None
        if type(payload) is not bytes or len(payload) > line.plain_size:
            request = line.protocol.request(payload, sequence, flags)
        try:
            if request is not None:
                found = self._exchange(line, flags, request, sequence)
            else:
                found = exchange_plain(payload, sequence, flags)  # type: ignore[arg-type]  # see above
                if type(found) is not bytes and not flags:
                    found = line.protocol.answer(found, sequence)
        except BaseException as error:
            found = self._lost(line, error, RemoteCall(target, method, args, kwargs or {}, flags))
        return loads(found) if type(found) is bytes else found and self._result(found)

    def prepare(self) -> bool:
        """What precedes a call: connecting, as often as a call is repeated; whether that was needed."""
        self.check_owner()
        limit, retries = self.limit, self._retries
        limit.begin()
        retries.begin(self._max_retries)
        if self._max_retries:
            now = time.monotonic()
            long_ago, self._used = now - self._used > _LONG_AGO, now
            if long_ago and self.line is not None and self.socket is None and self.line.is_over():
                self.release()
        if self.line is not None:
            limit.reset(self.line.connection)
            return False
        while self.line is None:
            try:
                self._connect()
            except CommunicationError as error:
                retries.next(error, True, limit.seconds)
                limit.begin()
        return True

    def _call_fully(self, call: RemoteCall) -> Any:
        """A call with all that can be said beside it, or that can happen to it."""
        self.check_owner()
        if self._careful or self.line is None:
            self.prepare()
        if not call.object_id:
            oneway = _ONEWAY if call.method in self.oneway else 0
            call = call._replace(object_id=self.uri.object, flags=call.flags | oneway)
        line = self._connected_line()
        request = self._request(line, call)
        try:
            message = self._exchange(line, call.flags, *request)
        except BaseException as error:
            message = self._lost(line, error, call)
        return message and (line.protocol.whole(message) if self.raw else self._result(message))

    def _request(self, line: Line, call: RemoteCall) -> tuple[Sequence[Buffer], int]:
        self.sequence = sequence = (self.sequence + 1) & 0xFFFF
        return line.protocol.call(*call, sequence), sequence

    def _exchange(self, line: Line, flags: int, request: Sequence[Buffer], sequence: int) -> Message | None:
        """Send a request and wait for its answer; ``None`` if it wants none."""
        if self.abandoned_streams:
            self._close_abandoned(line)
        if flags & _ONEWAY:
            line.send(request)
            return None
        return line.protocol.answer(line.exchange(request), sequence)

    def _result(self, message: Message) -> Any:
        try:
            result = self._connected_line().protocol.result(message)
        except Exception as error:
            suspicious = isinstance(error, (CommunicationError, SecurityError))
            # With retries, the next call may rely on it that the connection is what it seems to be.
            if suspicious or (self._max_retries and not isinstance(error, StopIteration)):
                self._see_if_it_goes_on()
            raise
        if type(result) is StreamReference:
            from .remote_iterator import RemoteIterator  # which few results are

            return RemoteIterator(self, result.stream_id, result.several)
        return result

    def _lost(self, line: Line | None, error: BaseException, call: RemoteCall) -> Message | None:
        """The connection is of no more use: the answer of another attempt, or ``error`` is raised."""
        marked = self.idempotent if call.object_id == self.uri.object else ()
        harmless = may_run_twice(call.object_id, call.method, call.args, marked)
        try:
            while True:
                error, line = self._give_up(line, error), None
                if current_user() != self.owner:
                    raise error
                self._retries.next(error, harmless, self.limit.seconds)
                try:
                    self.limit.begin()
                    line = self._connected_line()
                    return self._exchange(line, call.flags, *self._request(line, call))
                except BaseException as again:
                    error = again
        finally:
            del error  # its traceback leads back here

    def _give_up(self, line: Line | None, error: BaseException) -> BaseException:
        """Close a connection on which something failed: what to tell about that."""
        if line is None or isinstance(error, InUseError):
            return error
        if self.socket is not None:
            spoil(self.socket)
        line.close()
        if line is self.line:
            self.abandoned_streams.clear()  # nothing can be told any more
            self.release()
        if isinstance(error, TimeoutError) and self.limit.seconds is not None:
            what = "the request was not taken" if error.unsent else "no answer came"
            told = self.limit.error(f"{self.uri}: {what}")
            told.unsent, told.__cause__ = error.unsent, error
            return told
        return error

    def _close_abandoned(self, line: Line) -> None:
        streams = self.abandoned_streams
        while streams:
            call = RemoteCall(DAEMON_NAME, "close_stream", (streams.pop(),), {}, _ONEWAY)
            line.send(self._request(line, call)[0])

    def ping(self) -> None:
        """Make sure that the other side is alive. Raises as ``call`` does."""
        self.prepare()
        line = self._connected_line()
        try:
            line.ping()
        except BaseException as error:
            self._give_up(line, error)
            raise

    def _see_if_it_goes_on(self) -> None:
        """Give up the connection if the other side does: Pyro5 hangs up after some of its answers."""
        if self.line is not None and self.socket is None:  # nobody hangs up on a socket of the user's
            with contextlib.suppress(CommunicationError):
                self.ping()

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
        self.limit.begin()
        self._connect()
        return True

    def _connected_line(self) -> Line:
        while (line := self.line) is None:  # nearly never: another thread has claimed the proxy just now
            self._connect()
        return line

    def _connect(self) -> None:
        """Connect, in what is left of the call's time."""
        if self.face is not None:
            raise PyroError(f"{self.uri} cannot be called before its handshake is over")
        self.enter()
        try:
            if self.line is not None:  # another thread was quicker
                return
            close_when_forked(self)
            self.line, metadata = open_line(self)
            self.abandoned_streams.clear()
            self._learn(metadata)
        except CommunicationError as error:
            error.unsent = True
            raise
        finally:
            self.face = None if self.line is None else self.face
            self.leave()

    def _learn(self, metadata: Any) -> None:
        """Take over what the object has; ask for it if the greeting did not tell."""
        try:
            if metadata is None:
                if self.methods or self.attributes:
                    return
                line = self._connected_line()
                asked = RemoteCall(DAEMON_NAME, "get_metadata", (self.uri.object,), {})
                try:
                    metadata = self._exchange(line, 0, *self._request(line, asked))
                except BaseException as error:
                    self._give_up(line, error)
                    raise
                metadata = self._result(metadata)
            self.set_metadata(metadata)
        except BaseException:
            self.release()
            raise

    def set_metadata(self, metadata: Any) -> None:
        """Take over what an object has: ``methods``, ``oneway``, ``attrs``; ``idempotent`` may be there too.

        :raises ProtocolError: these are not collections of names.
        :raises PyroError: there is nothing exposed.
        """
        self.methods, self.oneway, self.attributes, told = names_of(metadata, self.uri)
        self.idempotent -= self._told - told
        self.idempotent |= told
        self._told = told

    def __del__(self) -> None:
        self.release()

    def release(self) -> None:
        """Close the connection, if there is one."""
        line, self.line, self.face = self.line, None, None
        if line is not None:
            forget(self)
            if self.abandoned_streams:
                with contextlib.suppress(CommunicationError):
                    self._close_abandoned(line)
            line.close()

    def forked(self) -> None:
        """The connection is the parent process's; this one makes its own when it needs one."""
        if self.socket is None and (self.was_left_behind() or self.line is not None):
            line, self.line, self.face = self.line, None, None
            self.abandoned_streams.clear()
            if line is not None:
                line.connection.close()

    pause = staticmethod(time.sleep)
    """Wait so many seconds."""

    def reconnect(self, tries: int) -> None:
        """Connect anew, and try again as long as that may help, after ever longer pauses.

        :raises ConnectionClosedError: ``tries`` attempts have failed.
        :raises PyroError: what another attempt cannot change, such as a refusal.
        """
        self.check_owner()
        self.release()
        failure = until_it_works(self.connect, tries)
        if self.line is None:
            raise ConnectionClosedError(f"failed to reconnect to {self.uri}") from failure
