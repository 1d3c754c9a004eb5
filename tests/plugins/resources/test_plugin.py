"""What the plugin offers."""

from __future__ import annotations

import pluggy
import pyroplug_resources
import pytest

from pyroplug import hookspecs
from pyroplug.config import Configuration
from pyroplug.plugins.conformance import check
from pyroplug.plugins.kinds import Kind


@pytest.fixture
def manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(pyroplug_resources)
    manager.check_pending()
    return manager


def test_the_default_is_one_of_them(manager: pluggy.PluginManager) -> None:
    (trackers,) = manager.hook.pyroplug_resource_trackers()
    default = Configuration(environ={}, plugin_items=list).RESOURCE_TRACKER
    assert default in {tracker.name for tracker in trackers}


def test_the_limit_is_an_item(manager: pluggy.PluginManager) -> None:
    (items,) = manager.hook.pyroplug_config_items()
    assert {item.name: item.default for item in items} == {"MAX_RESOURCES_PER_CONNECTION": 100}
    for item in items:
        check(Kind.CONFIG_ITEM, item)
