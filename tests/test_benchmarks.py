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

from benchmarks import __main__ as command
from benchmarks import goals
from benchmarks.__main__ import main, select
from benchmarks.contestant import RAW, REAL_PYRO5, Can, Contestant
from benchmarks.contestants import line_up
from benchmarks.goals import TARGETS
from benchmarks.kinds import KINDS
from benchmarks.kinds.calls import CALLS
from benchmarks.kinds.idle import ALONE
from benchmarks.kinds.start_up import COMMAND_LIBRARIES, NOTHING
from benchmarks.page import BLOCKS, losses, render
from benchmarks.profile_call import parts
from benchmarks.references import references
from benchmarks.regression import changes, compare_with_baseline, kept, save_baseline
from benchmarks.report import report, report_targets
from benchmarks.results import SCHEMA, Machine, Quartiles, Results, evaluate, ratios
from benchmarks.rounds import WrongAnswer, measure_rounds
from benchmarks.series import LeftOut, Outcome, Plan, Series
from benchmarks.servers import Servers
from benchmarks.targets import OTHERS, VALUE, Target, judge, passed
from benchmarks.workloads import RECORD, WORKLOADS, Workload

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 240
EVERYBODY = line_up()
NAMES = [each.name for each in EVERYBODY]
MACHINE = Machine("3.10.0", "CPython", "Linux", 2, True, 0.5, 0.5)
RAW_THREADS = "raw msgpack threads tcp"
OURS = "pyroplug msgpack threadpool tcp"
CALL = WORKLOADS[0].name
linux = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="it looks for processes in /proc")


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
        words = OURS.split()
        ended = run("--quick", "--rounds", "2", "--turn", "0.5", "--json", f"{folder}/results.json", *words)
    assert ended.returncode == 0, ended.stderr
    return ended, json.loads((folder / "results.json").read_text()), marker


@linux
def test_every_kind_measures(short_run: Any) -> None:
    measured = {each["group"] for each in short_run[1]["measurements"]}
    assert measured == {kind.name for kind in KINDS}


@linux
def test_every_workload_is_done_by_who_can(short_run: Any) -> None:
    found = {
        (" ".join(filter(None, each["who"].values())), each["workload"])
        for each in short_run[1]["measurements"]
    }
    chosen = select(EVERYBODY, OURS.split())
    expected = {
        (each.name, workload.name) for each in chosen for workload in CALLS if workload.needs in each.can
    }
    assert expected <= found
    assert (OURS, "8 clients, empty call, processor time") in found
    assert (OURS, "16 MiB of bytes down") in found
    assert (OURS, "empty call beside 1,000 idle connections") in found


@linux
def test_the_results_are_complete_and_sane(short_run: Any) -> None:
    results = Results.from_json(json.dumps(short_run[1]))
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
def test_large_values_cost_the_memory_that_they_take(short_run: Any) -> None:
    results = Results.from_json(json.dumps(short_run[1]))
    received = results.find(RAW_THREADS, "64 MiB of bytes up, peak memory of the receiver")
    sent = results.find(RAW_THREADS, "64 MiB of bytes up, peak memory of the sender")
    assert received is not None
    assert sent is not None
    assert received.value.median == pytest.approx(1, abs=0.1)
    assert sent.value.median == pytest.approx(0, abs=0.1)


@linux
def test_the_table_shows_everything(short_run: Any) -> None:
    shown = short_run[0].stdout
    for text in (
        OURS,
        *(workload.name for workload in CALLS),
        "cores",
        "load average",
        "CPython",
        "Left out",
    ):
        assert text in shown
    assert short_run[0].stderr == ""


@linux
def test_no_process_and_no_file_is_left(short_run: Any) -> None:
    marker = short_run[2]
    assert not processes_of(marker)
    assert [path.name for path in Path(marker).iterdir()] == ["results.json"]


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


# Who takes part --------------------------------------------------------------------------------------


def test_contestants_have_names_of_their_own() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_a_filter_keeps_what_its_contestants_are_compared_with() -> None:
    found = [each.name for each in select(EVERYBODY, ["PYROPLUG", "serpent", "threadpool"])]
    assert found == [
        RAW_THREADS,
        "raw serpent threads tcp",
        "Pyro5 serpent threadpool tcp",
        "pyroplug serpent threadpool tcp",
    ]


