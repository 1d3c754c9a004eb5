"""What the plugin offers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pluggy
import pyroplug_resources
import pytest

from pyroplug import hookspecs
from pyroplug.config import Configuration
from pyroplug.contracts import NO_PEER, ResourceTracker
from pyroplug.plugins.conformance import check
from pyroplug.plugins.kinds import Kind


@pytest.fixture
def manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(pyroplug_resources)
    manager.check_pending()
    return manager


def test_three_trackers(manager: pluggy.PluginManager) -> None:
    (trackers,) = manager.hook.pyroplug_resource_trackers()
    assert all(isinstance(tracker, ResourceTracker) for tracker in trackers)
    assert [check(Kind.RESOURCE_TRACKER, tracker)["name"] for tracker in trackers] == [
        "weak",
        "ordered",
        "limited",
    ]


def test_the_default_is_one_of_them(manager: pluggy.PluginManager) -> None:
    (trackers,) = manager.hook.pyroplug_resource_trackers()
    default = Configuration(environ={}, plugin_items=list).RESOURCE_TRACKER
    assert default in {tracker.name for tracker in trackers}


def test_the_limit_is_an_item(manager: pluggy.PluginManager) -> None:
    (items,) = manager.hook.pyroplug_config_items()
    assert {item.name: item.default for item in items} == {"MAX_RESOURCES_PER_CONNECTION": 100}
    for item in items:
        check(Kind.CONFIG_ITEM, item)


def test_each_connection_has_a_tracking_of_its_own(manager: pluggy.PluginManager) -> None:
    class Resource:
        def close(self) -> None: ...

    (trackers,) = manager.hook.pyroplug_resource_trackers()
    settings: Any = SimpleNamespace(MAX_RESOURCES_PER_CONNECTION=2)
    resource = Resource()
    for tracker in trackers:
        one, other = tracker.open(NO_PEER, settings), tracker.open(NO_PEER, settings)
        one.track(resource)
        assert list(one.resources) == [resource]
        assert list(other.resources) == []
