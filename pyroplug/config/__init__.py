"""Configuration items: the kernel's, and those that plugins bring.

One process-wide :data:`config` serves everything that is not given a configuration of its own. Programs
know it as ``pyroplug.config``, the name of this module, too: items and methods are passed on to it.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from .configuration import Configuration, about
from .items import KERNEL_ITEMS
from .values import default_of, shown, type_name

__all__ = ["KERNEL_ITEMS", "Configuration", "about", "config", "default_of", "shown", "type_name"]

config = Configuration()
"""The process-wide configuration."""

_METHODS = frozenset(("as_dict", "copy", "dump", "items", "reset"))


class _Module(ModuleType):
    """``pyroplug.config.SERIALIZER = "json"`` would otherwise set something that nobody reads."""

    def __getattr__(self, name: str) -> Any:
        if name.isupper() or name in _METHODS:
            return getattr(config, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name.isupper() and name not in self.__dict__:
            setattr(config, name, value)
        else:
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Module
