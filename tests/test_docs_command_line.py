"""``docs/command-line.md``: every subcommand has a heading, and every option of it a row; no other has.

So it is with the subcommands of built-in plugins. One that has subcommands has rows for these, and for
their options, in the same table.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from pyroplug.cli import BUILT_IN, main
from pyroplug.plugins import PluginSet


def of_plugins() -> dict[str, click.Command]:
    """Those of the built-in plugins, as they are when they are used."""
    plugins = PluginSet(warn=lambda text: None)
    plugins.add_commands(added := click.Group("pyroplug"))
    ours = [
        name for record in plugins.records if record.distribution == "pyroplug" for name in record.commands
    ]
    return {name: real(added.commands[name]) for name in ours}


def real(command: click.Command) -> click.Command:
    return command.make_context(command.name, [], resilient_parsing=True).command


PAGE = (Path(__file__).parent.parent / "docs" / "command-line.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = {"pyroplug": main} | {
    f"pyroplug {name}": command
    for name in BUILT_IN
    if (command := main.get_command(click.Context(main), name)) is not None
}
COMMANDS |= {f"pyroplug {name}": command for name, command in of_plugins().items()}


def rows(command: str) -> dict[str, str]:
    """What the section says of each option or argument, by its name."""
    (table,) = re.findall(r"^\| option \|.*\n\|---.*\n((?:\|.*\n)+)", SECTIONS[command], re.MULTILINE)
    cells = [line.strip("| ").split(" | ", 1) for line in table.splitlines()]
    return {
        name.replace(r"\|", "|"): text
        for first, text in cells
        for name in re.findall(r"`([^` ]+)[^`]*`", first)
    }


def names(parameter: click.Parameter) -> list[str]:
    """What is typed, or stands for what is typed."""
    if isinstance(parameter, click.Argument):
        return [(parameter.metavar or str(parameter.name)).strip("[].").upper()]
    return [*parameter.opts, *parameter.secondary_opts]


def subcommands(command: click.Command) -> list[str]:
    """What is typed after a command that has subcommands: these, and what they take."""
    found = command.commands if isinstance(command, click.Group) else {}
    return [*found, *(it for one in found.values() for parameter in one.params for it in names(parameter))]


def test_every_command_has_a_heading() -> None:
    assert list(SECTIONS) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_a_row(name: str) -> None:
    parameters = COMMANDS[name].params
    typed = [it for parameter in parameters for it in names(parameter)]
    typed += subcommands(COMMANDS[name]) if name != "pyroplug" else []
    helps = ["-h", "--help"] if name == "pyroplug" else []
    assert sorted(rows(name)) == sorted({*typed, *helps})


@pytest.mark.parametrize("name", COMMANDS)
def test_choices_and_defaults_are_named(name: str) -> None:
    for parameter in COMMANDS[name].params:
        text = rows(name)[names(parameter)[0]]
        if isinstance(parameter.type, click.Choice):
            assert set(parameter.type.choices) <= set(re.findall(r"`([^`]+)`", text)), parameter.name
        if isinstance(parameter, click.Option) and parameter.show_default:
            default = parameter.default
            shown = f"{default:g}" if isinstance(default, float) else str(default)
            assert shown in text, parameter.name
