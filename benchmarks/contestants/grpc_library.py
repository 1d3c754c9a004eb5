"""grpcio, with handlers made by hand and msgpack for the messages: no generated code is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgpack

from benchmarks.contestant import Bulk, Can, Contestant, Remote, Served, ServerSetup

__all__ = ["Grpc"]

_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
_THREADS = 16
_METHODS = ("nop", "add", "echo", "take", "hold", "give")


class Grpc(Contestant):
    """Every message is a list: of arguments, or of one result, as a message must not be ``None``."""

    library = "grpcio"
    needs = ("grpc",)
    _can = frozenset((Can.CALLS, Can.CONNECT, Can.BATCH, Can.CROWD, Can.BULK, Can.CHUNKS))

    @classmethod
    def serve(cls, setup: ServerSetup, folder: str, ready: Callable[[str], None]) -> None:
        import grpc

        served = Served()

        def handler(method: Callable[..., Any]) -> Any:
            return grpc.unary_unary_rpc_method_handler(
                lambda args, _: [method(*args)], msgpack.unpackb, msgpack.packb
            )

        handlers = {name: handler(getattr(served, name)) for name in _METHODS}
        handlers["chunks"] = grpc.unary_stream_rpc_method_handler(
            lambda args, _: served.chunks(*args), msgpack.unpackb, msgpack.packb
        )
        server = grpc.server(ThreadPoolExecutor(_THREADS), options=_OPTIONS)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("served", handlers),))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        ready(f"127.0.0.1:{port}")
        server.wait_for_termination()

    def connect(self, address: str) -> Remote:
        import grpc

        # Channels to the same place would share one connection.
        self._channel = grpc.insecure_channel(address, [*_OPTIONS, ("grpc.use_local_subchannel_pool", 1)])
        self._client = _Client(self._channel)
        return self._client

    def close(self) -> None:
        self._channel.close()

    def batch(self, count: int) -> Sequence[int]:
        futures = [self._client.begin_add((number, 1)) for number in range(count)]
        return [future.result()[0] for future in futures]

    def bulk(self) -> Bulk:
        return self._client


class _Client:
    def __init__(self, channel: Any) -> None:
        nop, add, echo, take, hold, give = (
            channel.unary_unary(f"/served/{name}", msgpack.packb, msgpack.unpackb) for name in _METHODS
        )
        chunks = channel.unary_stream("/served/chunks", msgpack.packb, msgpack.unpackb)
        self._nop, self._add, self._echo, self._take = nop, add, echo, take
        self._hold, self._give = hold, give
        self._chunks = chunks
        self.begin_add = add.future

    def nop(self) -> None:
        result: None = self._nop(())[0]
        return result

    def add(self, a: int, b: int) -> int:
        result: int = self._add((a, b))[0]
        return result

    def echo(self, value: Any) -> Any:
        return self._echo((value,))[0]

    def take(self, data: Any) -> int:
        result: int = self._take((data,))[0]
        return result

    def hold(self, kind: str, size: int, count: int) -> None:
        self._hold((kind, size, count))

    def give(self, kind: str, size: int) -> Any:
        return self._give((kind, size))[0]

    def chunks(self, count: int) -> Iterable[bytes]:
        answers: Iterator[bytes] = self._chunks((count,))
        return answers
