"""The configuration: one for the process, and the class of such."""

from __future__ import annotations

from pyroplug.config import Configuration
from pyroplug.config import config as global_config

__all__ = ["Configuration", "dump", "global_config"]


def dump() -> None:
    """Print versions and every item's value."""
    print(global_config.dump(), end="")


if __name__ == "__main__":
    dump()
