"""The plugin system: find plugins, block, load, check, isolate and report them. No plugin lives here.

``kinds`` is the table of what plugins provide; ``installed`` reads metadata, ``discovery`` says which plugins
there are, ``admission`` loads one plugin, ``conformance`` checks one object, ``clashes`` judges between
plugins, ``building`` puts it together, and ``pluginset`` is what others see of it. ``obtaining`` looks at
what its objects make when they are used.
"""

from .kinds import Kind, PluginRecord, Provided, Status
from .obtaining import obtain
from .pluginset import PluginSet, default_plugins

__all__ = ["Kind", "PluginRecord", "PluginSet", "Provided", "Status", "default_plugins", "obtain"]
