"""How long programs take to start, and how much memory: each of them is a new process of Python."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import environment
from benchmarks.contestant import OURS, REAL_PYRO5, Contestant, Who
from benchmarks.rounds import measure_rounds
from benchmarks.series import Key, LeftOut, Outcome, Plan, Progress, Series

__all__ = ["COMMAND", "COMMAND_LIBRARIES", "IMPORT", "MEMORY", "NOTHING", "StartUp"]

IMPORT = "import, time of the process"
MEMORY = "import, memory beyond that of python -c pass"
COMMAND = "command line, time of the process"
NOTHING = "python -c pass"
COMMAND_LIBRARIES = "its libraries"
"""The heading for a comparison with a process that imports the libraries that the command needs."""

_MEBIBYTE = 1024
_SHOW_PEAK = """
for _line in open('/proc/self/status'):
    if _line.startswith('VmHWM'):
        print(_line.split()[1])
"""


@dataclass(frozen=True, slots=True)
class _Program:
    """:ivar module: what has to be installed for it."""

    who: Who
    code: str
    module: str = "sys"


_PASS = _Program(Who("python", "-c pass"), "pass")
_IMPORTS = (
    _PASS,
    _Program(Who(OURS, "import pyroplug.api"), "import pyroplug.api"),
    _Program(Who(REAL_PYRO5, "import Pyro5.api"), "import Pyro5.api", "Pyro5"),
    _Program(Who("RPyC", "import rpyc"), "import rpyc", "rpyc"),
    _Program(Who("grpcio", "import grpc"), "import grpc", "grpc"),
    _Program(Who("managers", "import multiprocessing.managers"), "import multiprocessing.managers"),
    _Program(Who("xmlrpc", "import xmlrpc.client"), "import xmlrpc.client"),
    _Program(Who("http+json", "import http.client, json"), "import http.client, json"),
    _Program(Who("zerorpc", "import zerorpc"), "import zerorpc", "zerorpc"),
)
_LIBRARIES = _Program(
    Who("python", "import of its libraries"), "import click, rich.table, serpent, msgpack, pluggy"
)
_LIST = _Program(Who(OURS, "list-plugins"), "")


class StartUp:
    """Programs that import a library and end."""

    name = "start-up"

    def plan(self, quick: bool) -> Plan:
        return Plan(rounds=9, turn=0.1, seconds=15) if quick else Plan(rounds=25, turn=0.1, seconds=45)

    def measure(
        self, contestants: Sequence[Contestant], plan: Plan, quick: bool, progress: Progress
    ) -> Outcome:
        libraries = {each.library for each in contestants} | {"python"}
        wanted = [each for each in _IMPORTS if each.who.library in libraries]
        present = [each for each in wanted if importlib.util.find_spec(each.module) is not None]
        outcome = Outcome(
            left_out=[
                LeftOut(each.who.name, IMPORT, f"{each.module} is not installed")
                for each in wanted
                if each not in present
            ]
        )
        turns = [_Turn(_python(each.code), [_series(each.who, IMPORT, "ms")]) for each in present]
        if OURS in libraries:
            for program, command in ((_LIBRARIES, _python(_LIBRARIES.code)), (_LIST, _list_plugins())):
                compared = {COMMAND_LIBRARIES: (_LIBRARIES.who.name, COMMAND)}
                turns.append(_Turn(command, [Series(program.who, COMMAND, "ms", "start-up", compared)]))
        outcome.add(measure_rounds(turns, plan, self.name, progress))
        progress(f"{self.name}: memory")
        outcome.series.extend(_memory(present, plan))
        return outcome


@dataclass(slots=True)
class _Turn:
    command: Sequence[str]
    series: Sequence[Series]

    def warm_up(self, seconds: float) -> None:
        self.take()  # writes what is compiled, and brings the files into memory

    def take(self) -> Sequence[float]:
        """Milliseconds of the process."""
        start = time.perf_counter()
        subprocess.run(self.command, check=True, stdout=subprocess.DEVNULL, env=environment())
        return [(time.perf_counter() - start) * 1000]


def _series(who: Who, workload: str, unit: str) -> Series:
    (pyro5,) = (each.who.name for each in _IMPORTS if each.who.library == REAL_PYRO5)
    compared: dict[str, Key] = {NOTHING: (_PASS.who.name, workload), REAL_PYRO5: (pyro5, workload)}
    return Series(who, workload, unit, "start-up", compared)


def _memory(programs: Sequence[_Program], plan: Plan) -> list[Series]:
    base = _peak(_PASS)
    found = []
    for each in programs:
        series = _series(each.who, MEMORY, "MiB")
        if each is not _PASS and plan.wants([series]):
            series.references.pop(NOTHING)
            series.rounds.append((_peak(each) - base) / _MEBIBYTE)
            found.append(series)
    return found


def _peak(program: _Program) -> int:
    """KiB that it has had at most."""
    command = _python(f"{program.code}\n{_SHOW_PEAK}")
    return int(subprocess.run(command, check=True, capture_output=True, text=True, env=environment()).stdout)


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def _list_plugins() -> list[str]:
    script = Path(sys.executable).with_name("pyroplug")
    if script.exists():
        return [str(script), "list-plugins"]
    return [*_python("import sys; from pyroplug.cli import main; sys.exit(main())"), "list-plugins"]
