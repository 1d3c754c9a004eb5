"""One call that makes a daemon, registers objects and serves them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from .daemon import Daemon
from .naming import locate_ns

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
    :param use_ns: register the names in the name server that the daemon's configuration leads to; the ids are
        random then. Otherwise the names are the objects' ids.
    :param verbose: print the URIs.
    :raises NamingError: there is no name server; nothing is served then.
    """
    with daemon or Daemon(host, port) as serving:
        named = {target: name for target, name in objects.items() if name is not None and use_ns}
        with contextlib.ExitStack() as stack:
            names: Any = None
            if named:  # before anything is said: without it there is no use in going on
                names = stack.enter_context(locate_ns(config=serving.config, plugins=serving._plugins))
            for target, name in objects.items():
                uri = serving.register(target, None if use_ns else name)
                if target in named:
                    names.register(name, uri)
                if verbose:
                    called = f"\n    name = {name}" if target in named else ""
                    print(f"Object {target!r}:\n    uri = {uri}{called}")
        if verbose:
            print("Pyro daemon running.", flush=True)
        serving.requestLoop()
