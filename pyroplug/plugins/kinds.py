"""The kinds of things that plugins provide: one row a kind, and the words in which plugins are reported.

A new kind is a hook in ``hookspecs``, a contract in ``contracts`` and one row in :class:`Kind`; collecting,
checking, clashes, look-ups and listings follow from the row. Nothing here finds or runs a plugin.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pyroplug import contracts

__all__ = ["Kind", "PluginRecord", "Provided", "Status", "Trait"]


@dataclass(frozen=True, slots=True)
class Trait:
    """A fact that every object of a kind tells about itself.

    :ivar attribute: where the object has it.
    :ivar label: what people call it.
    :ivar expected: what a right value is; completes "it must be …".
    :ivar accepts: whether a value is right.
    :ivar unique: no two objects of the kind may have the same value.
    :ivar more_of: the unique trait of which this one holds a set of further values; each is claimed like it.
    :ivar show: the value for listings; ``None``, or an empty text, keeps it out of them.
    :ivar advice: what an author should know who chose a value that is taken.
    """

    attribute: str
    label: str
    expected: str
    accepts: Callable[[Any], bool]
    unique: bool = False
    more_of: Trait | None = None
    show: Callable[[Any], str] | None = None
    advice: str = ""


def _matches(pattern: str) -> Callable[[Any], bool]:
    # Compiled when it is first needed: that takes longer than importing this module.
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _set_of(accepts: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, frozenset) and all(map(accepts, value))


def _is_wire_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 255


def _is_default(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(isinstance(text, str) for text in value)
    return value is None or isinstance(value, bool | int | float | str)


def _is_bound(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _are_choices(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(one, int | str) for one in value)


_is_name = _matches(r"[^\s,:]+")
_is_scheme = _matches(r"[^\s:/]+")

NAME = Trait(
    *("name", "name", "text without spaces, commas and colons", _is_name),
    unique=True,
    advice="An author can choose another name.",
)
ALIASES = Trait(
    "aliases",
    "set of further names",
    f"a frozenset, empty or with names in it: {NAME.expected}",
    _set_of(_is_name),
    more_of=NAME,
    show=lambda value: f"also {', '.join(sorted(value))}" if value else "",
)
ITEM_NAME = Trait("name", "name", "text in upper case", _matches(r"[A-Z][A-Z0-9_]*"), unique=True)
WIRE_ID = Trait(
    "wire_id",
    "wire id",
    "a whole number from 1 to 255",
    _is_wire_id,
    unique=True,
    show="id {}".format,
    advice="Wire ids 1 to 63 are pyroplug's own, 64 to 127 are for registered third parties,"
    " 128 to 255 for private use.",
)
CARRIES = Trait(
    "carries", "list of types", "a frozenset of type names", _set_of(lambda value: isinstance(value, str))
)
SCHEME = Trait(
    "scheme",
    "scheme",
    "None, or text without spaces, colons and slashes",
    lambda value: value is None or _is_scheme(value),
    unique=True,
    show=lambda value: "host:port" if value is None else f"./{value}:",
)
DEFAULT = Trait("default", "default", "a truth value, number, text, list of texts, or None", _is_default)
SUMMARY = Trait("summary", "summary", "text of one line", _matches(r"[^\n]+"))
MINIMUM = Trait("minimum", "minimum", "a number or None", _is_bound)
MAXIMUM = Trait("maximum", "maximum", "a number or None", _is_bound)
CHOICES = Trait("choices", "choices", "a tuple of numbers or texts", _are_choices)
SECRET = Trait("secret", "secrecy", "a truth value", lambda value: isinstance(value, bool))


class Kind(Enum):
    """What a plugin can provide: what people call it, the hook, the contract, and what identifies it."""

    SERIALIZER = ("serializer", "pyroplug_serializers", contracts.Serializer, NAME, WIRE_ID, CARRIES)
    TRANSPORT = ("transport", "pyroplug_transports", contracts.Transport, NAME, SCHEME)
    SERVER = ("server model", "pyroplug_servers", contracts.ServerModel, NAME, ALIASES)
    HANDSHAKE_VALIDATOR = (
        "handshake validator",
        "pyroplug_handshake_validators",
        contracts.HandshakeValidator,
        NAME,
    )
    RESOURCE_TRACKER = ("resource tracker", "pyroplug_resource_trackers", contracts.ResourceTracker, NAME)
    CALL_OBSERVER = ("call observer", "pyroplug_call_observers", contracts.CallObserver, NAME)
    NAME_SERVICE = ("name service", "pyroplug_name_services", contracts.NameService, NAME)
    NAME_STORAGE = ("name storage", "pyroplug_name_storages", contracts.NameStorage, NAME)
    CONFIG_ITEM = (
        "config item",
        "pyroplug_config_items",
        contracts.ConfigItem,
        *(ITEM_NAME, DEFAULT, SUMMARY, MINIMUM, MAXIMUM, CHOICES, SECRET),
    )

    __hash__ = object.__hash__  # an enumeration's own is a function in Python, and this is a key in tables

    def __init__(self, label: str, hook: str, contract: type, *traits: Trait) -> None:
        self.label = label
        self.hook = hook
        self.contract = contract
        self.traits = traits

    def __repr__(self) -> str:
        return f"<Kind.{self.name}>"  # the row itself would fill a page

    @property
    def slug(self) -> str:
        """The kind on a command line and in JSON."""
        return self.name.lower().replace("_", "-")

    def claims(self, facts: Mapping[str, Any]) -> Iterator[tuple[Trait, Hashable]]:
        """All that an object with these facts is found by, and no other of the kind may be."""
        for trait in self.traits:
            if trait.attribute in facts and trait.unique:
                yield trait, facts[trait.attribute]
            elif trait.attribute in facts and trait.more_of:
                yield from ((trait.more_of, value) for value in sorted(facts[trait.attribute]))


class Status(Enum):
    """What became of a plugin, or of one thing that it provides."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    FAILED = "failed"
    CLASH = "clash"
    NOT_LOADED = "not loaded"


