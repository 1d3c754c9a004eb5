"""What the plugin offers, and that it costs nothing to offer it."""

from __future__ import annotations

import subprocess
import sys
from typing import ClassVar

import click
import pytest
from pyroplug_tools import COMMANDS

from pyroplug.cli import main
from pyroplug.plugins import PluginSet
from pyroplug.testing import PluginSuite
from tests.plugins.tools.programs import typed


class TestPlugin(PluginSuite):
    plugin = "tools"
    provides: ClassVar[dict[str, list[str]]] = {}


def real(name: str) -> click.Command:
    """The command that is imported when it is used."""
    found = main.get_command(click.Context(main), name)
    assert found is not None
    return found.make_context(name, [], resilient_parsing=True).command


def test_its_commands_are_listed() -> None:
    (record,) = [record for record in PluginSet().records if record.name == "tools"]
    cli = click.Group()
    plugins = PluginSet()
    plugins.add_commands(cli)
    (record,) = [record for record in plugins.records if record.name == "tools"]
    assert list(record.commands) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_list_says_of_a_command_is_what_it_says_itself(name: str) -> None:
    command = real(name)
    assert command.name == name
    assert command.get_short_help_str(80) == COMMANDS[name]
    code, out, err = typed(name, "--help")
    assert (code, err) == (0, "")
    assert COMMANDS[name].split()[0] in out


@pytest.mark.parametrize("arguments", [["list-plugins"], ["--help"]])
def test_listing_imports_no_command(arguments: list[str]) -> None:
    code = (
        f"import sys; sys.argv = ['pyroplug', *{arguments!r}]\nfrom pyroplug.cli import main\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    loaded = {name for name in out.splitlines()[-1].split() if name.startswith("pyroplug_tools")}
    assert loaded == {"pyroplug_tools"}
