"""What Python itself has: managers of multiprocessing, XML-RPC, and JSON over HTTP."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Callable, Iterable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import managers
from multiprocessing.managers import BaseManager
from socketserver import ThreadingMixIn
from typing import Any
from xmlrpc.client import Binary, MultiCall, ServerProxy
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

from benchmarks.contestant import Bulk, Can, Contestant, Remote, Served, ServerSetup

__all__ = ["HttpJson", "Managers", "XmlRpc"]

_KEY = b"benchmark"
_METHODS = ("nop", "add", "echo", "take", "hold", "give", "chunks")


class _Manager(BaseManager):
    pass


class Managers(Contestant):
    """``multiprocessing.managers``: pickle, and a thread per connection."""

    library = "managers"
    _can = frozenset((Can.CALLS, Can.CONNECT, Can.CROWD, Can.BULK, Can.CHUNKS))

    @property
    def carries(self) -> Sequence[str]:
        return ("str", "bytes", "bytearray")

    @classmethod
    def serve(cls, setup: ServerSetup, folder: str, ready: Callable[[str], None]) -> None:
        served = Served()
        _register(lambda: served)
        server = _Manager(("127.0.0.1", 0), _KEY).get_server()
        ready(str(server.address[1]))  # type: ignore[index]  # it is a host and a port
        server.serve_forever()

    def connect(self, address: str) -> Remote:
        _register(None)
        manager = _Manager(("127.0.0.1", int(address)), _KEY)
        manager.connect()
        self._remote: Any = manager.get()  # type: ignore[attr-defined]  # that was registered
        return self._remote  # type: ignore[no-any-return]

    def close(self) -> None:
        # It keeps one connection per thread and server, for all proxies.
        connection = self._remote._tls.__dict__.pop("connection", None)
        if connection is not None:
            connection.close()

    def bulk(self) -> Bulk:
        return self._remote  # type: ignore[no-any-return]


def _iterator(token: Any, serializer: str, **options: Any) -> Any:
    proxy: Any = getattr(managers, "IteratorProxy")  # noqa: B009  # its type information lacks it
    return proxy(token, serializer, **options)


def _register(factory: Callable[[], Served] | None) -> None:
    _Manager.register("Iterator", exposed=("__next__", "send", "throw", "close"), proxytype=_iterator)
    _Manager.register("get", factory, exposed=_METHODS, method_to_typeid={"chunks": "Iterator"})


class _ThreadingXmlRpcServer(ThreadingMixIn, SimpleXMLRPCServer):
    daemon_threads = True


class _KeptAlive(SimpleXMLRPCRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True


class XmlRpc(Contestant):
    """``xmlrpc``, with connections that stay and a thread for each."""

    library = "xmlrpc"
    _can = frozenset((Can.CALLS, Can.CONNECT, Can.BATCH, Can.CROWD, Can.BULK))

    @property
    def carries(self) -> Sequence[str]:
        return ("str", "bytes", "bytearray")

    @classmethod
    def serve(cls, setup: ServerSetup, folder: str, ready: Callable[[str], None]) -> None:
        server = _ThreadingXmlRpcServer(
            ("127.0.0.1", 0), _KeptAlive, logRequests=False, allow_none=True, use_builtin_types=True
        )
        served = Served()
        for name in _METHODS[:-1]:
            server.register_function(getattr(served, name), name)
        server.register_multicall_functions()
        ready(str(server.server_address[1]))
        server.serve_forever()

    def connect(self, address: str) -> Remote:
        self._proxy = ServerProxy(f"http://127.0.0.1:{address}", allow_none=True, use_builtin_types=True)
        remote: Any = self._proxy
        return remote  # type: ignore[no-any-return]

    def close(self) -> None:
        self._proxy("close")()

    def batch(self, count: int) -> Sequence[int]:
        calls: Any = MultiCall(self._proxy)
        for number in range(count):
            calls.add(number, 1)
        return list(calls())

    def bulk(self) -> Bulk:
        return _XmlBulk(self._proxy)


class _XmlBulk:
    def __init__(self, proxy: Any) -> None:
        self._proxy = proxy

    def take(self, data: Any) -> int:
        result: int = self._proxy.take(data if isinstance(data, str) else Binary(data))
        return result

    def hold(self, kind: str, size: int, count: int) -> None:
        self._proxy.hold(kind, size, count)

    def give(self, kind: str, size: int) -> Any:
        return self._proxy.give(kind, size)

    def chunks(self, count: int) -> Iterable[bytes]:
        raise NotImplementedError


class HttpJson(Contestant):
    """``http.server`` and ``http.client`` with JSON, connections that stay and a thread for each."""

    library = "http+json"
    _can = frozenset((Can.CALLS, Can.CONNECT, Can.CROWD))

    @classmethod
    def serve(cls, setup: ServerSetup, folder: str, ready: Callable[[str], None]) -> None:
        _Handler.served = Served()
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        ready(str(server.server_address[1]))
        server.serve_forever()

    def connect(self, address: str) -> Remote:
        self._connection = http.client.HTTPConnection("127.0.0.1", int(address))
        self._connection.connect()
        return _HttpClient(self._connection)

    def close(self) -> None:
        self._connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    served: Served

    def do_POST(self) -> None:
        args = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(getattr(self.served, os.path.basename(self.path))(*args)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _HttpClient:
    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection

    def nop(self) -> None:
        self._call("nop")

    def add(self, a: int, b: int) -> int:
        result: int = self._call("add", a, b)
        return result

    def echo(self, value: Any) -> Any:
        return self._call("echo", value)

    def _call(self, name: str, *args: Any) -> Any:
        self._connection.request("POST", f"/{name}", json.dumps(args), {"Content-Type": "application/json"})
        return json.loads(self._connection.getresponse().read())