@dataclass(frozen=True, slots=True)
class Provided:
    """One thing that a plugin provides.

    :ivar key: what tells it apart beyond its name, such as ``id 4``, ``./u:`` or ``host:port``; may be empty.
    :ivar facts: the values behind ``key``, and what else its kind tells: ``{"wire_id": 4, …}``.
    :ivar problem: why it is not in use; ``None`` if it is.
    :ivar hint: what to do about it.
    """

    kind: Kind
    name: str
    key: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    status: Status = Status.ACTIVE
    problem: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class PluginRecord:
    """What became of one plugin.

    ``FAILED`` and ``CLASH`` are also said of a plugin of which a part is unusable; ``provides`` tells which.

    :ivar name: by which it is blocked.
    :ivar target: the value of its entry point; empty if the program gave the plugin itself.
    :ivar distribution: what it was installed with; ``None`` if the program gave the plugin itself.
    :ivar problem: what is wrong, in one line; ``None`` if nothing is.
    :ivar hint: what to do about it.
    :ivar file: the file of its module, or of its class; ``None`` if it was not loaded, or has none.
    :ivar import_seconds: how long importing it took, with all that it was the first to import.
    :ivar commands: the subcommands that it adds; known once they were added to a command line.
    """

    name: str
    target: str
    status: Status
    distribution: str | None = None
    version: str | None = None
    problem: str | None = None
    hint: str | None = None
    provides: tuple[Provided, ...] = ()
    file: str | None = None
    import_seconds: float | None = None
    commands: tuple[str, ...] = ()

    @property
    def who(self) -> str:
        """The plugin and where it comes from, for sentences about it."""
        if self.distribution is None:
            return f"plugin {self.name!r} (given by the program)"
        return f"plugin {self.name!r} ({self.distribution} {self.version or 'of unknown version'})"
