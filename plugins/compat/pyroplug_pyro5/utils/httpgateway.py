"""The gateway from HTTP: ``pyro_app`` for WSGI servers, and ``main`` for the command line.

It is the plugin ``gateway``. What that needs has to be installed: ``pip install 'pyroplug[gateway]'``.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyroplug_gateway.command import gateway
from pyroplug_gateway.wsgi import pyro_app

from pyroplug.commands import as_program

__all__ = ["main", "pyro_app"]


def main(args: Sequence[str] | None = None) -> int:
    """Serve, as the command ``pyroplug gateway`` does with these arguments.

    :param args: ``None`` for those of the command line.
    """
    with as_program():
        gateway.main(None if args is None else list(args), "httpgateway", standalone_mode=False)
    return 0


if __name__ == "__main__":
    main()
