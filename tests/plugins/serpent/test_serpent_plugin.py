"""What the plugin offers."""

from __future__ import annotations

import pluggy
import pyroplug_serpent

from pyroplug import hookspecs


def manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(pyroplug_serpent)
    manager.check_pending()
    return manager


def test_config_item_is_that_of_pyro5() -> None:
    from Pyro5.configure import Configuration

    ((item,),) = manager().hook.pyroplug_config_items()
    theirs = Configuration()
    theirs.reset(use_environment=False)
    assert item.name == "SERPENT_BYTES_REPR"
    assert item.default is theirs.SERPENT_BYTES_REPR is False
    assert item.summary
    assert "\n" not in item.summary
