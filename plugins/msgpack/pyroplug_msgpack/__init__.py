"""The serializer ``msgpack``: compact and fast; the one to take where speed matters.

Here is what the plugin offers; ``serializer`` is how values become bytes, and ``extensions`` are the types
that MessagePack does not have.
"""

from __future__ import annotations

from pyroplug.contracts import Serializer
from pyroplug.hookspecs import hookimpl

from .serializer import MsgpackSerializer

__all__ = ["MsgpackSerializer"]


@hookimpl
def pyroplug_serializers() -> list[Serializer]:
    """The one serializer."""
    return [MsgpackSerializer()]
