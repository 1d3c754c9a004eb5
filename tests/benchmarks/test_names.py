"""Both name servers are measured, answer rightly, and lose nothing. How fast they are, no test says."""

from __future__ import annotations

import json

import pytest

from benchmarks.names import ASKED, Row, main, table


def test_both_are_measured_and_a_crowd_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    few = ["--names", "200", "--rounds", "1", "--turn", "1", "--clients", "10", "--each", "3", "--json"]
    assert main(few) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["asked"] for row in document["rows"]] == [asked.name for asked in ASKED]
    assert all(taken > 0 for row in document["rows"] for taken in row["milliseconds"])
    assert set(document["crowd"]) == {"Pyro5", "pyroplug"}


def test_the_table() -> None:
    assert table([Row("lookup", (1.0, 0.5, 0.25), (1.0, 2.0, 4.0))]).splitlines()[2] == (
        "| lookup | 1.000 | 0.500 (2.0 x) | 0.250 (4.0 x) |"
    )
