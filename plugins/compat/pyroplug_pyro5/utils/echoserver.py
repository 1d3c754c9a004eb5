"""The server that says everything again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pyroplug_tools.commands.echo import main as _main
from pyroplug_tools.echoserver import EchoServer

__all__ = ["EchoServer", "main"]


def main(args: Sequence[str] | None = None, returnWithoutLooping: bool = False) -> Any:
    """Run it, with the arguments of a command line.

    :param returnWithoutLooping: only start it: its daemon, its object and the URI of that.
    :raises SystemExit: the arguments cannot be understood, or it cannot be started.
    """
    return _main(args, returnWithoutLooping)


if __name__ == "__main__":
    main()
