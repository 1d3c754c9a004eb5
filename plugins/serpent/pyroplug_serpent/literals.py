"""The serpent library's writer, taught which classes there are; it is for what is not plain.

The library keeps its special classes in a table of the whole process, which any program part may change.
A writer made here does not look at that table: it has one rule for all classes, which is given to it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, ItemsView, KeysView, ValuesView
from enum import Enum
from typing import Any

import serpent

from pyroplug.contracts import ClassConverter

from .plain import HEADER, plain_text

__all__ = ["Escape", "literal_writer"]

_VIEWS = (KeysView, ValuesView, ItemsView)
_Rule = Callable[[Any, Any, list[str], int], None]


class Escape(Exception):
    """Carries what a converter raised through the library, to be told from what the library raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def literal_writer(classes: ClassConverter, bytes_repr: bool) -> Callable[[Any], bytes]:
    """A function that writes one value; it may be used by many threads at once.

    It raises whatever the library does, and :exc:`Escape`.

    :param bytes_repr: write bytes as literals.
    """
    # Whatever the library does not write by itself at once is an instance of object.
    table = {object: _rule(classes)}
    writer = serpent.Serializer

    def write(value: Any) -> bytes:
        try:
            return plain_text(value).encode()
        except Exception:  # it is not plain, or cannot be written: the library tells which
            pass
        serializer = writer(False, True, bytes_repr)
        # What the library's own serialize() does, less its table, and its switching of the
        # process's garbage collector.
        serializer.special_classes_registry_copy = table
        out = [HEADER]
        serializer._serialize(value, out, 0)
        return "".join(out).encode("utf-8")

    return write


def _rule(classes: ClassConverter) -> _Rule:
    """How a value is written that is not of one of the plainest types."""
    converter_for, to_dict = classes.converter_for, classes.to_dict
    dispatch: dict[type, Any] = serpent.Serializer.dispatch

    def rule(value: Any, serializer: Any, out: list[str], level: int) -> None:
        converter = converter_for(value)
        if converter is not None:
            serializer._serialize(_converted(converter, value), out, level)
        elif isinstance(value, _VIEWS):
            serializer.ser_builtins_list(value, out, level)
        elif isinstance(value, OrderedDict):
            stand_in = {"__class__": "collections.OrderedDict", "items": list(value.items())}
            serializer._serialize(stand_in, out, level)
        elif isinstance(value, Enum):
            serializer._serialize(value.value, out, level)
        elif isinstance(value, BaseException):
            serializer._serialize(_converted(to_dict, value), out, level)
        else:
            for cls in type(value).__mro__:
                if cls in dispatch:
                    dispatch[cls](serializer, value, out, level)
                    return
            serializer.ser_default_class(value, out, level)

    return rule


def _converted(convert: Callable[[Any], Any], value: Any) -> Any:
    try:
        return convert(value)
    except Exception as error:
        raise Escape(error) from None
