"""Which plugins there are, and which of them are blocked, from metadata alone: no plugin's code runs here."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyroplug.errors import ConfigError
from pyroplug.hookspecs import PROJECT

from .installed import normal, points

__all__ = ["AUTOLOAD", "BLOCK", "Blocks", "Source", "autoload_wanted", "find", "given"]

BLOCK = "PYROPLUG_BLOCK"
"""The environment variable that names blocked plugins, with commas between them."""
AUTOLOAD = "PYROPLUG_AUTOLOAD"
"""The environment variable that can switch off installed plugins altogether."""

_SWITCH = {
    "1": True,
    "on": True,
    "yes": True,
    "true": True,
    "0": False,
    "off": False,
    "no": False,
    "false": False,
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a plugin comes from.

    :ivar target: the value of its entry point; empty for a plugin that the program gave.
    :ivar plugin: the plugin itself if the program gave it.
    """

    name: str
    target: str = ""
    distribution: str | None = None
    version: str | None = None
    plugin: object = None

    @property
    def ours(self) -> bool:
        """Whether it comes with pyroplug itself."""
        return self.distribution is not None and normal(self.distribution) == PROJECT

    @property
    def block_name(self) -> str:
        """What blocks this plugin and no other of the same name."""
        return f"{self.distribution}:{self.name}" if self.distribution else self.name


class Blocks:
    """Which plugins must not run: ``NAME``, ``DISTRIBUTION`` or ``DISTRIBUTION:NAME`` each.

    :param names: in addition to those that the environment names.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        wanted = [*os.environ.get(BLOCK, "").split(","), *names]
        self._names = {name.strip() for name in wanted if name.strip()}
        self._unmatched = set(self._names)

    @property
    def unmatched(self) -> tuple[str, ...]:
        """The names that blocked nothing so far."""
        return tuple(sorted(self._unmatched))

    def match(self, source: Source) -> str | None:
        """The name that blocks this plugin, if one does."""
        matching = sorted(name for name in self._names if _blocks(name, source))
        self._unmatched.difference_update(matching)
        return matching[0] if matching else None


def _blocks(name: str, source: Source) -> bool:
    distribution = normal(source.distribution or "")
    if ":" in name:
        wanted, _, plugin = name.partition(":")
        return (normal(wanted.strip()), plugin.strip()) == (distribution, source.name)
    return name == source.name or normal(name) == distribution


def autoload_wanted() -> bool:
    """Whether the environment lets installed plugins be used. Raises :exc:`~pyroplug.errors.ConfigError`."""
    text = os.environ.get(AUTOLOAD, "").strip() or "on"
    if text.lower() not in _SWITCH:
        raise ConfigError(
            f"{AUTOLOAD} is {text!r}, which is neither on nor off", hint=f"set it to {' or '.join('10')}"
        )
    return _SWITCH[text.lower()]


def given(plugins: Mapping[str, object]) -> list[Source]:
    """The plugins that a program gives by hand."""
    return [Source(name, plugin=plugin) for name, plugin in plugins.items()]


def find() -> list[Source]:
    """All installed plugins, sorted by name and distribution."""
    found = {Source(*point) for point in points(PROJECT)}
    return sorted(found, key=lambda source: (source.name, source.distribution or "", source.target))
