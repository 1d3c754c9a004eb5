"""The serializer ``json``: for peers in other languages, and for simple values only.

Here is what the plugin offers; ``serializer`` is how values become bytes.
"""

from __future__ import annotations

from pyroplug.contracts import ClassConverter, Codec, Serializer, Settings
from pyroplug.hookspecs import hookimpl

__all__ = ["JsonSerializer"]


class JsonSerializer:
    """JSON, by Python's own library."""

    name = "json"
    wire_id = 3
    carries: frozenset[str] = frozenset()

    def codec(self, _settings: Settings, classes: ClassConverter, /) -> Codec:
        """The codec; no setting changes it."""
        from .serializer import JsonCodec

        return JsonCodec(classes)


@hookimpl
def pyroplug_serializers() -> list[Serializer]:
    """The one serializer."""
    return [JsonSerializer()]
