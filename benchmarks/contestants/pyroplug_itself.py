"""pyroplug, as it comes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.contestant import OURS, Bulk, Can, Contestant, Oneway, Remote, Served, ServerSetup

__all__ = ["Pyroplug", "PyroplugToPyro5"]


class Pyroplug(Contestant):
    """Everything is at its default but what is compared."""

    library = OURS
    _can = frozenset(Can)

    @property
    def carries(self) -> Sequence[str]:
        # What serpent makes of bytes is a dictionary, and json has none.
        return ("str",) if self.serializer in ("json", "serpent") else super().carries

    @classmethod
    def serve(cls, setup: ServerSetup, folder: str, ready: Callable[[str], None]) -> None:
        from pyroplug.api import Daemon, config, expose, oneway

        oneway(Served.oneway)
        config.SERVERTYPE = setup.model
        config.SERIALIZERS_ACCEPTED = ("serpent", "marshal", "json", "msgpack")
        if setup.connections:
            config.MAX_CONNECTIONS = setup.connections
        socket_file = os.path.join(folder, f"pyroplug-{setup.model}-{setup.number}.sock")
        location = f"./u:{socket_file}" if setup.transport == "unix" else "127.0.0.1:0"
        with Daemon(listen=[location]) as daemon:
            ready(str(daemon.register(expose(Served)(), "served")))
            daemon.requestLoop()

    def connect(self, address: str) -> Remote:
        from pyroplug.api import Proxy

        self._proxy = Proxy[Any](address)
        self._proxy._pyroSerializer = self.serializer
        self._proxy._pyroBind()
        self._remote: Any = self._proxy._pyroObject
        return self._remote  # type: ignore[no-any-return]

    def close(self) -> None:
        self._proxy._pyroRelease()

    def oneway(self) -> Oneway:
        return Oneway(self._remote.oneway, self._remote.oneway_calls)

    def batch(self, count: int) -> Sequence[int]:
        from pyroplug.api import BatchProxy

        calls: Any = BatchProxy(self._proxy)
        for number in range(count):
            calls.add(number, 1)
        return list(calls())

    def bulk(self) -> Bulk:
        return self._remote  # type: ignore[no-any-return]


class PyroplugToPyro5(Pyroplug):
    """Its client with a real Pyro5 server."""

    library = "pyroplug to Pyro5"
    server_library = "Pyro5"
    needs = ("Pyro5",)
    _can = frozenset((Can.CALLS,))
