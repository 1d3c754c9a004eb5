"""Daemons that serve in a thread of the tests' own process, and proxies for their objects."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple

from pyroplug.api import Daemon, Proxy
from pyroplug.config import Configuration

from .support import PATIENCE


class Way(NamedTuple):
    """How a daemon serves."""

    server: str = "threadpool"
    transport: str = "tcp"

    def __str__(self) -> str:
        return f"{self.server}-{self.transport}"


BOTH_MODELS = [Way("threadpool", "tcp"), Way("multiplex", "unix")]


def settings(**changes: Any) -> Configuration:
    """A configuration of its own, with these items changed."""
    made = Configuration(environ={})
    for name, value in {"HOST": "127.0.0.1", "POLLTIMEOUT": 30.0, **changes}.items():
        setattr(made, name, value)
    return made


class Running:
    """A daemon whose loop runs in a thread, with what was registered in it."""

    def __init__(self, daemon: Daemon, stack: ExitStack) -> None:
        self.daemon = daemon
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name="request loop", daemon=True)
        self._stack = stack

    def _run(self) -> None:
        try:
            self.daemon.requestLoop()
        except BaseException as error:
            self.error = error

    def start(self) -> Running:
        self.thread.start()
        return self

    def proxy(self, target: Any = "thing", cls: Callable[..., Any] = Proxy, **arguments: Any) -> Any:
        """A proxy for an id, or for an object or class that is registered then; released in the end."""
        if not isinstance(target, str):
            target = self.daemon.register(target).object
        proxy = cls(self.daemon.uriFor(target), **arguments)
        proxy._pyroTimeout = PATIENCE
        self._stack.callback(release, proxy)
        return proxy

    def stop(self) -> None:
        """End it, and see that its loop ended in order."""
        self.daemon.shutdown()
        if self.thread.ident:
            self.thread.join(PATIENCE)
        self.daemon.close()
        assert not self.thread.is_alive(), "the request loop goes on"
        if self.error is not None:
            raise self.error


def release(proxy: Any) -> None:
    proxy._pyroClaimOwnership()
    proxy._pyroRelease()
