"""Connections that do nothing, or nothing but a call now and then."""

from __future__ import annotations

import gc
import time

from benchmarks.clients import named, obey
from benchmarks.contestant import Contestant, Remote
from benchmarks.servers import allow_descriptors

_PATIENCE = 60.0
"""Seconds in which they have to be connected."""


class _Crowd:
    def __init__(self) -> None:
        self._contestants: list[Contestant] = []
        self._remotes: list[Remote] = []

    def connect(self, name: str, address: str, count: int) -> None:
        contestant, start = named(name), time.monotonic()
        for number in range(count):
            if time.monotonic() - start > _PATIENCE:
                raise TimeoutError(f"only {number:,} were connected in {_PATIENCE:.0f} seconds")
            self._contestants.append(contestant.again())
            self._remotes.append(self._contestants[-1].connect(address))

    def call(self) -> None:
        """One call for each connection."""
        for each in self._remotes:
            each.nop()


if __name__ == "__main__":
    allow_descriptors()
    gc.disable()  # nothing of it is garbage
    obey(_Crowd())
