"""A name server, the daemon that serves it, and what runs beside it.

Everything that a daemon's configuration says counts here as well: server model, TLS, handshake validators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from pyroplug.api import URI, Daemon
from pyroplug.config import Configuration, config
from pyroplug.contracts import (
    HandshakeValidator,
    LookupContext,
    NameServerOptions,
    NameStorage,
    NameStore,
    WatchedNameStore,
)
from pyroplug.plugins import Kind, PluginSet, default_plugins, obtain
from pyroplug.uri import NAMESERVER_NAME

from .broadcast import responder_for
from .server import NameServer

if TYPE_CHECKING:
    from .cleaning import AutoCleaner

__all__ = ["NameServerDaemon", "RunningNameServer", "serve", "start", "told"]

DEFAULT_STORAGE = "memory"


class NameServerDaemon(Daemon):
    """A daemon whose one object is a name server.

    :ivar nameserver: the name server; ``None`` once the daemon is closed.
    :ivar cleaner_thread: what removes dead names; ``None`` where that is off.
    """

    nameserver: NameServer | None = None
    cleaner_thread: AutoCleaner | None = None

    def __init__(
        self,
        host: Any = None,
        port: int | None = None,
        unixsocket: str | None = None,
        nathost: Any = None,
        natport: int | None = None,
        storage: str | NameStore | None = None,
        *,
        listen: Iterable[str] | None = None,
        handshake: Iterable[str | HandshakeValidator] | None = None,
        config: Configuration = config,
        plugins: PluginSet | None = None,
    ) -> None:
        """Open the storage, and start to listen.

        :param port: ``None`` for the configuration's ``NS_PORT``.
        :param storage: a storage's name, and after a colon what it is to open, such as ``sql:names.db``; or
            an open store, which is closed with the daemon. ``None`` for memory.
        :raises NamingError: the storage is unusable.
        :raises PluginUnavailableError: there is no such storage.
        :raises ConfigError: its address makes no sense, or ``NS_AUTOCLEAN`` is too small.

        The other arguments, and what else is raised, are those of :class:`~pyroplug.daemon.Daemon`.
        """
        plugins = default_plugins() if plugins is None else plugins
        if config.NS_AUTOCLEAN:
            from .cleaning import check_period

            check_period(config)
        with ExitStack() as opened:
            store = opened_store(storage, config, plugins)
            opened.callback(store.close)
            super().__init__(
                host,
                config.NS_PORT if port is None else port,
                unixsocket,
                None if nathost is None else str(nathost),
                natport,
                listen=listen,
                handshake=handshake,
                config=config,
                plugins=plugins,
            )
            opened.callback(super().close)
            self.nameserver = NameServer(store, own=self._own_uri, config=config)
            self.register(self.nameserver, NAMESERVER_NAME)
            if config.NS_AUTOCLEAN:
                from .cleaning import AutoCleaner

                self.cleaner_thread = AutoCleaner(self.nameserver, config=config, plugins=plugins)
                self.cleaner_thread.start()
            opened.pop_all()

    def _own_uri(self) -> str:
        return str(self.uriFor(NAMESERVER_NAME))

    def close(self) -> None:
        """End everything, and close the storage. May be called twice."""
        cleaner, self.cleaner_thread = self.cleaner_thread, None
        if cleaner is not None:
            cleaner.stop = True
        super().close()
        if cleaner is not None:
            cleaner.join()
        names, self.nameserver = self.nameserver, None
        if names is not None:
            names.storage.close()


def opened_store(storage: str | NameStore | None, settings: Configuration, plugins: PluginSet) -> NameStore:
    """An open store; a text names a storage, and after a colon what that is to open.

    :raises PluginUnavailableError: there is no such storage.
    :raises ConfigError: the address makes no sense.
    :raises NamingError: it is unusable.
    :raises PluginError: the storage's plugin failed at opening it.
    """
    if storage is not None and not isinstance(storage, str):
        return storage
    name, _, address = (storage or DEFAULT_STORAGE).partition(":")
    kind: NameStorage = plugins.get(Kind.NAME_STORAGE, name)
    store = obtain(Kind.NAME_STORAGE, name, kind.open, address, settings)
    if isinstance(store, WatchedNameStore):  # one that lives elsewhere, and tells what changes there
        from .remembered import RememberedStore

        return RememberedStore(store)
    return store


def start(options: NameServerOptions, context: LookupContext) -> tuple[URI, NameServerDaemon, Any]:
    """Start a name server: its URI, its daemon, and its broadcast responder.

    :returns: ``None`` for the responder where the options do not want one, or nobody on the network could
        reach the name server. Whoever gets one has it run, by ``runInThread`` or ``daemon.combine``.
    """
    daemon = NameServerDaemon(
        options.host,
        options.port,
        options.unixsocket,
        options.nathost,
        options.natport,
        options.storage,
        config=context.settings,
        plugins=context.plugins,
    )
    try:
        responder = responder_for(daemon, options) if options.broadcast else None
    except BaseException:
        daemon.close()
        raise
    return daemon.uriFor(NAMESERVER_NAME), daemon, responder


class RunningNameServer:
    """A started name server and its responder, which runs in a thread, until the end of a block."""

    def __init__(self, options: NameServerOptions, context: LookupContext) -> None:
        self.uri, self.daemon, self.responder = start(options, context)

    def __enter__(self) -> RunningNameServer:
        if self.responder is not None:
            self.responder.runInThread()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.daemon.close()
        finally:
            if self.responder is not None:
                self.responder.close()


def serve(options: NameServerOptions, condition: Callable[[], bool], context: LookupContext) -> None:
    """Start a name server, tell on standard output where it is, and serve it."""
    with RunningNameServer(options, context) as server:
        print("\n".join(told(server, options)), flush=True)
        server.daemon.requestLoop(condition)
    print("NS shut down.", flush=True)


def told(server: RunningNameServer, options: NameServerOptions) -> list[str]:
    """What people are told of a name server that runs, a line each."""
    daemon, responder = server.daemon, server.responder
    lines = []
    if responder is not None:
        lines.append(f"Broadcast server running on {responder.locationStr}")
    elif options.broadcast:
        lines.append("Not starting broadcast server: nobody on the network could reach this name server.")
    assert daemon.nameserver is not None
    existing = daemon.nameserver.count() - 1
    if existing:
        lines.append(f"Persistent store contains {existing} existing registrations.")
    lines.append(f"NS running on {daemon.locationStr} ({_where(daemon)})")
    if daemon.natLocationStr:
        lines.append(f"internal URI = {daemon.uriFor(NAMESERVER_NAME, nat=False)}")
        lines.append(f"external URI = {server.uri}")
    else:
        lines.append(f"URI = {server.uri}")
    return lines


def _where(daemon: Daemon) -> str:
    name = daemon.sock.getsockname()
    return str(name[0]) if isinstance(name, tuple) else "Unix domain socket"
