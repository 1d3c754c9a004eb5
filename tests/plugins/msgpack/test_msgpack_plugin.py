"""What the plugin offers."""

from __future__ import annotations

import pluggy
import pyroplug_msgpack

from pyroplug import hookspecs
from pyroplug.contracts import Serializer


def manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(pyroplug_msgpack)
    manager.check_pending()
    return manager


def test_one_serializer() -> None:
    ((serializer,),) = manager().hook.pyroplug_serializers()
    assert isinstance(serializer, Serializer)
    assert serializer.name == "msgpack"
