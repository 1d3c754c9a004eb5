"""What plugins add to the command line; the library it is made with is not imported here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyroplug.errors import PluginError

from .admission import Entry
from .clashes import clashes, who
from .conformance import blaming
from .discovery import BLOCK
from .kinds import Status

if TYPE_CHECKING:
    import click

__all__ = ["add_commands"]


@dataclass(frozen=True, slots=True, eq=False)
class _Command:
    """A subcommand, and the plugin that adds it; ``None`` for one that was there before."""

    name: str
    command: click.Command
    entry: Entry | None = None

    @property
    def ours(self) -> bool:
        return self.entry is None or self.entry.source.ours

    @property
    def owner(self) -> str:
        return "pyroplug" if self.entry is None else who(self.entry.source)


def add_commands(entries: Sequence[Entry], cli: click.Group) -> list[Entry]:
    """Add the plugins' subcommands: which plugins failed at that, or claim what is not theirs.

    :param entries: active plugins.
    """
    present = dict(cli.commands)
    wanted = [_Command(name, command) for name, command in present.items()]
    faulty = []
    for entry in entries:
        try:
            wanted += _added(entry, cli, present)
        except PluginError as fault:
            entry.reject(Status.FAILED, str(fault.args[0]), fault.hint)
            faulty.append(entry)
    lost = _judge(wanted)
    for entry in entries:
        entry.commands = sorted(one.name for one in wanted if one.entry is entry and one not in lost)
    cli.commands.update({one.name: one.command for one in wanted if one.entry and one not in lost})
    return [*faulty, *dict.fromkeys(one.entry for one in lost if one.entry)]


def _added(entry: Entry, cli: click.Group, present: Mapping[str, click.Command]) -> list[_Command]:
    """What one plugin adds. The command line is as before when this returns or raises."""
    assert entry.manager is not None
    hint = f"what else the plugin provides stays in use; to block it: {BLOCK}={entry.source.name}"
    try:
        with blaming("its pyroplug_commands", hint):
            entry.manager.hook.pyroplug_commands(cli=cli)
        changed = {name: one for name, one in cli.commands.items() if one is not present.get(name)}
    finally:
        cli.commands.clear()
        cli.commands.update(present)
    return [_Command(name, command, entry) for name, command in changed.items()]


def _judge(commands: Sequence[_Command]) -> list[_Command]:
    """The commands that nobody gets, or somebody else; their plugins are marked."""
    lost = []
    for clash in clashes(commands, lambda one: [one.name], lambda one: one.ours):
        entry, name = clash.loser.entry, clash.loser.name
        if entry is None:
            continue
        lost.append(clash.loser)
        outcome = "belongs to" if clash.taken else "is also added by"
        rivals = ", ".join(rival.owner for rival in clash.rivals)
        hint = (
            "its author can give it another name; what else the plugin provides stays in use;"
            f" to block a plugin: {BLOCK}={entry.source.name}"
        )
        entry.reject(Status.CLASH, f"the command {name!r} {outcome} {rivals}", hint)
    return lost
