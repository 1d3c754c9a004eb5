"""Values of configuration items: read from texts, checked, and shown to people."""

from __future__ import annotations

from collections.abc import Callable
from sys import float_info
from typing import Any

from pyroplug.contracts import ConfigItem
from pyroplug.errors import ConfigError

__all__ = ["Value", "checked", "default_of", "parsed", "shown", "type_name"]

Value = bool | int | float | str | tuple[str, ...] | None

_BOOLEANS = {
    **dict.fromkeys(("0", "off", "no", "false"), False),
    **dict.fromkeys(("1", "on", "yes", "true"), True),
}
_WORDS = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "list": "a list of texts",
    "str or None": "a text or None",
}
_CONVERT: dict[str, Callable[[Any], Value]] = {"bool": bool, "float": float, "list": tuple}
_MASK = "***"


def type_name(item: ConfigItem) -> str:
    """The type of an item's values: ``bool``, ``int``, ``float``, ``str``, ``list`` or ``str or None``."""
    if item.default is None:
        return "str or None"
    return "list" if isinstance(item.default, (list, tuple)) else type(item.default).__name__


def shown(item: ConfigItem, value: Value) -> str:
    """A value as people read it, in one line; of a secret item only whether there is one."""
    if item.secret and value:
        return _MASK
    if isinstance(value, tuple):
        return ", ".join(map(_plain, value)) or "()"
    return _plain(value) if isinstance(value, str) else str(value)


def _plain(text: str) -> str:
    return text if text and text.isprintable() else repr(text)


def parsed(item: ConfigItem, variable: str, text: str) -> Value:
    """The value that an environment variable gives an item.

    :raises ConfigError: it is not of the item's type, or makes no sense; the error names the variable.
    """
    default: Any = item.default
    value: Any = text
    try:
        if isinstance(default, bool):
            value = _BOOLEANS[text.strip().lower()]
        elif isinstance(default, (int, float)):
            value = type(default)(text)
        elif isinstance(default, (list, tuple)):
            value = [part.strip() for part in text.split(",") if part.strip()]
        return checked(item, value)
    except (KeyError, ValueError):
        remedy = f"correct the variable, or unset it for the default, {shown(item, default_of(item))}"
        raise _unusable(item, f"environment variable {variable}: ", text, remedy) from None


def checked(item: ConfigItem, value: Any) -> Value:
    """A value for an item, in the item's own type.

    :raises ConfigError: it is of another type, or makes no sense.
    """
    kind = type_name(item)
    if _fits(kind, value):
        fitting: Value = _CONVERT[kind](value) if kind in _CONVERT else value
        if _acceptable(item, fitting):
            return fitting
    remedy = f"the default is {shown(item, default_of(item))}"
    if kind == "list" and isinstance(value, str) and not item.secret:
        remedy = f"a list of one is {[value]!r}; {remedy}"
    raise _unusable(item, "", value, remedy)


def _fits(kind: str, value: Any) -> bool:
    """Whether a value is of a type, or can become it without a change of meaning."""
    if kind == "bool":
        return isinstance(value, int) and value in (0, 1)
    if kind in ("int", "float"):
        wanted = int if kind == "int" else (int, float)
        # Every number within; neither of the infinite ones, and not the one that is none.
        return isinstance(value, wanted) and not isinstance(value, bool) and abs(value) <= float_info.max
    if kind == "list":
        return isinstance(value, (list, tuple, set, frozenset)) and all(isinstance(one, str) for one in value)
    return isinstance(value, str) or (value is None and kind == "str or None")


def _acceptable(item: ConfigItem, value: Value) -> bool:
    if item.choices:
        return all(one in item.choices for one in (value if isinstance(value, tuple) else (value,)))
    if isinstance(value, (int, float)):
        return (item.minimum is None or value >= item.minimum) and (
            item.maximum is None or value <= item.maximum
        )
    return True


def default_of(item: ConfigItem) -> Value:
    """The value that an item has unless something else is said."""
    default: Any = item.default
    return tuple(default) if isinstance(default, (list, tuple)) else default


def _unusable(item: ConfigItem, origin: str, value: object, remedy: str) -> ConfigError:
    told = _MASK if item.secret else f"{value!r:.200}"
    return ConfigError(
        f"configuration item {item.name}: {origin}{told} is not {_expected(item)}",
        hint=f"{item.name}: {item.summary}; {remedy}",
    )


def _expected(item: ConfigItem) -> str:
    name = type_name(item)
    words = f"{_WORDS.get(name, name)} ({name})"
    if item.choices:
        return f"{words} out of {', '.join(map(str, item.choices))}"
    if item.minimum is not None and item.maximum is not None:
        return f"{words} from {item.minimum} to {item.maximum}"
    if item.minimum is not None:
        return f"{words} of at least {item.minimum}"
    return words if item.maximum is None else f"{words} of at most {item.maximum}"
