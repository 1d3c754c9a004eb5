"""What a server cannot work with: settings, and connections that nobody can watch."""

from __future__ import annotations

from collections.abc import Iterable

from pyroplug.contracts import Connection, Listener, Settings
from pyroplug.errors import ConfigError

__all__ = ["check_at_least", "check_descriptors"]


def check_at_least(settings: Settings, name: str, least: int) -> int:
    """The value of a configuration item. Raises :exc:`~pyroplug.errors.ConfigError` if it is too small."""
    value: int = getattr(settings, name)
    if value < least:
        raise ConfigError(f"configuration item {name} is {value}", hint=f"it has to be at least {least}")
    return value


def check_descriptors(model: str, listeners: Iterable[Listener], connections: Iterable[Connection]) -> None:
    """Raise :exc:`~pyroplug.errors.ConfigError` where there is nothing that a poller could watch.

    :param model: the server model's name.
    """
    bare = [f"the listener at {one.location}" for one in listeners if one.fileno() < 0]
    bare += [f"the connection with {one.peer}" for one in connections if one.fileno() < 0]
    if bare:
        raise ConfigError(
            f"the server model {model!r} watches file descriptors, and {bare[0]} has none, or is closed",
            hint="choose a server model (SERVERTYPE) that goes without, or another transport.",
        )
