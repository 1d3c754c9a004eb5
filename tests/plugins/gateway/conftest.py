"""Gateways for the tests: as functions, and served."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import pytest
from pyroplug_gateway.app import Gateway
from pyroplug_gateway.serving import Server
from pyroplug_gateway.settings import Settings
from werkzeug.test import Client

from tests.running import Running, settings
from tests.support import PATIENCE

from .objects import Sample

NAME = "http.sample"


@pytest.fixture
def sample() -> Sample:
    return Sample()


@pytest.fixture
def daemon(run_daemon: Callable[..., Running], sample: Sample) -> Running:
    """Serves the sample."""
    return run_daemon(thing=sample)


@pytest.fixture
def make(daemon: Running) -> Iterator[Callable[..., Gateway]]:
    """Makes gateways, with the sample as a fixed object unless something else is said; closed in the end."""
    with ExitStack() as stack:

        def make(**changes: Any) -> Gateway:
            changes.setdefault("objects", {NAME: str(daemon.daemon.uriFor("thing"))})
            changes.setdefault("timeout", PATIENCE)
            gateway = Gateway(Settings.of(settings(), **changes))
            stack.callback(gateway.close)
            return gateway

        yield make


@pytest.fixture
def ask(make: Callable[..., Gateway]) -> Callable[..., Any]:
    """Sends one request to a gateway with the sample, without any server."""
    kept: list[Client] = []

    def ask(path: str, method: str = "GET", **request: Any) -> Any:
        if not kept:
            kept.append(Client(make()))
        return kept[0].open(path, method=method, **request)

    return ask


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[str, int]]]:
    """Serves gateways in threads: the address of each."""
    with ExitStack() as stack:

        def serve(gateway: Gateway, **arguments: Any) -> tuple[str, int]:
            server = Server(gateway, "127.0.0.1", 0, **arguments)
            thread = threading.Thread(target=server.run, name="gateway", daemon=True)
            thread.start()

            def end() -> None:
                server.stop()
                thread.join(PATIENCE)
                server.close()
                assert not thread.is_alive()

            stack.callback(end)
            parts = urlsplit(server.urls[0])
            assert parts.hostname is not None
            assert parts.port is not None
            return parts.hostname, parts.port

        yield serve
