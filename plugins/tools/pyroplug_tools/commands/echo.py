"""``pyroplug echo``: the echo server, with the options that Pyro5's has."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click

from pyroplug.commands import UNREACHABLE, Failure, as_program, ready_to_end
from pyroplug.errors import NamingError
from pyroplug_tools.echoserver import Options, start

__all__ = ["echo", "main"]


@click.command("echo", context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-H", "--host", default="localhost", show_default=True, help="Host name or address to listen on."
)
@click.option("-p", "--port", type=click.IntRange(0, 65535), default=0, help="0 for a free one.")
@click.option("-u", "--unixsocket", metavar="PATH", help="Listen at this socket file instead.")
@click.option("-n", "--naming", is_flag=True, help="Register it with the name server.")
@click.option("-N", "--nameserver", is_flag=True, help="Start a name server as well, and register it there.")
@click.option("-v", "--verbose", is_flag=True, help="Print each call.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing.")
def echo(**options: Any) -> None:
    """Run a server that says everything again, to try things with.

    Its object test.echoserver has the methods echo, error, error_with_text, oneway_echo, slow, oneway_slow,
    generator, nan, inf and shutdown, and the property verbose. Ctrl-C or SIGTERM ends it.
    """
    with suppress(KeyboardInterrupt), ready_to_end() as begun:
        try:
            started = start(Options(**options))
        except NamingError as error:
            raise Failure(error, UNREACHABLE) from error
        try:
            started.daemon.requestLoop(lambda: begun() and started.needed())
        finally:
            started.close()


def main(args: Sequence[str] | None = None, return_without_looping: bool = False) -> Any:
    """Run it, for programs that have the arguments of a command line.

    :param args: instead of the process's own.
    :param return_without_looping: only start it: its daemon, its object and the URI of that.
    :raises SystemExit: the arguments cannot be understood, or it cannot be started.
    """
    arguments = list(sys.argv[1:] if args is None else args)
    with as_program():
        if not return_without_looping:
            return echo.main(arguments, "echoserver", standalone_mode=False)
        with echo.make_context("echoserver", arguments) as context:
            return start(Options(**context.params))[:3]
