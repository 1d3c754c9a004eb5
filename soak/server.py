"""A server of the soak: what clients call, and which of their calls have run.

``python -m soak.server MODEL SOCKET_PATH`` prints its two locations, and serves until it gets SIGTERM.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pyroplug.api import Daemon, Proxy, expose, oneway
from pyroplug.config import Configuration

__all__ = ["Service"]


class Sibling:
    """Another object, which answers are proxies of."""

    @expose
    def name(self) -> str:
        """Who it is."""
        return "sibling"


@expose
class Service:
    """What clients call."""

    _pyroDaemon: Daemon

    def __init__(self, sibling: Sibling) -> None:
        self._sibling = sibling
        self._ran: dict[str, Counter[int]] = {}
        self._lock = threading.Lock()

    def count(self, client: str, number: int) -> int:
        """Take note that a client's call has run."""
        with self._lock:
            self._ran.setdefault(client, Counter())[number] += 1
        return number

    @oneway
    def count_one_way(self, client: str, number: int) -> None:
        """The same without an answer."""
        self.count(client, number)

    def settle(self, client: str) -> list[list[int]]:
        """Which calls have run since the last time, and how often each; they are forgotten here."""
        with self._lock:
            return [[number, times] for number, times in self._ran.pop(client, Counter()).items()]

    def echo(self, value: Any) -> Any:
        """The same value."""
        return value

    def fail(self, text: str) -> None:
        """Raise ``ValueError``."""
        raise ValueError(text)

    def items(self, count: int, word: str) -> Iterator[str]:
        """So many items, made of a word."""
        return (f"{word} {number}" for number in range(count))

    def relay(self, other: Proxy[Any], value: Any) -> Any:
        """What an object elsewhere gives back for a value."""
        with other:
            other._pyroTimeout = 30.0
            return other.echo(value)

    def sibling(self) -> Sibling:
        """Another object of this daemon's."""
        return self._sibling


def main() -> None:
    """Serve until SIGTERM."""
    settings = Configuration(environ={})
    settings.SERVERTYPE, path = sys.argv[1:]
    settings.SERIALIZERS_ACCEPTED = ("serpent", "json", "msgpack", "marshal")
    with Daemon(listen=["127.0.0.1:0", f"./u:{path}"], config=settings) as daemon:
        sibling = Sibling()
        daemon.register(sibling, "sibling")
        daemon.register(Service(sibling), "service")
        print(*daemon.locations, sep="\n", flush=True)
        daemon.requestLoop()


if __name__ == "__main__":
    main()
