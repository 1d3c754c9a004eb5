"""A daemon and its clients in one process, without a socket; and who cannot serve them says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pyroplug.api import Daemon, Proxy, expose, oneway
from pyroplug.config import Configuration
from pyroplug.errors import ConfigError


class Stock:
    def __init__(self) -> None:
        self.taken = threading.Event()

    @expose
    def count(self, goods: list[str]) -> int:
        return len(goods)

    @expose
    def numbers(self) -> Iterator[int]:
        yield from range(5)

    @expose
    @oneway
    def take(self) -> None:
        self.taken.set()


def settings(server: str) -> Configuration:
    made: Any = Configuration(environ={})
    made.SERVERTYPE = server
    return made  # type: ignore[no-any-return]


def test_calls() -> None:
    stock = Stock()
    with Daemon(listen=["./inproc:shop"], config=settings("inproc")) as daemon:
        uri = daemon.register(stock, "stock")
        assert str(uri) == "PYRO:stock@./inproc:shop"
        loop = threading.Thread(target=daemon.requestLoop)
        loop.start()
        with Proxy(str(uri)) as proxy:
            assert proxy.count(["tea"] * 100_000) == 100_000
            assert list(proxy.numbers()) == [0, 1, 2, 3, 4]
            proxy.take()
            assert stock.taken.wait(10)
        daemon.shutdown()
        loop.join(10)
    assert not loop.is_alive()


@pytest.mark.parametrize("server", ["threadpool", "multiplex"])
def test_server_models_that_need_descriptors_say_so(server: str) -> None:
    with pytest.raises(ConfigError, match="watches file descriptors, and the listener at ./inproc:shop"):
        Daemon(listen=["./inproc:shop"], config=settings(server))


def test_the_server_model_says_what_it_cannot_serve() -> None:
    with pytest.raises(ConfigError, match="the server model 'inproc' cannot serve"):
        Daemon(host="127.0.0.1", config=settings("inproc"))
