"""The programs that :mod:`benchmarks.gateway` measures: each prints its port, and ends with its input."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any


def names() -> None:
    """A real Pyro5 name server."""
    from Pyro5.nameserver import start_ns  # type: ignore[import-untyped]

    _uri, daemon, _ = start_ns("127.0.0.1", 0, enableBroadcast=False)
    print(daemon.locationStr.rpartition(":")[2], flush=True)
    daemon.requestLoop()


def served(library: str, port: str) -> None:
    """An object, which a name server at that port knows."""
    api: Any = importlib.import_module(f"{library}.api")

    class Echo:
        def echo(self, message: Any) -> Any:
            return message

    daemon = api.Daemon(host="127.0.0.1")
    uri = daemon.register(api.expose(Echo)(), "echo")
    with api.Proxy(f"PYRO:Pyro.NameServer@127.0.0.1:{port}") as server:
        server.register(f"http.{library}", str(uri))
    print(uri.port, flush=True)
    daemon.requestLoop()


def pyro5(port: str) -> None:
    """Pyro5's gateway."""
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    import Pyro5  # type: ignore[import-untyped]
    from Pyro5.utils.httpgateway import pyro_app  # type: ignore[import-untyped]

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # a line for each request is not measured
            pass

    Pyro5.config.NS_HOST, Pyro5.config.NS_PORT = "127.0.0.1", int(port)
    pyro_app.cors = "*"
    server = make_server("127.0.0.1", 0, pyro_app, handler_class=Quiet)
    print(server.server_port, flush=True)
    server.serve_forever()


def pyroplug(port: str) -> None:
    """The gateway of the plugin."""
    from pyroplug_gateway.app import Gateway
    from pyroplug_gateway.serving import Server
    from pyroplug_gateway.settings import Settings

    settings = Settings.of(nameserver=f"127.0.0.1:{port}", cors="*")
    server = Server(Gateway(settings), "127.0.0.1", 0)
    print(server.urls[0].rpartition(":")[2].partition("/")[0], flush=True)
    server.run()


ROLES: dict[str, Callable[..., None]] = {each.__name__: each for each in (names, served, pyro5, pyroplug)}


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_end_with_input, daemon=True).start()
    ROLES[sys.argv[1]](*sys.argv[2:])
