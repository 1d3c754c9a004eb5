"""One run of the real command, for all tests that look at what came of it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest

from benchmarks.results import Results

from .made_up import LIMIT, OURS, ROOT


@dataclass(frozen=True)
class ShortRun:
    """How the command ended.

    :ivar marker: the value of a variable that all its processes had, and the folder for its files.
    """

    shown: str
    errors: str
    results: Results
    marker: str


@pytest.fixture(scope="session")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> ShortRun:
    """The real command in as little time as it can take."""
    folder = tmp_path_factory.mktemp("bench")
    file = folder / "results.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_TEST_MARKER", str(folder))
        patch.setenv("TMPDIR", str(folder))
        options = ["--quick", "--rounds", "2", "--turn", "0.5", "--json", str(file), *OURS.split()]
        command = [sys.executable, "-m", "benchmarks", *options]
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT, cwd=ROOT)
    assert ended.returncode == 0, ended.stderr
    return ShortRun(ended.stdout, ended.stderr, Results.from_json(file.read_text()), str(folder))
