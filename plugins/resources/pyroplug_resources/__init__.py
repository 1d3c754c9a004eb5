"""The built-in resource trackers: what a client holds on the server is closed when its connection is lost.

Here is what the plugin offers; ``trackings`` does the work. Nothing here keeps anything itself.
"""

from __future__ import annotations

from pyroplug.contracts import ConfigItem, ResourceTracker
from pyroplug.hookspecs import hookimpl

from .trackers import LimitedTracker, OrderedTracker, WeakTracker
from .trackings import UntrackableError

__all__ = ["LimitedTracker", "OrderedTracker", "UntrackableError", "WeakTracker"]


@hookimpl
def pyroplug_resource_trackers() -> list[ResourceTracker]:
    """Weak, ordered and limited."""
    return [WeakTracker(), OrderedTracker(), LimitedTracker()]


@hookimpl
def pyroplug_config_items() -> list[ConfigItem]:
    """The item that the tracker ``limited`` reads."""
    return [
        ConfigItem(
            "MAX_RESOURCES_PER_CONNECTION",
            100,
            "resources that one connection may hold under the tracker 'limited'; 0 for none at all",
            minimum=0,
        )
    ]
