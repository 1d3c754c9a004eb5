"""pyroplug, as it comes."""

from __future__ import annotations

import os
from collections.abc import Callable

from benchmarks.contestant import Contestant, Remote, Served, ServerSetup

__all__ = ["Pyroplug"]


class Pyroplug(Contestant):
    """Everything is at its default but what is compared."""

    library = "pyroplug"

    @classmethod
    def serve(cls, setup: ServerSetup, folder: str, ready: Callable[[str], None]) -> None:
        from pyroplug.api import Daemon, config, expose

        config.SERVERTYPE = setup.model
        config.SERIALIZERS_ACCEPTED = ("serpent", "marshal", "json", "msgpack")
        socket_file = os.path.join(folder, f"pyroplug-{setup.model}.sock")
        location = f"./u:{socket_file}" if setup.transport == "unix" else "127.0.0.1:0"
        with Daemon(listen=[location]) as daemon:
            ready(str(daemon.register(expose(Served)(), "served")))
            daemon.requestLoop()

    def connect(self, address: str) -> Remote:
        from pyroplug.api import Proxy

        self._proxy = Proxy[Remote](address)
        self._proxy._pyroSerializer = self.serializer
        self._proxy._pyroBind()
        return self._proxy._pyroObject

    def close(self) -> None:
        self._proxy._pyroRelease()
