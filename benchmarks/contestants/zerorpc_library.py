"""zerorpc: msgpack over ZeroMQ, with gevent."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from benchmarks.contestant import Bulk, Can, Contestant, Remote, Served, ServerSetup

__all__ = ["ZeroRpc"]


class ZeroRpc(Contestant):
    """Heartbeats are off: a client that waits for its turn does not answer them."""

    library = "zerorpc"
    needs = ("zerorpc",)
    _can = frozenset((Can.CALLS, Can.CONNECT, Can.CROWD, Can.BULK))

    @classmethod
    def serve(cls, setup: ServerSetup, folder: str, ready: Callable[[str], None]) -> None:
        import zerorpc

        server = zerorpc.Server(Served(), heartbeat=None)
        address = f"ipc://{os.path.join(folder, 'zerorpc.sock')}"
        if setup.transport == "tcp":
            address = _tcp_address(server)
        else:
            server.bind(address)
        ready(address)
        server.run()

    def connect(self, address: str) -> Remote:
        import zerorpc

        self._client: Any = zerorpc.Client(address, timeout=60, heartbeat=None)
        return self._client  # type: ignore[no-any-return]

    def close(self) -> None:
        self._client.close()

    def bulk(self) -> Bulk:
        return self._client  # type: ignore[no-any-return]


def _tcp_address(server: Any) -> str:
    """Bind to a port that is free: which one, only the socket below can tell."""
    server.bind("tcp://127.0.0.1:*")
    endpoint: bytes = server._events._socket.getsockopt(_last_endpoint())
    return endpoint.decode().rstrip("\0")


def _last_endpoint() -> int:
    import zmq

    return int(zmq.LAST_ENDPOINT)
