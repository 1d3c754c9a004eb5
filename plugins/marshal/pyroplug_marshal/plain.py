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

    def outermost(value: Any) -> Any:
        if isinstance(value, array.array):
            return value.tounicode() if value.typecode == "u" else value.tolist()
        return plain(value)

    def plain(value: Any) -> Any:
        kind = type(value)
        if kind in _ATOMS:
            return value
        if kind in PLAIN_TYPES:
            return container(value)
        if isinstance(value, UUID):
            return str(value)
        converter = classes.converter_for(value)
        return plain(converter(value)) if converter is not None else plain_of_other(value)

    def plain_of_other(value: Any) -> Any:
        for base, exact in _EXACT:
            if isinstance(value, base):
                return exact(value)
        if isinstance(value, (dict, list, tuple, set, frozenset)):
            return container(value)
        try:
            return bytes(memoryview(value))
        except TypeError:
            return plain(classes.to_dict(value))
        except ValueError as error:
            raise SerializeError(f"cannot serialize {value!r:.100}: {error}") from error

    def container(value: Any) -> Any:
        if isinstance(value, dict):
            return {plain_key(key): plain(item) for key, item in value.items()}
        items = [plain(item) for item in value]
        for base in (list, tuple, frozenset):
            if isinstance(value, base):
                return base(items)
        return set(items)

    def plain_key(key: Any) -> Any:
        made = plain(key)
        if isinstance(made, (dict, list)):
            raise SerializeError(
                f"cannot serialize a dictionary with a key of type {type(key).__name__}",
                hint="take texts, numbers or tuples of them as keys",
            )
        return made

    return outermost


_EXACT: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__int__),
    (float, float.__float__),
    (complex, lambda value: complex(value.real, value.imag)),
    (str, str.__str__),
)
"""Values of derived classes, such as those of an IntEnum, become what they derive from."""
