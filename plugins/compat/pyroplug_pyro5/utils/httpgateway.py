"""The gateway from HTTP, which is not there yet."""

from __future__ import annotations

from typing import Any

from pyroplug_pyro5.later import not_there

__all__ = ["main", "pyro_app"]


def pyro_app(environ: Any, start_response: Any) -> Any:
    """Raises ``NotImplementedError``."""
    not_there("the HTTP gateway")


def main(args: Any = None) -> Any:
    """Raises ``NotImplementedError``."""
    not_there("the HTTP gateway")


if __name__ == "__main__":
    main()
