"""Configuration items: the kernel's, and those that plugins bring.

One process-wide :data:`config` serves everything that is not given a configuration of its own. Values
come from, last one wins: the item's default, the environment (``PYRO_NAME`` as for Pyro5, or
``PYROPLUG_NAME``), and assignment. Where a default is a plugin's name, it is a choice like any that a
user could write; no code of the kernel depends on it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .contracts import ConfigItem
from .errors import ConfigError

__all__ = ["KERNEL_ITEMS", "Configuration", "config"]

KERNEL_ITEMS = (
    ConfigItem("HOST", "localhost", "host name or address that daemons and name servers listen on"),
    ConfigItem("NATHOST", None, "host name to publish in URIs instead, for use behind NAT"),
    ConfigItem("NATPORT", 0, "port to publish in URIs instead; 0 for the real one"),
    ConfigItem("NS_HOST", "localhost", "host name or address where the name server is looked for"),
    ConfigItem("NS_PORT", 9090, "TCP port of the name server"),
    ConfigItem("NS_BCHOST", None, "address that the name server's broadcast responder listens on"),
    ConfigItem("NS_BCPORT", 9091, "UDP port of the name server's broadcast responder"),
    ConfigItem("NS_AUTOCLEAN", 0.0, "seconds between two scans for dead names; 0 for none"),
    ConfigItem("NS_LOOKUP_DELAY", 0.0, "seconds for which a failing name lookup is repeated"),
    ConfigItem("BROADCAST_ADDRS", ("<broadcast>", "0.0.0.0"), "where the name server is broadcast for"),
    ConfigItem("SERVERTYPE", "thread", "server model of daemons, by its plugin's name"),
    ConfigItem("SERIALIZER", "serpent", "serializer of proxies, by its plugin's name"),
    ConfigItem(
        "SERIALIZERS_ACCEPTED",
        ("serpent", "json", "msgpack"),
        "serializers that a daemon accepts, besides its own SERIALIZER",
    ),
    ConfigItem("HANDSHAKE_VALIDATORS", (), "handshake validators of daemons; all must agree"),
    ConfigItem("RESOURCE_TRACKER", "weak", "resource tracker of daemons, by its plugin's name"),
    ConfigItem("COMPRESSION", False, "compress large payloads"),
    ConfigItem("COMMTIMEOUT", 0.0, "seconds to wait for the other side; 0 for ever"),
    ConfigItem("POLLTIMEOUT", 2.0, "seconds after which an idle server looks at its loop condition"),
    ConfigItem("SHUTDOWN_TIMEOUT", 5.0, "seconds that running calls get when a daemon shuts down"),
    ConfigItem("MAX_RETRIES", 0, "how often a proxy repeats a call whose connection broke"),
    ConfigItem("MAX_MESSAGE_SIZE", 1 << 30, "bytes of the largest message to send or receive"),
    ConfigItem("MAX_HANDSHAKE_SIZE", 64 << 10, "bytes of the largest message from a peer not yet accepted"),
    ConfigItem("DETAILED_TRACEBACK", False, "show local variables in the tracebacks that clients get"),
    ConfigItem("ITER_STREAMING", True, "let methods return iterators, which clients then consume remotely"),
    ConfigItem("ITER_STREAM_LIFETIME", 0.0, "seconds after which a remote iterator ends; 0 for never"),
    ConfigItem("ITER_STREAM_LINGER", 30.0, "seconds that a remote iterator outlives its connection"),
    ConfigItem("LOGFILE", "pyro5.log", "log file; informational, logging is set up from the environment"),
    ConfigItem("LOGLEVEL", None, "log level; informational, logging is set up from the environment"),
    ConfigItem("LOGWIRE", False, "log every message"),
)

Value = bool | int | float | str | tuple[str, ...] | None

_BOOLEANS = {
    **dict.fromkeys(("0", "off", "no", "false"), False),
    **dict.fromkeys(("1", "on", "yes", "true"), True),
}
_PREFIXES = ("PYRO_", "PYROPLUG_")
_NOT_ITEMS = frozenset(("PYROPLUG_BLOCK", "PYROPLUG_AUTOLOAD"))


class Configuration:
    """One set of values, an attribute an item: ``config.COMMTIMEOUT = 2.5``.

    Items of plugins are asked for when one of them is first used, so that a program which uses none
    imports no plugin.

    :raises ConfigError: from reading or writing an attribute that is no item, and from writing or
        reading from the environment a value of the wrong type. It is an ``AttributeError`` and a
        ``ValueError`` too.
    """

    __slots__ = ("_environ", "_items", "_plugin_items", "_values")

    _items: dict[str, ConfigItem]
    _values: dict[str, Value]
    _environ: Mapping[str, str] | None
    _plugin_items: Callable[[], Iterable[ConfigItem]] | None

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
        _set(self, "_plugin_items", plugin_items or _default_plugin_items)
        _set(self, "_environ", os.environ if environ is None else environ)
        _set(self, "_items", {})
        _set(self, "_values", {})
        self._add(KERNEL_ITEMS)

    def __getattr__(self, name: str) -> Any:
        values = self._values
        if name not in values:
            self._require(name)
        return values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self._values[name] = _checked(self._require(name), value)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.items()})

    def __repr__(self) -> str:
        changed = {n: v for n, v in self._values.items() if v != self._items[n].default}
        return f"<{type(self).__name__} {changed or 'all defaults'}>"

    def items(self) -> dict[str, ConfigItem]:
        """Every item by its name: the kernel's and the plugins'."""
        self._load_plugin_items()
        return dict(self._items)

    def as_dict(self) -> dict[str, Value]:
        """Every item's value by its name."""
        self._load_plugin_items()
        return dict(self._values)

    def copy(self) -> Configuration:
        """An independent configuration with the same values."""
        twin = object.__new__(type(self))
        _set(twin, "_plugin_items", self._plugin_items)
        _set(twin, "_environ", self._environ)
        _set(twin, "_items", dict(self._items))
        _set(twin, "_values", dict(self._values))
        return twin

    def reset(self, use_environment: bool = True) -> None:
        """Back to the defaults, and to what the environment says now unless told to leave it aside."""
        _set(self, "_environ", os.environ if use_environment else {})
        for item in self._items.values():
            self._values[item.name] = self._initial(item)

    def dump(self) -> str:
        """Every item and its value as text, a line each, sorted by name."""
        return "".join(f"{name} = {value}\n" for name, value in sorted(self.as_dict().items()))

    def _require(self, name: str) -> ConfigItem:
        if name not in self._items and name.isupper():
            self._load_plugin_items()
        item = self._items.get(name)
        if item is None:
            raise ConfigError(f"there is no configuration item {name!r}", hint=_similar(name, self._items))
        return item

    def _load_plugin_items(self) -> None:
        source = self._plugin_items
        if source is not None:
            _set(self, "_plugin_items", None)
            try:
                self._add(source())
            except BaseException:
                _set(self, "_plugin_items", source)
                raise
            self._warn_of_unknown_variables()

    def _add(self, items: Iterable[ConfigItem]) -> None:
        for item in items:
            value = self._initial(item)
            self._items[item.name] = item
            self._values[item.name] = value

    def _initial(self, item: ConfigItem) -> Value:
        default = item.default
        value = tuple(default) if isinstance(default, (list, tuple)) else default
        for prefix in _PREFIXES:
            text = (self._environ or {}).get(prefix + item.name)
            if text is not None:
                value = _parsed(item, prefix + item.name, text)
        return value  # type: ignore[return-value]

    def _warn_of_unknown_variables(self) -> None:
        for variable in self._environ or ():
            for prefix in _PREFIXES:
                name = variable.removeprefix(prefix)
                if name != variable and name not in self._items and variable not in _NOT_ITEMS:
                    warnings.warn(
                        f"environment variable {variable}: there is no configuration item {name!r}; "
                        f"{_similar(name, self._items)}",
                        stacklevel=4,
                    )

    def __iter__(self) -> Iterator[str]:
        return iter(self.items())


