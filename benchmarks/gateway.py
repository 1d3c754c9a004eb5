"""The HTTP gateway beside Pyro5's: ``python -m benchmarks.gateway``.

Both ask the same real Pyro5 name server, and call the same objects. They take short turns, and what is told
are the medians; a call is one GET with one parameter. Pyro5's gateway ends each connection after its answer.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

from .children import Child
from .processes import quietest

__all__ = ["Row", "main", "measure", "table"]

OBJECTS = ("Pyro5", "pyroplug")


class Row(NamedTuple):
    """What came of one way to call.

    :ivar calls: a second.
    :ivar ratio: to the calls a second of Pyro5's gateway to the same object.
    """

    gateway: str
    connection: str
    called: str
    calls: float
    ratio: float


class Way:
    """Calls an object by one of the gateways."""

    def __init__(self, gateway: str, port: int, called: str, keep: bool) -> None:
        self.gateway, self.called, self.keep = gateway, called, keep
        self.rates: list[float] = []
        self._address = ("127.0.0.1", port)
        kept = "keep-alive" if keep else "close"
        self._request = (
            f"GET /pyro/http.{called}/echo?message=hello HTTP/1.1\r\n"
            f"Host: localhost\r\nConnection: {kept}\r\n\r\n"
        ).encode()
        self._sock: socket.socket | None = None

    def turn(self, seconds: float) -> None:
        """Call as often as there is time for."""
        calls, start = 0, time.perf_counter()
        while (now := time.perf_counter()) - start < seconds:
            self.call()
            calls += 1
        self.rates.append(calls / (now - start))

    def call(self) -> None:
        """Call once. Raises ``RuntimeError`` if the answer is wrong."""
        sock = self._sock
        if sock is None:
            sock = socket.create_connection(self._address, 30)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(self._request)
        data = b""
        while not data.endswith(b'"hello"'):
            part = sock.recv(4096)
            if not part:
                raise RuntimeError(f"{self.gateway} answers {data!r}")
            data += part
        if self.keep:
            self._sock = sock
        else:
            sock.close()

    def close(self) -> None:
        """End its connection."""
        if self._sock is not None:
            self._sock.close()


def measure(rounds: int, seconds: float) -> list[Row]:
    """Both gateways, in turns of so many seconds."""
    with ExitStack() as stack:
        if hasattr(os, "sched_setaffinity"):  # all on one core: those that are measured never run together
            cores = os.sched_getaffinity(0)
            stack.callback(os.sched_setaffinity, 0, cores)
            os.sched_setaffinity(0, {quietest(cores)})

        def start(*role: object) -> int:
            line = stack.enter_context(Child("benchmarks.gateway_roles", *role)).line()
            if not line:
                raise RuntimeError(f"{role[0]} did not start")
            return int(line)

        names = start("names")
        for library in OBJECTS:
            start("served", library, names)
        ports = {gateway: start(gateway, names) for gateway in ("pyro5", "pyroplug")}
        ways = []
        for called in OBJECTS:
            ways.append(Way("Pyro5", ports["pyro5"], called, keep=False))
            ways += [Way("pyroplug", ports["pyroplug"], called, keep=keep) for keep in (False, True)]
        for way in ways:
            stack.callback(way.close)
            way.call()
        for _ in range(rounds):
            for way in ways:
                way.turn(seconds)
    base = {way.called: statistics.median(way.rates) for way in ways if way.gateway == "Pyro5"}
    return [_row(way, base[way.called]) for way in ways]


def _row(way: Way, base: float) -> Row:
    calls = statistics.median(way.rates)
    return Row(way.gateway, "kept" if way.keep else "one a call", way.called, calls, calls / base)


def table(rows: Sequence[Row]) -> str:
    """As Markdown has it."""
    lines = [
        "| gateway | HTTP connection | object served by | calls a second | beside Pyro5's |",
        "|---|---|---|--:|--:|",
    ]
    lines += [
        f"| {row.gateway} | {row.connection} | {row.called} | {row.calls:,.0f} | {row.ratio:.1f} x |"
        for row in rows
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and show."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gateway", description="Compares the HTTP gateway with Pyro5's, by turns."
    )
    parser.add_argument("--rounds", type=int, default=15, metavar="N", help="how many turns each has")
    parser.add_argument("--turn", type=float, default=200, metavar="MS", help="milliseconds of a turn")
    parser.add_argument("--json", action="store_true", help="print a JSON document instead of a table")
    options: Any = parser.parse_args(arguments)
    rows = measure(max(1, options.rounds), max(1.0, options.turn) / 1000)
    print(json.dumps([row._asdict() for row in rows], indent=2) if options.json else table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
