"""Between a daemon and its server: opens sessions, admits clients, and calls what a daemon can override.

Whatever user code raises here is logged, and harms nobody but the connection in question.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from .context import ClientConnection
from .contracts import (
    Buffer,
    Claimed,
    Codec,
    Connection,
    Hello,
    Peer,
    ServerModel,
    Session,
    Settings,
    Spawn,
    Tracking,
)
from .dispatch import Dispatcher
from .errors import PluginError, PyroError
from .gatekeeper import Gatekeeper
from .loggers import logger
from .objects import ObjectTable
from .refusals import Refusals
from .service import SessionLimits
from .session import ServerSession
from .streams import ROOM, StreamTable
from .threads import SpareThreads

if TYPE_CHECKING:
    from .selection import DaemonSelection

__all__ = ["Host", "Overridable", "streams_for"]

log = logger(__name__)


class Overridable(Protocol):
    """What users can override of a daemon."""

    methodcall_error_handler: Callable[..., object]

    def validateHandshake(self, conn: ClientConnection, data: Any) -> Any:
        """Decide about a new connection."""

    def clientDisconnect(self, conn: ClientConnection) -> None:
        """A connection is gone."""

    def annotations(self) -> Mapping[str, Buffer]:
        """Annotations for every answer."""

    def housekeeping(self) -> None:
        """Called every few seconds."""

    def metadata(self, objectId: str) -> Mapping[str, Any]:
        """What an object exposes."""


class Host:
    """Satisfies :class:`~pyroplug.contracts.SessionHost` and :class:`~pyroplug.service.Service`.

    :ivar deserted: the one client is gone that a daemon with a connected socket is there for.
    """

    def __init__(
        self,
        daemon: Overridable,
        selection: DaemonSelection,
        objects: ObjectTable,
        streams: StreamTable,
        settings: Settings,
        no_annotations: Callable[..., object],
    ) -> None:
        """
        :param no_annotations: the daemon's ``annotations`` as long as nobody overrides it.
        """
        self._daemon = daemon
        self._no_annotations = no_annotations
        self._new_session: Callable[..., ServerSession] = ServerSession
        if selection.observers:
            from .observed_session import ObservedSession

            self._new_session = partial(ObservedSession, observers=selection.observers)
        self._is_serial: bool = getattr(selection.server, "serial", False)
        self._log_wire: bool = settings.LOGWIRE
        self._selection = selection
        self._settings = settings
        self.codecs: Mapping[int, Codec] = selection.codecs
        self.greeting_codecs: Mapping[int, Codec] = selection.greeting_codecs
        self.gatekeeper = Gatekeeper(selection.gates)
        self.deserted = False
        self._only: ClientConnection | None = None
        self.dispatcher = Dispatcher(objects)
        self.streams = streams
        self.refusals = Refusals(threading.RLock(), time.monotonic)
        streams.refused = self.refusals.note
        self.limits = SessionLimits(
            message_size=settings.MAX_MESSAGE_SIZE,
            handshake_size=min(settings.MAX_HANDSHAKE_SIZE, settings.MAX_MESSAGE_SIZE),
            compress=settings.COMPRESSION,
            streaming=settings.ITER_STREAMING,
            tracebacks=settings.SEND_TRACEBACK,
            detailed_traceback=settings.DETAILED_TRACEBACK,
        )

    # For the server model

    def open_session(
        self,
        connection: Connection,
        spawn: Spawn,
        /,
        *,
        handshake: bool = True,
        claim: Callable[[int, bool], Claimed] | None = None,
    ) -> Session:
        """A session for a new connection."""
        session = self._new_session(
            self,
            connection,
            self._tracking(connection.peer),
            spawn,
            accepted=not handshake,
            claim=claim,
            # Asking a daemon that has nothing to say would cost every answer a call.
            annotate=getattr(self._daemon.annotations, "__func__", None) is not self._no_annotations,
        )
        if not self._is_serial:
            session.client.turn = object()
        if not handshake:
            self._only = session.client
        if not self._log_wire:
            return session
        from .wirelog import log_session

        return log_session(session, connection)

    def _tracking(self, peer: Peer) -> Tracking:
        tracker = self._selection.tracker
        try:
            tracking = tracker.open(peer, self._settings)
            if tracking is None:
                raise PluginError("its open() gave no tracking", hint="it has to return one, or raise.")
            return tracking
        except BaseException:
            log.exception("the resource tracker %r failed; %s is refused", tracker.name, peer)
            return NoTracking()

    def housekeeping(self) -> None:
        """To be called every few seconds."""
        self.streams.housekeeping()
        self.refusals.housekeeping()
        with _logged("housekeeping"):
            self._daemon.housekeeping()

    def refused(self, limit: str, what: str, /) -> None:
        """Take note that a limit has refused somebody."""
        self.refusals.note(limit, what)

    # For its sessions

    def refusal(self, serializer_id: int, /) -> str:
        """Why a serializer is not accepted."""
        accepted = ", ".join(sorted(each.name for each in self._selection.serializers.values()))
        return (
            f"serializer {serializer_id} is not accepted by this daemon, only {accepted or 'none'}"
            "\nhint: the server's SERIALIZERS_ACCEPTED lists them, and the client's SERIALIZER chooses"
        )

    def admit(self, client: ClientConnection, hello: Hello, /) -> tuple[Any, Mapping[str, Any]]:
        """Accept a peer that the validators agree to, if the daemon agrees too."""
        if type(client.tracking) is NoTracking:
            raise PyroError(_NO_TRACKER)
        response = self._daemon.validateHandshake(client, hello.data)
        return response, self._daemon.metadata(hello.object_id)

    def extra_annotations(self) -> Mapping[str, Buffer]:
        """Annotations for every answer."""
        return self._daemon.annotations()

    def call_failed(
        self,
        client: ClientConnection,
        method: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        error: BaseException,
        /,
    ) -> None:
        """Take note of an exception that user code raised."""
        with _logged("the method call error handler"):
            self._daemon.methodcall_error_handler(
                self._daemon, client.peer.address, method, args, kwargs, error
            )

    def client_lost(self, client: ClientConnection, reason: str, /) -> None:
        """Take note that a connection is gone."""
        try:  # without _logged(), as connections come and go
            self._daemon.clientDisconnect(client)
        except BaseException:
            log.exception("clientDisconnect failed")
        if client is self._only:
            self._only, self.deserted = None, True


_NO_TRACKER = "the server cannot look after what this connection holds: its resource tracker has failed"


class NoTracking:
    """Stands for the tracking that a tracker has failed to give."""

    __slots__ = ()

    resources = ()

    def track(self, _resource: Any, /) -> None:
        """Refuse it: it would never be closed."""
        raise PyroError(_NO_TRACKER)

    def untrack(self, resource: Any, /) -> None:
        """There is none."""

    def release(self) -> None:
        """There is nothing."""


def streams_for(settings: Settings, model: ServerModel) -> StreamTable:
    """The iterators that clients of a daemon consume.

    :param model: how the daemon serves.
    """
    prefetch = settings.ITER_STREAM_PREFETCH
    serial = getattr(model, "serial", False)
    return StreamTable(
        threading.RLock(),
        time.monotonic,
        lifetime=settings.ITER_STREAM_LIFETIME,
        linger=settings.ITER_STREAM_LINGER,
        per_client=settings.ITER_STREAMS_PER_CLIENT,
        prefetch=prefetch,
        room=min(ROOM, settings.MAX_MESSAGE_SIZE // 2),
        threads=None if prefetch < 0 and serial else SpareThreads("pyroplug-iterator"),
    )


@contextmanager
def _logged(what: str) -> Iterator[None]:
    """Keep what user code raises from harming others."""
    try:
        yield
    except BaseException:
        log.exception("%s failed", what)


def log_failed_call(
    daemon: Overridable,
    client: Any,
    method: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    error: BaseException,
) -> None:
    """A daemon's ``methodcall_error_handler`` as long as nobody sets another."""
    log.debug("the method %r, called by %s, raised an exception", method, client, exc_info=error)
