"""The configuration items that a name server brings; the kernel's own are those that Pyro5 has."""

from __future__ import annotations

from pyroplug.contracts import ConfigItem

__all__ = ["ITEMS"]

ITEMS = (
    ConfigItem("NS_LEASE", 0.0, "seconds after which a name lapses unless registered again; 0 for never", 0),
    ConfigItem("NS_MAX_NAMES", 1_000_000, "names that a name server keeps; 0 for any number", 0),
    ConfigItem(
        "NS_MAX_NAMES_PER_CLIENT", 250_000, "names that one client address may have; 0 for any number", 0
    ),
    ConfigItem(
        "NS_MAX_SIZE_PER_CLIENT",
        64 << 20,
        "characters that the names of one client address may have, with URIs and tags; 0 for any number",
        0,
    ),
    ConfigItem("NS_MAX_LENGTH", 2000, "characters of the longest name, URI or tag in a name server", 100),
    ConfigItem("NS_MAX_TAGS", 200, "tags that a name may have in a name server", 1),
)
"""The configuration items of a name server's limits."""
