"""Pyro5's modules, by their names: programs move by putting ``pyroplug_pyro5`` wherever they say ``Pyro5``.

Everything here is pyroplug's own; nothing is added but names. New programs import :mod:`pyroplug.api`.
"""

from __future__ import annotations

from pyroplug import __version__
from pyroplug.config import config
from pyroplug.context import current_context

__all__ = ["__version__", "config", "current_context"]
