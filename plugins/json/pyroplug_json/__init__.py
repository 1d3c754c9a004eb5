"""The serializer ``json``: for peers in other languages, and for simple values only.

Here is what the plugin offers; ``serializer`` is how values become bytes.
"""

from __future__ import annotations

from pyroplug.contracts import Serializer
from pyroplug.hookspecs import hookimpl

from .serializer import JsonSerializer

__all__ = ["JsonSerializer"]


@hookimpl
def pyroplug_serializers() -> list[Serializer]:
    """The one serializer."""
    return [JsonSerializer()]
