"""Values of the types that marshal writes, made of any others."""

from __future__ import annotations

import array
from collections.abc import Callable
from typing import Any
from uuid import UUID

from pyroplug.contracts import ClassConverter
from pyroplug.errors import SerializeError

__all__ = ["PLAIN_TYPES", "plain_maker"]

_ATOMS = frozenset((type(None), bool, int, float, complex, str, bytes, bytearray))
PLAIN_TYPES = _ATOMS | {tuple, list, dict, set, frozenset}
"""What marshal writes as it is, as far as the value itself goes."""


def plain_maker(classes: ClassConverter) -> Callable[[Any], Any]:
    """What gives a plain value for any; it raises what converters raise.

    Containers are gone through. Within them an array stays what marshal makes of it: its machine's bytes.
    """

    # ``done`` has each value with what became of it: one that was received with marshal may be in another a
    # million times. It keeps them, too: what a converter makes is gone soon, and another has its identity.

    def outermost(value: Any) -> Any:
        if isinstance(value, array.array):
            return value.tounicode() if value.typecode == "u" else value.tolist()
        return plain(value, {})

    def plain(value: Any, done: _Done) -> Any:
        kind = type(value)
        if kind in _ATOMS:
            return value
        if kind in PLAIN_TYPES:
            return container(value, done)
        if isinstance(value, UUID):
            return str(value)
        key = id(value)
        if key not in done:
            converter = classes.converter_for(value)
            made = plain(converter(value), done) if converter is not None else plain_of_other(value, done)
            done[key] = value, made
        return done[key][1]

    def plain_of_other(value: Any, done: _Done) -> Any:
        for base, exact in _EXACT:
            if isinstance(value, base):
                return exact(value)
        if isinstance(value, (dict, list, tuple, set, frozenset)):
            return container(value, done)
        try:
            return bytes(memoryview(value))
        except TypeError:
            return plain(classes.to_dict(value), done)
        except ValueError as error:
            raise SerializeError(f"cannot serialize {value!r:.100}: {error}") from error

    def container(value: Any, done: _Done) -> Any:
        key = id(value)
        if key in done:
            return done[key][1]
        made: Any
        if isinstance(value, dict):
            made = {plain_key(key, done): plain(item, done) for key, item in value.items()}
        else:
            items = [plain(item, done) for item in value]
            for base in (list, tuple, frozenset, set):
                if isinstance(value, base):
                    made = base(items)
                    break
        done[key] = value, made
        return made

    def plain_key(key: Any, done: _Done) -> Any:
        made = plain(key, done)
        if isinstance(made, (dict, list)):
            raise SerializeError(
                f"cannot serialize a dictionary with a key of type {type(key).__name__}",
                hint="take texts, numbers or tuples of them as keys",
            )
        return made

    return outermost


_Done = dict[int, tuple[Any, Any]]
_EXACT: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__int__),
    (float, float.__float__),
    (complex, lambda value: complex(value.real, value.imag)),
    (str, str.__str__),
)
"""Values of derived classes, such as those of an IntEnum, become what they derive from."""
