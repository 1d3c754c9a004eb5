"""The built-in handshake validators: who may connect.

Here is what the plugin offers; each validator has a module of its own.
"""

from __future__ import annotations

from pyroplug.contracts import ConfigItem, HandshakeValidator
from pyroplug.hookspecs import hookimpl

from .networks import AllowNetworks

__all__ = ["AllowNetworks"]


@hookimpl
def pyroplug_handshake_validators() -> list[HandshakeValidator]:
    """Those that this plugin brings."""
    return [AllowNetworks()]


@hookimpl
def pyroplug_config_items() -> list[ConfigItem]:
    """The items that these validators read."""
    return [
        ConfigItem(
            "HANDSHAKE_ALLOWED_NETWORKS",
            ("local", "127.0.0.0/8", "::1/128"),
            "networks whose clients the validator 'allow-networks' lets in; 'local' for Unix sockets",
        )
    ]
