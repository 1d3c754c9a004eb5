"""Plugins: which there are, what became of each, and what they provide, by name.

A :class:`PluginSet` is built once, and does not change what it provides: hooks are called while it is built
and never while a message is on its way. One plugin's failure concerns that plugin alone. What a daemon or
proxy makes of the set is none of this module's business.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pyroplug.errors import PluginError

from .kinds import Kind, PluginRecord, Status

if TYPE_CHECKING:
    import click

    from pyroplug.contracts import ConfigItem, Serializer, Transport

__all__ = ["PluginSet", "default_plugins"]


def _log_warning(text: str) -> None:
    """Write to the log ``pyroplug.plugins``, which shows warnings unless a program decides otherwise."""
    import logging

    logging.getLogger("pyroplug.plugins").warning("%s", text)


class PluginSet:
    """The plugins of a process, or of one daemon or proxy.

    :ivar records: what became of each plugin, sorted by name and distribution.
    :ivar config_items: the configuration items that plugins bring.
    """

    records: tuple[PluginRecord, ...]
    config_items: tuple[ConfigItem, ...]

    def __init__(
        self,
        *,
        block: Iterable[str] | None = None,
        autoload: bool | None = None,
        plugins: Mapping[str, object] | None = None,
        load: bool = True,
        warn: Callable[[str], object] = _log_warning,
    ) -> None:
        """Find the plugins, load those that are not blocked, and check what they provide.

        :param block: plugins whose code must not run: ``NAME``, ``DISTRIBUTION`` or
            ``DISTRIBUTION:NAME`` each; in addition to those in the environment's ``PYROPLUG_BLOCK``.
        :param autoload: whether to use installed plugins; ``None`` leaves it to the environment's
            ``PYROPLUG_AUTOLOAD``, where it is on by default.
        :param plugins: more plugins, modules or instances by name.
        :param load: false for a set that only knows metadata, provides nothing and runs no plugin's code.
        :param warn: told, in a sentence each, of plugins that are broken or clash, and of blocked names
            that there are not.
        :raises ConfigError: if ``PYROPLUG_AUTOLOAD`` is neither on nor off.
        """
        from .building import build, tables

        self._entries, complaints = build(block or (), autoload, plugins or {}, load)
        self._by_name, self._tables = tables(self._entries)
        self.config_items = tuple(self.all(Kind.CONFIG_ITEM).values())
        self._take_stock()
        self._warn = warn
        for complaint in complaints:
            warn(complaint)
        for record in self.records:
            self._warn_of(record)

    def get(self, kind: Kind, name: str) -> Any:
        """What is provided under a name, or under an alias.

        :raises PluginUnavailableError: it is not there; the text says why, and what there is.
        """
        return self._find(kind, "name", name)

    def serializer(self, name: str) -> Serializer:
        """A serializer by its name. Raises as ``get`` does."""
        found: Serializer = self._find(Kind.SERIALIZER, "name", name)
        return found

    def by_wire_id(self, wire_id: int) -> Serializer:
        """The serializer that messages call by this number, 1 to 255.

        :raises PluginUnavailableError: there is none.
        """
        found: Serializer = self._find(Kind.SERIALIZER, "wire_id", wire_id)
        return found

    def by_scheme(self, scheme: str | None) -> Transport:
        """The transport for the locations ``./SCHEME:address``; ``None`` means those of no scheme.

        :raises PluginUnavailableError: there is none; the text says which schemes there are.
        """
        found: Transport = self._find(Kind.TRANSPORT, "scheme", scheme)
        return found

    def all(self, kind: Kind) -> Mapping[str, Any]:
        """Everything usable of a kind, by name; aliases are left out."""
        return MappingProxyType(self._by_name.get(kind, {}))

    def names(self, kind: Kind) -> tuple[str, ...]:
        """The usable names of a kind, sorted."""
        return tuple(self.all(kind))

    def add_commands(self, cli: click.Group) -> None:
        """Let every active plugin add its subcommands to the command line.

        One that fails, or takes a command that is there already, is noted in ``records`` and warned of.
        """
        from .commands import add_commands

        faulty = add_commands([entry for entry in self._entries if entry.manager], cli)
        self._take_stock()
        for entry in faulty:
            self._warn_of(entry.record())

    def _find(self, kind: Kind, attribute: str, value: Any) -> Any:
        try:
            return self._tables[kind, attribute][value]
        except (KeyError, TypeError):  # unhashable: what a user wrote in a configuration
            from .unavailable import unavailable

            raise unavailable(self.records, kind, attribute, value) from None

    def _take_stock(self) -> None:
        self.records = tuple(entry.record() for entry in self._entries)

    def _warn_of(self, record: PluginRecord) -> None:
        if record.status in (Status.FAILED, Status.CLASH):
            hint = f"\nhint: {record.hint}" if record.hint else ""
            self._warn(f"{record.who}: {record.problem}{hint}")


# The process's own -----------------------------------------------------------------------------------

_lock = threading.RLock()
_default: PluginSet | None = None
_building = False


def default_plugins() -> PluginSet:
    """The set of plugins for everything that is not given one of its own; made when first asked for.

    :raises PluginError: a plugin asked for it while it was being imported for it.
    """
    global _default, _building  # noqa: PLW0603  # the one deliberate piece of process-wide state
    if _default is not None:
        return _default
    with _lock:
        if _default is None:
            if _building:
                raise PluginError(
                    "the set of plugins is still being built",
                    hint="a plugin must not use daemons, proxies or plugins' settings while it is imported.",
                )
            _building = True
            try:
                _default = PluginSet()
            finally:
                _building = False
        return _default
