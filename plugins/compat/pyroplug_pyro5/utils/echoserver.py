"""The server that says everything again, which is not there yet."""

from __future__ import annotations

from typing import Any

from pyroplug_pyro5.later import not_there

__all__ = ["EchoServer", "main"]


class EchoServer:
    """Cannot be made."""

    def __init__(self) -> None:
        not_there("the echo server")


def main(args: Any = None, returnWithoutLooping: bool = False) -> Any:
    """Raises ``NotImplementedError``."""
    not_there("the echo server")


if __name__ == "__main__":
    main()
