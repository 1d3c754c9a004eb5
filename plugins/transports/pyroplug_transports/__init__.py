"""The built-in transports: TCP, Unix domain sockets, and sockets that are connected already.

Here is what the plugin offers; each transport has a module of its own, and they share ``sockets`` and
``oserrors``. Nothing here reads or writes.
"""

from __future__ import annotations

from pyroplug.contracts import ConfigItem, Transport
from pyroplug.hookspecs import hookimpl

from .socketpair import SocketPairTransport
from .tcp import TcpTransport
from .unix import UnixTransport

__all__ = ["SocketPairTransport", "TcpTransport", "UnixTransport"]


@hookimpl
def pyroplug_transports() -> list[Transport]:
    """TCP, Unix and socketpair."""
    return [TcpTransport(), UnixTransport(), SocketPairTransport()]


@hookimpl
def pyroplug_config_items() -> list[ConfigItem]:
    """The items that these transports read."""
    return [
        ConfigItem("SOCK_REUSE", True, "listen at a TCP port that was in use a moment ago (SO_REUSEADDR)"),
        ConfigItem("SOCK_NODELAY", False, "send small TCP packets at once (TCP_NODELAY)"),
        ConfigItem(
            "PREFER_IP_VERSION",
            0,
            "IP version to try first: 4, 6, or 0 for the system's order",
            choices=(0, 4, 6),
        ),
    ]
