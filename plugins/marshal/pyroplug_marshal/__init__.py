"""The serializer ``marshal``: Python's internal format; fast, and only for peers that are trusted.

Here is what the plugin offers; ``serializer`` is how values become bytes, and ``plain`` what is made of
values that the format does not have.
"""

from __future__ import annotations

from pyroplug.contracts import ClassConverter, Codec, Serializer, Settings
from pyroplug.hookspecs import hookimpl

__all__ = ["MarshalSerializer"]


class MarshalSerializer:
    """The format of compiled Python files, by the interpreter itself."""

    name = "marshal"
    wire_id = 2
    carries = frozenset({"bytes", "complex", "tuple", "set", "frozenset", "integer keys", "tuple keys"})

    def codec(self, _settings: Settings, classes: ClassConverter, /) -> Codec:
        """The codec; no setting changes it."""
        from .serializer import MarshalCodec

        return MarshalCodec(classes)


@hookimpl
def pyroplug_serializers() -> list[Serializer]:
    """The one serializer."""
    return [MarshalSerializer()]
