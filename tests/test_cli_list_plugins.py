"""``pyroplug list-plugins``: the table, the document, the filters, and the exit status."""

from __future__ import annotations

import itertools
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
from pyroplug.plugins import Kind

from .fabricate import Site, installed, serializer_source
from .test_cli import run, start

TRANSPORT = """
class Pipe:
    name, scheme = "pipe", "pipe"
    def listen(self, address, settings): pass
    def connect(self, address, settings, timeout): pass
    def adopt(self, channel, settings): pass
    def loopback_address(self, folder): pass
    def loopback_pair(self): pass

@hookimpl
def pyroplug_transports():
    return [Pipe()]
"""
needs_terminal = pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no pseudo-terminals")
LONG = "of this and of that and of much else besides " * 8


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with installed(tmp_path) as site:
        yield site


@pytest.fixture
def mixed(site: Site) -> Site:
    """A good, a broken, a blocked and two clashing plugins."""
    site.plugin("cbor", serializer_source("cbor", 70) + TRANSPORT, "acme-cbor", "1.2")
    site.plugin("broken", f"raise ValueError({LONG!r})", "acme-broken", "0.1")
    site.plugin("one", serializer_source("one", 80), "first-dist")
    site.plugin("two", serializer_source("two", 80), "second-dist")
    site.plugin("out", serializer_source("out", 90), "blocked-dist")
    return site


def listed(*arguments: str) -> dict[str, Any]:
    code, out, _ = run("list-plugins", "--json", *arguments)
    assert code == 0
    return {plugin["name"]: plugin for plugin in json.loads(out)["plugins"]}


# The table -------------------------------------------------------------------------------------------


def test_a_line_a_plugin_when_piped(mixed: Site) -> None:
    code, out, _ = run("list-plugins", "--block", "out")
    assert code == 0
    heading, *rows = out.splitlines()
    assert re.split(r"\s{2,}", heading) == ["NAME", "STATUS", "PROVIDES", "DISTRIBUTION", "PROBLEM"]
    cells = {row.split()[0]: re.split(r"\s{2,}", row) for row in rows}
    assert list(cells) == ["broken", "cbor", "one", "out", "two"]
    provides = "serializer cbor (id 70); transport pipe (./pipe:)"
    assert cells["cbor"] == ["cbor", "active", provides, "acme-cbor 1.2"]
    assert cells["broken"][:3] == ["broken", "failed", "acme-broken 0.1"]
    assert LONG.strip() in cells["broken"][3]
    assert cells["one"][1:3] == ["clash", "serializer one (id 80) [clash]"]
    assert cells["out"][1:] == ["blocked", "blocked-dist 1.0", "blocked by 'out'"]
    assert "\x1b" not in out


def test_what_is_of_one_kind_is_listed_together(site: Site) -> None:
    source = serializer_source("a", 70) + "\nclass More(Fake): name, wire_id = 'b', 71\n"
    site.plugin("both", source.replace("[Fake()]", "[Fake(), More()]") + TRANSPORT)
    assert "serializer a (id 70), b (id 71); transport pipe (./pipe:)" in run("list-plugins")[1]


def test_aliases_are_shown(site: Site) -> None:
    source = """
class Pool:
    name, aliases = "pool", frozenset({"thread", "old"})
    def create(self, host, listeners, connections, settings): pass

@hookimpl
def pyroplug_servers():
    return [Pool()]
"""
    site.plugin("pool", source)
    assert "server model pool (also old, thread)" in run("list-plugins")[1]
    (provided,) = listed()["pool"]["provides"]
    assert provided["aliases"] == ["old", "thread"]


def test_a_column_without_content_is_left_out(site: Site) -> None:
    site.plugin("cbor", serializer_source("cbor"))
    heading = run("list-plugins")[1].splitlines()[0]
    assert heading.split() == ["NAME", "STATUS", "PROVIDES", "DISTRIBUTION"]


def test_complaints_are_told_in_full_on_standard_error(mixed: Site) -> None:
    _, out, err = run("list-plugins", "--block", "nonsense")
    assert "hint:" not in out
    assert err.count("warning: ") == 4
    assert f"warning: plugin 'broken' (acme-broken 0.1): its import raised ValueError: {LONG.strip()}" in err
    assert "hint: block one of them: PYROPLUG_BLOCK=one or PYROPLUG_BLOCK=two" in err
    assert "'nonsense' is to be blocked" in err


