"""What got worse is told from noise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import ANY

import pytest

from benchmarks import __main__ as command
from benchmarks.__main__ import main
from benchmarks.regression import AGAIN, changes, compare_with_baseline, save_baseline
from benchmarks.results import Measurement, Quartiles, Results
from benchmarks.series import Key
from benchmarks.workloads import WORKLOADS

from .made_up import CALL, OURS, RAW_THREADS, ROOT, made_up

BEFORE = {"call": Quartiles(1.4, 1.5, 1.6)}
"""The lowest, the middle and the highest of several runs."""


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (Quartiles(1.9, 2.0, 2.1), "WORSE: call: 1.50 before, 2.00 now"),
        (Quartiles(0.9, 1.0, 1.1), "better: call: 1.50 before, 1.00 now"),
        (Quartiles(1.45, 1.55, 1.65), None),
        (Quartiles(1.5, 2.0, 2.1), None),  # a quarter of this run was no worse than a run was before
        (Quartiles(1.83, 1.83, 1.83), None),  # less than 15 % above the highest is no news
        (Quartiles(1.85, 1.85, 1.85), "WORSE: call: 1.50 before, 1.85 now"),
    ],
    ids=["worse", "better", "the same", "noisy", "a little", "a little more"],
)
def test_what_changed_by_more_than_noise(now: Quartiles, words: str | None) -> None:
    found = changes(BEFORE, {"call": now})
    assert [str(change) for change in found] == ([words] if words else [])
    assert any(change.worse for change in found) is (words is not None and words.startswith("WORSE"))


def test_what_the_runs_before_differed_by_is_no_news() -> None:
    assert not changes({"call": Quartiles(1.0, 1.5, 1.6)}, {"call": Quartiles(2.1, 2.1, 2.1)})


@pytest.mark.parametrize(("now", "worse"), [(1.14, False), (1.16, True)])
def test_less_than_the_floor_is_no_news(now: float, worse: bool) -> None:
    found = changes({"call": Quartiles(1.0, 1.0, 1.0)}, {"call": Quartiles(now, now, now)})
    assert any(change.worse for change in found) is worse


def test_what_is_missing_is_worse_and_what_is_new_is_not() -> None:
    gone, new = changes(BEFORE, {"echo": Quartiles(1.0, 1.0, 1.0)})
    assert (gone.worse, new.worse) == (True, False)
    assert (str(gone), str(new)) == ("MISSING: call, which was 1.50", "new: echo")


def results_of(ours: float) -> Results:
    return made_up({RAW_THREADS: [10.0, 10.0], OURS: [ours, ours + 0.5]})


class Again:
    """Measures again, with this result, and keeps what it was asked for."""

    def __init__(self, ours: float) -> None:
        self.asked: list[Key] = []
        self._ours = ours

    def __call__(self, wanted: Sequence[Measurement]) -> Results:
        self.asked += [(each.contestant, each.workload) for each in wanted]
        return results_of(self._ours)


def test_a_baseline_is_of_several_runs(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    save_baseline([results_of(12.0), results_of(13.0), results_of(15.0)], file)
    found = json.loads(file.read_text())["ratios"]
    assert found == {f"{OURS}, {each.name}, x raw": [1.225, 1.325, 1.525] for each in WORKLOADS}


@pytest.mark.parametrize(("second", "same"), [(12.0, True), (20.0, False)], ids=["a false alarm", "worse"])
def test_what_is_worse_is_so_each_time(second: float, same: bool, tmp_path: Path) -> None:
    file, again = tmp_path / "baseline.json", Again(second)
    save_baseline([results_of(12.0)], file)
    assert compare_with_baseline(results_of(20.0), file, again) == (ANY, same)
    assert again.asked == [(OURS, each.name) for each in WORKLOADS] * (1 if same else AGAIN)
    text, _ = compare_with_baseline(results_of(20.0), file, again)
    assert (f"WORSE: {OURS}, {CALL}, x raw: 1.23 before" in text) is not same


def test_what_is_as_it_was_is_not_measured_again(tmp_path: Path) -> None:
    file, again = tmp_path / "baseline.json", Again(12.0)
    save_baseline([results_of(12.0)], file)
    text, same = compare_with_baseline(results_of(12.0), file, again)
    assert same
    assert "nothing differs" in text
    assert not again.asked


def test_without_a_baseline_nothing_is_worse(tmp_path: Path) -> None:
    text, same = compare_with_baseline(results_of(1.0), tmp_path / "baseline.json", Again(1.0))
    assert same
    assert "--save-baseline makes it" in text


def test_only_a_complete_run_can_lack_something(tmp_path: Path) -> None:
    file, again = tmp_path / "baseline.json", Again(12.0)
    save_baseline([results_of(12.0)], file)
    nothing = made_up({RAW_THREADS: [10.0]})
    assert compare_with_baseline(nothing, file, again, complete=False) == (ANY, True)
    text, same = compare_with_baseline(nothing, file, again, complete=True)
    assert not same
    assert f"MISSING: {OURS}, {CALL}" in text


@pytest.mark.parametrize(("before", "code"), [(1e9, 0), (1e-9, 1)])
def test_the_exit_code_of_a_comparison(
    before: float,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "baseline.json"
    key = f"{OURS}, {CALL}, x raw"
    file.write_text(json.dumps({"measured": {"python": "", "quick": False}, "ratios": {key: [before] * 3}}))
    monkeypatch.setattr(command, "BASELINE", file)
    options = ["--regression", "--free", "--rounds", "5", "--turn", "0.1", "--kind", "calls"]
    assert main([*options, *OURS.split()]) == code
    again = "1 looked worse and were measured again; 1 still do"
    assert (again in capfd.readouterr().out) is (code == 1)


def test_the_baseline_is_of_contestants_that_exist() -> None:
    found = json.loads((ROOT / "benchmarks" / "baseline.json").read_text())["ratios"]
    assert len(found) > 100
    assert all(0 <= low <= median <= high for low, median, high in found.values())
