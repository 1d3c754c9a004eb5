"""What the plugin offers."""

from __future__ import annotations

import pluggy
import pyroplug_handshake
import pytest

from pyroplug import hookspecs
from pyroplug.config import Configuration
from pyroplug.contracts import ChallengeResponder
from pyroplug.plugins.conformance import check
from pyroplug.plugins.kinds import Kind


@pytest.fixture
def manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(pyroplug_handshake)
    manager.check_pending()
    return manager


def test_who_answers_challenges(manager: pluggy.PluginManager) -> None:
    (validators,) = manager.hook.pyroplug_handshake_validators()
    answering = [each.name for each in validators if isinstance(each, ChallengeResponder)]
    assert answering == ["shared-secret"]


def test_installed_is_not_enabled() -> None:
    assert Configuration(environ={}, plugin_items=list).HANDSHAKE_VALIDATORS == ()


def test_the_items(manager: pluggy.PluginManager) -> None:
    (items,) = manager.hook.pyroplug_config_items()
    for item in items:
        check(Kind.CONFIG_ITEM, item)
        assert item.name.startswith("HANDSHAKE_")
    assert [item.name for item in items if item.secret] == ["HANDSHAKE_SECRET"]
    environ = {"PYRO_HANDSHAKE_SECRET": "correct horse battery staple"}
    config = Configuration(environ=environ, plugin_items=lambda: items)
    assert config.HANDSHAKE_SECRET == "correct horse battery staple"
    for shown in (repr(config), config.dump()):
        assert "horse" not in shown


def test_the_list_comes_from_the_environment(manager: pluggy.PluginManager) -> None:
    (items,) = manager.hook.pyroplug_config_items()
    environ = {"PYRO_HANDSHAKE_ALLOWED_NETWORKS": "local, 10.0.0.0/8"}
    config = Configuration(environ=environ, plugin_items=lambda: items)
    assert config.HANDSHAKE_ALLOWED_NETWORKS == ("local", "10.0.0.0/8")