def test_nothing_is_installed(site: Site) -> None:
    assert run("list-plugins") == (0, "", "warning: no plugin is installed\n")


@needs_terminal
@pytest.mark.parametrize("columns", [80, 50])
def test_on_a_terminal_words_are_wrapped_and_never_lost(mixed: Site, columns: int) -> None:
    lines = on_terminal(mixed, columns)
    assert max(map(len, lines)) <= columns
    assert not [line for line in lines if "…" in line or "..." in line]
    shown = re.sub(r"\s", "", "".join(lines))
    for word in ("acme-cbor", "acme-broken", "besides", "active", "clash", "./pipe:"):
        letters = ".*?".join(map(re.escape, word))
        assert re.search(letters, shown), word
    if columns == 80:
        assert any(line.startswith("cbor ") and "active" in line for line in lines)


@needs_terminal
def test_on_a_terminal_a_problem_stands_below_its_plugin(mixed: Site) -> None:
    heading, first, *rest = on_terminal(mixed, 80)
    assert heading.split() == ["NAME", "STATUS", "PROVIDES", "DISTRIBUTION"]
    assert first.split() == ["broken", "failed", "acme-broken", "0.1"]
    problem = list(itertools.takewhile(lambda line: line.startswith("  "), rest))
    assert " ".join(line.strip() for line in problem).startswith(
        f"its import raised ValueError: {LONG.strip()}"
    )
    assert max(map(len, problem)) > 70
    row = rest.index(next(line for line in rest if line.startswith("cbor")))
    cells = [re.split(r"\s{2,}", line) for line in rest[row : row + 2]]
    assert cells == [
        ["cbor", "active", "serializer cbor (id 70)", "acme-cbor 1.2"],
        ["", "transport pipe (./pipe:)"],
    ]


def on_terminal(site: Site, columns: int) -> list[str]:
    """The lines that a terminal of that width shows, without colours."""
    master, slave = os.openpty()
    source = Path(pyroplug.__file__).parent.parent
    environment = {
        "PYTHONPATH": f"{site.folder}:{source}",
        "PYROPLUG_BLOCK": "pyroplug",
        "COLUMNS": str(columns),
        "TERM": "xterm",
    }
    command = [sys.executable, "-m", "pyroplug", "list-plugins"]
    with os.fdopen(master, "rb", buffering=0) as reader:
        process = subprocess.Popen(command, stdout=slave, stderr=subprocess.DEVNULL, env=environment)
        os.close(slave)
        text = _everything(reader)
        assert process.wait(60) == 0
    return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in text.splitlines()]


def _everything(reader: Any) -> str:
    pieces = []
    while True:
        try:
            piece = reader.read(65536)
        except OSError:  # how Linux reports that the other end of a terminal is closed
            break
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces).decode()


# The document ----------------------------------------------------------------------------------------


def test_the_document_has_every_fact(mixed: Site) -> None:
    code, out, err = run("list-plugins", "--json")
    assert code == 0
    assert err
    document = json.loads(out)
    assert (document["schema"], document["pyroplug"]) == (1, pyroplug.__version__)
    assert [plugin["name"] for plugin in document["plugins"]] == ["broken", "cbor", "one", "out", "two"]
    assert document["plugins"][1].pop("import_seconds") > 0
    assert document["plugins"][1] == {
        "name": "cbor",
        "status": "active",
        "target": "acme_cbor_cbor_made_up",
        "distribution": "acme-cbor",
        "version": "1.2",
        "problem": None,
        "hint": None,
        "file": str(mixed.folder / "acme_cbor_cbor_made_up.py"),
        "commands": [],
        "provides": [
            {
                "kind": "serializer",
                "name": "cbor",
                "key": "id 70",
                "status": "active",
                "problem": None,
                "hint": None,
                "wire_id": 70,
                "carries": [],
            },
            {
                "kind": "transport",
                "name": "pipe",
                "key": "./pipe:",
                "status": "active",
                "problem": None,
                "hint": None,
                "scheme": "pipe",
            },
        ],
    }
    assert {plugin["status"] for plugin in document["plugins"]} == {"active", "failed", "clash"}
    assert document["plugins"][2]["provides"][0]["status"] == "clash"
    assert document["plugins"][0]["problem"]
    assert document["plugins"][0]["hint"]


