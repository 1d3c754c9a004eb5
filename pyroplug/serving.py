"""One call that makes a daemon, registers objects and serves them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .daemon import Daemon
from .naming import locate_ns
from .uri import URI

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
    with daemon or Daemon(host, port) as serving:
        uris: dict[str, URI] = {}
        for target, name in objects.items():
            uri = serving.register(target, None if use_ns else name)
            if name is not None and use_ns:
                uris[name] = uri
            if verbose:
                called = f"\n    name = {name}" if name is not None and use_ns else ""
                print(f"Object {target!r}:\n    uri = {uri}{called}")
        if uris:
            with locate_ns(config=serving.config) as names:
                for name, uri in uris.items():
                    names.register(name, uri)
        if verbose:
            print("Pyro daemon running.")
        serving.requestLoop()
