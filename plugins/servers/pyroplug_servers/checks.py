"""Settings that a server cannot work with."""

from __future__ import annotations

from pyroplug.contracts import Settings
from pyroplug.errors import ConfigError

__all__ = ["check_at_least"]


def check_at_least(settings: Settings, name: str, least: int) -> int:
    """The value of a configuration item. Raises :exc:`~pyroplug.errors.ConfigError` if it is too small."""
    value: int = getattr(settings, name)
    if value < least:
        raise ConfigError(f"configuration item {name} is {value}", hint=f"it has to be at least {least}")
    return value
