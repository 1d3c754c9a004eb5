"""The daemon: puts a server together from plugins, serves registered objects with it, and ends it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from .config import Configuration, config
from .context import ClientConnection, current_context
from .contracts import Buffer, Connection, HandshakeValidator, HasFileno, Listener, Server
from .daemon_object import DaemonObject
from .errors import DaemonError, PyroError
from .exposure import forget_exposure
from .interrupts import interruptible, terminable
from .location import location_for, natted, wanted_locations
from .loggers import logger
from .loops import Loops
from .objects import ObjectTable, check_exposed, mark, marks_of
from .proxy import Proxy
from .transport_server import TransportServer
from .uri import DAEMON_NAME, URI
from .values import register_wire_class, registry

if TYPE_CHECKING:
    from .hosting import Host
    from .plugins import PluginSet

__all__ = ["Daemon"]

log = logger(__name__)


class Daemon:
    """Serves objects to remote callers.

    :ivar streams: the iterators that clients consume.
    :ivar refusals: what limits have refused so far: ``refusals.counts()`` gives numbers, by limit.
    :ivar methodcall_error_handler: called with the daemon, the client's address, the method's name, its
        arguments and keyword arguments, and the exception, when a method has raised one.
    """

    methodcall_error_handler: Callable[..., object]
    _server: Server | None = None  # of a daemon that never came to be, or that came as a value
    _listeners: Sequence[Listener] = ()
    _nat: Callable[[str], str] | None = None
    _host: Host | None = None
    _combined = False

    def __init__(
        self,
        host: Any = None,
        port: int = 0,
        unixsocket: str | None = None,
        nathost: str | None = None,
        natport: int | None = None,
        interface: type[DaemonObject] = DaemonObject,
        connected_socket: Any = None,
        *,
        listen: Iterable[str] | None = None,
        handshake: Iterable[str | HandshakeValidator] | None = None,
        config: Configuration = config,
        plugins: PluginSet | None = None,
    ) -> None:
        """Choose the plugins and start to listen; requests are served by :meth:`requestLoop`.

        :param host: host name or address; ``None`` for the configuration's ``HOST``.
        :param port: 0 for any that is free.
        :param unixsocket: listen at the socket file with this path instead.
        :param nathost: host name to publish in URIs instead of the real one, for use behind NAT.
        :param natport: port to publish; ``None`` for the configuration's ``NATPORT``, 0 for the real one.
        :param interface: the class of the object ``Pyro.Daemon``.
        :param connected_socket: a socket that is connected with a proxy already: serve that one alone.
        :param listen: any number of locations, ``host:port`` or ``./SCHEME:address``, instead of the above.
        :param handshake: handshake validators, by name or as they are, instead of the configuration's.
        :param config: the configuration to use.
        :param plugins: the plugins to choose from; ``None`` for the process's own.
        :raises PluginUnavailableError: something that is named is not to be had.
        :raises AddressError: an address cannot be listened on.
        :raises ConfigError: settings that do not go together, or not with the chosen plugins.
        """
        from .hosting import Host, log_failed_call, streams_for  # which clients have no use for
        from .plugins import default_plugins
        from .selection import adopt, listener_at, select_for_daemon, server_for, transport_for

        self.config = config
        self._plugins = plugins = default_plugins() if plugins is None else plugins
        locations = wanted_locations(config, host, port, unixsocket, listen)
        self._nat = natted(config, nathost, natport, locations)
        selection = select_for_daemon(plugins, config, registry, handshake)
        targets = [transport_for(plugins, location) for location in locations]
        self._objects = ObjectTable(threading.RLock)
        self.streams = streams_for(config, selection.server)
        self.methodcall_error_handler = log_failed_call
        self._host = sessions = Host(self, selection, self._objects, self.streams, config, Daemon.annotations)
        self.refusals = sessions.refusals
        self._serving, self._loops = True, Loops()
        connections, listeners = list[Connection](), list[Listener]()
        with ExitStack() as opened:
            if connected_socket is not None:
                connections.append(adopt(plugins, connected_socket, config))
                opened.callback(connections[0].close)
            else:
                for transport, address in targets:
                    listeners.append(listener_at(transport, address, config))
                    opened.callback(listeners[-1].close)
            self._listeners = listeners
            self._server = server_for(selection.server, sessions, listeners, connections, config)
            opened.callback(self.close)
            self.register(interface(self), DAEMON_NAME)
            opened.pop_all()

    def __repr__(self) -> str:
        place = self.locationStr or "connected socket"
        return f"<{type(self).__module__}.{type(self).__qualname__} at {id(self):#x}; {place}>"

    # Objects

    @property
    def objectsById(self) -> dict[str, Any]:
        """The registered objects and classes, by id."""
        return self._objects.items()

    def register(
        self, obj_or_class: Any, objectId: str | None = None, force: bool = False, weak: bool = False
    ) -> URI:
        """Serve an object, or a class of which instances are made as its ``behavior`` says: its URI.

        :param objectId: by which clients call it; ``None`` for one that nobody can guess.
        :param force: replace what has the id, and register again what is registered already.
        :param weak: forget the object when nobody else holds it any longer.
        :raises DaemonError: the id is taken, the class exposes nothing, or the object is registered, in
            this daemon or in another one that is not closed.
        :raises TypeError: the id is no text, or ``weak`` is impossible.
        :raises AttributeError: the object cannot take the attributes ``_pyroId`` and ``_pyroDaemon``.
        """
        object_id = f"obj_{os.urandom(16).hex()}" if objectId is None else objectId
        if not isinstance(object_id, str):
            raise TypeError(f"an object's id is a text, not a {type(object_id).__name__}: {object_id!r}")
        before = marks_of(obj_or_class)
        if not force and before[1] is not None and not getattr(before[1], "_closed", False):
            raise DaemonError(
                f"{obj_or_class!r} is registered already, as {before[0]!r}",
                hint="unregister it first, or use force=True",
            )
        check_exposed(obj_or_class)
        replaced = self._target_of(object_id)
        try:
            mark(obj_or_class, object_id, self)
        except AttributeError:
            raise AttributeError(
                f"{obj_or_class!r} cannot be registered: it takes no attributes _pyroId and _pyroDaemon"
            ) from None
        try:
            self._objects.add(object_id, obj_or_class, force=force, weak=weak)
        except BaseException:
            mark(obj_or_class, *before)
            raise
        if replaced is not obj_or_class:
            self._forgotten(replaced, object_id)
        return self.uriFor(object_id)

    def unregister(self, objectOrId: Any) -> None:
        """Serve an object no longer. An unknown id is ignored.

        :raises DaemonError: an object is given that is not registered.
        :raises ValueError: ``None`` is given.
        """
        if objectOrId is None:
            raise ValueError("an object or an object's id is needed, not None")
        object_id = objectOrId if isinstance(objectOrId, str) else self._id_of(objectOrId)
        entry = None if object_id == DAEMON_NAME else self._objects.remove(object_id)
        if entry is not None:
            self._forgotten(entry.target, object_id)

    def uriFor(self, objectOrId: Any, nat: bool = True) -> URI:
        """The URI of an object, or for an id whether anything is registered under it or not.

        While a client's request is handled it names the location by which that client came, and otherwise
        the first one that the daemon listens on.

        :param nat: with the published location, where it differs from the real one.
        :raises DaemonError: the object is not registered.
        """
        object_id = objectOrId if isinstance(objectOrId, str) else self._id_of(objectOrId)
        location = location_for(current_context.client, self._host) or self.locationStr
        if nat and self._nat is not None:
            location = self._nat(location)
        return URI(f"PYRO:{object_id}@{location or '<<connected-socket>>:0'}")

    def proxyFor(self, objectOrId: Any, nat: bool = True) -> Proxy[Any]:
        """A proxy for a registered object, which knows what the object has, and is not connected.

        :raises DaemonError: nothing is registered under the id, or the object is not registered.
        """
        uri = self.uriFor(objectOrId, nat)
        metadata = self.metadata(uri.object)
        proxy: Proxy[Any] = Proxy(uri, config=self.config, plugins=self._plugins)
        proxy._pyroGetMetadata(known_metadata=metadata)
        return proxy

    def metadata(self, objectId: str) -> dict[str, set[str]]:
        """The names of an object's ``methods``, those of them that are ``oneway``, and its ``attrs``.

        :raises DaemonError: nothing is registered under the id.
        """
        return self._objects.get(objectId).exposure.metadata()

    def resetMetadataCache(self, objectOrId: Any, nat: bool = True) -> None:
        """Look at an object's class anew: for methods that were added to it after it was registered.

        :raises DaemonError: it is not registered.
        """
        object_id = objectOrId if isinstance(objectOrId, str) else self._id_of(objectOrId)
        forget_exposure(self._objects.get(object_id).cls)
        self._objects.refresh(object_id)

    def _id_of(self, target: Any) -> str:
        object_id = getattr(target, "_pyroId", None)
        found = self._target_of(object_id) if isinstance(object_id, str) else None
        # An instance of a registered class counts as the class.
        if found is None or (
            found is not target and not (isinstance(found, type) and isinstance(target, found))
        ):
            raise DaemonError(f"{target!r} is not registered in this daemon")
        return str(object_id)

    def _target_of(self, object_id: str) -> Any:
        return self._objects.get(object_id).target if object_id in self._objects else None

    def _forgotten(self, target: Any, object_id: str) -> None:
        """Take the marks off what is no longer registered under an id, if they speak of that."""
        if target is not None and marks_of(target) == (object_id, self):
            mark(target, None, None)

    @property
    def locationStr(self) -> str:
        """Where it can be reached: the first location; empty for a connected socket."""
        return self._listeners[0].location if self._listeners else ""

    @property
    def locations(self) -> list[str]:
        """All of them; for one that stands for all addresses of this machine, the most useful of these."""
        return [listener.location for listener in self._listeners]

    @property
    def natLocationStr(self) -> str | None:
        """The published location, where it differs from the real one."""
        return None if self._nat is None else self._nat(self.locationStr)

    @property
    def sock(self) -> Any:
        """The first listening socket; ``None`` where there is none."""
        return self._listeners[0].sock if self._listeners else None

    @property
    def sockets(self) -> Sequence[HasFileno]:
        """What an event loop of your own has to watch for readability, to call :meth:`events` then."""
        return self._open_server().sockets

    @property
    def transportServer(self) -> TransportServer:
        """The server that moves the bytes."""
        return TransportServer(self._open_server(), self._listeners, self.config.SHUTDOWN_TIMEOUT)

    # Serving

    def requestLoop(self, loopCondition: Callable[[], bool] | None = None) -> None:
        """Serve requests until :meth:`shutdown`, or until ``loopCondition()`` is false.

        With a connected socket it also ends when the other side has closed that.
        Ctrl-C ends it when the calls that are running in this thread are over, a second one at once.
        SIGTERM does what :meth:`shutdown` does, in the main thread of a program that has no handler for it.

        :param loopCondition: asked at least every ``POLLTIMEOUT`` seconds; ``None`` for no condition.
        :raises KeyboardInterrupt: by Ctrl-C.
        :raises PyroError: the daemon is closed.
        """
        server, host = self._open_server(), self._host
        log.debug("%r: serving", self)
        with terminable(self._stop, self.config.SHUTDOWN_TIMEOUT) as ends:
            with self._loops.entered(), interruptible(server.wake) as interrupted:
                server.run(
                    lambda: (
                        self._serving
                        and not interrupted
                        and (self._combined or host is None or not host.deserted)
                        and (loopCondition is None or loopCondition())
                    )
                )
            ends()
            if not self._serving:  # programs end here: who ended it from within has still to be answered
                self._end(server)

    @staticmethod
    def serveSimple(
        objects: Mapping[Any, str | None],
        host: Any = None,
        port: int = 0,
        daemon: Daemon | None = None,
        ns: bool = True,
        verbose: bool = True,
    ) -> None:
        """What :func:`~pyroplug.serving.serve` does; ``ns`` is its ``use_ns``."""
        from .serving import serve

        serve(objects, host, port, daemon, ns, verbose)

    def events(self, eventsockets: Iterable[HasFileno]) -> None:
        """Serve those of :attr:`sockets` that an event loop of your own has found readable.

        :raises KeyboardInterrupt: by Ctrl-C, when the calls that are running in this thread are over.
        """
        server = self._open_server()
        with interruptible(server.wake):
            server.events(eventsockets)

    def combine(self, daemon: Any) -> None:
        """Serve another daemon's objects in this one's loop.

        :param daemon: or what has a ``transportServer`` with ``sockets`` and ``events``, as servers have.
        :raises DaemonError: their server models do not go together.
        """
        other = daemon.transportServer
        self._open_server().combine(getattr(other, "server", other))
        self._combined = True

    def shutdown(self) -> None:
        """End the loop and all connections. Calls that are running get ``SHUTDOWN_TIMEOUT`` seconds.

        It can be called from any thread, and from within a call.
        """
        self._serving = False
        if (server := self._server) is None:
            return
        server.wake()
        self._end(server)
        self._loops.wait_for_others(self.config.SHUTDOWN_TIMEOUT)

    def _stop(self) -> None:
        self._serving = False
        if self._server is not None:
            self._server.wake()

    def close(self) -> None:
        """End everything and give back what was opened. May be called twice."""
        self._serving = False
        server, self._server = self._server, None
        if server is not None:
            self._end(server)

    def _end(self, server: Server) -> None:
        server.close(self.config.SHUTDOWN_TIMEOUT)
        for listener in self._listeners:
            listener.close()
        self.streams.close_all()

    def __enter__(self) -> Daemon:
        self._open_server()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _closed(self) -> bool:
        return self._server is None

    def _open_server(self) -> Server:
        if self._server is None:
            raise PyroError("the daemon is closed", hint="make a new one: a closed daemon cannot serve again")
        return self._server

    # To be overridden

    def validateHandshake(self, conn: ClientConnection, data: Any) -> Any:
        """To be overridden: decide about a new connection that all handshake validators agree to.

        :param conn: the client's connection.
        :param data: what its proxy has in ``_pyroHandshake``. An object of a class is still the dictionary
            that stands for it, with a ``__class__`` entry: nothing is made of what strangers send.
        :returns: what the proxy's ``_pyroValidateHandshake`` gets.
        :raises Exception: to refuse the connection; the client is told its text.
        """
        return "hello"

    def clientDisconnect(self, conn: ClientConnection) -> None:
        """To be overridden: a client's connection is gone; what belonged to it is still there."""

    def annotations(self) -> Mapping[str, Buffer]:
        """To be overridden: annotations for every answer, four-letter ids and bytes."""
        return {}

    def housekeeping(self) -> None:
        """To be overridden: called every few seconds."""


register_wire_class(Daemon, "Pyro5.server.Daemon", lambda _daemon: (), lambda _state: Daemon.__new__(Daemon))
