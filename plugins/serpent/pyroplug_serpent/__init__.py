"""The serializer ``serpent``: Python literals as text; Pyro's default, and the safest to read.

Here is what the plugin offers; ``serializer`` is how values become bytes, and ``literals`` how the serpent
library is taught the classes.
"""

from __future__ import annotations

from pyroplug.contracts import ConfigItem, Serializer
from pyroplug.hookspecs import hookimpl

from .serializer import SerpentSerializer

__all__ = ["SerpentSerializer"]


@hookimpl
def pyroplug_serializers() -> list[Serializer]:
    """The one serializer."""
    return [SerpentSerializer()]


@hookimpl
def pyroplug_config_items() -> list[ConfigItem]:
    """The item that the serializer reads."""
    return [
        ConfigItem(
            "SERPENT_BYTES_REPR", False, "write bytes as bytes literals, not as dictionaries of base64 text"
        )
    ]
