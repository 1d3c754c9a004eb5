"""The command measures everything and leaves nothing behind. How fast it is, no test says."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import main, select
from benchmarks.contestant import RAW, REAL_PYRO5
from benchmarks.kinds import KINDS
from benchmarks.kinds.calls import CALLS
from benchmarks.kinds.idle import IN_USE
from benchmarks.kinds.memory import memory
from benchmarks.results import SCHEMA

from .conftest import ShortRun
from .made_up import CALL, EVERYBODY, OURS, RAW_THREADS

linux = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="it looks for processes in /proc")


def processes_of(marker: str) -> list[str]:
    """Command lines of processes that have a variable with this value."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:  # it has ended, or is somebody else's
            continue
    return found


@linux
def test_every_kind_measures(short_run: ShortRun) -> None:
    assert {each.group for each in short_run.results.measurements} == {kind.name for kind in KINDS}


@linux
def test_every_workload_is_done_by_who_can(short_run: ShortRun) -> None:
    found = {(each.contestant, each.workload) for each in short_run.results.measurements}
    chosen = select(EVERYBODY, OURS.split())
    expected = {
        (each.name, workload.name) for each in chosen for workload in CALLS if workload.needs in each.can
    }
    assert expected <= found
    for workload in (
        "8 clients, empty call, processor time",
        "16 MiB of bytes down",
        "empty call beside 1,000 idle connections",
        "a new client's first answer beside 1,000 idle connections",
        IN_USE,
    ):
        assert (OURS, workload) in found


@linux
def test_the_results_are_complete_and_sane(short_run: ShortRun) -> None:
    results = short_run.results
    assert results.schema == SCHEMA
    assert results.machine.python == ".".join(map(str, sys.version_info[:3]))
    for each in results.measurements:
        assert each.value.low <= each.value.median <= each.value.high
        if each.unit in ("µs", "ms"):
            assert all(0.1 < number < 10_000_000 for number in each.rounds if number is not None)
        for to, comparison in each.compared.items():
            ratio = comparison.ratio
            assert 0 < ratio.low <= ratio.median <= ratio.high
            if (comparison.contestant, comparison.workload) == (each.contestant, each.workload):
                assert ratio.median == 1, to
    ours = results.find(OURS, CALL)
    assert ours is not None
    assert set(ours.compared) == {RAW, REAL_PYRO5}


@linux
@pytest.mark.parametrize("way", ["up", "down"])
@pytest.mark.parametrize(("end", "least"), [("sender", 0), ("receiver", 1)])
def test_bare_sockets_need_the_least_memory(short_run: ShortRun, way: str, end: str, least: int) -> None:
    found = short_run.results.find(RAW_THREADS, memory(way, "bytes", end))
    assert found is not None
    assert found.value.median == pytest.approx(least, abs=0.1)


@linux
def test_the_table_shows_everything(short_run: ShortRun) -> None:
    for text in (OURS, *(each.name for each in CALLS), "cores", "load average", "CPython", "Left out"):
        assert text in short_run.shown
    assert short_run.errors == ""


@linux
def test_no_process_and_no_file_is_left(short_run: ShortRun) -> None:
    assert not processes_of(short_run.marker)
    assert [path.name for path in Path(short_run.marker).iterdir()] == ["results.json"]


def test_a_wrong_filter_tells_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-library"]) == 2
    assert OURS in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [["--rounds", "0"], ["--rounds", "x"], ["--turn", "-1"], ["--unknown"], ["--kind", "x"]]
)
def test_a_wrong_command_line(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err
