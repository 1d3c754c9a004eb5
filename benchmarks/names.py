"""The name server beside Pyro5's, with many names in a file: ``python -m benchmarks.names``.

Each runs in a process of its own, over a copy of the same SQLite file, and is asked by clients of its own
library and by Pyro5's. They take turns, and what is told are the medians. Afterwards many clients register
and look up at once, and every name has to be there.

Pyro5 has no index of tags: whatever lists n names with their tags looks n times through all tags. Listing all
names so is left out where that would take hours.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from .children import Child

__all__ = ["ASKED", "Row", "crowd", "fill", "main", "measure", "table"]

WAYS = (("Pyro5", "Pyro5"), ("pyroplug", "Pyro5"), ("pyroplug", "pyroplug"))
"""Name server and client."""
GROUP = 100
"""Names that begin alike, and that have the same tag."""
PROCESSES = 5
"""That the clients of a crowd are in."""
CROWD_PATIENCE = 600.0
"""Seconds that a crowd may take."""


class Row(NamedTuple):
    """What came of one question.

    :ivar milliseconds: for each way, the median.
    :ivar ratios: how many times as long Pyro5's name server takes, with its own client, as each.
    """

    asked: str
    milliseconds: tuple[float, ...]
    ratios: tuple[float, ...]


class Asked(NamedTuple):
    """A question.

    :ivar ask: asks it, of a proxy, about the group and the name with these numbers.
    :ivar right: what is right for the answer's length; ``None`` for an answer without any.
    :ivar seldom: it takes so long that it is asked once a turn.
    :ivar most: names with which Pyro5 gets to an end; 0 for any number.
    """

    name: str
    ask: Callable[[Any, int, int], Any]
    right: Callable[[int], int | None]
    seldom: bool = False
    most: int = 0


ASKED = (
    Asked("lookup", lambda names, group, one: names.lookup(_name(group, one)), lambda _: None),
    Asked("lookup with tags", lambda names, group, one: names.lookup(_name(group, one), True), lambda _: 2),
    Asked("a prefix of 100 names", lambda names, group, _: names.list(f"g{group:05}."), lambda _: GROUP),
    Asked(
        "a prefix of 100 names, with tags",
        lambda names, group, _: names.list(f"g{group:05}.", None, True),
        lambda _: GROUP,
    ),
    Asked("a tag of 100 names", lambda names, group, _: names.yplookup([f"group{group}"]), lambda _: GROUP),
    Asked(
        "any of two tags, 200 names",
        lambda names, group, _: names.yplookup(None, [f"group{group}", f"group{group - 1 if group else 1}"]),
        lambda _: 2 * GROUP,
    ),
    Asked(
        "a pattern of 100 names",
        lambda names, group, _: names.list(None, rf"g{group:05}\..*"),
        lambda _: GROUP,
        seldom=True,
    ),
    Asked("count", lambda names, *_: names.count(), lambda _: None),
    Asked(
        "register",
        lambda names, group, one: names.register(
            _name(group, one), f"PYRO:o{one}@localhost:5000", False, ["all", f"group{group}", f"one{one}"]
        ),
        lambda _: None,
    ),
    Asked("all names", lambda names, *_: names.list(), lambda total: total + 1, seldom=True),
    Asked(
        "all names, with tags",
        lambda names, *_: names.list(None, None, True),
        lambda total: total + 1,
        seldom=True,
        most=5000,
    ),
)


def _name(group: int, one: int) -> str:
    return f"g{group:05}.object{one:02}"


def fill(path: Path, total: int) -> None:
    """Make a file with so many names, each with three tags, as Pyro5 does."""
    # In a process of its own, as it leaves the file open.
    program = "import sys, Pyro5.nameserver; Pyro5.nameserver.SqlStorage(sys.argv[1])"
    subprocess.run([sys.executable, "-c", program, str(path)], check=True, timeout=60)
    database = sqlite3.connect(path)
    with database:
        for number in range(total):
            group, one = divmod(number, GROUP)
            database.execute(
                "INSERT INTO pyro_names(id, name, uri) VALUES (?, ?, ?)",
                (number + 1, _name(group, one), f"PYRO:o{one}@localhost:5000"),
            )
            tags = [(number + 1, tag) for tag in ("all", f"group{group}", f"one{one}")]
            database.executemany("INSERT INTO pyro_metadata(object, metadata) VALUES (?, ?)", tags)
    database.close()


class Way:
    """One client of one name server."""

    def __init__(self, server: str, client: str, uri: str) -> None:
        self.server, self.client = server, client
        api = importlib.import_module(f"{client}.api")
        self.proxy = api.Proxy(uri)
        self.taken: dict[str, list[float]] = {asked.name: [] for asked in ASKED}

    def turn(self, asked: Asked, seconds: float, total: int, seed: int) -> None:
        """Ask as often as there is time for. Raises ``RuntimeError`` if an answer is wrong."""
        choice = random.Random(seed)
        count, start = 0, time.perf_counter()
        while True:
            answer = asked.ask(self.proxy, choice.randrange(total // GROUP), choice.randrange(GROUP))
            count += 1
            now = time.perf_counter()
            right = asked.right(total)
            if right is not None and len(answer) != right:
                raise RuntimeError(f"{self.server} gives {len(answer)} for {asked.name}")
            if asked.seldom or now - start >= seconds:
                break
        self.taken[asked.name].append((now - start) / count)


def measure(total: int, rounds: int, seconds: float) -> list[Row]:
    """All questions, in turns of so many seconds."""
    with ExitStack() as stack:
        uris = _started(stack, total)
        ways = [Way(server, client, uris[server]) for server, client in WAYS]
        for way in ways:
            stack.callback(way.proxy._pyroRelease)
        questions = [asked for asked in ASKED if not asked.most or total <= asked.most]
        for number in range(rounds + 1):
            for asked in questions:
                for way in random.Random(number).sample(ways, len(ways)):
                    way.turn(asked, seconds, total, number)
        return [_row(asked.name, ways) for asked in questions]


def _row(asked: str, ways: Sequence[Way]) -> Row:
    taken = [way.taken[asked][1:] for way in ways]  # the first turn warms up
    base = taken[0]
    ratios = [statistics.median(a / b for a, b in zip(base, its, strict=True)) for its in taken]
    return Row(asked, tuple(statistics.median(its) * 1000 for its in taken), tuple(ratios))


def _started(stack: ExitStack, total: int) -> dict[str, str]:
    """The URI of a name server of each library."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    fill(folder / "Pyro5", total)
    shutil.copy(folder / "Pyro5", folder / "pyroplug")
    started = {}
    for library in ("Pyro5", "pyroplug"):
        child = stack.enter_context(Child("benchmarks.names", "--serve", library, str(folder / library)))
        started[library] = child.line()
        if not started[library]:
            raise RuntimeError(f"the name server of {library} did not start")
    return started


