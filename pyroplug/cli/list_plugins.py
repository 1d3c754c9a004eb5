"""``pyroplug list-plugins``: which plugins there are, what they provide, and what is wrong with them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from pyroplug import __version__
from pyroplug.config import default_of, shown
from pyroplug.contracts import ConfigItem
from pyroplug.plugins import Kind, PluginRecord, PluginSet, Provided, Status
from pyroplug.plugins.strays import strays

from . import command_table, complain
from .tables import print_table

SCHEMA = 1
"""The number of the JSON document's form; it grows when something in it is renamed, removed or redefined."""

_HEADINGS = ("NAME", "STATUS", "PROVIDES", "DISTRIBUTION", "PROBLEM")
_BROKEN = (Status.FAILED, Status.CLASH)


@click.command("list-plugins")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document instead of a table.")
@click.option(
    "--kind",
    "slug",
    type=click.Choice([kind.slug for kind in Kind]),
    help="Show only what is of this kind, and the plugins that provide it.",
)
@click.option(
    "--block",
    multiple=True,
    metavar="NAME",
    help="Do not run this plugin: NAME, DISTRIBUTION or DISTRIBUTION:NAME. May be repeated.",
)
@click.option("--no-load", is_flag=True, help="Run no plugin's code; what they provide is then unknown.")
@click.option("--verbose", is_flag=True, help="Tell all about each: origin, import time, items, commands.")
@click.option("--check", is_flag=True, help="Exit with status 1 if a plugin failed or clashes with another.")
@click.pass_context
def list_plugins(
    ctx: click.Context,
    as_json: bool,
    slug: str | None,
    block: tuple[str, ...],
    no_load: bool,
    verbose: bool,
    check: bool,
) -> None:
    """List plugins: state, what they provide, origin.

    The list goes to standard output, all that is wrong to standard error. It counts configuration items:
    --verbose, and --kind config-item, name them. The JSON document always tells all. An import's time
    includes that of everything which the plugin was the first to import.
    """
    if slug and no_load:
        raise click.UsageError(
            "--kind needs to know what plugins provide, and --no-load does not load them.", ctx
        )
    complaints: list[str] = []
    plugins = PluginSet(block=block, load=not no_load, warn=complaints.append)
    plugins.add_commands(command_table())
    complaints += strays()
    records = plugins.records if slug is None else _only(plugins.records, slug)
    if as_json:
        import json  # for programs

        click.echo(json.dumps(_document(records), indent=2))
    elif records and verbose:
        click.echo("\n\n".join("\n".join(_lines(record)) for record in records))
    elif records:
        spell_out = slug == Kind.CONFIG_ITEM.slug
        print_table(_HEADINGS, [_row(record, spell_out) for record in records], note="PROBLEM")
    else:
        complain(f"no plugin provides a {slug}" if slug else "no plugin is installed")
    for complaint in complaints:
        complain(complaint)
    if check and any(record.status in _BROKEN for record in plugins.records):
        ctx.exit(1)


def _only(records: Sequence[PluginRecord], slug: str) -> list[PluginRecord]:
    """The plugins that provide something of a kind, each with that alone."""
    kept = ((record, tuple(it for it in record.provides if it.kind.slug == slug)) for record in records)
    return [replace(record, provides=provides) for record, provides in kept if provides]


def _row(record: PluginRecord, spell_out: bool) -> tuple[str, ...]:
    """One plugin's line. Its configuration items are many: if not spelt out, those in use are counted."""
    items = [it for it in record.provides if it.kind is Kind.CONFIG_ITEM and it.status is Status.ACTIVE]
    counted = [] if spell_out else items
    groups = itertools.groupby(
        (it for it in record.provides if it not in counted), key=lambda it: it.kind.label
    )
    provides = [f"{label} {', '.join(map(_provided, group))}" for label, group in groups]
    provides += [f"{len(counted)} config item{'s' * (len(counted) > 1)}"] if counted else []
    provides += [f"command {', '.join(record.commands)}"] if record.commands else []
    return (record.name, record.status.value, "\n".join(provides), _origin(record), record.problem or "")


def _origin(record: PluginRecord) -> str:
    return f"{record.distribution} {record.version or ''}".strip() if record.distribution else ""


def _lines(record: PluginRecord) -> list[str]:
    """All about one plugin: a heading, and a fact a line."""
    took = record.import_seconds
    facts = [
        ("distribution", _origin(record)),
        ("entry point", f"{record.name} = {record.target}" if record.target else ""),
        ("file", record.file or ""),
        ("import", "" if took is None else f"{took * 1000:.1f} ms"),
        *((it.kind.label, _provided(it) + _described(it)) for it in record.provides),
        *(("command", f"pyroplug {name}") for name in record.commands),
        ("problem", record.problem or ""),
        ("hint", record.hint or ""),
    ]
    width = max(len(label) for label, text in facts if text)
    return [
        f"{record.name}: {record.status.value}",
        *(f"  {label.ljust(width)}  {text}" for label, text in facts if text),
    ]


def _described(it: Provided) -> str:
    """What people want to know of a configuration item."""
    if it.kind is not Kind.CONFIG_ITEM or not it.facts:  # none are known of a broken one
        return ""
    item = ConfigItem(it.name, **it.facts)
    return f" = {shown(item, default_of(item))}: {item.summary}"


def _provided(it: Provided) -> str:
    key = f" ({it.key})" if it.key else ""
    status = "" if it.status is Status.ACTIVE else f" [{it.status.value}]"
    return f"{it.name}{key}{status}"


def _document(records: Sequence[PluginRecord]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "pyroplug": __version__,
        "plugins": [_plugin_facts(record) for record in records],
    }


def _plugin_facts(record: PluginRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "status": record.status.value,
        "target": record.target,
        "distribution": record.distribution,
        "version": record.version,
        "problem": record.problem,
        "hint": record.hint,
        "file": record.file,
        "import_seconds": record.import_seconds,
        "provides": [_provided_facts(it) for it in record.provides],
        "commands": list(record.commands),
    }


def _provided_facts(it: Provided) -> dict[str, Any]:
    return {
        "kind": it.kind.slug,
        "name": it.name,
        "key": it.key,
        "status": it.status.value,
        "problem": it.problem,
        "hint": it.hint,
        **{name: sorted(fact) if isinstance(fact, frozenset) else fact for name, fact in it.facts.items()},
    }
