"""Programs that were written for Pyro5 do the same when their imports are changed, and on mixed networks."""

from __future__ import annotations

from pathlib import Path

import pytest

from .running_programs import PROGRAMS, REAL, WAYS, run_all, run_alone, uses_api_alone

ON_BOTH_SERVERS = ["bank.py", "beside.py", "jobs.py", "ownloop.py"]
ON_THREADS = ["careful.py", "chat.py", "hotel.py", "shapes", "simple.py", "store.py", "traces.py"]
RUNS = [(name, "thread") for name in ON_BOTH_SERVERS + ON_THREADS]
RUNS += [(name, "multiplex") for name in ON_BOTH_SERVERS]

EXPECTED_TROUBLE = {"chat.py": "the callback"}
"""What a program may write to standard error: pyroplug tells of failed callbacks where nobody logs."""

DIFFERENCES = {
    "raises own": ("SecurityError, True", "RemoteError, True"),
    "raises nested": ("ConnectionClosedError, False", "ConnectionClosedError, True"),
    "raises exit": ("ConnectionClosedError, False", "RemoteError, True"),
    "callback": ("ValueError, ConnectionClosedError", "ValueError, 1"),
    "falsy instance": ("1, 2", "1, 1"),
    "list of an object with items alone": ("AttributeError", "['a', 'b']"),
    "refused by the client": ("LookupError, 2", "LookupError, LookupError"),
    "iterator": ("1, ValueError, PyroError", "1, ValueError, StopIteration"),
    "blob in json": ("'params'", "[1]"),
    "ordered dictionary in serpent": ("SerializeError", "['a']"),
    "whole numbers as keys in msgpack": ("ValueError", "{1: 2}"),
    "marshal": ("1, AttributeError", "HandshakeError, HandshakeError"),
    "batch that fails": ("TypeError", "SerializeError"),
    "the same batch again": ("TypeError", "[2]"),
    "annotations of a nested call": ("None, ['NEST']", "None, []"),
    "uri with tags in a set": ("TypeError", "1"),
    "port that does not exist": ("70000", "PyroError"),
    "too large": ("ProtocolError", "MessageTooLargeError"),
    "combine": ("TypeError", "None"),
    "after the shutdown": ("2", "ConnectionClosedError"),
    "closed daemon": ("AttributeError", "PyroError"),
}
"""What ``differences.py`` prints: with Pyro5, and with pyroplug. The page on moving explains each."""


def test_every_program_is_run() -> None:
    found = {path.name for path in PROGRAMS.iterdir() if path.suffix == ".py" or (path / "main.py").exists()}
    assert found == {*ON_BOTH_SERVERS, *ON_THREADS, "differences.py"}


@pytest.mark.parametrize(("name", "server_type"), RUNS)
def test_a_program_does_the_same_when_it_is_moved(name: str, server_type: str, tmp_path: Path) -> None:
    ways = [way for way in WAYS if way.server != "other api" or uses_api_alone(name)]
    outcomes = run_all(name, [REAL, *ways], server_type, tmp_path)
    real = outcomes[REAL]
    assert (real.codes, real.trouble) == ((0, 0), "")
    assert real.client.count("\n") > 3
    for way in ways:
        moved = outcomes[way]
        assert moved.codes == (0, 0), f"{way}: {moved.trouble}"
        assert (moved.client, moved.server) == (real.client, real.server), f"{way}: {moved.trouble}"
        assert EXPECTED_TROUBLE.get(name, "") in moved.trouble or "as written" in way
        assert name in EXPECTED_TROUBLE or not moved.trouble, way


def test_the_api_alone_is_enough_for_most() -> None:
    assert {name for name in ON_THREADS + ON_BOTH_SERVERS if not uses_api_alone(name)} == {
        "shapes",
        "simple.py",
        "traces.py",
    }


@pytest.mark.parametrize("style", ["as written", "other package"])
def test_the_differences_are_those_that_are_meant(style: str, tmp_path: Path) -> None:
    lines = run_alone("differences.py", style, tmp_path).splitlines()
    found = dict(line.split(": ", 1) for line in lines)
    assert found == {what: told[style != "as written"] for what, told in DIFFERENCES.items()}