def test_the_record_has_about_a_kilobyte() -> None:
    assert 900 < len(msgpack.packb(RECORD)) < 1100


def _one_of_each_library() -> list[Contestant]:
    found: dict[str, Contestant] = {}
    for each in EVERYBODY:
        if Can.CALLS in each.can:
            found.setdefault(each.who.library, each)
    return [*found.values(), next(each for each in EVERYBODY if each.name == "raw msgpack loop tcp")]


@pytest.mark.parametrize("contestant", _one_of_each_library(), ids=lambda each: each.name)
def test_every_library_gives_right_answers(contestant: Contestant) -> None:
    """In a process of its own: some libraries leave threads and sockets to the end of theirs."""
    if contestant.missing():
        pytest.skip(f"{contestant.missing()} is not installed")
    code = f"from tests.test_benchmarks import verify_all; verify_all({contestant.name!r})"
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
        cwd=ROOT,
    )
    assert ended.returncode == 0, ended.stderr


def verify_all(name: str) -> None:
    """Every workload that it can do, and large values."""
    (contestant,) = (each for each in EVERYBODY if each.name == name)
    with Servers() as servers:
        servers.start([contestant.setup])
        address = servers.address(contestant.setup)
        remote = contestant.connect(address)
        for workload in CALLS:
            if workload.needs in contestant.can:
                assert workload.verify(workload.prepare(contestant, address, remote)), workload.name
        if Can.BULK in contestant.can:
            bulk = contestant.bulk()
            bulk.hold("bytes", 1024)
            assert bytes(bulk.give("bytes", 1024)) == bytes(range(256)) * 4
            assert bulk.take(b"x" * 1024) == 1024
        if Can.CHUNKS in contestant.can:
            assert [len(chunk) for chunk in contestant.bulk().chunks(3)] == [256 * 1024] * 3
        contestant.close()


def test_what_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    (rpyc,) = (each for each in EVERYBODY if each.who.library == "RPyC")
    monkeypatch.setattr(type(rpyc), "needs", ("no_such_module",))
    for kind in KINDS[:4]:
        outcome = kind.measure([rpyc], Plan(1, 0.001), True, lambda text: None)
        assert not outcome.series
        assert outcome.left_out == [LeftOut(rpyc.name, kind.name, "no_such_module is not installed")]


# Rounds ----------------------------------------------------------------------------------------------


class MadeUpTurn:
    """Takes what it is given; or fails in the warm-up."""

    def __init__(self, name: str, numbers: list[float], failure: Exception | None = None) -> None:
        (contestant,) = (each for each in EVERYBODY if each.name == name)
        self.series = [Series(contestant.who, CALL, "µs", "calls")]
        self._numbers, self._failure = iter(numbers), failure

    def warm_up(self, seconds: float) -> None:
        if self._failure is not None:
            raise self._failure

    def take(self) -> list[float]:
        return [next(self._numbers)]


def test_a_round_is_a_turn_for_each() -> None:
    turns = [MadeUpTurn(RAW_THREADS, [1.0, 2.0]), MadeUpTurn(OURS, [3.0, 4.0])]
    outcome = measure_rounds(turns, Plan(2, 1.0), "calls", lambda text: None)
    assert [each.rounds for each in outcome.series] == [[1.0, 2.0], [3.0, 4.0]]


def test_who_cannot_do_it_is_left_out_with_the_reason() -> None:
    turns = [MadeUpTurn(RAW_THREADS, [1.0]), MadeUpTurn(OURS, [], OSError("no way\nat all"))]
    outcome = measure_rounds(turns, Plan(1, 1.0), "calls", lambda text: None)
    assert [each.who.name for each in outcome.series] == [RAW_THREADS]
    assert outcome.left_out == [LeftOut(OURS, CALL, "OSError: no way")]
    assert f"{CALL}: {OURS}: OSError: no way" in report(evaluate(outcome, MACHINE))


def test_a_wrong_answer_stops_everything() -> None:
    with pytest.raises(WrongAnswer):
        measure_rounds(
            [MadeUpTurn(OURS, [], WrongAnswer("2 + 2 = 5"))], Plan(1, 1.0), "calls", lambda text: None
        )


