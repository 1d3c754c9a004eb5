"""Server processes: started one by one, ended together.

``python -m benchmarks.servers FOLDER LIBRARY MODEL TRANSPORT CONNECTIONS NUMBER`` is one of them. It prints
its address.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import astuple

from .children import Child
from .contestant import ServerSetup

__all__ = ["Servers", "allow_descriptors"]


class Servers:
    """The processes of one run, by their setup."""

    def __init__(self, wrapper: Sequence[str] = ()) -> None:
        """
        :param wrapper: a command that runs the command that follows it, such as a tracer.
        """
        self._wrapper = wrapper
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self._processes: dict[ServerSetup, Child] = {}
        self._addresses: dict[ServerSetup, str] = {}

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *error: object) -> None:
        for process in self._processes.values():
            process.end_input()
        for process in self._processes.values():
            process.close()
        self._folder.cleanup()

    def start(self, setups: Iterable[ServerSetup]) -> None:
        """Start a server for each different setup. Raises ``RuntimeError`` if one does not start."""
        wanted = [setup for setup in dict.fromkeys(setups) if setup not in self._processes]
        for setup in wanted:
            what = self._folder.name, *astuple(setup)
            self._processes[setup] = Child(__name__, *what, wrapper=self._wrapper)
        for setup in wanted:
            address = self._processes[setup].line()
            if not address:
                raise RuntimeError(f"the server of {setup} did not start; what it said is above")
            self._addresses[setup] = address

    def address(self, setup: ServerSetup) -> str:
        """Where the setup's server is."""
        return self._addresses[setup]

    def process_id(self, setup: ServerSetup) -> int:
        """Which process that is."""
        return self._processes[setup].pid


def allow_descriptors() -> int:
    """Let this process have as many as it is allowed to, and tell how many that are."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def _main(folder: str, library: str, model: str, transport: str, connections: str, number: str) -> None:
    from .contestants import LIBRARIES

    allow_descriptors()
    threading.Thread(target=_end_with_input, daemon=True).start()
    setup = ServerSetup(library, model, transport, int(connections), int(number))
    LIBRARIES[library].serve(setup, folder, _announce)


def _end_with_input() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def _announce(address: str) -> None:
    print(address, flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
