"""Commands for daily use: call an object, look at one, serve one, and an echo server to try things with.

Here is what the plugin offers; each command has a file of its own in ``commands``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyroplug.hookspecs import hookimpl

if TYPE_CHECKING:
    import click

__all__ = ["COMMANDS"]

COMMANDS = {
    "call": "Call a method of an object, or read a property.",
    "inspect": "Show what an object has to offer, and how it is reached.",
    "serve": "Serve a class or an object without writing a program.",
    "echo": "Run a server that says everything again, to try things with.",
}
"""The subcommands, and what lists of commands say of them."""


@hookimpl
def pyroplug_commands(cli: click.Group) -> None:
    """Add them; their files are imported when they are used."""
    from pyroplug.commands import later

    for name, summary in COMMANDS.items():
        cli.add_command(later(name, f"{__name__}.commands.{name}:{name}", summary))