# Ratios ----------------------------------------------------------------------------------------------


def test_a_ratio_is_that_of_each_round() -> None:
    # In the second round the machine was busy. The ratio of the medians would be another one.
    assert ratios([3.0, 90.0, 5.0], [2.0, 60.0, 4.0]) == Quartiles(1.375, 1.5, 1.5)


def test_a_round_without_a_turn_has_no_ratio() -> None:
    assert ratios([3.0, None, 5.0, 7.0], [2.0, 60.0, None]) == Quartiles(1.5, 1.5, 1.5)
    assert ratios([None, 1.0], [1.0, None]) is None


def test_one_round_is_enough() -> None:
    assert Quartiles.of([2.0]) == Quartiles(2.0, 2.0, 2.0)


def made_up(times: dict[str, list[float]], workloads: tuple[Workload, ...] = WORKLOADS) -> Results:
    """Results as if each contestant took these times with every workload."""
    present = [each for each in EVERYBODY if each.name in times]
    outcome = Outcome()
    for workload in workloads:
        for each in present:
            compared = references(
                each.who, workload.name, present, workload.raw_threads, workload.raw_serializer
            )
            numbers: list[float | None] = [*times[each.name]]
            outcome.series.append(Series(each.who, workload.name, "µs", "calls", compared, numbers))
    return evaluate(outcome, MACHINE)


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
    assert compared("connect, call, close", RAW) == (RAW_THREADS, 3)
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


# Targets ---------------------------------------------------------------------------------------------


def test_targets_compare_with_what_there_is() -> None:
    for target in TARGETS:
        assert target.compared_with in (RAW, REAL_PYRO5, OTHERS, VALUE, ALONE, NOTHING, COMMAND_LIBRARIES)
    assert len(set(TARGETS)) == len(TARGETS)


@linux
def test_targets_are_of_what_is_measured(short_run: Any) -> None:
    results = Results.from_json(json.dumps(short_run[1]))
    full_runs_only = (
        "bytearray",
        "memoryview",
        "10,000",
        "8 MiB of",
        "8 MiB down",
        "64 MiB of str",
        "64 MiB down",
    )
    for each in judge(results):
        target = each.target
        of_this_run = (
            target.contestant in (OURS, "pyroplug import pyroplug.api", "pyroplug list-plugins")
            and not any(words in target.workload for words in full_runs_only)
            and ("64 MiB" not in target.workload or "memory" in target.workload)
            and target.compared_with != OTHERS
        )
        assert not of_this_run or each.measured is not None, str(target)


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


# Regressions -----------------------------------------------------------------------------------------

BEFORE = {"call": Quartiles(1.4, 1.5, 1.6)}


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (Quartiles(1.9, 2.0, 2.1), "WORSE: call: 1.50 before, 2.00 now"),
        (Quartiles(0.9, 1.0, 1.1), "better: call: 1.50 before, 1.00 now"),
        (Quartiles(1.45, 1.55, 1.65), None),
        (Quartiles(1.2, 2.0, 2.1), None),  # so much does it vary that this run alone says nothing
        (Quartiles(1.63, 1.64, 1.64), None),  # less than a fifth is no news, however little it varies
    ],
    ids=["worse", "better", "the same", "noisy", "a little"],
)
def test_what_changed_by_more_than_noise(now: Quartiles, words: str | None) -> None:
    found = changes(BEFORE, {"call": now})
    assert [str(change) for change in found] == ([words] if words else [])
    assert any(change.worse for change in found) is (words is not None and words.startswith("WORSE"))


def test_the_noise_of_the_run_before_counts_too() -> None:
    assert not changes({"call": Quartiles(1.4, 1.5, 2.2)}, {"call": Quartiles(1.9, 2.0, 2.1)})


def test_what_is_missing_is_worse_and_what_is_new_is_not() -> None:
    gone, new = changes(BEFORE, {"echo": Quartiles(1.0, 1.0, 1.0)})
    assert (gone.worse, new.worse) == (True, False)
    assert (str(gone), str(new)) == ("MISSING: call, which was 1.50", "new: echo")


