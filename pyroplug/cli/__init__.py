"""The command ``pyroplug``, and how its subcommands are found; each of them has a file of its own.

Only this package imports rich, and only it and ``pyroplug.commands`` import click. A subcommand's file is
imported when the subcommand is used, and plugins are loaded only if one of theirs may be meant, or help is
wanted.
"""

from __future__ import annotations

import importlib
from typing import Any

import click

from pyroplug import __version__
from pyroplug.commands import errors_for_people

__all__ = ["BUILT_IN", "command_table", "complain", "main"]

BUILT_IN = {
    "check-config": "pyroplug.cli.check_config:check_config",
    "demo": "pyroplug.cli.demo:demo",
    "list-plugins": "pyroplug.cli.list_plugins:list_plugins",
    "new-plugin": "pyroplug.cli.new_plugin:new_plugin",
}
"""Our own subcommands: each one's module, and the command in it."""

_PLUGIN_COMMANDS = "pyroplug.plugin-commands"


def complain(text: str) -> None:
    """Tell people, on standard error, of something that is wrong and stops nothing."""
    click.echo(f"warning: {text}", err=True)


class _Root(click.Group):
    """Our own subcommands, and those of plugins once they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*BUILT_IN, *super().list_commands(ctx), *self._from_plugins(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        target = BUILT_IN.get(cmd_name)
        if target is None:
            return super().get_command(ctx, cmd_name) or self._from_plugins(ctx).get(cmd_name)
        module, _, name = target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        with errors_for_people():
            return super().invoke(ctx)

    def _from_plugins(self, ctx: click.Context) -> dict[str, click.Command]:
        """The subcommands of plugins: loaded once for a run of the command line."""
        if _PLUGIN_COMMANDS not in ctx.meta:
            from pyroplug.plugins import PluginSet

            scratch = command_table()
            with errors_for_people():
                PluginSet(warn=complain).add_commands(scratch)
            ctx.meta[_PLUGIN_COMMANDS] = {
                name: command for name, command in scratch.commands.items() if name not in BUILT_IN
            }
        found: dict[str, click.Command] = ctx.meta[_PLUGIN_COMMANDS]
        return found


def command_table() -> click.Group:
    """A group for plugins to add to, in which our own names are taken."""
    return click.Group("pyroplug", commands={name: click.Command(name) for name in BUILT_IN})


@click.group("pyroplug", cls=_Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pyroplug", message="%(prog)s %(version)s")
def main() -> None:
    """Python remote objects, made of plugins."""
