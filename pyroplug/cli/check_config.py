"""``pyroplug check-config``: every configuration item with its value, and where the value comes from."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from pyroplug import __version__
from pyroplug.config import Configuration, about, default_of, shown, type_name
from pyroplug.contracts import ConfigItem
from pyroplug.plugins import Kind, PluginSet
from pyroplug.wire import PROTOCOL_VERSION

from . import complain
from .tables import print_table

SCHEMA = 1
"""The number of the JSON document's form; it grows when something in it is renamed, removed or redefined."""

_HEADINGS = ("ITEM", "VALUE", "FROM", "BY", "VARIABLE")
_KERNEL = "pyroplug"


@dataclass(frozen=True, slots=True)
class _Entry:
    """One item, as it is.

    :ivar variable: the environment variable that its value comes from.
    :ivar problem: why it has no value.
    :ivar plugin: which brings it; ``None`` for the kernel's own.
    """

    item: ConfigItem
    value: Any
    variable: str | None
    problem: str | None
    plugin: str | None


@click.command("check-config")
@click.argument("names", metavar="[ITEM]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document instead of a table.")
@click.option(
    "--block",
    multiple=True,
    metavar="NAME",
    help="Leave this plugin's items out: NAME, DISTRIBUTION or DISTRIBUTION:NAME. May be repeated.",
)
@click.option("--check", is_flag=True, help="Exit with status 1 if a variable is unknown or unusable.")
@click.pass_context
def check_config(
    ctx: click.Context, names: tuple[str, ...], as_json: bool, block: tuple[str, ...], check: bool
) -> None:
    """Show configuration: values, where they come from.

    With names of items, shows these alone. The list goes to standard output, and what is wrong with the
    environment to standard error. It is the configuration of a program that changes nothing in it.
    """
    plugins = PluginSet(block=block, warn=complain)
    config = Configuration(plugin_items=lambda: plugins.config_items)
    complaints = _complaints(config)
    entries = _entries(config, plugins, names)
    if as_json:
        click.echo(json.dumps(_document(entries, complaints), indent=2))
    else:
        if not names:
            click.echo("\n".join([*about(), ""]))
        print_table(_HEADINGS, [_row(entry) for entry in entries], note="VARIABLE")
    for complaint in complaints:
        complain(complaint)
    if check and complaints:
        ctx.exit(1)


def _complaints(config: Configuration) -> list[str]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is told below, in our own form
        unknown = config.unknown_variables()
    problems = [config.problem(name) for name in sorted(config)]
    return [*map(str, filter(None, problems)), *unknown.values()]


def _entries(config: Configuration, plugins: PluginSet, names: Sequence[str]) -> list[_Entry]:
    """The items with these names, of all if there are none. Raises ``ConfigError`` for an unknown name."""
    origins = {
        provided.name: record.name
        for record in plugins.records
        for provided in record.provides
        if provided.kind is Kind.CONFIG_ITEM
    }
    items = config.items()
    entries = []
    for name in sorted({_bare(name) for name in names}) or sorted(items):
        variable, problem = config.variable(name), config.problem(name)
        value = None if problem else getattr(config, name)
        told = str(problem.args[0]) if problem else None
        entries.append(_Entry(items[name], value, variable, told, origins.get(name)))
    return entries


def _bare(name: str) -> str:
    """An item's name, also from that of its variable."""
    return name.upper().removeprefix("PYROPLUG_").removeprefix("PYRO_")


def _row(entry: _Entry) -> tuple[str, ...]:
    item, told = entry.item, entry.variable or ""
    if entry.problem or entry.value != default_of(item):
        told += f"; the default is {shown(item, default_of(item))}"
    return (
        item.name,
        "(unusable)" if entry.problem else shown(item, entry.value),
        "environ" if entry.variable else "default",
        entry.plugin or _KERNEL,
        told,
    )


def _document(entries: Sequence[_Entry], complaints: Sequence[str]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "pyroplug": __version__,
        "location": str(Path(__file__).parent.parent),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "protocol": PROTOCOL_VERSION,
        "items": [_facts(entry) for entry in entries],
        "complaints": list(complaints),
    }


def _facts(entry: _Entry) -> dict[str, Any]:
    item = entry.item
    return {
        "name": item.name,
        "type": type_name(item),
        "value": shown(item, entry.value) if item.secret and entry.value else entry.value,
        "default": default_of(item),
        "variable": entry.variable,
        "plugin": entry.plugin,
        "summary": item.summary,
        "secret": item.secret,
        "problem": entry.problem,
    }
