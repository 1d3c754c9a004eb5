"""What the plugin offers."""

from __future__ import annotations

import pluggy
import pyroplug_handshake
import pytest

from pyroplug import hookspecs
from pyroplug.config import Configuration
from pyroplug.contracts import HandshakeValidator
from pyroplug.plugins.conformance import check
from pyroplug.plugins.kinds import Kind


@pytest.fixture
def manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(pyroplug_handshake)
    manager.check_pending()
    return manager


def test_the_validators(manager: pluggy.PluginManager) -> None:
    (validators,) = manager.hook.pyroplug_handshake_validators()
    assert all(isinstance(validator, HandshakeValidator) for validator in validators)
    names = [check(Kind.HANDSHAKE_VALIDATOR, validator)["name"] for validator in validators]
    assert names == ["allow-networks"]


def test_installed_is_not_enabled() -> None:
    assert Configuration(environ={}, plugin_items=list).HANDSHAKE_VALIDATORS == ()


def test_the_list_comes_from_the_environment(manager: pluggy.PluginManager) -> None:
    (items,) = manager.hook.pyroplug_config_items()
    assert [item.name for item in items] == ["HANDSHAKE_ALLOWED_NETWORKS"]
    for item in items:
        check(Kind.CONFIG_ITEM, item)
    environ = {"PYRO_HANDSHAKE_ALLOWED_NETWORKS": "local, 10.0.0.0/8"}
    config = Configuration(environ=environ, plugin_items=lambda: items)
    assert config.HANDSHAKE_ALLOWED_NETWORKS == ("local", "10.0.0.0/8")
