"""Those who are not accepted yet: how many there may be, and who has to go."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_servers import greeters
from pyroplug_servers.greeters import Crowding, Greeters, crowding

from pyroplug.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("100:30:1000", (100, 30, 1000)),
        (" 1 : 0 : 1 ", (1, 0, 1)),
        ("50", (50, 100, 50)),
        ("0", (0, 100, 0)),
    ],
)
def test_how_the_item_reads(text: str, rule: tuple[int, int, int]) -> None:
    assert crowding(text) == rule


@pytest.mark.parametrize("text", ["", "x", "1:2", "1:2:3:4", "10:101:20", "20:30:10", "-1", "1:-2:3", "1.5"])
def test_what_makes_no_sense(text: str) -> None:
    with pytest.raises(ConfigError, match="MAX_GREETINGS"):
        crowding(text)


def test_the_chance_of_a_refusal() -> None:
    rule = Crowding(100, 30, 1000)
    assert [rule.chance(count) for count in (0, 99, 100, 550, 1000, 5000)] == [0, 0, 0.3, 0.65, 1, 1]
    assert Crowding(0, 100, 0).chance(10_000) == 0
    assert [Crowding(5, 100, 5).chance(count) for count in (4, 5)] == [0, 1]


@given(st.integers(1, 1000), st.integers(0, 100), st.integers(0, 1000), st.integers(0, 3000))
def test_it_never_falls_when_more_come(begin: int, rate: int, more: int, count: int) -> None:
    rule = Crowding(begin, rate, begin + more)
    assert 0 <= rule.chance(count) <= rule.chance(count + 1) <= 1
    assert rule.chance(count) == 1 or count < begin + more


def link(number: int, **changes: Any) -> Any:
    usual: dict[str, Any] = {
        "number": number, "opened": float(number), "parked": True, "finished": False, "place": 0,
        "has_its_greeting_to_take": False, "session": SimpleNamespace(accepted=False),
    }  # fmt: skip
    made = type("Link", (), {})()
    made.__dict__.update(usual | changes)
    return made


@pytest.fixture
def three() -> tuple[Greeters, list[Any]]:
    made = Greeters(SimpleNamespace(HANDSHAKE_TIMEOUT=10.0, MAX_GREETINGS="2:100:3"))
    links = [link(number) for number in range(3)]
    for each in links:
        made.add(each)
    return made, links


def test_each_may_have_to_go(three: tuple[Greeters, list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    made, links = three
    drawn = []
    for quarter in range(4):
        monkeypatch.setattr(greeters, "_random", lambda quarter=quarter: quarter / 4)
        drawn.append(made.draw(spare=False))
    assert drawn == [*links, None]
    monkeypatch.setattr(greeters, "_random", lambda: 0.999)
    assert made.draw(spare=True) is links[2]


def test_who_is_in_a_threads_hands_does_not(
    three: tuple[Greeters, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, links = three
    monkeypatch.setattr(greeters, "_random", lambda: 0.0)
    links[0].parked = False
    assert made.draw(spare=False) is None
    assert made.draw(spare=True) is None


def test_the_accepted_do_not_count(three: tuple[Greeters, list[Any]]) -> None:
    made, links = three
    assert made.is_crowded(spare=False)
    for each in links:
        each.session.accepted = True
    links[2].has_its_greeting_to_take = True
    assert not made.is_crowded(spare=False)
    assert len(made) == 1


def test_whose_time_is_over(three: tuple[Greeters, list[Any]]) -> None:
    made, links = three
    assert made.next_due() == 10.0
    assert made.overdue(9.9) == []
    assert made.overdue(11.0) == links[:2]
    links[0].finished = True
    assert made.overdue(11.0) == links[1:2]
    assert made.next_due() == 11.0
    assert made.is_overdue(links[1], 11.0)
    assert not made.is_overdue(links[0], 11.0)
