"""Name services: how names become addresses; and the storages in which a name server keeps names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from .settings import Settings

if TYPE_CHECKING:
    from pyroplug.config import Configuration

__all__ = [
    "LookupContext",
    "NameRecord",
    "NameServerOptions",
    "NameService",
    "NameStorage",
    "NameStore",
    "WatchedNameStore",
]


# Looking names up -------------------------------------------------------------------------------------


class LookupContext(NamedTuple):
    """On whose behalf a name is looked up.

    :ivar settings: the asker's configuration.
    :ivar plugins: the asker's :class:`~pyroplug.plugins.PluginSet`.
    :ivar left: the seconds that are left for it; ``None`` for ever. It raises
        :exc:`~pyroplug.errors.TimeoutError` when there are none.
    """

    settings: Configuration
    plugins: Any
    left: Callable[[], float | None]


class NameServerOptions(NamedTuple):
    """What a name server is started with.

    :ivar host: host name or address to listen on; ``None`` for the configuration's ``HOST``.
    :ivar port: TCP port; ``None`` for the configuration's ``NS_PORT``, 0 for any that is free.
    :ivar broadcast: answer those who ask the network where the name server is.
    :ivar bchost: address that the broadcast responder listens on; ``None`` for the configuration's.
    :ivar bcport: its UDP port; ``None`` for the configuration's.
    :ivar unixsocket: path of a Unix socket to listen on instead of host and port.
    :ivar nathost: host name to publish instead of the real one.
    :ivar natport: port to publish; 0 for the real one.
    :ivar storage: where names are kept: a storage's name, and what it is to open after a colon. ``None`` for
        the service's own default.
    """

    host: Any = None
    port: int | None = None
    broadcast: bool = True
    bchost: Any = None
    bcport: int | None = None
    unixsocket: str | None = None
    nathost: str | None = None
    natport: int | None = None
    storage: str | None = None


@runtime_checkable
class NameService(Protocol):
    """Turns names into addresses. Offered by ``pyroplug_name_services``; ``NAME_SERVICE`` chooses one.

    Used by many threads at once.
    """

    @property
    def name(self) -> str:
        """The name by which users choose it."""

    def resolve(self, uri: str, delay: float, context: LookupContext, /) -> str:
        """The direct address, ``PYRO:…``, of one object that a ``PYRONAME:…`` or ``PYROMETA:…`` stands for.

        :param delay: seconds for which a lookup that fails is repeated.

        Raises :exc:`~pyroplug.errors.NamingError` if there is none, or nobody to ask.
        """

    def locate(self, host: Any, port: int | None, broadcast: bool, context: LookupContext, /) -> Any:
        """A connected proxy of a name server.

        :param host: where it is; empty to look for it.
        :param port: ``None`` for the configured one.
        :param broadcast: the network may be asked.

        Raises :exc:`~pyroplug.errors.NamingError` if none answers.
        """

    def start(self, options: NameServerOptions, context: LookupContext, /) -> tuple[Any, Any, Any]:
        """Start a name server: its URI, its daemon, and its broadcast responder or ``None``.

        Raises :exc:`~pyroplug.errors.NamingError` if the service has none that could be started here, and
        what :class:`~pyroplug.daemon.Daemon` raises.
        """

    def serve(
        self, options: NameServerOptions, condition: Callable[[], bool], context: LookupContext, /
    ) -> None:
        """Start a name server and serve it, in this thread, as long as ``condition()`` is true.

        Raises as :meth:`start` does.
        """


# Keeping names ----------------------------------------------------------------------------------------


class NameRecord(NamedTuple):
    """One name.

    :ivar name: the name.
    :ivar uri: what it stands for, as text.
    :ivar tags: by which it is found as well.
    :ivar expires: when it lapses, in seconds since the epoch (:func:`time.time`); ``None`` for never.
    """

    name: str
    uri: str
    tags: frozenset[str] = frozenset()
    expires: float | None = None


class NameStore(Protocol):
    """An open storage: the names of one or several name servers.

    Used by many threads at once. What is acknowledged, by returning, is kept as the storage promises. A
    record that has lapsed is not there, for any method. Every method but :meth:`close` may raise
    :exc:`~pyroplug.errors.NamingError`, with a hint, if the storage cannot do its work now; nothing is
    changed then. So it does when it is closed, and for a record with text that UTF-8 cannot encode, if it
    keeps none. Any other text is a name, a URI or a tag; texts differ if a character does.
    """

    def get(self, name: str, /) -> NameRecord | None:
        """The record of a name; ``None`` if there is none."""

    def put(self, record: NameRecord, /, *, replace: bool) -> bool:
        """Keep a record: false, and nothing is changed, if the name is there and may not be replaced.

        Of several that put the same name at the same time without ``replace``, one alone is told true. A
        record whose ``expires`` has passed replaces one and is not there.
        """

    def tag(self, name: str, tags: frozenset[str], /) -> bool:
        """Replace the tags of a name, and nothing else of it: false if it is not there."""

    def remove(self, names: Iterable[str], /) -> int:
        """Forget names: how many of them were there. All of them or, if it fails, none.

        A name that is given twice counts once.
        """

    def count(self) -> int:
        """How many names there are."""

    def find(
        self,
        *,
        prefix: str = "",
        all_of: frozenset[str] = frozenset(),
        any_of: frozenset[str] = frozenset(),
        with_tags: bool = True,
    ) -> Iterator[NameRecord]:
        """The records that have all that is asked for, in the order of their names, as Python sorts text.

        It is what was there at one moment, or a mixture where the storage says so. What is put or removed
        while somebody goes through them harms nobody.

        :param prefix: what the name begins with, exactly.
        :param all_of: tags that it has.
        :param any_of: tags of which it has one, if any are given.
        :param with_tags: false where nobody looks at the records' tags: they may then be left out.
        """

    def close(self) -> None:
        """Use it no more: what it had open is closed. Closing twice is harmless."""


@runtime_checkable
class WatchedNameStore(NameStore, Protocol):
    """A store that tells of changes, also of those that others make: a registry that lives elsewhere."""

    def watch(self, changed: Callable[[str | None], object], /) -> Callable[[], None]:
        """Call ``changed`` with each name that is put, tagged, removed or lapses, by whomever.

        It is called when the change can be found, and not before; and before the method returns that made
        it here, or that is the first here to find what others did, or what lapsed. Others' changes are told
        soon if nobody looks, too. It is called with ``None`` where anything may have changed, such as after a
        lost connection; from any thread, without any lock held: it may use the store. What is returned ends
        it, and may be called twice.
        """


@runtime_checkable
class NameStorage(Protocol):
    """A kind of storage for names. Offered by ``pyroplug_name_storages``."""

    @property
    def name(self) -> str:
        """The name by which users choose it, as in ``--storage NAME:address``."""

    def open(self, address: str, settings: Settings, /) -> NameStore:
        """Open, or make, the storage at an address, which is what follows the colon, or empty.

        Raises :exc:`~pyroplug.errors.NamingError` if it cannot be used, and
        :exc:`~pyroplug.errors.ConfigError` for an address that makes no sense.
        """
