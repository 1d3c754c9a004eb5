"""``pyroplug gateway``: the command's options. The gateway, and its libraries, are imported when it runs."""

from __future__ import annotations

import dataclasses
import signal
import threading
from functools import partial
from typing import Any

import click

from .extra import needed

__all__ = ["gateway"]


@click.command("gateway")
@click.option("-H", "--host", default="localhost", show_default=True, help="Address to listen on.")
@click.option(
    "-p",
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on; 0 for a free one.",
)
@click.option("-e", "--expose", metavar="PATTERN", help="Which names to expose, instead of GATEWAY_EXPOSE.")
@click.option(
    "-g",
    "--gatewaykey",
    metavar="KEY",
    help="What callers have to know. Others on this machine see it; PYRO_GATEWAY_KEY keeps it to itself.",
)
@click.option(
    "-c", "--cors", metavar="ORIGINS", help="Web sites whose scripts may call, instead of GATEWAY_CORS."
)
@click.option(
    "-t",
    "--timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long to wait for a remote object, instead of GATEWAY_TIMEOUT; 0 for ever.",
)
@click.option(
    "-o",
    "--object",
    "objects",
    multiple=True,
    metavar="NAME=URI",
    help="Expose this object, without a name server; may be repeated.",
)
@click.option(
    "-n", "--nameserver", metavar="HOST:PORT", help="The name server, or none, instead of GATEWAY_NAMESERVER."
)
@click.option("--no-get-calls", is_flag=True, help="Have GET requests call idempotent methods only.")
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    default=16,
    show_default=True,
    metavar="NUMBER",
    help="How many requests are answered at a time.",
)
def gateway(host: str, port: int, threads: int, no_get_calls: bool, **options: Any) -> None:
    """Serve remote objects by HTTP and JSON.

    Prints the address of its web page when it serves. Ctrl-C and SIGTERM end it.
    """
    import logging  # not above: listing plugins imports this module

    with needed():
        from .app import Gateway
        from .headers import is_loopback
        from .serving import Server
        from .settings import Settings

    changes = {"objects": options["objects"] or None, "key": options["gatewaykey"]}
    changes |= {name: options[name] for name in ("expose", "cors", "timeout", "nameserver")}
    if no_get_calls:
        changes["get_calls"] = False
    settings = Settings.of(**{name: value for name, value in changes.items() if value is not None})
    if not settings.hosts and is_loopback(host):
        settings = dataclasses.replace(settings, hosts="localhost")
    try:
        server = Server(Gateway(settings), host, port, threads=threads)
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {host}:{port}: {error.strerror or error}\n"
            "hint: choose another one with --host or --port"
        ) from error
    # It has a line for each request that waits for a thread, just when there are many.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, partial(_end, server))
    try:
        _tell(settings, server.urls)
        server.run()
    finally:
        server.close()


def _end(server: Any, number: int, _frame: object) -> None:
    """Let the server end; a second signal of the kind does not wait for that.

    What a handler raises may come between a client's being accepted and somebody's knowing of it, and
    a handler must not wait for a lock that the thread below it has.
    """
    signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=server.stop, name="gateway's end", daemon=True).start()


def _tell(settings: Any, urls: list[str]) -> None:
    """What people want to know when it starts; the address is the only thing on standard output."""
    if settings.nameserver is not None:
        click.echo(f"exposing names that match {settings.expose}", err=True)
    if settings.objects:
        click.echo(f"exposing {', '.join(settings.objects)}", err=True)
    for url in urls:
        click.echo(f"Pyro HTTP gateway running on {url}")
