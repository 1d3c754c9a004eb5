"""A round is a turn for each, and who cannot do it is left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.report import report
from benchmarks.results import evaluate
from benchmarks.rounds import WrongAnswer, measure_anew, measure_rounds
from benchmarks.series import LeftOut, Outcome, Plan, Series

from .made_up import CALL, EVERYBODY, MACHINE, OURS, RAW_THREADS


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


def test_only_what_is_wanted_has_turns() -> None:
    turns = [MadeUpTurn(RAW_THREADS, [1.0]), MadeUpTurn(OURS, [3.0])]
    outcome = measure_rounds(turns, Plan(1, 1.0, only=frozenset({(OURS, CALL)})), "calls", lambda text: None)
    assert [each.rounds for each in outcome.series] == [[3.0]]


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


def test_what_is_measured_anew_goes_on_with_the_same_series() -> None:
    failures = iter([None, OSError("not this time"), None])

    def measure(share: Plan) -> Outcome:
        turns = [MadeUpTurn(RAW_THREADS, [1.0, 2.0]), MadeUpTurn(OURS, [3.0, 4.0], next(failures))]
        return measure_rounds(turns, share, "bulk", lambda text: None)

    outcome = measure_anew(Plan(5, 1.0), 3, measure)
    assert [each.rounds for each in outcome.series] == [
        [1.0, 1.0, 2.0, 1.0, 2.0],
        [3.0, None, None, 3.0, 4.0],
    ]
    assert not outcome.left_out


@given(st.integers(1, 30), st.integers(1, 6), st.none() | st.floats(1.0, 100.0))
def test_a_plan_in_parts_is_the_plan(rounds: int, count: int, seconds: float | None) -> None:
    plan = Plan(rounds, 0.1, seconds, frozenset({(OURS, CALL)}))
    parts = plan.shares(count)
    assert sum(part.rounds for part in parts) == rounds
    assert all(part.rounds >= 1 and (part.turn, part.only) == (plan.turn, plan.only) for part in parts)
    assert len(parts) == min(count, rounds)
    if seconds is None:
        assert {part.seconds for part in parts} == {None}
    else:
        assert sum(part.seconds or 0 for part in parts) == pytest.approx(seconds)