def test_an_empty_document(site: Site) -> None:
    assert listed() == {}


# All about each --------------------------------------------------------------------------------------

FULL = """
from pyroplug.contracts import ConfigItem
import click

@hookimpl
def pyroplug_config_items():
    return [
        ConfigItem("CBOR_DEPTH", 40, "levels of nesting", minimum=1),
        ConfigItem("CBOR_KEY", "hidden", "a key", secret=True),
        ConfigItem("CBOR_BAD", {}, "of no type"),
    ]

@hookimpl
def pyroplug_commands(cli):
    cli.add_command(click.Command("cbor-dump"))
    cli.add_command(click.Command("list-plugins"))
"""


def facts(out: str, name: str) -> list[tuple[str, str]]:
    """What is told of one plugin: the state, and then the facts with their labels."""
    (block,) = [block for block in out.split("\n\n") if block.startswith(f"{name}: ")]
    heading, *lines = block.splitlines()
    pairs = [re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in lines]
    return [("status", heading.partition(": ")[2]), *((label, text) for label, text in pairs)]


def test_all_is_told_about_a_plugin(site: Site) -> None:
    module = site.plugin("cbor", serializer_source("cbor") + FULL, "acme-cbor", "1.2")
    code, out, err = run("list-plugins", "--verbose")
    assert code == 0
    assert err
    told = facts(out, "cbor")
    (took,) = [text for label, text in told if label == "import"]
    assert re.fullmatch(r"\d+\.\d ms", took)
    assert [pair for pair in told if pair[0] not in ("import", "problem", "hint")] == [
        ("status", "failed"),
        ("distribution", "acme-cbor 1.2"),
        ("entry point", f"cbor = {module}"),
        ("file", str(site.folder / f"{module}.py")),
        ("serializer", "cbor (id 70)"),
        ("config item", "CBOR_DEPTH = 40: levels of nesting"),
        ("config item", "CBOR_KEY = ***: a key"),
        ("config item", "CBOR_BAD [failed]"),
        ("command", "pyroplug cbor-dump"),
    ]
    assert "'list-plugins' belongs to pyroplug" in dict(told)["problem"]
    assert "CBOR_BAD" in dict(told)["problem"]
    assert dict(told)["hint"]
    plugin = listed()["cbor"]
    assert plugin["commands"] == ["cbor-dump"]
    assert plugin["provides"][1]["default"] == 40


def test_the_import_of_one_plugin_is_measured(site: Site) -> None:
    site.plugin("slow", "import time\ntime.sleep(0.05)\n" + serializer_source("slow"), "slow")
    site.plugin("quick", serializer_source("quick", 71), "quick")
    plugins = listed()
    assert plugins["slow"]["import_seconds"] >= 0.05 > plugins["quick"]["import_seconds"] > 0


def test_where_an_instance_comes_from(site: Site) -> None:
    path = site.module(
        "made_up", "class P:\n    @hookimpl\n    def pyroplug_serializers(self): return []\nIT = P()\n"
    )
    site.distribution("acme", {"it": "made_up:IT"})
    assert dict(facts(run("list-plugins", "--verbose")[1], "it"))["file"] == str(path)


def test_what_is_not_loaded_has_no_file_and_no_time(mixed: Site) -> None:
    told = dict(facts(run("list-plugins", "--verbose", "--block", "out")[1], "out"))
    assert told.keys() == {"status", "distribution", "entry point", "problem", "hint"}
    told = dict(facts(run("list-plugins", "--verbose")[1], "broken"))
    assert told.keys() == {"status", "distribution", "entry point", "problem", "hint"}
    told = dict(facts(run("list-plugins", "--verbose", "--no-load")[1], "cbor"))
    assert told.keys() == {"status", "distribution", "entry point"}


def test_all_is_told_of_one_kind(mixed: Site) -> None:
    out = run("list-plugins", "--verbose", "--kind", "transport")[1]
    assert [label for label, _ in facts(out, "cbor")] == [
        "status",
        "distribution",
        "entry point",
        "file",
        "import",
        "transport",
    ]


def test_commands_are_listed(site: Site) -> None:
    site.plugin("cbor", FULL)
    assert re.search(r"2 config items; command cbor-dump", run("list-plugins")[1])


