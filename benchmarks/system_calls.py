"""How many system calls an empty call takes at either end, by strace.

A process is traced from its start, twice, with different numbers of calls; the difference is what calls cost.
``python -m benchmarks.system_calls CONTESTANT ADDRESS CALLS`` is the client that is traced.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from .children import environment
from .clients import named
from .contestant import OURS, RAW, REAL_PYRO5, Contestant
from .contestants import line_up
from .servers import Servers
from .workloads import EmptyCall

__all__ = ["count_system_calls", "show_system_calls"]

Counts = dict[str, float]
_FEW, _MANY = 50, 550
_RARE = 0.05
"""What happens less often than this in a call belongs to no call."""


def count_system_calls() -> dict[str, tuple[Counts, Counts]]:
    """By contestant, what an empty call takes: its client's and its server's; empty without strace."""
    if shutil.which("strace") is None:
        return {}
    libraries = (RAW, REAL_PYRO5, OURS)
    chosen = [each for each in line_up() if each.who.library in libraries and each.serializer == "msgpack"]
    return {each.name: _per_call(each) for each in chosen}


def show_system_calls(found: dict[str, tuple[Counts, Counts]]) -> None:
    """Print them."""
    if not found:
        print("System calls are counted with strace, which this machine does not have.")
        return
    print("System calls of an empty call, client's and server's:")
    for name, ends in found.items():
        print(f"  {name:<34}{' | '.join(map(_listed, ends))}")


def _listed(counts: Counts) -> str:
    shown = ", ".join(f"{name} {times:.2g}" for name, times in sorted(counts.items()))
    return f"{sum(counts.values()):.2g} ({shown})"


def _per_call(contestant: Contestant) -> tuple[Counts, Counts]:
    few, many = _traced(contestant, _FEW), _traced(contestant, _MANY)
    client, server = (_difference(*pair) for pair in zip(few, many, strict=True))
    return client, server


def _difference(few: Counter[str], many: Counter[str]) -> Counts:
    found = {name: (many[name] - few[name]) / (_MANY - _FEW) for name in many}
    return {name: times for name, times in found.items() if times >= _RARE}


def _traced(contestant: Contestant, calls: int) -> tuple[Counter[str], Counter[str]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        reports = [Path(folder, end) for end in ("client", "server")]
        tracers = [["strace", "-f", "-c", "-o", str(report)] for report in reports]
        with Servers(tracers[1]) as servers:
            servers.start([contestant.setup])
            what = [contestant.name, servers.address(contestant.setup), str(calls)]
            command = [*tracers[0], sys.executable, "-m", __name__, *what]
            subprocess.run(command, check=True, env=environment())
        client, server = (_read(report.read_text().splitlines()) for report in reports)
        return client, server


def _read(lines: Iterable[str]) -> Counter[str]:
    """The table that strace prints: its fourth column has the number of calls, its last one their name."""
    found: Counter[str] = Counter()
    for line in lines:
        columns = line.split()
        if len(columns) >= 5 and columns[3].isdigit() and columns[-1] != "total":
            found[columns[-1]] += int(columns[3])
    return found


def _main(name: str, address: str, calls: str) -> None:
    contestant = named(name)
    remote = contestant.connect(address)
    EmptyCall().run(remote, int(calls))
    contestant.close()


if __name__ == "__main__":
    _main(*sys.argv[1:])
