"""One call that makes a daemon, registers objects and serves them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .daemon import Daemon
from .errors import NamingError

__all__ = ["serve"]


def serve(
    objects: Mapping[Any, str | None],
    host: Any = None,
    port: int = 0,
    daemon: Daemon | None = None,
    use_ns: bool = True,
    verbose: bool = True,
) -> None:
    """Register objects and serve them until the daemon is shut down; then close it.

    :param objects: objects or classes, and what each is called; ``None`` for an id that nobody can guess.
    :param host: as for :class:`~pyroplug.daemon.Daemon`, as is ``port``.
    :param daemon: the one to use instead of a new one.
    :param use_ns: register the names in a name server; otherwise they are the objects' ids.
    :param verbose: print the URIs.
    :raises NamingError: there is no name server.
    """
    if use_ns:
        raise NamingError(
            "cannot register names: no plugin brings a way to reach a name server",
            hint="with use_ns=False the names become the objects' ids, and their URIs are printed",
        )
    with daemon or Daemon(host, port) as serving:
        for target, name in objects.items():
            uri = serving.register(target, name)
            if verbose:
                print(f"Object {target!r}:\n    uri = {uri}")
        if verbose:
            print("Pyro daemon running.")
        serving.requestLoop()
