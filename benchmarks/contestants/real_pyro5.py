"""Real Pyro5, as it comes."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from benchmarks.contestant import REAL_PYRO5, Contestant, Remote, Served, ServerSetup

__all__ = ["RealPyro5"]


class RealPyro5(Contestant):
    """Its two server types are called by the names that they have in pyroplug."""

    library = REAL_PYRO5

    @classmethod
    def serve(cls, setup: ServerSetup, folder: str, ready: Callable[[str], None]) -> None:
        from Pyro5.api import Daemon, config, expose  # type: ignore[import-untyped]

        config.SERVERTYPE = {"threadpool": "thread"}.get(setup.model, setup.model)
        socket_file = os.path.join(folder, f"pyro5-{setup.model}.sock")
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
