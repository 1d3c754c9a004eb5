"""``pyroplug doctor``: why an object, or the name server, cannot be reached, and what to do about it.

Here is what the plugin offers. ``diagnosis`` walks through the steps: ``servers`` has those that lead to an
object, ``names`` those that lead to its name. What they find out is asked by ``probes``, one kind of question
in each, and what each fault means to people is in ``remedies``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyroplug.hookspecs import hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def pyroplug_commands(cli: click.Group) -> None:
    """Add it; its file is imported when it is used."""
    from pyroplug.commands import later

    cli.add_command(
        later("doctor", f"{__name__}.command:doctor", "Find out why an object cannot be reached.")
    )
