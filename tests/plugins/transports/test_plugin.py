"""What the plugin offers."""

from __future__ import annotations

import pluggy
import pyroplug_transports
import pytest

from pyroplug import hookspecs
from pyroplug.contracts import Transport


@pytest.fixture
def manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(pyroplug_transports)
    manager.check_pending()
    return manager


def test_three_transports(manager: pluggy.PluginManager) -> None:
    (transports,) = manager.hook.pyroplug_transports()
    assert all(isinstance(transport, Transport) for transport in transports)
    schemes = {transport.name: transport.scheme for transport in transports}
    assert schemes == {"tcp": None, "unix": "u", "socketpair": "socketpair"}


def test_config_items_are_those_of_pyro5(manager: pluggy.PluginManager) -> None:
    from Pyro5.configure import Configuration

    (items,) = manager.hook.pyroplug_config_items()
    defaults = {item.name: item.default for item in items}
    theirs = Configuration()
    theirs.reset(use_environment=False)
    assert defaults.pop("UNIX_SOCKET_MODE") == "600"  # there, the process's umask decides
    assert {**defaults, "SOCK_NODELAY": False} == {
        name: getattr(theirs, name)
        for name in ("SOCK_REUSE", "SOCK_NODELAY", "PREFER_IP_VERSION", *dir(theirs))
        if name in ("SOCK_REUSE", "SOCK_NODELAY", "PREFER_IP_VERSION") or name.startswith("SSL")
    }
    assert not theirs.SOCK_NODELAY  # there, a call after a one-way call waits for a delayed acknowledgement
    assert {name: type(value) for name, value in defaults.items()} == {
        name: type(getattr(theirs, name)) for name in defaults
    }
    assert all(item.summary and "\n" not in item.summary for item in items)
    assert {item.name for item in items if item.secret} == {"SSL_SERVERKEYPASSWD", "SSL_CLIENTKEYPASSWD"}
