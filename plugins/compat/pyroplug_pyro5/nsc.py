"""The command that talks to a name server."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click
from pyroplug_nameserver.commands.nsc import State, nsc

__all__ = ["handle_command", "main"]


def handle_command(namesrv: Any, cmd: str, args: Sequence[str]) -> None:
    """Run one command with a name server's proxy; what it says goes to standard output.

    :raises SystemExit: the arguments are wrong, or the name server refuses what is asked for.
    """
    _run([cmd, "--", *args], State(proxy=namesrv, piped=True, careless=True))


def main(args: Sequence[str] | None = None) -> None:
    """Run the command that the arguments of a command line say.

    :raises SystemExit: there is no name server, or as ``handle_command`` raises it.
    """
    _run(list(sys.argv[1:] if args is None else args), State(piped=True, careless=True))


def _run(args: list[str], state: State) -> None:
    try:
        with nsc.make_context("nsc", args, obj=state) as context:
            nsc.invoke(context)
    except click.exceptions.Exit as end:
        if end.exit_code:
            raise SystemExit(end.exit_code) from None
    except click.Abort:
        raise SystemExit(1) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from error


if __name__ == "__main__":
    main()
