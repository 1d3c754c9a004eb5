"""One client of a crowd."""

from __future__ import annotations

from benchmarks.clients import named, obey
from benchmarks.contestant import Remote
from benchmarks.workloads import EmptyCall


class _Client:
    def __init__(self) -> None:
        self._remotes: dict[str, Remote] = {}

    def connect(self, name: str, address: str) -> None:
        self._remotes[name] = named(name).connect(address)
        self._remotes[name].nop()

    def run(self, name: str, count: int) -> None:
        EmptyCall().run(self._remotes[name], count)


if __name__ == "__main__":
    obey(_Client())
