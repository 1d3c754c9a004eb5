"""Ratios are those of each round, between what is alike."""

from __future__ import annotations

import pytest

from benchmarks.contestant import RAW, REAL_PYRO5
from benchmarks.kinds.calls import CALLS
from benchmarks.report import report
from benchmarks.results import Quartiles, Results, ratios

from .made_up import CALL, OURS, RAW_THREADS, made_up


def test_a_ratio_is_that_of_each_round() -> None:
    # In the second round the machine was busy. The ratio of the medians would be another one.
    assert ratios([3.0, 90.0, 5.0], [2.0, 60.0, 4.0]) == Quartiles(1.375, 1.5, 1.5)


def test_a_round_without_a_turn_has_no_ratio() -> None:
    assert ratios([3.0, None, 5.0, 7.0], [2.0, 60.0, None]) == Quartiles(1.5, 1.5, 1.5)
    assert ratios([None, 1.0], [1.0, None]) is None


def test_one_round_is_enough() -> None:
    assert Quartiles.of([2.0]) == Quartiles(2.0, 2.0, 2.0)


def test_each_is_compared_with_its_like() -> None:
    times = {
        RAW_THREADS: [10.0],
        "raw msgpack loop tcp": [15.0],
        "raw msgpack loop unix": [5.0],
        "raw json threads tcp": [20.0],
        "Pyro5 json threadpool tcp": [80.0],
        "Pyro5 json multiplex tcp": [90.0],
        "pyroplug json multiplex tcp": [30.0],
        "pyroplug msgpack multiplex unix": [10.0],
    }
    results = made_up(times, CALLS)
    found = {
        each.workload: each
        for each in results.measurements
        if each.contestant == "pyroplug json multiplex tcp"
    }

    def compared(workload: str, to: str) -> tuple[str, float]:
        each = found[workload].compared[to]
        return each.contestant, each.ratio.median

    assert found[CALL].value.median == 30
    assert compared(CALL, RAW) == ("raw msgpack loop tcp", 2)
    assert compared(CALL, REAL_PYRO5) == ("Pyro5 json multiplex tcp", pytest.approx(1 / 3))
    assert compared("connect, call, close", RAW) == ("raw json threads tcp", 1.5)
    assert compared("one-way call", RAW) == (RAW_THREADS, 3)
    assert compared("batch of 1,000 calls", RAW) == ("raw json threads tcp", 1.5)
    by_unix = results.find("pyroplug msgpack multiplex unix", CALL)
    assert by_unix is not None
    assert by_unix.to_raw is not None
    assert by_unix.to_raw.median == 2
    assert by_unix.to_pyro5 is None
    assert "3.00" in report(results)


def test_results_survive_being_written() -> None:
    results = made_up({RAW_THREADS: [10.0, 11.0], OURS: [12.0, 13.0]})
    assert Results.from_json(results.to_json()) == results
    with pytest.raises(ValueError, match="measure again"):
        Results.from_json('{"schema": 1}')
