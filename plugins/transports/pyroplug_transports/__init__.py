"""The built-in transports: TCP with or without TLS, Unix sockets, and sockets that are connected already.

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
        ConfigItem("SOCK_NODELAY", True, "send small TCP packets at once (TCP_NODELAY)"),
        ConfigItem(
            "PREFER_IP_VERSION",
            0,
            "IP version to try first: 4, 6, or 0 for the system's order",
            choices=(0, 4, 6),
        ),
        ConfigItem(
            "UNIX_SOCKET_MODE", "600", "permissions of socket files, in octal: who may write may connect"
        ),
        ConfigItem("SSL", False, "speak TLS over TCP, as a server and as a client"),
        ConfigItem("SSL_SERVERCERT", "", "PEM file with a server's certificate"),
        ConfigItem("SSL_SERVERKEY", "", "PEM file with its private key; empty if SSL_SERVERCERT has it"),
        ConfigItem(
            "SSL_SERVERKEYPASSWD", "", "password of a server's private key, if that is encrypted", secret=True
        ),
        ConfigItem("SSL_REQUIRECLIENTCERT", False, "let in only clients with a certificate of SSL_CACERTS"),
        ConfigItem("SSL_CLIENTCERT", "", "PEM file with a client's certificate, for servers that want one"),
        ConfigItem("SSL_CLIENTKEY", "", "PEM file with its private key; empty if SSL_CLIENTCERT has it"),
        ConfigItem(
            "SSL_CLIENTKEYPASSWD", "", "password of a client's private key, if that is encrypted", secret=True
        ),
        ConfigItem("SSL_CACERTS", "", "file or folder of PEM certificates to trust, instead of the system's"),
    ]
