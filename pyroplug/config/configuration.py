"""One set of values for all configuration items, the kernel's and those that plugins bring."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pyroplug import __version__
from pyroplug.contracts import ConfigItem
from pyroplug.errors import ConfigError

from .items import KERNEL_ITEMS
from .values import Value, checked, default_of, parsed, shown

__all__ = ["Configuration", "about"]

_PREFIXES = ("PYROPLUG_", "PYRO_")
_NOT_ITEMS = frozenset(("PYROPLUG_BLOCK", "PYROPLUG_AUTOLOAD"))
_MOST_DERIVED = 100

T = TypeVar("T")


class Configuration:
    """One set of values, an attribute an item: ``config.COMMTIMEOUT = 2.5``.

    A value comes from, the last one wins: the item's default, the environment (``PYRO_NAME`` as for Pyro5,
    or ``PYROPLUG_NAME``), and assignment.

    Whatever the environment says, a configuration can be made, so that no variable keeps a program from
    starting that has no use for it. A variable that no item has is warned of, and changes nothing. Where a
    variable's value is unusable, its item has *no* value, and reading it raises, until one is assigned: the
    default would be a guess, and with an item such as ``SSL`` a dangerous one.

    Items of plugins are asked for when one of them is first used, so that a program which uses none
    imports no plugin.

    :raises ConfigError: from reading or writing an attribute that is no item; from deleting one; from
        writing a value that is of the wrong type or makes no sense; from reading one that the environment
        has spoilt. It is an ``AttributeError`` and a ``ValueError`` too.
    """

    __slots__ = (
        *("_derived", "_environ", "_faults", "_items"),
        *("_plugin_items", "_process", "_variables"),
        "__dict__",  # the values, so that reading one is no more than reading an attribute
    )

    _process: Mapping[str, str]  # the environment
    _environ: Mapping[str, str]  # what of it counts
    _plugin_items: Callable[[], Iterable[ConfigItem]] | None
    _items: dict[str, ConfigItem]
    _variables: dict[str, str]  # where values come from that are not the default
    _faults: dict[str, ConfigError]  # what is said where there is no value
    _derived: dict[Hashable, Any]  # replaced when a value changes

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        plugin_items: Callable[[], Iterable[ConfigItem]] | None = None,
    ) -> None:
        """Start with the defaults, and what the environment says.

        :param environ: the environment to read; ``None`` for the process's own.
        :param plugin_items: gives the plugins' items when they are first needed; ``None`` for those of
            the process's default set of plugins.
        """
        environ = os.environ if environ is None else environ
        _set(self, plugin_items=plugin_items or _default_plugin_items, process=environ, environ=environ)
        _set(self, items={}, variables={}, faults={}, derived={})
        self._add(KERNEL_ITEMS)

    @property
    def _values(self) -> dict[str, Value]:
        return self.__dict__

    def __getattr__(self, name: str) -> Any:
        """What has no value, or none yet."""
        if name.startswith("_"):  # also of one that is only just being made
            raise AttributeError(name)
        self._require(name)
        values = self._values
        if name not in values:
            fault = self._faults[name]
            raise ConfigError(*fault.args, hint=fault.hint)
        return values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self._values[name] = checked(self._require(name), value)
        self._variables.pop(name, None)
        self._faults.pop(name, None)
        _set(self, derived={})

    def __delattr__(self, name: str) -> None:
        self._require(name)
        raise ConfigError(f"configuration item {name} cannot be deleted", hint="set it, or reset() them all")

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.items()})

    def __iter__(self) -> Iterator[str]:
        return iter(self.items())

    def __repr__(self) -> str:
        changed = [f"{name}={self._told(name)}" for name in sorted(self._items) if not self._is_default(name)]
        return f"<{type(self).__name__} {', '.join(changed) or 'all defaults'}>"

    def items(self) -> dict[str, ConfigItem]:
        """Every item by its name: the kernel's and the plugins'."""
        self._load_plugin_items()
        return dict(self._items)

    def as_dict(self) -> dict[str, Value]:
        """Every item's value by its name, secret ones too. Raises ``ConfigError`` where there is none."""
        return {name: getattr(self, name) for name in self.items()}

    def copy(self) -> Configuration:
        """An independent configuration with the same values."""
        twin = object.__new__(type(self))
        _set(twin, plugin_items=self._plugin_items, process=self._process, environ=self._environ)
        # Items first: another thread may add some, and it adds their values before them.
        _set(twin, items=dict(self._items))
        twin._values.update(self._values)
        _set(twin, variables=dict(self._variables), faults=dict(self._faults), derived={})
        return twin

    __copy__ = copy

    def reset(self, use_environment: bool = True) -> None:
        """Back to the defaults, and to what the environment says now unless told to leave it aside."""
        _set(self, environ=self._process if use_environment else {})
        for item in self._items.values():
            self._begin(item.name, *self._beginning(item))
        _set(self, derived={})

    def derived(self, key: Hashable, make: Callable[[], T]) -> T:
        """What ``make()`` gave, as long as no value was set since then: for what is made again and again.

        :param key: stands for what is made, and for all that it depends on beside the values.
        """
        known = self._derived
        found: T | None = known.get(key)
        if found is None:
            if len(known) >= _MOST_DERIVED:
                known.clear()
            found = known[key] = make()
        return found

    def dump(self) -> str:
        """Versions and places, and then every item and its value as text, a line each, sorted by name.

        Secret values are masked.
        """
        lines = [*about(), *(f"{name} = {self._told(name)}" for name in sorted(self.items()))]
        return "\n".join(lines) + "\n"

    def variable(self, name: str) -> str | None:
        """The environment variable that an item has its value from, also an unusable one."""
        self._require(name)
        return self._variables.get(name)

    def problem(self, name: str) -> ConfigError | None:
        """What reading an item raises, if it does: what is wrong with its variable."""
        self._require(name)
        return self._faults.get(name)

    def unknown_variables(self) -> dict[str, str]:
        """Environment variables that look like items and are none; for each what is wrong, in a sentence."""
        self._load_plugin_items()
        found = {}
        for variable in sorted(self._environ):
            prefix = next((prefix for prefix in _PREFIXES if variable.startswith(prefix)), None)
            name = variable.removeprefix(prefix or "")
            if prefix and name not in self._items and variable not in _NOT_ITEMS:
                found[variable] = (
                    f"environment variable {variable}: there is no configuration item {name!r}; "
                    f"{_similar(name, self._items)}"
                )
        return found

    def _told(self, name: str) -> str:
        if name not in self._values:
            return f"(unusable: {self._faults[name].args[0]})"
        return shown(self._items[name], self._values[name])

    def _is_default(self, name: str) -> bool:
        return name in self._values and self._values[name] == default_of(self._items[name])

    def _require(self, name: str) -> ConfigItem:
        if name not in self._items and name.isupper():
            self._load_plugin_items()
        item = self._items.get(name)
        if item is None:
            raise ConfigError(f"there is no configuration item {name!r}", hint=_similar(name, self._items))
        return item

    def _load_plugin_items(self) -> None:
        source = self._plugin_items
        if source is None:
            return
        self._add(source())
        if self._plugin_items is None:  # another thread was faster
            return
        _set(self, plugin_items=None)
        for sentence in self.unknown_variables().values():
            warnings.warn(sentence, stacklevel=2)

    def _add(self, items: Iterable[ConfigItem]) -> None:
        for item in items:
            if item.name not in self._items:
                begun = self._beginning(item)
                if item.name not in self._items:  # or it may have been given a value in the meantime
                    self._begin(item.name, *begun)
                    self._items[item.name] = item  # last: other threads look here first

    def _beginning(self, item: ConfigItem) -> tuple[Value, str | None, ConfigError | None]:
        """What an item has as long as the program says nothing: its value, a variable, and what is wrong."""
        name = item.name
        value, fault = default_of(item), None
        variable = next((prefix + name for prefix in _PREFIXES if prefix + name in self._environ), None)
        if variable is not None:
            try:
                value = parsed(item, variable, self._environ[variable])
            except ConfigError as error:
                fault = ConfigError(*error.args, hint=error.hint)
        return value, variable, fault

    def _begin(self, name: str, value: Value, variable: str | None, fault: ConfigError | None) -> None:
        _put(self._variables, name, variable)
        _put(self._faults, name, fault)
        if fault is None:
            self._values[name] = value
        else:
            self._values.pop(name, None)


def about() -> list[str]:
    """Which pyroplug this is, where it is, on which Python it runs, and what it speaks; a line each."""
    import platform

    from pyroplug.wire import PROTOCOL_VERSION

    return [
        f"pyroplug {__version__} in {os.path.dirname(os.path.dirname(__file__))}",
        f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}",
        f"wire protocol version {PROTOCOL_VERSION}",
    ]


def _set(configuration: Configuration, **slots: object) -> None:
    for slot, value in slots.items():
        object.__setattr__(configuration, f"_{slot}", value)


def _put(table: dict[str, Any], name: str, value: object) -> None:
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value


def _default_plugin_items() -> Iterable[ConfigItem]:
    from pyroplug.plugins import default_plugins

    return default_plugins().config_items


def _similar(name: str, items: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(items), n=1)
    return f"did you mean {near[0]}?" if near else "`pyroplug check-config` lists all items"
