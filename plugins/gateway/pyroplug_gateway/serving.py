"""A gateway served by waitress: clients that are slow, or silent, hold up nobody, and are ended in time."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server

from .app import Gateway

__all__ = ["Server", "urls"]

REQUEST_TIME = 20.0
"""Seconds that a request has to arrive as a whole, and that a client may leave an answer untouched."""
MOST_CLIENTS = 1000
_LARGEST_HEADER = 32 * 1024


class Server:
    """Listens from when it is made.

    :ivar urls: of the page; one for each address.
    """

    def __init__(
        self,
        gateway: Gateway,
        host: str = "localhost",
        port: int = 8080,
        *,
        threads: int = 16,
        request_time: float = REQUEST_TIME,
    ) -> None:
        """
        :param port: 0 for a free one.
        :param threads: how many requests are answered at a time.
        :param request_time: seconds that a request has to arrive.
        :raises OSError: the address cannot be listened on.
        """
        self._gateway = gateway
        listening: dict[int, Any] = {}
        self._server = create_server(
            gateway,
            map=listening,
            host=host,
            port=port,
            threads=threads,
            max_request_body_size=gateway.settings.max_body,
            max_request_header_size=_LARGEST_HEADER,
            connection_limit=MOST_CLIENTS,
            channel_timeout=60,
            cleanup_interval=10,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True,
            ident="pyroplug",
        )
        self._listening = listening
        self._trigger: Any = None
        for each in list(listening.values()):
            if hasattr(each, "channel_class"):
                each.channel_class = _timed(request_time)
                self._trigger = each.trigger
        addresses = getattr(self._server, "effective_listen", None)
        one = (getattr(self._server, "effective_host", ""), getattr(self._server, "effective_port", 0))
        self.urls = urls(addresses or [one])

    def run(self) -> None:
        """Serve until ``stop``, or until ``KeyboardInterrupt`` or ``SystemExit`` is raised in this thread."""
        self._server.run()

    def stop(self) -> None:
        """Have ``run`` return. May be called in any thread."""
        with suppress(OSError):  # the end of a request may have pulled it already, and all is closed now
            self._trigger.pull_trigger(lambda: wasyncore.close_all(self._listening))

    def close(self) -> None:
        """End all of it."""
        self._server.task_dispatcher.shutdown()  # running requests are waited for, a little
        wasyncore.close_all(self._listening)
        self._gateway.close()


def urls(addresses: list[tuple[str, int]]) -> list[str]:
    """The page's address at each of these."""
    return [f"http://{f'[{host}]' if ':' in host else host}:{port}/pyro/" for host, port in addresses]


def _timed(seconds: float) -> type[HTTPChannel]:
    """A connection that ends when a request takes too long to arrive, or its answer to be taken."""

    class TimedChannel(HTTPChannel):  # type: ignore[misc]  # it has no types
        _began = 0.0

        def received(self, data: bytes) -> bool:
            done: bool = super().received(data)
            if self.request is None:
                self._began = 0.0
            elif not self._began:
                self._began = time.time()
            return done

        def readable(self) -> bool:
            now = time.time()
            stuck = self.total_outbufs_len and now - self.last_activity > seconds
            if stuck or (self._began and now - self._began > seconds):
                self._began = 0.0
                self.handle_close()
                return False
            found: bool = super().readable()
            return found

    return TimedChannel
