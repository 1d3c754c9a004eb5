"""Every input of the fuzzers' corpus, every one that ever broke something, and some thousand new ones.

``FUZZ_RUNS`` says how many of those for each target; it takes about a minute for a million.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from fuzz import __main__ as runner
from fuzz import seeds
from fuzz.mutations import mutated
from fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
RUNS = int(os.environ.get("FUZZ_RUNS", "3000"))


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_in_the_corpus_and_what_once_broke_something(target: str) -> None:
    files = seeds.files_of(target)
    assert 5 < len(files) < 150
    for path in files:
        assert path.stat().st_size <= 1 << 16
        TARGETS[target](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_mutations(target: str) -> None:
    count, broken = runner.run_plain(target, runs=RUNS)
    assert (count, broken) == (RUNS, [])


def test_the_same_number_makes_the_same_bytes() -> None:
    some = [path.read_bytes() for path in seeds.files_of("session")]
    made = [mutated(some[0], some, Random(f"{number}"), framed=True) for number in (1, 1, 2)]
    assert made[0] == made[1] != made[2]


def test_what_breaks_something_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fragile(data: bytes) -> None:
        if b"__class__" in data and len(data) % 7 == 0:
            raise KeyError("fragile")

    monkeypatch.setitem(TARGETS, "json", fragile)  # type: ignore[misc]
    _, broken = runner.run_plain("json", runs=2000)
    assert broken
    assert all(b"__class__" in data for data in broken)
    assert "KeyError: 'fragile'" in capsys.readouterr().err


def test_what_takes_too_long_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def slow(_: bytes) -> None:
        ends = time.process_time() + 0.02
        while time.process_time() < ends:
            pass

    monkeypatch.setitem(TARGETS, "json", slow)  # type: ignore[misc]
    monkeypatch.setattr(runner, "SLOW", 0.01)
    assert runner.run_plain("json", runs=1)[1]
    assert "took" in capsys.readouterr().err


def test_as_a_program() -> None:
    command = [sys.executable, "-m", "fuzz", "uri", "json", "--runs", "50"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
    assert [line.partition(" in ")[0] for line in told.splitlines()] == ["uri: 50 inputs", "json: 50 inputs"]
