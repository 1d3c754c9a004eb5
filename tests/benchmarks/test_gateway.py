"""The gateways are measured side by side, and the answers are right. How fast they are, no test says."""

from __future__ import annotations

import json

import pytest

from benchmarks.gateway import Row, main, table


def test_a_short_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rounds", "1", "--turn", "20", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["gateway"], row["connection"], row["called"]) for row in rows] == [
        (gateway, connection, called)
        for called in ("Pyro5", "pyroplug")
        for gateway, connection in (("Pyro5", "one a call"), ("pyroplug", "one a call"), ("pyroplug", "kept"))
    ]
    assert all(row["calls"] > 0 for row in rows)


def test_the_table() -> None:
    text = table([Row("pyroplug", "kept", "Pyro5", 1234.4, 5.26)])
    assert text.splitlines()[2] == "| pyroplug | kept | Pyro5 | 1,234 | 5.3 x |"
