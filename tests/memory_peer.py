"""The two ends of a conversation about large values, each in a process of its own that watches its memory.

``python -m tests.memory_peer serve MODEL`` prints a URI and serves until its input ends; with ``call URI
SERIALIZER KIND SIZE`` it prints four numbers: how much memory sender and receiver needed at most, first for
an argument, then for a result, as parts of the value's size.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from pyroplug.api import Daemon, Proxy, expose

from .running import settings

MAKERS: dict[str, Any] = {
    "bytes": lambda size: b"x" * size,
    "bytearray": lambda size: bytearray(b"x") * size,
    "memoryview": lambda size: memoryview(b"x" * size),
    "str": lambda size: "x" * size,
}


@expose
class Watch:
    """Measures the most memory that its process has had."""

    def __init__(self) -> None:
        self._before = 0

    def begin(self) -> None:
        """Forget what was before."""
        Path("/proc/self/clear_refs").write_text("5")
        self._before = memory("VmRSS")

    def most(self) -> int:
        """Bytes, beyond what there was in the beginning."""
        return memory("VmHWM") - self._before

    def take(self, value: Any) -> int:
        return len(value)

    def give(self, kind: str, size: int) -> Any:
        return MAKERS[kind](size)


def memory(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


def serve(model: str) -> None:
    accepted = ["msgpack", "marshal"]
    with Daemon(config=settings(SERVERTYPE=model, SERIALIZERS_ACCEPTED=accepted)) as daemon:
        print(daemon.register(Watch()), flush=True)
        threading.Thread(target=lambda: (sys.stdin.read(), daemon.shutdown()), daemon=True).start()
        daemon.requestLoop()


def call(uri: str, serializer: str, kind: str, size: int) -> list[float]:
    here = Watch()
    with Proxy(uri, config=settings(SERIALIZER=serializer)) as there:
        there.give(kind, 1)
        value = MAKERS[kind](size)
        there.begin()
        here.begin()
        there.take(value)
        up = here.most(), there.most()
        del value
        there.begin()
        here.begin()
        value = there.give(kind, size)
        down = there.most() - size, here.most()  # it was made there, too
        assert len(value) == size
    return [part / size for part in (*up, *down)]


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        print(*call(*sys.argv[2:5], int(sys.argv[5])))
