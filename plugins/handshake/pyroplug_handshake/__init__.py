"""The built-in handshake validators: who may connect.

Here is what the plugin offers; each validator has a module of its own.
"""

from __future__ import annotations

from pyroplug.contracts import ConfigItem, HandshakeValidator
from pyroplug.hookspecs import hookimpl

from .certificates import ClientCertificate
from .credentials import PeerCredentials
from .networks import AllowNetworks
from .shared_secret import SharedSecret

__all__ = ["AllowNetworks", "ClientCertificate", "PeerCredentials", "SharedSecret"]


@hookimpl
def pyroplug_handshake_validators() -> list[HandshakeValidator]:
    """Those that this plugin brings."""
    return [AllowNetworks(), ClientCertificate(), PeerCredentials(), SharedSecret()]


@hookimpl
def pyroplug_config_items() -> list[ConfigItem]:
    """The items that these validators read."""
    return [
        ConfigItem(
            "HANDSHAKE_ALLOWED_NETWORKS",
            ("local", "127.0.0.0/8", "::1/128"),
            "networks whose clients the validator 'allow-networks' lets in; 'local' for Unix sockets",
        ),
        ConfigItem(
            "HANDSHAKE_ALLOWED_USERS",
            (),
            "users, by name or id, that 'peer-credentials' lets in; without groups too: the daemon's own",
        ),
        ConfigItem(
            "HANDSHAKE_ALLOWED_GROUPS", (), "groups, by name or id, that 'peer-credentials' lets in as well"
        ),
        ConfigItem(
            "HANDSHAKE_CERTIFICATE_NAMES",
            (),
            "names in clients' certificates that 'client-certificate' lets in, such as *.example.org",
        ),
        ConfigItem(
            "HANDSHAKE_SECRET",
            None,
            "what both sides know for the validator 'shared-secret': a text of 16 characters at least",
            secret=True,
        ),
        ConfigItem(
            "HANDSHAKE_PLAIN_TOKEN",
            False,
            "'shared-secret' also lets in who sends the secret itself as handshake value, for all to read",
        ),
    ]
