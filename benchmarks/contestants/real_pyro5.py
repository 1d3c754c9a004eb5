"""Real Pyro5, as it comes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.contestant import REAL_PYRO5, Bulk, Can, Contestant, Oneway, Remote, Served, ServerSetup

__all__ = ["Pyro5ToPyroplug", "RealPyro5"]


class RealPyro5(Contestant):
    """Its two server types are called by the names that they have in pyroplug."""

    library = REAL_PYRO5
    needs = ("Pyro5",)
    _can = frozenset(Can)

    @property
    def carries(self) -> Sequence[str]:
        # What serpent makes of bytes is a dictionary, and json has none.
        return ("str",) if self.serializer in ("json", "serpent") else super().carries

    @classmethod
    def serve(cls, setup: ServerSetup, folder: str, ready: Callable[[str], None]) -> None:
        from Pyro5.api import Daemon, config, expose, oneway  # type: ignore[import-untyped]

        oneway(Served.oneway)
        config.SERVERTYPE = {"threadpool": "thread"}.get(setup.model, setup.model)
        config.THREADPOOL_SIZE = max(config.THREADPOOL_SIZE, setup.connections)
        socket_file = os.path.join(folder, f"pyro5-{setup.model}-{setup.number}.sock")
        where = {"unixsocket": socket_file} if setup.transport == "unix" else {"host": "127.0.0.1"}
        with Daemon(**where) as daemon:
            ready(str(daemon.register(expose(Served)(), "served")))
            daemon.requestLoop()

    def connect(self, address: str) -> Remote:
        from Pyro5.api import Proxy

        proxy = self._proxy = Proxy(address)
        proxy._pyroSerializer = self.serializer
        proxy._pyroBind()
        remote: Any = proxy
        return remote  # type: ignore[no-any-return]

    def close(self) -> None:
        self._proxy._pyroRelease()

    def oneway(self) -> Oneway:
        return Oneway(self._proxy.oneway, self._proxy.oneway_calls)

    def batch(self, count: int) -> Sequence[int]:
        from Pyro5.api import BatchProxy

        calls = BatchProxy(self._proxy)
        for number in range(count):
            calls.add(number, 1)
        return list(calls())

    def bulk(self) -> Bulk:
        return self._proxy  # type: ignore[no-any-return]


class Pyro5ToPyroplug(RealPyro5):
    """Its client with pyroplug's server."""

    library = "Pyro5 to pyroplug"
    server_library = "pyroplug"
    _can = frozenset((Can.CALLS,))
