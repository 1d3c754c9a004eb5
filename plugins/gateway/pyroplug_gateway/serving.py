"""A gateway served by waitress: clients that are slow, or silent, hold up nobody, and are ended in time."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from waitress import wasyncore
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher

from .app import HEALTH, Gateway
from .channels import channel_class

__all__ = ["Server", "urls"]

REQUEST_TIME = 20.0
"""Seconds that a request has to arrive as a whole, and that a client may leave an answer untouched."""
MOST_CLIENTS = 1000
"""Connections; whoever has been quiet for the longest time makes room for one more."""
_FILES_BESIDE = 256
"""Open files that may be needed beside them: connections with remote objects, and the process's own."""
_HEALTH_THREADS = 2
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
        most = min(MOST_CLIENTS, max(_open_files() - _FILES_BESIDE, 16))
        listening: dict[int, Any] = {}
        self._server = create_server(
            gateway,
            map=listening,
            host=host,
            port=port,
            threads=threads,
            max_request_body_size=gateway.settings.max_body,
            max_request_header_size=_LARGEST_HEADER,
            connection_limit=most + 100,  # a bound for those that make no room, as their requests run
            channel_timeout=60,
            cleanup_interval=10,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=True,
            ident="pyroplug",
        )
        self._listening, self._left = listening, dict[int, Any]()
        self._trigger: Any = None
        self._threads = self._server.task_dispatcher = _Threads(self._server.task_dispatcher)
        for each in list(listening.values()):
            if hasattr(each, "channel_class"):
                each.channel_class = channel_class(request_time, most)
                each.task_dispatcher = self._threads
                self._trigger = each.trigger
        addresses = getattr(self._server, "effective_listen", None)
        one = (getattr(self._server, "effective_host", ""), getattr(self._server, "effective_port", 0))
        self.urls = urls(addresses or [one])

    def run(self) -> None:
        """Serve until ``stop``."""
        self._server.run()

    def stop(self) -> None:
        """Have ``run`` return; ``close`` does the rest. For any thread, and no signal handler."""
        with suppress(OSError):  # the end of a request may have pulled it already, and all is closed now
            self._trigger.pull_trigger(self._leave)

    def _leave(self) -> None:
        """Empty what the loop looks at, which ends it. Who waits for an answer stays connected."""
        self._left.update(self._listening)
        self._listening.clear()

    def close(self) -> None:
        """End all of it."""
        self._leave()
        for each in self._left.values():
            if each.accepting:
                each.socket.close()  # who comes now is refused, and may go elsewhere
        self._threads.shutdown()  # running requests are waited for, a little
        wasyncore.close_all(self._left)
        self._gateway.close()


class _Threads:
    """Threads for calls, and a few for the question how the gateway is, for when all others are busy."""

    def __init__(self, calls: ThreadedTaskDispatcher) -> None:
        self._calls, self._health = calls, ThreadedTaskDispatcher()
        self._health.set_thread_count(_HEALTH_THREADS)

    def add_task(self, channel: Any) -> None:
        """Have a connection's next request answered."""
        request = channel.requests[0]
        healthy = request.error is None and request.path == HEALTH
        (self._health if healthy else self._calls).add_task(channel)

    def shutdown(self) -> None:
        """Take no more, and wait a little for what is running."""
        self._health.shutdown()
        self._calls.shutdown()


def _open_files() -> int:
    """How many this process may have."""
    try:
        import resource  # Windows has none
    except ImportError:
        return 512
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST_CLIENTS * 2 if limit == resource.RLIM_INFINITY else limit


def urls(addresses: list[tuple[str, int]]) -> list[str]:
    """The page's address at each of these."""
    return [f"http://{f'[{host}]' if ':' in host else host}:{port}/pyro/" for host, port in addresses]
