"""What the plugin offers."""

from __future__ import annotations

import pluggy
import pyroplug_servers
import pytest

from pyroplug import hookspecs
from pyroplug.contracts import ServerModel


@pytest.fixture
def manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(pyroplug_servers)
    manager.check_pending()
    return manager


def test_two_models(manager: pluggy.PluginManager) -> None:
    (models,) = manager.hook.pyroplug_servers()
    assert all(isinstance(model, ServerModel) for model in models)
    assert {model.name: model.aliases for model in models} == {
        "threadpool": frozenset({"thread"}),
        "multiplex": frozenset(),
    }


def test_config_items(manager: pluggy.PluginManager) -> None:
    from Pyro5.configure import Configuration

    (items,) = manager.hook.pyroplug_config_items()
    defaults = {item.name: item.default for item in items}
    theirs = Configuration()
    theirs.reset(use_environment=False)
    for name in ("THREADPOOL_SIZE", "THREADPOOL_SIZE_MIN"):
        assert defaults[name] == getattr(theirs, name)
    assert set(defaults) - {"THREADPOOL_SIZE", "THREADPOOL_SIZE_MIN"} == {
        "ONEWAY_THREADS",
        "MAX_CONNECTIONS",
        "MAX_GREETINGS",
        "HANDSHAKE_TIMEOUT",
        "MESSAGE_TIMEOUT",
    }
    assert all(item.summary and "\n" not in item.summary for item in items)
