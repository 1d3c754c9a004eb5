"""What servers under attack serve. Runs in their processes: see ``harness.AttackedServer``."""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pyroplug.api import Daemon, config, expose, oneway


@expose
class Service:
    """Has what attacks and good clients call."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.noted = 0
        self.files: list[int] = []

    def echo(self, value: Any) -> Any:
        return value

    def kind(self, value: Any) -> str:
        """The type of a value, as it has arrived."""
        return type(value).__name__

    def size(self, value: Any) -> int:
        return len(value)

    def give(self, size: int) -> bytes:
        """That many bytes."""
        return b"x" * size  # zeros would take no memory before they are sent

    def text(self, size: int) -> str:
        """That many characters, for serializers to which bytes are something else."""
        return "x" * size

    def take_files(self) -> int:
        """Use up all descriptors: how many there were."""
        with suppress(OSError):
            while True:
                self.files.append(os.open(os.devnull, os.O_RDONLY))
        return len(self.files)

    def give_back_files(self) -> None:
        """What ``take_files`` has taken."""
        while self.files:
            os.close(self.files.pop())

    def count(self, most: int) -> Iterator[int]:
        yield from range(most)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def wait(self) -> None:
        """Until somebody opens the gate."""
        self.gate.wait(60)

    def open_gate(self) -> None:
        self.gate.set()

    @oneway
    def note(self, value: Any = None) -> None:
        self.noted += 1

    @oneway
    def note_at_gate(self) -> None:
        self.gate.wait(60)
        self.noted += 1

    def noted_so_far(self) -> int:
        return self.noted


def serve() -> None:
    """Serve until standard input ends. The first argument has the orders, as JSON."""
    orders = json.loads(sys.argv[1])
    for name, value in orders["items"].items():
        setattr(config, name, value)
    if orders["files"]:
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (orders["files"], hard))
    module, _, name = orders["service"].rpartition(":")
    service = getattr(importlib.import_module(module), name)()
    where = {"unixsocket": orders["socket"]} if orders["socket"] else {"host": "127.0.0.1"}
    with Daemon(**where) as daemon:
        daemon.register(service, "service")
        print(daemon.locationStr, flush=True)
        threading.Thread(target=_end_with_input, args=(daemon,), daemon=True).start()
        daemon.requestLoop()


def _end_with_input(daemon: Daemon) -> None:
    sys.stdin.read()
    daemon.shutdown()
