"""``pyroplug check-config``: the table, the document, the filters, and the exit status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pyroplug
from pyroplug.config import KERNEL_ITEMS, Configuration
from pyroplug.wire import PROTOCOL_VERSION

from .fabricate import Site, installed
from .test_cli import run, start
from .test_cli_list_plugins import needs_terminal

WHEELS = """
from pyroplug.contracts import ConfigItem

@hookimpl
def pyroplug_config_items():
    return [
        ConfigItem("WHEELS", 4, "number of wheels", 1),
        ConfigItem("KEY", "", "what nobody sees", secret=True),
    ]
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with installed(tmp_path) as site:
        site.plugin("car", WHEELS)
        yield site


def rows(*arguments: str) -> dict[str, list[str]]:
    """The cells of each item's line."""
    code, out, _ = run("check-config", *arguments)
    assert code == 0
    table = out.rpartition("\n\n")[2].splitlines()
    assert re.split(r"\s{2,}", table[0])[:4] == ["ITEM", "VALUE", "FROM", "BY"]
    return {line.split()[0]: re.split(r"\s{2,}", line) for line in table[1:]}


def document(*arguments: str) -> dict[str, Any]:
    code, out, _ = run("check-config", "--json", *arguments)
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


# The table -------------------------------------------------------------------------------------------


def test_versions_and_places_come_first(site: Site) -> None:
    code, out, err = run("check-config")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert f"pyroplug {pyroplug.__version__}" in lines[0]
    assert str(Path(pyroplug.__file__).parent) in lines[0]
    assert f"Python {sys.version.split()[0]}" in lines[1]
    assert str(PROTOCOL_VERSION) in lines[2]
    assert lines[3] == ""


def test_a_line_an_item_sorted(site: Site) -> None:
    found = rows()
    assert list(found) == sorted([*(item.name for item in KERNEL_ITEMS), "KEY", "WHEELS"])
    assert found["WHEELS"] == ["WHEELS", "4", "default", "car"]
    assert found["COMMTIMEOUT"] == ["COMMTIMEOUT", "0.0", "default", "pyroplug"]
    assert found["BROADCAST_ADDRS"][1] == "<broadcast>, 0.0.0.0"


def test_what_the_environment_changes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYRO_HOST", "example.org")
    monkeypatch.setenv("PYROPLUG_WHEELS", "4")
    found = rows()
    told = "PYRO_HOST; the default is localhost"
    assert found["HOST"] == ["HOST", "example.org", "environ", "pyroplug", told]
    assert found["WHEELS"] == ["WHEELS", "4", "environ", "car", "PYROPLUG_WHEELS"]


