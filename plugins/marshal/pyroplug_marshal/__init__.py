"""The serializer ``marshal``: Python's internal format; fast, and only for peers that are trusted.

Here is what the plugin offers; ``serializer`` is how values become bytes, and ``plain`` what is made of
values that the format does not have.
"""

from __future__ import annotations

from pyroplug.contracts import Serializer
from pyroplug.hookspecs import hookimpl

from .serializer import MarshalSerializer

__all__ = ["MarshalSerializer"]


@hookimpl
def pyroplug_serializers() -> list[Serializer]:
    """The one serializer."""
    return [MarshalSerializer()]
