"""The suite for transports: what every connection and every listener has to do."""

from __future__ import annotations

from .listening import ListeningTests
from .pairs import Meeting, Pair

__all__ = ["Meeting", "Pair", "TransportSuite"]


class TransportSuite(ListeningTests):
    """Tests of a transport. A subclass has one fixture, and says what its transport cannot do::

        class TestMyTransport(TransportSuite):
            malformed_addresses = ("no port", "host:port")

            @pytest.fixture
            def transport(self):
                return MyTransport()

    The suite listens and connects where ``loopback_address`` says, or else adopts what ``loopback_pair``
    gives. ``settings``, ``client_settings`` and ``make_channels`` are fixtures for transports that need
    something special.

    :cvar has_descriptors: false for connections that no selector can watch.
    :cvar half_closes: false if ``end_of_data`` cannot end one direction alone.
    :cvar malformed_addresses: addresses that are none.
    :cvar huge: bytes; more than a connection takes whose peer does not read.
    :cvar patience: seconds after which something that hangs has failed.
    """
