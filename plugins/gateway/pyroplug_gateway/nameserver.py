"""The name server that a gateway asks: at a fixed address, or wherever one is found."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from pyroplug.api import locate_ns
from pyroplug.config import Configuration
from pyroplug.errors import CommunicationError, ConnectionClosedError, NamingError, PyroError, TimeoutError

from .failures import Failure
from .pool import Pool

__all__ = ["NameServer"]

_AGAIN = 1.0
"""Seconds before it is looked for again, after that was in vain: it may take some, and hold up many."""


class NameServer:
    """Answers questions. May be used by many threads at once."""

    def __init__(
        self,
        uri: str,
        pool: Pool,
        configuration: Configuration,
        *,
        clock: Callable[[], float] = time.monotonic,
        locate: Callable[..., Any] = locate_ns,
    ) -> None:
        """
        :param uri: of the name server; empty to look for one as programs do.
        """
        self._fixed, self._found = uri, ""
        self._pool, self._configuration, self._clock, self._locate = pool, configuration, clock, locate
        self._looking = threading.Lock()
        self._not_before = 0.0

    def ask(self, method: str, *args: Any, timeout: float | None = None) -> Any:
        """What a method returns.

        :param timeout: seconds; ``None`` for the usual limit.
        :raises NamingError: what the method raises.
        :raises Failure: 502: it cannot be reached; 503: too many are asking; 504: it does not answer in time.
        """
        for last in (False, True):
            uri = self._fixed or self._found or self._look()
            try:
                with self._pool.lease(uri, timeout) as lease:
                    return lease.proxy._pyroInvoke(method, args, {})
            except TimeoutError as error:
                raise Failure(504, "the name server does not answer in time") from error
            except CommunicationError as error:
                # A connection that was kept may have ended, and asking twice does no harm.
                if last or not (self._found or isinstance(error, ConnectionClosedError)):
                    raise _not_there() from error
                self._found = ""
            except NamingError:
                raise
            except PyroError as error:
                raise Failure(502, "the name server cannot be asked") from error
        raise AssertionError

    def _look(self) -> str:
        """Find one: one thread does, the others get what it finds."""
        with self._looking:
            if self._found:
                return self._found
            if self._clock() < self._not_before:
                raise _not_there()
            try:
                with self._locate(config=self._configuration) as proxy:
                    self._found = str(proxy._pyroUri)
            except PyroError as error:
                self._not_before = self._clock() + _AGAIN
                raise _not_there() from error
            return self._found


def _not_there() -> Failure:
    return Failure(502, "the name server cannot be reached")