def _set(configuration: Configuration, slot: str, value: object) -> None:
    object.__setattr__(configuration, slot, value)


def _default_plugin_items() -> Iterable[ConfigItem]:
    from .plugins import default_plugins

    return default_plugins().config_items


def _parsed(item: ConfigItem, variable: str, text: str) -> Value:
    default = item.default
    try:
        if isinstance(default, bool):
            return _BOOLEANS[text.strip().lower()]
        if isinstance(default, (int, float)):
            return type(default)(text)
        if isinstance(default, (list, tuple)):
            return tuple(part.strip() for part in text.split(",") if part.strip())
    except (KeyError, ValueError):
        raise _unusable(item, text, f"environment variable {variable}") from None
    return text


def _checked(item: ConfigItem, value: Any) -> Value:
    default = item.default
    if default is None:
        fits = value is None or isinstance(value, str)
        return value if fits else str(value)
    if isinstance(default, bool):
        fits = isinstance(value, (bool, int)) and value in (0, 1)
        value = bool(value)
    elif isinstance(default, int):
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif isinstance(default, float):
        fits = isinstance(value, (int, float)) and not isinstance(value, bool)
        value = float(value) if fits else value
    elif isinstance(default, str):
        fits = isinstance(value, str)
    else:
        fits = isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(v, str) for v in value)
        value = tuple(value) if fits else value
    if not fits:
        raise _unusable(item, value, "value")
    return value  # type: ignore[no-any-return]


def _unusable(item: ConfigItem, value: object, origin: str) -> ConfigError:
    kind = "list of texts" if isinstance(item.default, (list, tuple)) else type(item.default).__name__
    return ConfigError(
        f"configuration item {item.name}: {origin} {value!r} is not of type {kind}",
        hint=f"{item.name} is the {item.summary}; its default is {item.default!r}",
    )


def _similar(name: str, items: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(items), n=1)
    return f"did you mean {near[0]}?" if near else "`pyroplug check-config` lists all items"


config = Configuration()
"""The process-wide configuration."""
