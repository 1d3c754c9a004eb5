"""SECURITY.md: each promise names tests that there are, and each default is the one it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pyroplug.api import config

from .test_feature_table import ROOT, is_test

TEXT = (ROOT / "SECURITY.md").read_text()
HEADER = "| promise | test |"


def promises() -> list[tuple[str, list[str]]]:
    """Each with its tests."""
    found = []
    for table in TEXT.split(HEADER)[1:]:
        for line in table.strip().splitlines()[1:]:
            if not line.startswith("|"):
                break
            promise, tests = line.strip("|").split("|")
            found.append((promise.strip(), re.findall(r"`([^`]+)`", tests)))
    return found


@pytest.mark.parametrize(("promise", "tests"), promises(), ids=lambda value: str(value)[:60])
def test_a_promise_is_kept_by_tests(promise: str, tests: list[str]) -> None:
    assert promise
    assert tests
    assert [test for test in tests if not is_test(test)] == []


def test_there_are_promises_of_every_kind() -> None:
    assert len(promises()) > 20
    assert TEXT.count(HEADER) == 7


def test_settings_are_items() -> None:
    named = re.findall(r"^\| (`[A-Z_`, ]+`) \|", TEXT, re.MULTILINE)
    items = [name for cell in named for name in re.findall(r"`(\w+)`", cell)]
    assert len(items) > 12
    assert [name for name in items if name not in config.items()] == []


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("HOST", "localhost"),
        ("HANDSHAKE_VALIDATORS", ()),
        ("GATEWAY_KEY", ""),
        ("GATEWAY_CORS", ""),
        ("GATEWAY_GET_CALLS", True),
        ("SSL", False),
        ("DAEMON_INFO", True),
        ("SEND_TRACEBACK", True),
        ("DETAILED_TRACEBACK", False),
        ("SERIALIZERS_ACCEPTED", ("serpent", "json", "msgpack")),
        ("MAX_MESSAGE_SIZE", 1 << 30),
        ("MAX_HANDSHAKE_SIZE", 64 << 10),
        ("HANDSHAKE_TIMEOUT", 10.0),
        ("COMMTIMEOUT", 0.0),
        ("RESOURCE_TRACKER", "weak"),
        ("ITER_STREAMS_PER_CLIENT", 1000),
    ],
)
def test_defaults_are_as_told(item: str, value: object) -> None:
    plain = type(config)(environ={})
    assert getattr(plain, item) == value


def test_nobody_unpickles_or_evaluates() -> None:
    forbidden = re.compile(
        r"^\s*(?:import|from) (?:pickle|shelve|dill|cloudpickle)\b|(?<![\w.])(?:eval|exec)\(", re.MULTILINE
    )
    sources = [*(ROOT / "pyroplug").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]
    assert len(sources) > 100
    found = [path.relative_to(ROOT) for path in sources if forbidden.search(path.read_text())]
    # The demo hands sockets to its own children, through the standard library's pipes.
    assert [str(path) for path in found] == ["pyroplug/demo/channels.py"]


def test_it_is_found() -> None:
    for page in (Path("README.md"), Path("docs/index.md")):
        assert "SECURITY.md" in (ROOT / page).read_text()
