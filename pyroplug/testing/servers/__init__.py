"""The suite for server models: what every server has to do."""

from __future__ import annotations

from .closing import ClosingTests
from .running import Client, Running

__all__ = ["Client", "Running", "ServerModelSuite"]


class ServerModelSuite(ClosingTests):
    """Tests of a server model. A subclass has one fixture, and says what its server model cannot do::

        class TestMyServer(ServerModelSuite):
            two_clients = {"MAX_CONNECTIONS": 2}

            @pytest.fixture
            def server_model(self):
                return MyServerModel()

    Servers listen at sockets of this machine, and serve a host whose sessions do what the clients say.

    :cvar configuration: values of configuration items, by name, that servers are given.
    :cvar two_clients: such values with which a server has room for two clients; ``None`` if it always has.
    :cvar combines: false if a server serves no others of its kind in its loop.
    :cvar big: bytes of an answer that cannot be sent as long as the client does not read.
    :cvar patience: seconds after which something that hangs has failed.
    """
