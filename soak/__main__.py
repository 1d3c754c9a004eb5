"""Runs the soak and reports: ``python -m soak [--seconds N] [--models threadpool,multiplex]``.

It exits with status 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from typing import Any

from .watching import Usage, growth, usage

CLIENTS = (("pyroplug", 4), ("pyroplug", 4), ("pyroplug", 4), ("Pyro5", 4))
"""A process each, with so many clients."""
GROWTH = 4.0
"""MiB by which a server may grow between the end of its warming up and the end, by the line that fits."""
WARM = 0.3
"""The part of the time that is warming up."""
THREADS = 8
"""More than a server that begins that it may have when all clients are gone."""
_EVERY = 1.0
_PATIENCE = 90.0


class Child:
    """A process of the soak."""

    def __init__(self, stack: ExitStack, *arguments: str) -> None:
        environ = {**os.environ, "MALLOC_ARENA_MAX": "2"}  # an arena for each thread would look like growth
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", *arguments], stdout=subprocess.PIPE, text=True, env=environ
        )
        stack.callback(self.end)

    def lines(self, count: int) -> list[str]:
        """What it prints next."""
        assert self.process.stdout is not None
        return [self.process.stdout.readline().strip() for _ in range(count)]

    def end(self) -> None:
        """Make sure that it is gone."""
        self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()


class Watched(Child):
    """A server, with what it used from time to time."""

    def __init__(self, stack: ExitStack, model: str, folder: str) -> None:
        super().__init__(stack, "soak.server", model, os.path.join(folder, f"{model}.sock"))
        self.model = model
        self.tcp, self.unix = self.lines(2)
        self.before = usage(self.process.pid)
        self.samples: list[tuple[float, float]] = []
        self.most = self.before

    def look(self) -> None:
        """Take a sample."""
        now = usage(self.process.pid)
        self.samples.append((time.monotonic(), now.memory))
        self.most = Usage(*map(max, self.most, now))

    def judge(self, growth_limit: float) -> tuple[str, list[str]]:
        """Look at it when all clients are gone: what to report, and what is wrong."""
        end = time.monotonic() + 30
        while (after := usage(self.process.pid)).files > self.before.files or (
            after.threads > self.before.threads + THREADS
        ):
            if time.monotonic() > end:
                break
            time.sleep(0.1)
        wrong = []
        warm = self.samples[int(WARM * len(self.samples)) :]
        seconds = warm[-1][0] - warm[0][0] if warm else 0.0
        grown = growth(warm) * seconds
        if grown > growth_limit * 2**20:
            wrong.append(f"{self.model}: memory grows: {grown / 2**20:.1f} MiB in {seconds:.0f} s")
        if after.files > self.before.files:
            wrong.append(f"{self.model}: {after.files - self.before.files} descriptors are left open")
        if after.threads > self.before.threads + THREADS:
            wrong.append(f"{self.model}: {after.threads} threads are left, and were {self.before.threads}")
        self.process.terminate()
        if (code := self.process.wait(_PATIENCE)) != 0:
            wrong.append(f"{self.model}: the server ended with status {code}")
        report = (
            f"{self.model:>11}: at first, at most and in the end {self.before.memory >> 20}, "
            f"{self.most.memory >> 20} and {after.memory >> 20} MiB, "
            f"{self.before.threads}, {self.most.threads} and {after.threads} threads, "
            f"{self.before.files}, {self.most.files} and {after.files} descriptors; "
            f"after warming up {grown / 1024:+.0f} KiB in {seconds:.0f} s"
        )
        return report, wrong


def soak(seconds: float, models: list[str], growth_limit: float = GROWTH) -> list[str]:
    """Run it and print the report: what was wrong."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-"))
        servers = [Watched(stack, model, folder) for model in models]
        network = Child(stack, "soak.faults", *(server.tcp.rpartition(":")[2] for server in servers))
        ports = network.lines(len(servers))
        where = json.dumps(
            [(it.tcp, it.unix, f"127.0.0.1:{port}") for it, port in zip(servers, ports, strict=True)]
        )
        groups = [
            Child(stack, "soak.clients", library, str(seconds), f"{library}-{number}", str(count), where)
            for number, (library, count) in enumerate(CLIENTS)
        ]
        end = time.monotonic() + seconds
        while time.monotonic() < end and all(group.process.poll() is None for group in groups):
            time.sleep(_EVERY)
            for server in servers:
                server.look()
        done: Counter[str] = Counter()
        broken = uncertain = 0
        wrong: list[str] = []
        for group in groups:
            (said,) = group.lines(1)
            group.process.wait(2 * _PATIENCE)
            if group.process.returncode != 0:
                wrong.append(f"clients ended with status {group.process.returncode}")
                continue
            seen: dict[str, Any] = json.loads(said)
            done.update(seen["done"])
            broken, uncertain = broken + seen["broken"], uncertain + seen["uncertain"]
            wrong += seen["wrong"]
        network.end()
        print(f"{sum(done.values())} calls: {', '.join(f'{n} {kind}' for kind, n in sorted(done.items()))}")
        print(
            f"{broken} conversations broke off on the faulty network; {uncertain} of their calls have not run"
        )
        for server in servers:
            report, faults = server.judge(growth_limit)
            print(report)
            wrong += faults
    return wrong


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="python -m soak", description="Many clients for a long time.")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long clients call (600)")
    parser.add_argument("--models", default="threadpool,multiplex", help="server models, with commas between")
    parser.add_argument(
        "--growth", type=float, default=GROWTH, help=f"MiB that a server may grow ({GROWTH:g})"
    )
    options = parser.parse_args()
    wrong = soak(options.seconds, options.models.split(","), options.growth)
    for text in wrong[:50]:
        print("WRONG:", text)
    print(f"{len(wrong)} wrong" if wrong else "nothing wrong, nothing lost, nothing kept")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
