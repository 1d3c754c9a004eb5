"""``pyroplug new-plugin``: a complete distribution with a plugin that works, to make another one of."""

from __future__ import annotations

import importlib.util
import shlex
from pathlib import Path

import click

from pyroplug.errors import PluginError
from pyroplug.plugins import PluginSet
from pyroplug.scaffold import KINDS, LICENCES, Project

from . import BUILT_IN

__all__ = ["new_plugin"]


@click.command("new-plugin")
@click.argument("name")
@click.option("--kind", type=click.Choice(list(KINDS)), required=True, help="What the plugin provides.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="The folder to make.  [default: ./pyroplug-NAME]"
)
@click.option(
    "--licence",
    type=click.Choice(LICENCES),
    default="none",
    show_default=True,
    help="Under which others may use it.",
)
@click.option("--author", default="", metavar="TEXT", help="'Name' or 'Name <address>'.")
def new_plugin(name: str, kind: str, folder: Path | None, licence: str, author: str) -> None:
    """Make a new plugin, in a folder of its own.

    The folder is a complete distribution: a small plugin that works and says what to replace, its tests,
    and all that is needed to publish it. NAME is what people will call the plugin: the distribution is
    pyroplug-NAME, and it is imported as pyroplug_NAME.
    """
    project = Project(name, kind, licence=licence, author=author)
    _check_free(project)
    folder = folder or Path(project.distribution)
    project.write(folder)
    click.echo(f"{project.distribution}: a {kind.replace('-', ' ')}, complete and working, in {folder}")
    click.echo("\nNext, to see it work:")
    for command in (
        shlex.join(["cd", str(folder)]),
        "python -m venv .venv",
        ".venv/bin/pip install --editable '.[test]'",
        ".venv/bin/pytest",
        ".venv/bin/mypy",
        ".venv/bin/pyroplug list-plugins --verbose",
    ):
        click.echo(f"  {command}")
    click.echo(
        "If no package index has pyroplug, install it into .venv first: "
        ".venv/bin/pip install '/path/to/pyroplug[testing]'"
    )
    click.echo(f"\nThen make it your own: {project.package}/ says what to replace.")
    if licence == "none":
        click.echo("Without a licence nobody may use it; --licence writes one.")


def _check_free(project: Project) -> None:
    """Refuse a name that is somebody else's. Raises :exc:`~pyroplug.errors.PluginError`."""
    taken = _owner(project)
    if taken:
        raise PluginError(
            f"the name {project.name!r} is taken by {taken}, and the two could not be used together",
            hint="choose another name; what there is shows: pyroplug list-plugins",
        )


def _owner(project: Project) -> str | None:
    name = project.name
    if project.kind == "command" and name in BUILT_IN:
        return f"the command pyroplug {name}"
    for record in PluginSet(warn=lambda text: None).records:
        if record.name == name:
            return record.who
        for it in record.provides:
            names = (it.name, *it.facts.get("aliases", ()), it.facts.get("scheme"))
            if it.kind.label == project.row.provides and name in names:
                return f"the {it.kind.label} {it.name!r} of {record.who}"
    spec = importlib.util.find_spec(project.package)
    return f"the package {project.package} ({spec.origin})" if spec else None
