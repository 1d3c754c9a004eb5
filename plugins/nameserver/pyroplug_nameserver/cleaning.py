"""Removes the names of what is gone.

Each address is asked by saying hello, as a proxy does: whoever answers is there, also who refuses, or speaks
TLS where this configuration does not. An address that could not be reached for 20 seconds loses its names.
"""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from pyroplug.api import URI, Proxy
from pyroplug.config import Configuration, config
from pyroplug.errors import AddressError, ConfigError, PyroError, TimeoutError
from pyroplug.plugins import PluginSet, default_plugins
from pyroplug.uri import DAEMON_NAME, NAMESERVER_NAME

if TYPE_CHECKING:
    import logging

    from .server import NameServer

__all__ = ["AutoCleaner", "check_period"]

ASKING = 64
"""Addresses that are asked at the same time."""
PATIENCE = 3.0
"""Seconds that an address gets to answer, where the configuration has no COMMTIMEOUT that is less."""

_HERE = frozenset(
    {
        *(errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL),  # too much is open
        *(errno.ENETDOWN, errno.ENETUNREACH, errno.EAFNOSUPPORT, errno.EACCES, errno.EPERM),
    }
)
"""What the system says if it is not the address's fault that it was not reached."""
_UNKNOWN_HOST = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})


class AutoCleaner(threading.Thread):
    """A thread that goes through a name server's names every ``NS_AUTOCLEAN`` seconds.

    Names are many, and the addresses that they stand for are few: each address is asked once a round,
    however many names it has, some of them at the same time. One that is gone is not asked again once its
    names are. What cannot be judged from here, such as an address of a transport that is not installed,
    keeps its names.

    :cvar min_autoclean_value: seconds that ``NS_AUTOCLEAN`` has at the least.
    :cvar max_unreachable_time: seconds after which an address that cannot be reached loses its names.
    :cvar override_autoclean_min: allow less than that, for tests.
    """

    min_autoclean_value = 3.0
    max_unreachable_time = 20.0
    override_autoclean_min = False

    def __init__(
        self,
        nameserver: NameServer,
        *,
        config: Configuration = config,
        plugins: PluginSet | None = None,
    ) -> None:
        """
        :param config: says how the addresses are asked, with credentials and TLS, and how often.
        :param plugins: with which they are asked; ``None`` for the process's own.
        :raises ConfigError: ``NS_AUTOCLEAN`` is too small.
        """
        check_period(config)
        super().__init__(name="pyroplug-cleaner", daemon=True)
        self.nameserver = nameserver
        self.unreachable: dict[str, float] = {}  # an address, and since when
        self._period: float = config.NS_AUTOCLEAN
        self._settings = config.copy()
        self._settings.COMMTIMEOUT = min(config.COMMTIMEOUT or PATIENCE, PATIENCE)
        self._settings.MAX_RETRIES = 0
        self._plain = self._settings.copy()  # the same without TLS, which a silent peer would not get over
        if getattr(self._plain, "SSL", False):
            self._plain.SSL = False
        self._plugins = default_plugins() if plugins is None else plugins
        self._ended = threading.Event()

    @property
    def stop(self) -> bool:
        """Set it to have the thread end soon, within the time that an address gets to answer."""
        return self._ended.is_set()

    @stop.setter
    def stop(self, value: bool) -> None:
        if value:
            self._ended.set()

    def run(self) -> None:
        """Clean until it is stopped."""
        while not self._ended.wait(self._pause()):
            try:
                self.clean()
            except Exception:  # a storage that cannot be read just now; there is a next time
                _log().exception("the names could not be cleaned")

    def clean(self) -> None:
        """Go through all names once."""
        names = self._by_address()
        self.unreachable = {one: since for one, since in self.unreachable.items() if one in names}
        with ThreadPoolExecutor(ASKING, "pyroplug-cleaner") as pool:
            for location, uris in names.items():
                pool.submit(self._look_after, location, uris)

    def _pause(self) -> float:
        """Seconds until the next round; those that are missed are looked at again as soon as that helps."""
        return min(self._period, self.max_unreachable_time) if self.unreachable else self._period

    def _by_address(self) -> dict[str, list[tuple[str, str]]]:
        """The names and URIs that stand for something at an address, by that."""
        found: dict[str, list[tuple[str, str]]] = {}
        for name, text in self.nameserver.everything():
            if name in (NAMESERVER_NAME, DAEMON_NAME):
                continue
            try:
                uri = URI(text)
            except PyroError:  # what another program has written into the storage
                continue
            if uri.protocol == "PYRO" and uri.location:
                found.setdefault(uri.location, []).append((name, text))
        return found

    def _look_after(self, location: str, names: Iterable[tuple[str, str]]) -> None:
        if self.stop:
            return
        try:
            if is_there(location, self._settings, self._plain, self._plugins):
                self.unreachable.pop(location, None)
                return
            now = time.monotonic()
            since = self.unreachable.setdefault(location, now)
            if now - since < self.max_unreachable_time:
                return
            removed = sum(self.nameserver.forget_stale(name, text) for name, text in names)
            self.unreachable.pop(location, None)
            _log().info("%d names removed: %s could not be reached for %d s", removed, location, now - since)
        except Exception:
            _log().exception("the names of %s could not be cleaned", location)


def is_there(location: str, settings: Configuration, plain: Configuration, plugins: PluginSet) -> bool:
    """Whether anybody answers at an address, or that cannot be told.

    :param plain: the settings without TLS.
    """
    proxy: Any = Proxy(f"PYRO:{DAEMON_NAME}@{location}", config=settings, plugins=plugins)
    try:
        proxy._pyroBind()
    except AddressError as error:
        return not _is_of_the_address(error)
    except TimeoutError:
        return _takes_connections(location, plain, plugins)
    except PyroError:
        return True  # it refuses, is no Pyro server, or this configuration cannot ask
    finally:
        proxy._pyroRelease()
    return True


def _takes_connections(location: str, settings: Configuration, plugins: PluginSet) -> bool:
    """Whether somebody who does not answer, as he may be busy, can at least be connected with."""
    scheme, address = None, location
    if location.startswith("./"):
        scheme, _, address = location[2:].partition(":")
    try:
        plugins.by_scheme(scheme).connect(address, settings, settings.COMMTIMEOUT).close()
    except AddressError as error:
        return not _is_of_the_address(error)
    except TimeoutError:
        return False
    except PyroError:
        return True
    return True


def _is_of_the_address(error: AddressError) -> bool:
    """Whether the address is to blame, and not this machine, as for want of files or a network."""
    cause = error.__cause__
    if isinstance(cause, socket.gaierror):
        return cause.errno in _UNKNOWN_HOST
    return not (isinstance(cause, OSError) and cause.errno in _HERE)


def check_period(settings: Configuration) -> None:
    """Raise ``ConfigError`` if names shall be cleaned more often than makes sense."""
    period: float = settings.NS_AUTOCLEAN
    least = 0.0 if AutoCleaner.override_autoclean_min else AutoCleaner.min_autoclean_value
    if period < least:
        raise ConfigError(
            f"NS_AUTOCLEAN is {period:g}, and cannot be smaller than {least:g}",
            hint="every address is asked that often; 0 switches it off",
        )


def _log() -> logging.Logger:
    import logging

    return logging.getLogger(__name__)
