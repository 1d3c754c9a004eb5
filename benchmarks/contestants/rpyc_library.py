"""RPyC, with its server of a thread per connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgpack

from benchmarks.contestant import Bulk, Can, Contestant, Oneway, Remote, Served, ServerSetup

__all__ = ["Rpyc"]

_CONFIG = {"allow_public_attrs": True}


class Rpyc(Contestant):
    """Simple values are sent as they are. A record would be a reference whose parts are fetched one by one.

    A program that wants it to travel as a value packs it; here msgpack does so at both ends.
    """

    library = "RPyC"
    needs = ("rpyc",)
    _can = frozenset(Can)

    @property
    def carries(self) -> Sequence[str]:
        return ("str", "bytes")  # all others as references

    @classmethod
    def serve(cls, setup: ServerSetup, folder: str, ready: Callable[[str], None]) -> None:
        from rpyc import Service
        from rpyc.utils.helpers import classpartial
        from rpyc.utils.server import ThreadedServer

        class Root(Service):  # type: ignore[misc]  # the library has no types
            def __init__(self, served: Served) -> None:
                self.exposed_served = served

        server = ThreadedServer(
            classpartial(Root, _Packed()), hostname="127.0.0.1", port=0, protocol_config=_CONFIG
        )
        server.listener.listen()  # it would only do so once it is started
        ready(str(server.port))
        server.start()

    def connect(self, address: str) -> Remote:
        import rpyc

        self._connection = rpyc.connect("127.0.0.1", int(address), config=_CONFIG)
        self._remote = self._connection.root.served
        return _Client(self._remote)

    def close(self) -> None:
        self._connection.close()

    def oneway(self) -> Oneway:
        import rpyc

        return Oneway(rpyc.async_(self._remote.oneway), self._remote.oneway_calls)

    def batch(self, count: int) -> Sequence[int]:
        import rpyc

        add = rpyc.async_(self._remote.add)
        answers = [add(number, 1) for number in range(count)]
        return [answer.value for answer in answers]

    def bulk(self) -> Bulk:
        return self._remote  # type: ignore[no-any-return]


class _Client:
    """The remote methods, looked up once, as is advised for those that are called often."""

    def __init__(self, remote: Any) -> None:
        self.nop, self.add = remote.nop, remote.add
        self._echo = remote.echo

    def echo(self, value: Any) -> Any:
        return msgpack.unpackb(self._echo(msgpack.packb(value)))


class _Packed(Served):
    def echo(self, value: Any) -> Any:
        return msgpack.packb(super().echo(msgpack.unpackb(value)))
