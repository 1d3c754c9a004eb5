"""A child process of the demo, as its parent sees it: it is told and heard a line of JSON at a time."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["Child", "ChildError"]

# With this process's import path, and not with the current folder on it, so that it sees the same plugins.
_BOOT = (
    "import sys; sys.path[:] = sys.argv[2:]; import importlib; importlib.import_module(sys.argv[1]).main()"
)


class ChildError(Exception):
    """A child process did not do what it was started for; the text says why."""


class Child:
    """A process that ends when its standard input does."""

    def __init__(self, module: str, log: Path, descriptors: Sequence[int] = ()) -> None:
        """Start it.

        :param module: whose ``main`` it runs.
        :param log: a file for what it prints.
        :param descriptors: what it inherits, under the same numbers.
        :raises ChildError: the system does not let it start.
        """
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
        except OSError as error:
            raise ChildError(f"no process can be started: {error}") from error

    def tell(self, **message: Any) -> None:
        """Send it a message. Raises :exc:`ChildError` if it is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._gone() from error

    def hear(self, deadline: float) -> dict[str, Any]:
        """Its next message.

        :param deadline: until when to wait, as :func:`time.monotonic` tells time.
        :raises ChildError: it says nothing, or that it failed, or it is gone.
        """
        while b"\n" not in self._received:
            piece = self._read(deadline)
            if not piece:
                raise self._gone()
            self._received += piece
        line, _, self._received = self._received.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        if "failed" in message:
            raise ChildError(message["failed"])
        return message

    def _read(self, deadline: float) -> bytes:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise ChildError("it did not answer in time")
        return os.read(self._process.stdout.fileno(), 65536)

    def _gone(self) -> ChildError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        last_word = f": {lines[-1]:.300}" if lines else ""
        return ChildError(f"its process ended with status {self._process.returncode}{last_word}")

    def dismiss(self) -> None:
        """Have it end; do not wait."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it did not read what was sent, and is gone
            self._process.stdin.close()

    def reap(self, deadline: float) -> None:
        """Wait until it has ended; kill it if that takes too long."""
        assert self._process.stdout is not None
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
            self._process.stdout.close()
