"""The book that a client of the soak keeps: what is lost, or runs twice, is noticed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from soak.ledger import Ledger


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans())))
def test_nothing_is_wrong_where_nothing_is(calls: list[tuple[bool, bool, bool]]) -> None:
    """Each call is acknowledged or not, has run or not, and is told about now or later."""
    ledger = Ledger("client")
    now, later = [], []
    for acknowledged, ran, at_once in calls:
        number = ledger.begin()
        if acknowledged:
            ledger.must_run(number)
        if acknowledged or ran:
            (now if at_once else later).append((number, 1))
    ledger.settle(now, all_over=False)
    ledger.settle(later)
    assert ledger.wrong == []
    assert ledger.missing == 0
    assert ledger.uncertain == sum(not acknowledged and not ran for acknowledged, ran, _ in calls)


def test_what_is_lost() -> None:
    ledger = Ledger("client")
    first, second = ledger.begin(), ledger.begin()
    ledger.must_run(first)
    ledger.must_run(second)
    ledger.settle([(first, 1)], all_over=False)
    assert (ledger.wrong, ledger.missing) == ([], 1)
    ledger.settle([])
    assert ledger.wrong == ["client: call 2 was lost"]


def test_what_runs_twice_at_once_or_later() -> None:
    ledger = Ledger("client")
    first, second = ledger.begin(), ledger.begin()
    ledger.settle([(first, 2), (second, 1)])
    assert ledger.wrong == ["client: call 1 ran more than once"]
    ledger.settle([(second, 1)])
    assert ledger.wrong[1:] == ["client: call 2 ran more than once"]


def test_what_nobody_called() -> None:
    ledger = Ledger("client")
    ledger.settle([(5, 1)])
    assert len(ledger.wrong) == 1
