"""A child process of the demo, as its parent sees it: it is told and heard a line of JSON at a time."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

__all__ = ["Child", "ChildError"]

# With this process's import path, and not with the current folder on it, so that it sees the same plugins.
_BOOT = (
    "import sys; sys.path[:] = sys.argv[2:]; import importlib; importlib.import_module(sys.argv[1]).main()"
)

_LAST_BREATH = 1.0
"""Seconds in which a process ends that has closed its output."""


class ChildError(Exception):
    """A child process did not do what it was started for; the text says why."""


class Child:
    """A process that ends when its standard input does."""

    def __init__(self, name: str, module: str, log: Path, descriptors: Sequence[int] = ()) -> None:
        """Start it.

        :param name: what people are told about it by.
        :param module: whose ``main`` it runs.
        :param log: a file for what it prints.
        :param descriptors: what it inherits, under the same numbers.
        :raises ChildError: the system does not let it start.
        """
        self.name = name
        self._log = log
        self._received = b""
        try:
            with log.open("wb") as output:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", _BOOT, module, *sys.path],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=output,
                    pass_fds=descriptors,
                    start_new_session=True,  # Ctrl-C is for the parent, which then ends it in order
                )
        except (OSError, ValueError) as error:  # the latter for a descriptor that is closed
            raise ChildError(f"the {name} cannot be started: {error}") from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input = self._process.stdin
        self._output = self._process.stdout

    def tell(self, **message: Any) -> None:
        """Send it a message. Raises :exc:`ChildError` if it is gone."""
        try:
            self._input.write(json.dumps(message).encode() + b"\n")
            self._input.flush()
        except OSError as error:
            raise self._gone() from error

    def hear(self, timeout: float, since: float | None = None) -> dict[str, Any]:
        """Its next message.

        :param timeout: seconds to wait.
        :param since: when they began, as :func:`time.monotonic` tells time; ``None`` for now.
        :raises ChildError: it says nothing, or is gone.
        """
        deadline = (time.monotonic() if since is None else since) + timeout
        while b"\n" not in self._received:
            if not self._readable(deadline - time.monotonic()):
                raise ChildError(f"the {self.name} did not answer within {timeout:g} seconds")
            piece = os.read(self._output.fileno(), 65536)
            if not piece:
                raise self._gone()
            self._received += piece
        line, _, self._received = self._received.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def _readable(self, seconds: float) -> bool:
        return bool(wait([self._output.fileno()], max(0.0, seconds)))

    def _gone(self) -> ChildError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_BREATH)
        lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        last_words = f": {lines[-1]:.300}" if lines else ""
        return ChildError(f"the {self.name} ended with status {self._process.returncode}{last_words}")

    def dismiss(self) -> None:
        """Have it end; do not wait."""
        with contextlib.suppress(OSError):  # it is gone, and did not read all that was sent
            self._input.close()

    def reap(self, deadline: float) -> None:
        """Wait until it has ended; kill it if that takes too long."""
        self.dismiss()
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        finally:
            if self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._output.close()
