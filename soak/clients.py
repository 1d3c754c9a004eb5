"""Clients of the soak: threads that connect, call, check what comes back, and go.

``python -m soak.clients LIBRARY SECONDS NAME COUNT LOCATIONS`` runs some in one process, with ``pyroplug`` or
real ``Pyro5``, and prints what they saw as JSON. LOCATIONS is JSON: for each server those that are reached
directly, and the faulty one.
"""

from __future__ import annotations

import importlib
import json
import random
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .ledger import Ledger

__all__ = ["Client", "Library", "Locations"]

SERIALIZERS = ("serpent", "json", "msgpack", "marshal")
PATIENCE = 60.0
"""Seconds in which a call has its answer where nothing is faulty."""
_SHORT = 2.0
"""Seconds after which a call over the faulty network is given up."""


class Locations(NamedTuple):
    """Where one server is reached: by TCP, over a socket file, and through the faulty network."""

    tcp: str
    unix: str
    faulty: str


class Library:
    """pyroplug, or real Pyro5."""

    def __init__(self, name: str) -> None:
        api = importlib.import_module(f"{name}.api")
        errors = importlib.import_module(f"{name}.errors")
        self.name = name
        self.proxy: Callable[[str], Any] = api.Proxy
        self.batch: Callable[[Any], Any] = api.BatchProxy
        self.error: type[Exception] = errors.PyroError


