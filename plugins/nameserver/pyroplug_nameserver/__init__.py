"""The name server: what keeps names, and how names are looked up.

Here is what the plugin offers; the modules do the work, and are imported when there is some.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyroplug.contracts import ConfigItem, LookupContext, NameServerOptions, NameService, NameStorage
from pyroplug.hookspecs import hookimpl

from .items import ITEMS
from .storages import MemoryStorage, SqlStorage

if TYPE_CHECKING:
    import click

__all__ = ["MemoryStorage", "PyroNames", "SqlStorage"]


class PyroNames:
    """Name servers as Pyro5 has them: see :mod:`pyroplug_nameserver.locating` and ``daemon``."""

    name = "pyro"

    def resolve(self, uri: str, delay: float, context: LookupContext, /) -> str:
        """The address of an object by its name, or of any that has all of the tags."""
        from .lookup import resolved

        return resolved(uri, delay, context)

    def locate(self, host: Any, port: int | None, broadcast: bool, context: LookupContext, /) -> Any:
        """A connected proxy of a name server."""
        from .locating import located

        return located(host, port, broadcast, context)

    def start(self, options: NameServerOptions, context: LookupContext, /) -> tuple[Any, Any, Any]:
        """Start a name server: its URI, its daemon, and its broadcast responder."""
        from .daemon import start

        return start(options, context)

    def serve(
        self, options: NameServerOptions, condition: Callable[[], bool], context: LookupContext, /
    ) -> None:
        """Start a name server and serve it."""
        from .daemon import serve

        serve(options, condition, context)


@hookimpl
def pyroplug_name_services() -> list[NameService]:
    """The one that Pyro programs know."""
    return [PyroNames()]


@hookimpl
def pyroplug_name_storages() -> list[NameStorage]:
    """One for as long as the name server runs, and one that lasts."""
    return [MemoryStorage(), SqlStorage()]


@hookimpl
def pyroplug_config_items() -> list[ConfigItem]:
    """The limits of a name server."""
    return list(ITEMS)


@hookimpl
def pyroplug_commands(cli: click.Group) -> None:
    """The commands that run a name server, and talk to one; their files are imported when they are used."""
    from pyroplug.commands import later

    cli.add_command(later("ns", f"{__name__}.commands.ns:ns", "Run a name server."))
    cli.add_command(later("nsc", f"{__name__}.commands.nsc:nsc", "List, look up, register and remove names."))
