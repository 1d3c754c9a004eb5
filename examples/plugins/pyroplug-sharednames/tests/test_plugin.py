"""It is found, admitted, and quick to import: pyroplug's own suite for plugins as a whole."""

from __future__ import annotations

from pyroplug.testing import PluginSuite


class TestPlugin(PluginSuite):
    plugin = "sharednames"
    provides = {"name-storage": ["sharednames"]}
