"""Processes that are started to be measured, or to measure with: none outlives the one that started it."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["Child", "environment"]

PATIENCE = 30.0
"""Seconds that a process gets to start or to end."""
_ROOT = str(Path(__file__).resolve().parent.parent)
_SETTINGS = ("PYRO_", "PYROPLUG_")
_NOT_FOR_CHILDREN = frozenset(("PYTHONDONTWRITEBYTECODE",))
"""Who starts a program twice has it compiled once."""


def environment() -> dict[str, str]:
    """The environment of child processes: this package can be imported, and no library has settings in it."""
    found = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_SETTINGS) and name not in _NOT_FOR_CHILDREN
    }
    found["PYTHONPATH"] = os.pathsep.join(filter(None, (_ROOT, found.get("PYTHONPATH"))))
    return found


class Child:
    """A module that runs as a program of its own, and ends when its standard input does.

    :ivar pid: its process id.
    """

    def __init__(self, module: str, *arguments: object, wrapper: Sequence[str] = ()) -> None:
        """
        :param wrapper: a command that runs the command that follows it, such as a tracer.
        """
        self._process = subprocess.Popen(
            [*wrapper, sys.executable, "-m", module, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            start_new_session=True,  # Ctrl-C is for the measuring process, which ends the others
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        self.pid = self._process.pid

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def line(self, patience: float = PATIENCE) -> str:
        """What it prints next; nothing if it ends, or prints nothing for so many seconds."""
        readable, _, _ = select.select([self._output], [], [], patience)
        return self._output.readline().strip() if readable else ""

    def tell(self, method: str, *arguments: object) -> None:
        """Have a client process do something: see :mod:`benchmarks.clients`."""
        self._input.write(json.dumps([method, *arguments]) + "\n")
        self._input.flush()

    def answer(self) -> Any:
        """What came of it. Raises ``RuntimeError`` with the reason if nothing did."""
        line = self._output.readline()
        result, error = json.loads(line) if line else (None, "a client process has ended")
        if error is not None:
            raise RuntimeError(error)
        return result

    def ask(self, method: str, *arguments: object) -> Any:
        """Both."""
        self.tell(method, *arguments)
        return self.answer()

    def end_input(self) -> None:
        """Have it end, without waiting for it."""
        self._input.close()

    def close(self) -> None:
        """Have it end, and see to it if it does not."""
        self._input.close()
        self._output.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
