"""Connections that do nothing: ``python -m benchmarks.clients.idle NAME ADDRESS COUNT`` has so many."""

from __future__ import annotations

import gc
import os
import sys
import time

from benchmarks.contestants import line_up
from benchmarks.servers import allow_descriptors

_PATIENCE = 60.0
"""Seconds in which they have to be connected."""


def _main(name: str, address: str, count: str) -> None:
    allow_descriptors()
    gc.disable()  # nothing of it is garbage
    (contestant,) = (each for each in line_up() if each.name == name)
    connections, start = [], time.monotonic()
    for number in range(int(count)):
        if time.monotonic() - start > _PATIENCE:
            print(f"only {number:,} were connected in {_PATIENCE:.0f} seconds", flush=True)
            break
        connections.append(contestant.again())
        connections[-1].connect(address)
    else:
        print("connected", flush=True)
    sys.stdin.read()
    os._exit(0)  # the system closes what is open, faster than one by one


if __name__ == "__main__":
    _main(*sys.argv[1:])
