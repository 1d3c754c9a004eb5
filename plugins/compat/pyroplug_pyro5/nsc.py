"""The command that talks to a name server, which is not there yet."""

from __future__ import annotations

from typing import Any

from .later import no_name_server

__all__ = ["handle_command", "main"]


def handle_command(namesrv: Any, cmd: str, args: Any) -> None:
    """Raises ``NamingError``: the name server's own methods can be called instead."""
    raise no_name_server(f"the name server command {cmd!r}")


def main(args: Any = None) -> None:
    """Raises ``NamingError``: there is no such command yet."""
    raise no_name_server("the name server command")


if __name__ == "__main__":
    main()
