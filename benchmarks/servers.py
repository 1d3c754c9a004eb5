"""Server processes: started one by one, ended together.

``python -m benchmarks.servers FOLDER LIBRARY MODEL TRANSPORT CONNECTIONS NUMBER`` is one of them. It prints
its address, and ends when its standard input does, so that none outlives the process that started it, however
that ends.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from pathlib import Path
from types import TracebackType

from .contestant import ServerSetup

__all__ = ["Servers", "allow_descriptors", "end_process", "environment"]

PATIENCE = 30.0
"""Seconds that a process gets to start or to end."""
_ROOT = str(Path(__file__).resolve().parent.parent)
_SETTINGS = ("PYRO_", "PYROPLUG_")


def environment() -> dict[str, str]:
    """The environment of child processes: this package can be imported, and no library has settings in it."""
    found = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
    found["PYTHONPATH"] = os.pathsep.join(filter(None, (_ROOT, found.get("PYTHONPATH"))))
    return found


class Servers:
    """The processes of one run, by their setup."""

    def __init__(self, wrapper: Sequence[str] = ()) -> None:
        """
        :param wrapper: a command that runs the command that follows it, such as a tracer.
        """
        self._wrapper = list(wrapper)
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self._processes: list[subprocess.Popen[str]] = []
        self._addresses: dict[ServerSetup, str] = {}
        self._ids: dict[ServerSetup, int] = {}

    def __enter__(self) -> Servers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, setups: Iterable[ServerSetup]) -> None:
        """Start a server for each different setup. Raises ``RuntimeError`` if one does not start."""
        wanted = (setup for setup in dict.fromkeys(setups) if setup not in self._addresses)
        started = {setup: self._spawn(setup) for setup in wanted}
        for setup, process in started.items():
            self._addresses[setup] = _address_of(process, setup)

    def address(self, setup: ServerSetup) -> str:
        """Where the setup's server is."""
        return self._addresses[setup]

    def process_id(self, setup: ServerSetup) -> int:
        """Which process that is."""
        return self._ids[setup]

    def close(self) -> None:
        """End all of them."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.close()
        for process in self._processes:
            end_process(process)
        self._processes.clear()
        self._folder.cleanup()

    def _spawn(self, setup: ServerSetup) -> subprocess.Popen[str]:
        what = [self._folder.name, *map(str, astuple(setup))]
        process = subprocess.Popen(
            [*self._wrapper, sys.executable, "-m", __name__, *what],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            start_new_session=True,  # Ctrl-C is for the measuring process, which ends the others
        )
        self._processes.append(process)
        self._ids[setup] = process.pid
        return process


def end_process(process: subprocess.Popen[str]) -> None:
    """End a process that ends when its standard input does, and see to it if it does not."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.stdout.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    if process.poll() is None:
        process.kill()
        process.wait()


def _address_of(process: subprocess.Popen[str], setup: ServerSetup) -> str:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], PATIENCE)
    address = process.stdout.readline().strip() if readable else ""
    if not address:
        raise RuntimeError(f"the server of {setup} did not start; what it said is above")
    return address


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
