"""What importing the API costs: no plugin, no library of a plugin or of the command line, and little time."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

import pytest

ROUNDS = 15


def run(code: str) -> str:
    """What a program prints, run by an interpreter that sees what is installed and nothing else."""
    return subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def seconds(code: str) -> float:
    """Processor time, which other programs on the machine do not add to."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(code)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    return set(run("import pyroplug.api, sys; print(*sys.modules)").split())


def test_importing_the_api_imports_no_plugin(loaded: set[str]) -> None:
    assert "pyroplug.api" in loaded
    assert [name for name in loaded if name.startswith("pyroplug_")] == []


@pytest.mark.parametrize("name", ["click", "rich", "serpent", "msgpack", "Pyro5", "importlib.metadata"])
def test_importing_the_api_imports_no_such_library(loaded: set[str], name: str) -> None:
    assert name not in loaded


def test_importing_the_api_takes_no_longer_than_importing_pyro5s() -> None:
    ours, theirs = [], []
    for _ in range(ROUNDS):  # in turn, so that a busy moment of the machine slows both
        ours.append(seconds("import pyroplug.api"))
        theirs.append(seconds("import Pyro5.api"))
    assert statistics.median(ours) <= statistics.median(theirs)