# A crowd ---------------------------------------------------------------------------------------------


def crowd(total: int, clients: int, names: int) -> dict[str, dict[str, float]]:
    """Many clients of each library that register and look up at once, in turns with their own name server.

    :param clients: how many.
    :param names: of each of them.
    :returns: for each library ``registered`` and ``looked_up`` a second.
    :raises RuntimeError: a name was lost.
    """
    found = {}
    with ExitStack() as stack:
        uris = _started(stack, total)
        for library, uri in uris.items():
            with ExitStack() as running:
                share = clients // PROCESSES
                children = [
                    running.enter_context(
                        Child(
                            "benchmarks.names", "--crowd", library, uri, f"c{number}.", str(share), str(names)
                        )
                    )
                    for number in range(PROCESSES)
                ]
                answers = [json.loads(child.line(CROWD_PATIENCE) or "null") for child in children]
            api = importlib.import_module(f"{library}.api")
            with api.Proxy(uri) as proxy:
                there = proxy.list("c")
            wanted = PROCESSES * share * names
            if len(there) != wanted or any(answer is None or answer["wrong"] for answer in answers):
                raise RuntimeError(f"{library}: {wanted} names were acknowledged, {len(there)} are there")
            found[library] = {
                what: sum(share * names / answer[what] for answer in answers)
                for what in ("registered", "looked_up")
            }
    return found