def test_a_baseline_says_what_got_worse(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    before = made_up({RAW_THREADS: [10.0, 10.0], OURS: [12.0, 12.5]})
    assert compare_with_baseline(before, file) == (
        "There is no baseline.json to compare with; --save-baseline makes it.",
        True,
    )
    save_baseline(before, file)
    text, same = compare_with_baseline(before, file)
    assert same
    assert "nothing differs" in text
    text, same = compare_with_baseline(made_up({RAW_THREADS: [10.0, 10.0], OURS: [20.0, 20.5]}), file)
    assert not same
    assert f"WORSE: {OURS}, {CALL}, x raw" in text
    assert set(kept(before)) == {f"{OURS}, {workload.name}, x raw" for workload in WORKLOADS}


@pytest.mark.parametrize(("before", "code"), [(1e9, 0), (1e-9, 1)])
def test_the_exit_code_of_a_comparison(
    before: float, code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "baseline.json"
    key = f"{OURS}, {CALL}, x raw"
    file.write_text(json.dumps({"measured": {"python": "", "quick": False}, "ratios": {key: [before] * 3}}))
    monkeypatch.setattr(command, "BASELINE", file)
    options = ["--regression", "--free", "--rounds", "1", "--turn", "0.1", "--kind", "calls"]
    assert main([*options, *OURS.split()]) == code


def test_the_baseline_is_of_contestants_that_exist() -> None:
    found = json.loads((ROOT / "benchmarks" / "baseline.json").read_text())["ratios"]
    assert len(found) > 100
    assert all(0 <= low <= median <= high for low, median, high in found.values())


# The page --------------------------------------------------------------------------------------------

PAGE = ROOT / "docs" / "benchmarks.md"


def test_the_page_is_renewed_between_its_marks() -> None:
    results = made_up({RAW_THREADS: [10.0], "Pyro5 msgpack threadpool tcp": [40.0], OURS: [12.0]})
    page = "By hand.\n\n<!-- results: calls -->\nold\n<!-- end -->\n\nBy hand, too.\n"
    text = render(page, results)
    assert text.startswith("By hand.\n")
    assert text.endswith("\nBy hand, too.\n")
    assert "old" not in text
    assert "| contestant | µs | x raw (quartiles) | x Pyro5 (quartiles) |" in text
    assert f"| **{OURS}** | 12.0 | 1.20 (1.20 - 1.20) | 0.30 (0.30 - 0.30) |" in text
    assert render(text, results) == text


def test_a_mark_of_something_else_is_an_error() -> None:
    with pytest.raises(ValueError, match="no block 'nothing'"):
        render("<!-- results: nothing -->\n<!-- end -->", made_up({OURS: [1.0]}))


def test_who_is_ahead_is_said() -> None:
    times = {
        RAW_THREADS: [1.0],
        "Pyro5 msgpack threadpool tcp": [40.0],
        "managers pickle threads tcp": [20.0],
    }
    assert list(losses(made_up({**times, OURS: [19.0]}))) == []
    found = list(losses(made_up({**times, OURS: [25.0]})))
    assert found == [
        f"{workload.name}: pyroplug takes 25.0 µs ({OURS}) at best; "
        "managers pickle threads tcp takes 0.80 of it"
        for workload in WORKLOADS
    ]


def test_the_documentation_shows_every_block_and_plot() -> None:
    text = PAGE.read_text()
    for name in BLOCKS:
        assert f"<!-- results: {name} -->" in text
    for plot in PAGE.with_suffix("").glob("*.svg"):
        assert f"(benchmarks/{plot.name})" in text


def test_plots_are_the_same_each_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    code = (
        "import pathlib, sys; from tests.test_benchmarks import *; from benchmarks.plots import draw; "
        "draw(made_up({RAW_THREADS: [10.0], OURS: [12.0]}), pathlib.Path(sys.argv[1]))"
    )
    for folder in ("one", "two"):
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / folder)], check=True, timeout=LIMIT, cwd=ROOT
        )
    one, two = ((tmp_path / folder / "latency.svg").read_bytes() for folder in ("one", "two"))
    assert one == two
    assert OURS.encode() in one


# Where the time goes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_the_parts_of_a_call(workload: Any) -> None:
    found = parts("msgpack", workload, seconds=0.001)
    assert [part.name for part in found if part.depth == 0] == ["client", "server"]
    assert all(part.microseconds > 0 for part in found if part.depth == 0)
