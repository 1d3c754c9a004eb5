"""Programs in processes of their own, one of which is real Pyro5, for the tests of whole features."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import Pyro5.api

from tests.support import PATIENCE

ROOT = Path(__file__).parents[2]

PYRO5_SERVER = """
import sys, threading, uuid
import Pyro5.api as api
from Pyro5.api import *
config.SERVERTYPE = sys.argv[1]
config.POLLTIMEOUT = 0.5
{definitions}
daemon = {daemon}(host="127.0.0.1")
for name, target in objects.items():
    daemon.register(target, name)
print(daemon.locationStr, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), daemon.shutdown()), daemon=True).start()
daemon.requestLoop()
daemon.close()
"""
"""Serves what ``definitions`` put into ``objects``, until its standard input ends."""


class Program:
    """A Python program that runs beside the test, which reads what it prints."""

    def __init__(self, source: str, *arguments: str, keep: Sequence[Any] = ()) -> None:
        """
        :param keep: files that stay open in it, under the same numbers.
        """
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", source, *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[file.fileno() for file in keep],
            text=True,
        )

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def line(self) -> str:
        """What it prints next; it has to."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line, "the program ended"
        return line

    def kill(self) -> None:
        """End it without a chance to do anything about it."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self, code: int | None = None) -> None:
        """Close its standard input, and wait for its end.

        :param code: which exit code it has to have.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.close()
            ended = self.process.wait(PATIENCE)
            assert code is None or ended == code
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


def pyro5_proxy(uri: Any) -> Any:
    """A proxy of real Pyro5 in this process."""
    return Pyro5.api.Proxy(str(uri))


def pyro5_server(definitions: str, server: str = "thread", daemon: str = "Daemon") -> tuple[Program, str]:
    """A running Pyro5 server, and its location.

    :param daemon: the name of a class.
    """
    program = Program(PYRO5_SERVER.format(definitions=definitions, daemon=daemon), server)
    return program, program.line()