def _crowd(library: str, uri: str, prefix: str, clients: int, names: int) -> None:
    """Some clients of a crowd, in threads of this process."""
    from concurrent.futures import ThreadPoolExecutor

    api = importlib.import_module(f"{library}.api")

    def client(number: int, looking: bool) -> int:
        wrong = 0
        with api.Proxy(uri) as proxy:
            for one in range(names):
                name, target = f"{prefix}{number}.{one}", f"PYRO:o{one}@host{number}:1"
                if looking:
                    wrong += str(proxy.lookup(name)) != target
                else:
                    proxy.register(name, target, True, ["crowd"])
        return wrong

    answer: dict[str, float] = {"wrong": 0}
    for what, looking in (("registered", False), ("looked_up", True)):
        start = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            answer["wrong"] += sum(pool.map(client, range(clients), [looking] * clients))
        answer[what] = time.perf_counter() - start
    print(json.dumps(answer), flush=True)


def _serve(library: str, path: str) -> None:
    module = importlib.import_module(
        "pyroplug_nameserver.daemon" if library == "pyroplug" else "Pyro5.nameserver"
    )
    if library == "Pyro5":  # or it refuses a crowd
        importlib.import_module("Pyro5").config.THREADPOOL_SIZE = 200
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    with module.NameServerDaemon("127.0.0.1", 0, storage=f"sql:{path}") as daemon:
        print(daemon.uriFor(daemon.nameserver), flush=True)
        daemon.requestLoop()


# Showing ---------------------------------------------------------------------------------------------


def table(rows: Sequence[Row]) -> str:
    """As Markdown has it."""
    heads = [f"{server}, asked by {client}" for server, client in WAYS]
    lines = [f"| milliseconds | {' | '.join(heads)} |", f"|---|{'--:|' * len(heads)}"]
    for row in rows:
        cells = [
            f"{taken:.3f} ({ratio:.1f} x)" if number else f"{taken:.3f}"
            for number, (taken, ratio) in enumerate(zip(row.milliseconds, row.ratios, strict=True))
        ]
        lines.append(f"| {row.asked} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and show."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] == "--serve":
        _serve(*arguments[1:])
        return 0
    if arguments and arguments[0] == "--crowd":
        library, uri, prefix, clients, names = arguments[1:]
        _crowd(library, uri, prefix, int(clients), int(names))
        return 0
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.names", description="Compares the name server with Pyro5's, by turns."
    )
    parser.add_argument("--names", type=int, default=100_000, metavar="N", help="how many names there are")
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="how many turns each has")
    parser.add_argument("--turn", type=float, default=200, metavar="MS", help="milliseconds of a turn")
    parser.add_argument("--clients", type=int, default=50, metavar="N", help="how many there are at once")
    parser.add_argument("--each", type=int, default=40, metavar="N", help="names that each of them registers")
    parser.add_argument("--json", action="store_true", help="print a JSON document instead of tables")
    options: Any = parser.parse_args(arguments)
    rows = measure(max(GROUP * 2, options.names), max(1, options.rounds), max(1.0, options.turn) / 1000)
    if not options.json:
        print(table(rows), flush=True)
    rates = crowd(options.names, max(PROCESSES, options.clients), max(1, options.each))
    if options.json:
        print(json.dumps({"rows": [row._asdict() for row in rows], "crowd": rates}, indent=2))
        return 0
    print(
        f"\n| {options.clients} clients at once | registered a second | looked up a second |\n|---|--:|--:|"
    )
    for library, its in rates.items():
        print(f"| {library} | {its['registered']:,.0f} | {its['looked_up']:,.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