class Client:
    """Calls until the time is over.

    :ivar ledger: knows which calls must have run.
    :ivar done: how many calls of each kind were answered as they should be.
    :ivar broken: how many conversations over the faulty network broke off.
    """

    def __init__(self, library: Library, servers: Sequence[Locations], name: str) -> None:
        self.ledgers = [Ledger(f"{name} at server {number}") for number in range(len(servers))]
        self.done: Counter[str] = Counter()
        self.broken = 0
        self.wrong: list[str] = []
        self._library = library
        self._servers = servers
        self._name = name
        self._random = random.Random(name)
        self._server = 0
        self._direct = True
        self._kinds: dict[str, tuple[int, Callable[[Any], None]]] = {
            "call": (40, self._count),
            "echo": (15, self._echo),
            "large value": (3, self._large),
            "exception": (8, self._exception),
            "batch": (6, self._batch),
            "stream": (6, self._stream),
            "one-way call": (12, self._one_way),
            "proxy passed": (3, self._relay),
            "proxy returned": (3, self._sibling),
        }

    def run(self, seconds: float) -> None:
        """Connect and disconnect, again and again, for so long; then see that all has run."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self._converse(end)
            for number in range(len(self._servers)):
                self._server = number
                self._settle(end + PATIENCE)
        except Exception:
            self.wrong.append(f"{self._name}: {traceback.format_exc()}")

    def _converse(self, end: float) -> None:
        """One connection's life."""
        self._server = self._random.randrange(len(self._servers))
        way = self._random.choice(Locations._fields)
        self._direct = way != "faulty"
        serializer = self._random.choice(SERIALIZERS)
        names, weights = zip(*((name, kind[0]) for name, kind in self._kinds.items()), strict=True)
        kind = ""
        try:
            with self._proxy(way, serializer) as proxy:
                for kind in self._random.choices(names, weights, k=self._random.randint(1, 80)):
                    if time.monotonic() > end:
                        break
                    self._kinds[kind][1](proxy)
                    self.done[kind] += 1
        except self._library.error as error:
            if self._direct:
                where = f"{way}, server {self._server}, {serializer}"
                self.wrong.append(f"{self._name}: {kind or 'connecting'} ({where}): {error!r}")
            self.broken += 1
        if self._random.random() < 0.1:
            self._settle()

    def _proxy(self, way: str, serializer: str = "serpent", server: int | None = None) -> Any:
        at = self._servers[self._server if server is None else server]
        proxy = self._library.proxy(f"PYRO:service@{getattr(at, way)}")
        proxy._pyroSerializer = serializer
        proxy._pyroTimeout = _SHORT if way == "faulty" else PATIENCE
        return proxy

    def _settle(self, limit: float = 0.0) -> None:
        """Compare with the server's book; one-way calls may still have to run until ``limit``."""
        ledger = self.ledgers[self._server]
        with self._proxy("unix") as proxy:
            while True:
                over = time.monotonic() >= limit
                ran = [(number, times) for number, times in proxy.settle(self._name)]
                ledger.settle(ran, all_over=bool(limit) and over)
                if over or not ledger.missing:
                    break
                time.sleep(0.1)

    def _check(self, what: str, got: Any, wanted: Any) -> None:
        if got != wanted:
            self.wrong.append(f"{self._name}: {what}: {got!r:.200} instead of {wanted!r:.200}")

    # What is called

    def _count(self, proxy: Any) -> None:
        number = self.ledgers[self._server].begin()
        self._check("call", proxy.count(self._name, number), number)
        self.ledgers[self._server].must_run(number)

    def _one_way(self, proxy: Any) -> None:
        number = self.ledgers[self._server].begin()
        proxy.count_one_way(self._name, number)
        if self._direct:
            self.ledgers[self._server].must_run(number)

    def _echo(self, proxy: Any) -> None:
        value = self._value(3)
        self._check("echo", proxy.echo(value), value)

    def _large(self, proxy: Any) -> None:
        word = f"{self._name}{self._random.random()}"
        value = word * (self._random.choice((10_000, 100_000, 1_000_000)) // len(word))
        if proxy.echo(value) != value:
            self.wrong.append(f"{self._name}: a large value came back as another one")

    def _exception(self, proxy: Any) -> None:
        word = str(self._random.random())
        try:
            proxy.fail(word)
        except ValueError as error:
            self._check("exception", error.args, (word,))
        else:
            self.wrong.append(f"{self._name}: an exception is missing")

    def _batch(self, proxy: Any) -> None:
        if proxy._pyroSerializer == "marshal" and self._library.name == "Pyro5":  # it cannot
            return
        ledger = self.ledgers[self._server]
        batch, wanted = self._library.batch(proxy), []
        for _ in range(self._random.randint(1, 20)):
            number = ledger.begin()
            batch.count(self._name, number)
            wanted.append(number)
        self._check("batch", list(batch()), wanted)
        for number in wanted:
            ledger.must_run(number)

    def _stream(self, proxy: Any) -> None:
        count, word = self._random.randint(0, 100), str(self._random.random())
        stop = self._random.choice((count, count // 2))  # it may be abandoned
        got = []
        for item in proxy.items(count, word):
            got.append(item)
            if len(got) == stop:
                break
        self._check("stream", got, [f"{word} {number}" for number in range(stop if stop else count)])

    def _relay(self, proxy: Any) -> None:
        if proxy._pyroSerializer == "marshal":  # Pyro5 passes no proxies with it
            return
        other = (self._server + 1) % len(self._servers)
        if other == self._server:
            return
        with self._proxy(self._random.choice(("tcp", "unix")), server=other) as target:
            value = self._value(1)
            self._check("proxy passed", proxy.relay(target, value), value)

    def _sibling(self, proxy: Any) -> None:
        if proxy._pyroSerializer == "marshal":
            return
        with proxy.sibling() as sibling:
            sibling._pyroTimeout = proxy._pyroTimeout
            self._check("proxy returned", sibling.name(), "sibling")

    def _value(self, depth: int) -> Any:
        chance = self._random
        if depth and chance.random() < 0.5:
            some = [self._value(depth - 1) for _ in range(chance.randint(0, 5))]
            return some if chance.random() < 0.5 else {f"key {n}": value for n, value in enumerate(some)}
        return chance.choice(
            (
                None,
                True,
                chance.getrandbits(40) - 2**39,
                chance.random(),
                "text ü \U0001f600 \n" * chance.randint(0, 9),
            )
        )


def main() -> None:
    """Run some, and print what they saw."""
    library, seconds, name, count, locations = sys.argv[1:]
    servers = [Locations(*each) for each in json.loads(locations)]
    clients = [Client(Library(library), servers, f"{name}-{number}") for number in range(int(count))]
    threads = [threading.Thread(target=client.run, args=(float(seconds),)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledgers = [ledger for client in clients for ledger in client.ledgers]
    print(
        json.dumps(
            {
                "done": sum((client.done for client in clients), Counter()),
                "broken": sum(client.broken for client in clients),
                "uncertain": sum(ledger.uncertain for ledger in ledgers),
                "wrong": [text for client in clients for text in client.wrong]
                + [text for ledger in ledgers for text in ledger.wrong],
            }
        )
    )


if __name__ == "__main__":
    main()
