"""The HTTP gateway: calls of remote objects, for whatever speaks HTTP and JSON.

Here is what the plugin offers. ``app`` is the gateway, a WSGI application; ``wsgi`` has one for servers of
your own. All of it but this module, ``command`` and ``items`` needs the extra ``gateway``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyroplug.contracts import ConfigItem
from pyroplug.hookspecs import hookimpl

if TYPE_CHECKING:
    import click

__all__: list[str] = []


@hookimpl
def pyroplug_config_items() -> list[ConfigItem]:
    """What the gateway can be told."""
    from .items import ITEMS

    return list(ITEMS)


@hookimpl
def pyroplug_commands(cli: click.Group) -> None:
    """The command that serves; its file is imported when it is used."""
    from pyroplug.commands import later

    cli.add_command(later("gateway", f"{__name__}.command:gateway", "Serve remote objects by HTTP and JSON."))