def test_configuration_items_are_counted_but_for_those_that_fail(site: Site) -> None:
    site.plugin("cbor", FULL)
    listed = run("list-plugins")[1]
    assert "2 config items" in listed
    assert "config item CBOR_BAD [failed]" in listed
    assert "CBOR_DEPTH" not in listed
    spelt_out = run("list-plugins", "--kind", "config-item")[1]
    assert re.search(r"config item CBOR_DEPTH, .*CBOR_BAD \[failed\]", spelt_out)


# Filters ---------------------------------------------------------------------------------------------


def test_one_kind_only(mixed: Site) -> None:
    plugins = listed("--kind", "transport")
    assert list(plugins) == ["cbor"]
    assert [it["name"] for it in plugins["cbor"]["provides"]] == ["pipe"]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_can_be_asked_for(site: Site, kind: Kind) -> None:
    expected = (0, "", f"warning: no plugin provides a {kind.slug}\n")
    assert run("list-plugins", "--kind", kind.slug) == expected


def test_an_unknown_kind(site: Site) -> None:
    code, _, err = run("list-plugins", "--kind", "teapot")
    assert code == 2
    assert "serializer" in err


def test_block_may_be_repeated(mixed: Site) -> None:
    plugins = listed("--block", "cbor", "--block", "first-dist:one")
    assert {name: plugin["status"] for name, plugin in plugins.items()} == {
        "broken": "failed",
        "cbor": "blocked",
        "one": "blocked",
        "out": "active",
        "two": "active",
    }


def test_blocked_code_does_not_run_even_for_its_commands(site: Site) -> None:
    site.plugin("loud", "print('LOUD')\n@hookimpl\ndef pyroplug_commands(cli): print('LOUD')\n")
    assert run("list-plugins")[1].count("LOUD") == 2
    assert start(site, "list-plugins", "--block", "loud").stdout.count("LOUD") == 0


@pytest.mark.parametrize("options", [[], ["--json"], ["--check"]])
def test_no_code_runs_without_loading(site: Site, options: list[str]) -> None:
    trace = site.folder / "trace"
    site.plugin("loud", f"open({str(trace)!r}, 'w').close()\n@hookimpl\ndef pyroplug_commands(cli): 1 / 0\n")
    result = start(site, "list-plugins", "--no-load", *options)
    assert result.returncode == 0
    assert "loud" in result.stdout
    assert "not loaded" in result.stdout
    assert not trace.exists()


def test_kinds_are_unknown_without_loading(site: Site) -> None:
    code, _, err = run("list-plugins", "--no-load", "--kind", "serializer")
    assert code == 2
    assert "--kind" in err


# The exit status -------------------------------------------------------------------------------------


def test_check_passes(site: Site) -> None:
    site.plugin("cbor", serializer_source("cbor"))
    site.plugin("out", "1 / 0", "other")
    assert run("list-plugins", "--check", "--block", "out")[0] == 0


@pytest.mark.parametrize("options", [[], ["--json"], ["--kind", "transport"]])
def test_check_fails_for_a_broken_plugin(site: Site, options: list[str]) -> None:
    site.plugin("bad", "1 / 0")
    assert run("list-plugins", *options)[0] == 0
    assert run("list-plugins", "--check", *options)[0] == 1
    assert start(site, "list-plugins", "--check", *options).returncode == 1


def test_check_fails_for_a_clash(site: Site) -> None:
    site.plugin("one", serializer_source("one", 80), "a")
    site.plugin("two", serializer_source("two", 80), "b")
    assert run("list-plugins", "--check")[0] == 1
    assert run("list-plugins", "--check", "--block", "two")[0] == 0


def test_check_fails_for_names_that_clash_without_loading(site: Site) -> None:
    site.distribution("a", {"cbor": "x"})
    site.distribution("b", {"cbor": "y"})
    assert run("list-plugins", "--no-load", "--check")[0] == 1


def test_check_fails_for_a_command_that_cannot_be_added(site: Site) -> None:
    site.plugin("bad", "@hookimpl\ndef pyroplug_commands(cli): 1 / 0\n")
    code, out, err = run("list-plugins", "--check")
    assert code == 1
    assert "failed" in out
    assert "pyroplug_commands raised ZeroDivisionError" in err
