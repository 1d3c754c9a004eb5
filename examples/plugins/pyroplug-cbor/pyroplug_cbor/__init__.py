"""The serializer ``cbor``: a plugin of pyroplug.

Here is what the plugin offers; ``serializer`` is how values become bytes.
"""

from __future__ import annotations

from pyroplug.contracts import Serializer
from pyroplug.hookspecs import hookimpl

from .serializer import CborSerializer

__all__ = ["CborSerializer"]


@hookimpl
def pyroplug_serializers() -> list[Serializer]:
    """The one serializer."""
    return [CborSerializer()]
