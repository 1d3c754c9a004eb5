"""pyroplug and real Pyro5, as they come, and a client of the one with a server of the other.

Programs that use them differ in the name of the module, and in how a server is told where to listen.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, ClassVar

from benchmarks.contestant import OURS, REAL_PYRO5, Bulk, Can, Contestant, Oneway, Remote, Served, ServerSetup

__all__ = ["Pyro5ToPyroplug", "Pyroplug", "PyroplugToPyro5", "RealPyro5"]


class _Pyro(Contestant):
    """The client's end."""

    module: ClassVar[str]
    _can = frozenset(Can)

    @property
    def carries(self) -> Sequence[str]:
        # What serpent makes of bytes is a dictionary, and json has none.
        return ("str",) if self.serializer in ("json", "serpent") else super().carries

    def connect(self, address: str) -> Remote:
        self._api: Any = import_module(self.module)
        proxy = self._proxy = self._api.Proxy(address)
        proxy._pyroSerializer = self.serializer
        proxy._pyroBind()
        return proxy  # type: ignore[no-any-return]

    def close(self) -> None:
        self._proxy._pyroRelease()

    def oneway(self) -> Oneway:
        return Oneway(self._proxy.oneway, self._proxy.oneway_calls)

    def batch(self, count: int) -> Sequence[int]:
        calls = self._api.BatchProxy(self._proxy)
        for number in range(count):
            calls.add(number, 1)
        return list(calls())

    def bulk(self) -> Bulk:
        return self._proxy  # type: ignore[no-any-return]


class Pyroplug(_Pyro):
    """Everything is at its default but what is compared."""

    library = OURS
    module = "pyroplug.api"

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


class RealPyro5(_Pyro):
    """Its two server types are called by the names that they have in pyroplug."""

    library = REAL_PYRO5
    module = "Pyro5.api"
    needs = ("Pyro5",)

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


class PyroplugToPyro5(Pyroplug):
    """pyroplug's client with a real Pyro5 server."""

    library = "pyroplug to Pyro5"
    server_library = REAL_PYRO5
    needs = ("Pyro5",)
    _can = frozenset((Can.CALLS,))


class Pyro5ToPyroplug(RealPyro5):
    """Real Pyro5's client with pyroplug's server."""

    library = "Pyro5 to pyroplug"
    server_library = OURS
    _can = frozenset((Can.CALLS,))
