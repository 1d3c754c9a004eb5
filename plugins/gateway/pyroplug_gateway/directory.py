"""Which objects there are: those of a name server whose names are exposed, and those with fixed addresses."""

from __future__ import annotations

import time
from collections.abc import Callable

from pyroplug.errors import NamingError

from .exposure import Exposed
from .failures import Failure
from .nameserver import NameServer
from .settings import Settings

__all__ = ["Directory"]

_MOST_REMEMBERED = 10_000
"""Names; strangers cannot make it more, for only those that exist are remembered."""


class Directory:
    """Names to addresses. May be used by many threads at once.

    :ivar exposed: says of a name of the name server whether it is exposed.
    :ivar nameserver: is asked; ``None`` without one.
    """

    def __init__(
        self,
        settings: Settings,
        nameserver: NameServer | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """:raises ConfigError: the pattern of exposed names is unusable."""
        self.exposed = Exposed(settings.expose)
        self.nameserver = nameserver
        self._fixed, self._clock = settings.objects, clock
        self._cache_time = settings.cache_time
        self._known: dict[str, tuple[str, float]] = {}

    def allows(self, name: str) -> bool:
        """Whether calls may go to an object of this name, if there is one."""
        return name in self._fixed or (self.nameserver is not None and self.exposed(name))

    def find(self, name: str, *, afresh: bool = False) -> str:
        """The URI of an exposed object.

        :param afresh: ask the name server, even if it has just said.
        :raises Failure: 403: the name is not exposed; 404: there is no such object; 502, 503, 504: the name
            server does not say.
        """
        fixed = self._fixed.get(name)
        if fixed is not None:
            return fixed
        known = self._known.get(name)
        if known is not None and not afresh and self._clock() < known[1]:
            return known[0]
        if self.nameserver is None or not self.exposed(name):
            raise Failure(403, "access to the requested object is not allowed")
        self._known.pop(name, None)
        asked = self._clock()
        try:
            uri = str(self.nameserver.ask("lookup", name))
        except NamingError:
            raise Failure(404, "there is no object of this name") from None
        if not uri.startswith("PYRO:"):  # it would be looked up elsewhere, by who knows whom
            raise Failure(502, "the name server gives an address that is none")
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.clear()
        self._known[name] = uri, asked + self._cache_time
        return uri

    def names(self) -> list[str]:
        """The names of all exposed objects, sorted. Raises as ``find`` does."""
        found = set(self._fixed)
        if self.nameserver is not None:
            found.update(filter(self.exposed, self.nameserver.ask("list")))
        return sorted(found)

    def ping(self, timeout: float) -> None:
        """Make sure that the name server, if there is one, answers. Raises as ``find`` does.

        :param timeout: seconds.
        """
        if self.nameserver is not None:
            self.nameserver.ask("ping", timeout=timeout)
