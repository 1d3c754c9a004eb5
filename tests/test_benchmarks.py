"""The benchmarks measure everything, judge rightly and leave nothing behind. How fast it is, no test says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgpack
import pytest

from benchmarks import targets
from benchmarks.__main__ import main, select
from benchmarks.contestant import RAW, REAL_PYRO5
from benchmarks.contestants import line_up
from benchmarks.profile_call import parts
from benchmarks.report import report, report_targets
from benchmarks.results import SCHEMA, Machine, Quartiles, Results, evaluate, ratios
from benchmarks.targets import TARGETS, Target, judge, passed
from benchmarks.workloads import RECORD, WORKLOADS

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 120
NAMES = [each.name for each in line_up()]
MACHINE = Machine("3.10.0", "CPython", "Linux", 2, True, 0.5, 0.5)
OURS = "pyroplug msgpack threadpool tcp"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT, cwd=ROOT)


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


# The command -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Any, str]:
    """The real command in as little time as it can take: how it ended, its JSON, and its variable."""
    folder = tmp_path_factory.mktemp("bench")
    marker = f"{folder}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_TEST_MARKER", marker)
        patch.setenv("TMPDIR", marker)
        ended = run("--rounds", "2", "--turn", "0.5", "--json", f"{folder}/results.json")
    assert ended.returncode == 0, ended.stderr
    return ended, json.loads((folder / "results.json").read_text()), marker


def test_every_contestant_is_measured_with_every_workload(short_run: Any) -> None:
    found = [(each["contestant"], each["workload"]) for each in short_run[1]["measurements"]]
    assert found == [(name, workload.name) for workload in WORKLOADS for name in NAMES]


def test_the_results_are_complete_and_sane(short_run: Any) -> None:
    results = short_run[1]
    assert results["schema"] == SCHEMA
    assert results["machine"]["python"] == ".".join(map(str, sys.version_info[:3]))
    for each in results["measurements"]:
        assert len(each["rounds"]) == 2
        assert all(0.1 < microseconds < 10_000_000 for microseconds in each["rounds"])
        for ratio in filter(None, (each["microseconds"], each["to_raw"], each["to_pyro5"])):
            assert 0 < ratio["low"] <= ratio["median"] <= ratio["high"]
        assert each["to_raw"] is not None
        assert (each["to_pyro5"] is not None) == (each["library"] != RAW and each["transport"] == "tcp")
        if each["library"] == RAW:
            assert each["to_raw"]["median"] == 1


def test_the_table_shows_everything(short_run: Any) -> None:
    shown = short_run[0].stdout
    for text in (*NAMES, *(workload.name for workload in WORKLOADS), "cores", "load average", "CPython"):
        assert text in shown
    assert short_run[0].stderr == ""


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="it looks for processes in /proc")
def test_no_process_and_no_file_is_left(short_run: Any) -> None:
    marker = short_run[2]
    assert not processes_of(marker)
    assert [path.name for path in Path(marker).iterdir()] == ["results.json"]


def test_a_wrong_filter_tells_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-library"]) == 2
    assert OURS in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--rounds", "0"], ["--rounds", "x"], ["--turn", "-1"], ["--unknown"]])
def test_a_wrong_command_line(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(wrong)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


# Who takes part --------------------------------------------------------------------------------------


def test_contestants_have_names_of_their_own() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_a_filter_keeps_what_its_contestants_are_compared_with() -> None:
    found = [each.name for each in select(line_up(), ["PYROPLUG", "serpent", "threadpool"])]
    assert found == [
        "raw msgpack threads tcp",
        "Pyro5 serpent threadpool tcp",
        "pyroplug serpent threadpool tcp",
    ]


def test_the_record_has_about_a_kilobyte() -> None:
    assert 900 < len(msgpack.packb(RECORD)) < 1100


# Ratios ----------------------------------------------------------------------------------------------


def test_a_ratio_is_that_of_each_round() -> None:
    # In the second round the machine was busy. The ratio of the medians would be another one.
    assert ratios([3.0, 90.0, 5.0], [2.0, 60.0, 4.0]) == Quartiles(1.375, 1.5, 1.5)


def test_one_round_is_enough() -> None:
    assert Quartiles.of([2.0]) == Quartiles(2.0, 2.0, 2.0)


def made_up(times: dict[str, list[float]]) -> Results:
    """Results as if each contestant took these times with every workload."""
    contestants = [each for each in line_up() if each.name in times]
    samples = {(name, workload.name): taken for name, taken in times.items() for workload in WORKLOADS}
    return evaluate(contestants, WORKLOADS, samples, MACHINE)


def test_each_is_compared_with_its_like() -> None:
    results = made_up(
        {
            "raw msgpack threads tcp": [1e-5],
            "raw msgpack threads unix": [5e-6],
            "Pyro5 json threadpool tcp": [8e-5],
            "Pyro5 json multiplex tcp": [9e-5],
            "pyroplug json multiplex tcp": [3e-5],
            "pyroplug msgpack multiplex unix": [1e-5],
        }
    )
    by_tcp = results.find("pyroplug json multiplex tcp", WORKLOADS[0].name)
    assert by_tcp is not None
    assert by_tcp.to_raw is not None
    assert by_tcp.to_pyro5 is not None
    assert by_tcp.microseconds.median == 30
    assert by_tcp.to_raw.median == pytest.approx(3)
    assert by_tcp.to_pyro5.median == pytest.approx(1 / 3)
    by_unix = results.find("pyroplug msgpack multiplex unix", WORKLOADS[0].name)
    assert by_unix is not None
    assert by_unix.to_raw is not None
    assert by_unix.to_raw.median == pytest.approx(2)
    assert by_unix.to_pyro5 is None
    assert "2.00" in report(results)


# Targets ---------------------------------------------------------------------------------------------


def test_targets_are_of_what_is_measured() -> None:
    for target in TARGETS:
        assert target.contestant in NAMES
        assert target.workload in [workload.name for workload in WORKLOADS]
        assert target.compared_with in (RAW, REAL_PYRO5)


@pytest.mark.parametrize(("took", "met"), [(1.4e-5, True), (1.5e-5, True), (1.6e-5, False)])
def test_a_target_is_met_up_to_its_figure(took: float, met: bool) -> None:
    target = Target(OURS, WORKLOADS[0].name, RAW, 1.5)
    verdicts = judge(made_up({"raw msgpack threads tcp": [1e-5], OURS: [took]}), [target])
    assert [verdict.met for verdict in verdicts] == [met]
    assert passed(verdicts) is met
    assert (" met " if met else " MISSED ") in report_targets(verdicts)


def test_a_target_against_real_pyro5() -> None:
    target = Target(OURS, WORKLOADS[0].name, REAL_PYRO5, 0.5)
    times = {"raw msgpack threads tcp": [1e-5], "Pyro5 msgpack threadpool tcp": [4e-5], OURS: [2.1e-5]}
    assert not passed(judge(made_up(times), [target]))
    times[OURS] = [1.9e-5]
    assert passed(judge(made_up(times), [target]))


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    known, unknown = (Target(name, WORKLOADS[0].name, RAW, 2.0) for name in (OURS, "another one"))
    results = made_up({"raw msgpack threads tcp": [1e-5], OURS: [1e-5]})
    assert passed(judge(results, [known, unknown]))
    assert "not measured" in report_targets(judge(results, [known, unknown]))
    assert not passed(judge(results, [unknown])), "nothing has been checked"


@pytest.mark.parametrize(("at_most", "code"), [(1000.0, 0), (0.001, 1)])
def test_the_exit_code_of_a_check(at_most: float, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "TARGETS", [Target(NAMES[0], WORKLOADS[0].name, RAW, at_most)])
    assert main(["--check", "--free", "--rounds", "1", "--turn", "0.1", *NAMES[0].split()]) == code


# Where the time goes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_the_parts_of_a_call(workload: Any) -> None:
    found = parts("msgpack", workload, seconds=0.001)
    assert [part.name for part in found if part.depth == 0] == ["client", "server"]
    assert all(part.microseconds > 0 for part in found if part.depth == 0)
