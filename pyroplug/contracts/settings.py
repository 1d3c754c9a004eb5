"""Configuration: the items there are, and how their values are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

__all__ = ["Buffer", "ConfigItem", "Settings"]

Buffer: TypeAlias = "bytes | bytearray | memoryview"
"""Bytes in any form; a contract that takes a Buffer takes all three."""


class ConfigItem(NamedTuple):
    """One configuration item.

    :ivar name: upper case; the environment variable is ``PYRO_`` followed by it.
    :ivar default: the value unless something else is said; its type is the item's type, and a ``None``
        default stands for an optional text.
    :ivar summary: one line for people, with the unit.
    :ivar minimum: the least number that makes sense.
    :ivar maximum: the largest.
    :ivar choices: the only values that make sense.
    :ivar secret: people who look at the configuration are not shown the value.
    """

    name: str
    default: bool | int | float | str | Sequence[str] | None
    summary: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[int | str, ...] = ()
    secret: bool = False


class Settings(Protocol):
    """Configuration as it is read: one attribute an item, ``settings.COMMTIMEOUT``."""

    def __getattr__(self, name: str, /) -> Any:
        """The item's value. Raises ``AttributeError`` where no such item exists."""
