"""Who takes part, that each gives right answers, and who is left out."""

from __future__ import annotations

import subprocess
import sys

import msgpack
import pytest

from benchmarks.__main__ import select
from benchmarks.contestant import Can, Contestant
from benchmarks.kinds import KINDS
from benchmarks.series import LeftOut, Plan
from benchmarks.workloads import RECORD

from .made_up import EVERYBODY, LIMIT, RAW_THREADS, ROOT


def test_contestants_have_names_of_their_own() -> None:
    assert len({each.name for each in EVERYBODY}) == len(EVERYBODY)


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
    code = f"from tests.benchmarks.made_up import verify_all; verify_all({contestant.name!r})"
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
        cwd=ROOT,
    )
    assert ended.returncode == 0, ended.stderr


def test_what_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    (rpyc,) = (each for each in EVERYBODY if each.who.library == "RPyC")
    monkeypatch.setattr(type(rpyc), "needs", ("no_such_module",))
    for kind in KINDS[:5]:
        outcome = kind.measure([rpyc], Plan(1, 0.001), False, lambda text: None)
        assert not outcome.series
        assert outcome.left_out == [LeftOut(rpyc.name, kind.name, "no_such_module is not installed")]
