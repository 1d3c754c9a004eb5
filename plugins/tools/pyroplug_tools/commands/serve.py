"""``pyroplug serve``: a class or an object is served, and nobody has to write a program for that."""

from __future__ import annotations

from contextlib import nullcontext, suppress

import click

from pyroplug.api import Daemon, config
from pyroplug.commands import Failure, ready_to_end
from pyroplug.errors import PluginUnavailableError
from pyroplug.plugins import Kind, default_plugins
from pyroplug_tools.answers import write
from pyroplug_tools.keeping import kept_name
from pyroplug_tools.targets import target_of

__all__ = ["serve"]


@click.command("serve")
@click.argument("target", metavar="MODULE:NAME")
@click.option(
    "--id", "object_id", metavar="ID", help="The object's id.  [default: one that nobody can guess]"
)
@click.option("--name", metavar="NAME", help="Register this name with the name server.")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="A tag for the name. May be repeated.")
@click.option("-H", "--host", metavar="HOST", help="Host name or address to listen on.")
@click.option(
    "-p", "--port", type=click.IntRange(0, 65535), default=0, metavar="PORT", help="0 for a free one."
)
@click.option("-u", "--unixsocket", metavar="PATH", help="Listen at this socket file instead.")
@click.option(
    "--listen",
    metavar="LOCATION",
    multiple=True,
    help="Listen there instead: host:port, ./u:PATH or ./SCHEME:ADDRESS. May be repeated.",
)
@click.option(
    "--transport",
    "transports",
    metavar="NAME:ADDRESS",
    multiple=True,
    help="Listen over that transport instead, such as unix:PATH. May be repeated.",
)
@click.option("--server", metavar="NAME", help="The server model: threadpool, multiplex or a plugin's.")
def serve(
    target: str,
    object_id: str | None,
    name: str | None,
    tags: tuple[str, ...],
    host: str | None,
    port: int,
    unixsocket: str | None,
    listen: tuple[str, ...],
    transports: tuple[str, ...],
    server: str | None,
) -> None:
    """Serve a class or an object without writing a program.

    MODULE:NAME is a class, an object, or a function that is called without arguments and returns one.
    Modules of the current folder can be imported. Only what is marked with @expose can be called.

    The object's URI is printed when clients can connect. Ctrl-C or SIGTERM ends it.
    """
    if tags and not name:
        raise click.UsageError("--tag is for a name: there is no --name")
    if (listen or transports) and (host or port or unixsocket):
        raise click.UsageError(
            "--listen and --transport say where to listen, and so do --host, --port and --unixsocket"
        )
    locations = [*listen, *map(_location_over, transports)]
    served = target_of(target)
    settings = config.copy()
    if server:
        settings.SERVERTYPE = server
    with suppress(KeyboardInterrupt):
        try:
            daemon = Daemon(host, port, unixsocket, listen=locations or None, config=settings)
        except PluginUnavailableError as error:
            raise Failure(error, 2) from error
        with daemon, ready_to_end() as begun:
            try:
                uri = daemon.register(served, object_id)
            except (AttributeError, TypeError) as error:
                raise Failure(error) from error
            with kept_name(name, uri, tags, settings) if name else nullcontext():
                write(str(uri))
                daemon.requestLoop(begun)


def _location_over(transport: str) -> str:
    """The location that a transport's name and an address stand for."""
    name, colon, address = transport.partition(":")
    if not colon:
        raise click.UsageError(f"--transport {name} has no address: write {name}:ADDRESS")
    try:
        scheme = default_plugins().get(Kind.TRANSPORT, name).scheme
    except PluginUnavailableError as error:
        raise Failure(error, 2) from error
    return address if scheme is None else f"./{scheme}:{address}"