def test_secrets_are_not_shown(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYRO_KEY", "sesame")
    for arguments in ([], ["--json"], ["KEY"]):
        code, out, err = run("check-config", *arguments)
        assert (code, err) == (0, "")
        assert "sesame" not in out
        assert "***" in out
    monkeypatch.delenv("PYRO_KEY")
    assert rows("KEY")["KEY"][1] == "''"


def test_control_characters_reach_no_terminal(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYRO_HOST", "\x1b[2Jevil\n")
    code, out, _ = run("check-config")
    assert code == 0
    assert "\x1b" not in out
    assert r"'\x1b[2Jevil\n'" in out


@needs_terminal
def test_it_fits_a_terminal_of_80_columns() -> None:
    """With all that is really installed."""
    master, slave = os.openpty()
    with os.fdopen(slave, "wb") as terminal:
        process = subprocess.Popen(
            [sys.executable, "-mpyroplug", "check-config"],
            stdout=terminal,
            stderr=subprocess.PIPE,
            env={**os.environ, "COLUMNS": "80", "TERM": "dumb", "PYRO_HOST": "x" * 100},
        )
    out = b""
    with os.fdopen(master, "rb", buffering=0) as reading, process:
        while True:
            try:
                piece = reading.read(65536)
            except OSError:  # how the end looks
                break
            if not piece:
                break
            out += piece
        assert process.stderr is not None
        assert process.stderr.read() == b""
    lines = re.sub(r"\x1b\[[0-9;]*m", "", out.decode()).splitlines()
    table = lines[lines.index("") + 1 :]
    assert max(map(len, table)) <= 80
    names = [line.split()[0] for line in table if line.split()]
    assert {"MAX_HANDSHAKE_SIZE", "SERIALIZERS_ACCEPTED", "THREADPOOL_SIZE_MIN"} <= {*names}
    assert sum(line.count("x" * 10) for line in table) > 1
    assert "".join(table).count("x") >= 100


# The document ----------------------------------------------------------------------------------------


def test_the_document_has_every_fact(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYRO_WHEELS", "6")
    found = document()
    assert (found["schema"], found["pyroplug"]) == (1, pyroplug.__version__)
    assert Path(found["location"]) == Path(pyroplug.__file__).parent
    assert found["python"].endswith(sys.version.split()[0])
    assert (found["protocol"], found["complaints"]) == (PROTOCOL_VERSION, [])
    items = {item["name"]: item for item in found["items"]}
    assert list(items) == sorted(items)
    assert items["WHEELS"] == {
        "name": "WHEELS",
        "type": "int",
        "value": 6,
        "default": 4,
        "variable": "PYRO_WHEELS",
        "plugin": "car",
        "summary": "number of wheels",
        "secret": False,
        "problem": None,
    }
    assert items["SERIALIZERS_ACCEPTED"]["value"] == ["serpent", "json", "msgpack"]
    assert (items["NATHOST"]["value"], items["NATHOST"]["type"]) == (None, "str or None")
    assert items["HOST"]["plugin"] is None


# Filters ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names", [["HOST", "WHEELS"], ["wheels", "PYRO_HOST"], ["PYROPLUG_WHEELS", "host", "HOST"]]
)
def test_items_by_name(site: Site, names: list[str]) -> None:
    assert list(rows(*names)) == ["HOST", "WHEELS"]
    assert "wire protocol" not in run("check-config", *names)[1]
    assert [item["name"] for item in document(*names)["items"]] == ["HOST", "WHEELS"]


def test_an_unknown_name(site: Site) -> None:
    code, out, err = run("check-config", "WHEEL")
    assert (code, out) == (2, "")
    assert err == "error: there is no configuration item 'WHEEL'\nhint: did you mean WHEELS?\n"


def test_a_blocked_plugin_brings_nothing(site: Site) -> None:
    assert "WHEELS" in rows()
    assert "WHEELS" not in rows("--block", "car")


def test_what_a_program_has_set_is_not_shown(site: Site) -> None:
    pyroplug.config.config.HOST = "elsewhere"
    try:
        assert rows("HOST")["HOST"][1] == "localhost"
    finally:
        pyroplug.config.config.reset(use_environment=False)


# What is wrong ---------------------------------------------------------------------------------------


def test_complaints_go_to_standard_error(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYRO_WHEELS", "none")
    monkeypatch.setenv("PYRO_WHEEL", "4")
    code, out, err = run("check-config", "HOST", "WHEELS")
    assert code == 0
    assert "(unusable)" in out
    assert "PYRO_WHEELS; the default is 4" in out
    first, hint, second = err.splitlines()
    assert first == (
        "warning: configuration item WHEELS: environment variable PYRO_WHEELS: "
        "'none' is not a whole number (int) of at least 1"
    )
    assert hint.startswith("hint: WHEELS: number of wheels")
    assert second.startswith("warning: environment variable PYRO_WHEEL: ")
    found = document()
    assert len(found["complaints"]) == 2
    (wheels,) = [item for item in found["items"] if item["name"] == "WHEELS"]
    assert wheels["value"] is None
    assert "PYRO_WHEELS" in wheels["problem"]


@pytest.mark.parametrize("options", [[], ["--json"], ["HOST"]])
@pytest.mark.parametrize(
    ("name", "text"), [("PYRO_WHEEL", "4"), ("PYRO_WHEELS", "0"), ("PYROPLUG_NATPORT", "x")]
)
def test_check_fails_for_a_bad_variable(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str, text: str, options: list[str]
) -> None:
    assert run("check-config", "--check", *options)[0] == 0
    monkeypatch.setenv(name, text)
    assert run("check-config", *options)[0] == 0
    assert run("check-config", "--check", *options)[0] == 1


def test_a_broken_plugin_is_complained_of(site: Site) -> None:
    site.plugin("bad", "1 / 0", "other")
    code, out, err = run("check-config")
    assert code == 0
    assert "WHEELS" in out
    assert "ZeroDivisionError" in err


def test_it_runs_as_a_program(site: Site) -> None:
    ended = start(site, "check-config", "--check", "wheels")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[1].split() == ["WHEELS", "4", "default", "car"]


def test_it_shows_what_a_program_would_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYRO_COMMTIMEOUT", "2.5")
    values = {item["name"]: item["value"] for item in document()["items"]}
    expected = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in Configuration().as_dict().items()
    }
    assert values == expected
    assert values["COMMTIMEOUT"] == 2.5
