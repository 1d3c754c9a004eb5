"""What plugins add to the command line: each alone, and nobody else's command is replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from pyroplug.hookspecs import hookimpl
from pyroplug.plugins import Kind, PluginSet, Status

from .fabricate import FakeSerializer, Site, Warnings, installed, offering, record_of, set_of


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with installed(tmp_path) as site:
        yield site


def adding(*names: str, then: Callable[[], object] = lambda: None) -> Any:
    """A plugin that adds commands, and then does something else."""

    @hookimpl
    def pyroplug_commands(cli: click.Group) -> None:
        for name in names:
            cli.add_command(click.Command(name, help=f"by {names}"))
        then()

    return SimpleNamespace(pyroplug_commands=pyroplug_commands)


def test_commands_are_added() -> None:
    cli = click.Group()
    plugins = set_of(a=adding("one", "two"), b=adding("three"), c=offering(serializer=[]))
    plugins.add_commands(cli)
    assert sorted(cli.commands) == ["one", "three", "two"]
    assert {record.status for record in plugins.records} == {Status.ACTIVE}


def test_the_hook_may_leave_out_its_argument() -> None:
    called = []
    plugin = SimpleNamespace(pyroplug_commands=hookimpl(lambda: called.append(1)))
    set_of(a=plugin).add_commands(click.Group())
    assert called == [1]


@pytest.mark.parametrize("error", [ValueError, SystemExit, click.UsageError])
def test_one_that_fails_adds_nothing_and_stops_nobody(error: Callable[[str], BaseException]) -> None:
    def fail() -> None:
        raise error("out of cheese")

    bad = adding("half", then=fail)
    bad.pyroplug_serializers = offering(serializer=[FakeSerializer()]).pyroplug_serializers
    warnings = Warnings()
    plugins = PluginSet(autoload=False, plugins={"bad": bad, "good": adding("one")}, warn=warnings.append)
    cli = click.Group()
    plugins.add_commands(cli)
    assert list(cli.commands) == ["one"]
    record = record_of(plugins, "bad")
    assert record.status is Status.FAILED
    assert "pyroplug_commands" in (record.problem or "")
    assert "PYROPLUG_BLOCK=bad" in (record.hint or "")
    assert warnings.about("out of cheese").startswith("plugin 'bad' (given by the program): ")
    assert plugins.names(Kind.SERIALIZER) == ("fake",)


def test_a_command_that_is_there_stays() -> None:
    mine = click.Command("one")
    cli = click.Group(commands={"one": mine})
    plugins = set_of(a=adding("one", "two"))
    plugins.add_commands(cli)
    assert cli.commands["one"] is mine
    assert "two" in cli.commands
    record = record_of(plugins, "a")
    assert record.status is Status.CLASH
    assert "the command 'one' belongs to pyroplug" in (record.problem or "")


def test_a_command_of_two_plugins_is_nobodys() -> None:
    warnings = Warnings()
    plugins = PluginSet(
        autoload=False, plugins={"a": adding("one", "spare"), "b": adding("one")}, warn=warnings.append
    )
    cli = click.Group()
    plugins.add_commands(cli)
    assert list(cli.commands) == ["spare"]
    assert "plugin 'b'" in (record_of(plugins, "a").problem or "")
    assert "PYROPLUG_BLOCK=a" in (record_of(plugins, "a").hint or "")
    assert "plugin 'a' (given by the program): " in "".join(warnings)
    assert len(warnings) == 2


def test_ours_keeps_its_command(site: Site) -> None:
    source = (
        "import click\n@hookimpl\n"
        "def pyroplug_commands(cli): cli.add_command(click.Command('one', help={!r}))\n"
    )
    site.plugin("ours", source.format("ours"), "pyroplug")
    site.plugin("aaa", source.format("theirs"), "acme")
    cli = click.Group()
    plugins = PluginSet(warn=Warnings().append)
    plugins.add_commands(cli)
    assert cli.commands["one"].help == "ours"
    assert record_of(plugins, "aaa").status is Status.CLASH


def test_a_command_that_is_removed_comes_back() -> None:
    @hookimpl
    def pyroplug_commands(cli: click.Group) -> None:
        cli.commands.clear()

    cli = click.Group(commands={"one": click.Command("one")})
    set_of(a=SimpleNamespace(pyroplug_commands=pyroplug_commands)).add_commands(cli)
    assert list(cli.commands) == ["one"]


def test_blocked_failed_and_unloaded_plugins_are_not_asked(site: Site) -> None:
    site.plugin("unloaded", "@hookimpl\ndef pyroplug_commands(cli): 1 / 0\n")
    cli = click.Group()
    plugins = PluginSet(load=False)
    plugins.add_commands(cli)
    blocked = PluginSet(autoload=False, plugins={"a": adding("one")}, block=["a"])
    blocked.add_commands(cli)
    broken = adding("two")
    broken.pyroplug_typo = hookimpl(lambda: None)
    set_of(a=broken).add_commands(cli)
    assert cli.commands == {}
    assert plugins.records[0].status is Status.NOT_LOADED
