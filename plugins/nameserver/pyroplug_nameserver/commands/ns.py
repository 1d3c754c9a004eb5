"""``pyroplug ns``: a name server, with the options that Pyro5's has."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click

from pyroplug.commands import as_program, ready_to_end
from pyroplug.config import Configuration, config
from pyroplug.contracts import LookupContext, NameServerOptions
from pyroplug.plugins import default_plugins
from pyroplug.uri import NAMESERVER_NAME
from pyroplug_nameserver.daemon import RunningNameServer, told

__all__ = ["SCHEMA", "main", "ns"]

SCHEMA = 1
"""The number of the JSON document's form; it grows when something in it is renamed, removed or redefined."""

_PORT = click.IntRange(0, 65535)


@click.command("ns", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-n", "--host", help="Host name or address to listen on.")
@click.option("-p", "--port", type=_PORT, help="Port to listen on; 0 for a free one.")
@click.option("-u", "--unixsocket", metavar="PATH", help="Listen at this socket file instead.")
@click.option("-s", "--storage", default="memory", show_default=True, help="Where to keep names.")
@click.option("--bchost", help="Address to hear broadcasts on.")
@click.option("--bcport", type=_PORT, help="UDP port to hear broadcasts on; 0 for a free one.")
@click.option("--nathost", help="Host name to publish instead, behind NAT.")
@click.option("--natport", type=_PORT, help="Port to publish instead.")
@click.option("-x", "--nobc", is_flag=True, help="Hear no broadcasts.")
@click.option("--handshake", multiple=True, metavar="NAME", help="Who may connect. May be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document when it is ready.")
def ns(handshake: tuple[str, ...], as_json: bool, nobc: bool, **places: Any) -> None:
    """Run a name server.

    Everything that the configuration says of daemons counts, such as TLS; the secrets of handshake
    validators come from there. Ctrl-C or SIGTERM ends it.
    """
    settings = config.copy()
    if handshake:
        settings.HANDSHAKE_VALIDATORS = handshake
    _run(NameServerOptions(broadcast=not nobc, **places), settings, as_json)


def main(args: Sequence[str] | None = None) -> None:
    """Run it, for programs that have the arguments of a command line.

    :param args: instead of the process's own.
    :raises SystemExit: the arguments cannot be understood, or it cannot be started.
    """
    with as_program():
        ns.main(list(sys.argv[1:] if args is None else args), "nameserver", standalone_mode=False)


def _run(options: NameServerOptions, settings: Configuration, as_json: bool) -> None:
    context = LookupContext(settings, default_plugins(), lambda: None)
    with suppress(KeyboardInterrupt), ready_to_end() as begun, RunningNameServer(options, context) as server:
        lines = [json.dumps(_facts(server))] if as_json else told(server, options)
        click.echo("\n".join(lines))
        sys.stdout.flush()
        server.daemon.requestLoop(begun)
    if not as_json:
        click.echo("NS shut down.")


def _facts(server: RunningNameServer) -> dict[str, Any]:
    daemon, responder = server.daemon, server.responder
    return {
        "schema": SCHEMA,
        "uri": str(server.uri),
        "internal_uri": str(daemon.uriFor(NAMESERVER_NAME, nat=False)),
        "location": daemon.locationStr,
        "broadcast": None if responder is None else responder.locationStr,
    }
