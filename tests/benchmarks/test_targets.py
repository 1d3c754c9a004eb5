"""What is within its target is told from what is not."""

from __future__ import annotations

import os
import re

import pytest

from benchmarks import goals
from benchmarks.__main__ import main
from benchmarks.contestant import RAW, REAL_PYRO5
from benchmarks.goals import TARGETS
from benchmarks.kinds.idle import ALONE
from benchmarks.kinds.start_up import COMMAND_LIBRARIES, NOTHING
from benchmarks.report import report_targets
from benchmarks.targets import OTHERS, VALUE, Target, judge, passed

from .conftest import ShortRun
from .made_up import CALL, OURS, RAW_THREADS, made_up

linux = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="it measures with the help of /proc")


def test_targets_compare_with_what_there_is() -> None:
    for target in TARGETS:
        assert target.compared_with in (RAW, REAL_PYRO5, OTHERS, VALUE, ALONE, NOTHING, COMMAND_LIBRARIES)
    assert len(set(TARGETS)) == len(TARGETS)


@linux
def test_targets_are_of_what_is_measured(short_run: ShortRun) -> None:
    in_full_runs_only = re.compile(r"memoryview|bytearray (up|down)$|10,000|(8|64) MiB|1 MiB of bytearray")
    programs = (OURS, "pyroplug import pyroplug.api", "pyroplug list-plugins")
    for each in judge(short_run.results):
        target = each.target
        if target.contestant in programs and target.compared_with != OTHERS:
            in_full_only = in_full_runs_only.search(target.workload)
            assert in_full_only or each.measured is not None, str(target)


@pytest.mark.parametrize(("took", "met"), [(14.0, True), (15.0, True), (16.0, False)])
def test_a_target_is_met_up_to_its_figure(took: float, met: bool) -> None:
    target = Target(OURS, CALL, RAW, 1.5)
    verdicts = judge(made_up({RAW_THREADS: [10.0], OURS: [took]}), [target])
    assert [verdict.met for verdict in verdicts] == [met]
    assert passed(verdicts) is met
    assert (" met " if met else " MISSED ") in report_targets(verdicts)


def test_a_target_against_real_pyro5() -> None:
    target = Target(OURS, CALL, REAL_PYRO5, 0.5)
    times = {RAW_THREADS: [10.0], "Pyro5 msgpack threadpool tcp": [40.0], OURS: [21.0]}
    assert not passed(judge(made_up(times), [target]))
    times[OURS] = [19.0]
    assert passed(judge(made_up(times), [target]))


def test_a_target_against_every_other_library() -> None:
    target = Target(OURS, CALL, OTHERS, 1.0)
    times = {
        RAW_THREADS: [1.0],
        "Pyro5 msgpack threadpool tcp": [40.0],
        "managers pickle threads tcp": [20.0],
    }
    assert not passed(judge(made_up({**times, OURS: [21.0]}), [target]))
    assert passed(judge(made_up({**times, OURS: [19.0]}), [target]))
    alone = judge(made_up({RAW_THREADS: [1.0], OURS: [1.0]}), [target])
    assert alone[0].measured is None


def test_a_target_for_the_number_itself() -> None:
    results = made_up({OURS: [21.0]})
    assert passed(judge(results, [Target(OURS, CALL, VALUE, 21.0)]))
    assert not passed(judge(results, [Target(OURS, CALL, VALUE, 20.9)]))


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    known, unknown = (Target(name, CALL, RAW, 2.0) for name in (OURS, "another one"))
    results = made_up({RAW_THREADS: [10.0], OURS: [10.0]})
    assert passed(judge(results, [known, unknown]))
    assert "not measured" in report_targets(judge(results, [known, unknown]))
    assert not passed(judge(results, [unknown])), "nothing has been checked"


@pytest.mark.parametrize(("at_most", "code"), [(1000.0, 0), (0.001, 1)])
def test_the_exit_code_of_a_check(at_most: float, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(goals, "TARGETS", [Target(RAW_THREADS, CALL, RAW, at_most)])
    options = ["--check", "--free", "--rounds", "1", "--turn", "0.1", "--kind", "calls"]
    assert main([*options, *RAW_THREADS.split()]) == code
