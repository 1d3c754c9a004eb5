"""Values and calls as CBOR (RFC 8949), by the library cbor2.

What is read is kept to JSON's types, bytes, and whole numbers of any size. CBOR's tags for more than that are
refused: some have the reader compile patterns, or share parts of a value, at a stranger's wish.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from re import Pattern
from typing import Any
from uuid import UUID

import cbor2
from pyroplug.contracts import Buffer, ClassConverter, Codec, Settings
from pyroplug.errors import SerializeError

__all__ = ["CborSerializer"]

_AS_TEXT = (date, Decimal, UUID)
_AS_LIST = (set, frozenset)
_BUFFERS = (bytearray, memoryview)
_AS_OBJECTS = (range, complex, Fraction, Pattern, IPv4Address, IPv4Network, IPv6Address, IPv6Network)
_REFUSED = (0, 1, 4, 5, 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 260, 261, 1004, 43000, 55799)
"""Tags that cbor2 would make values of, and that are not needed for what is written here."""
_DEPTH = 200
"""Levels of nesting, for writing and reading."""


class CborSerializer:
    """CBOR, without its tags."""

    name = "cbor"
    wire_id = 128  # for private use: both ends have to mean the same by it
    carries = frozenset({"bytes"})

    def codec(self, settings: Settings, classes: ClassConverter, /) -> Codec:
        """The codec; no setting changes it."""
        return CborCodec(classes)


class _Raised(Exception):
    """Carries what a converter of the user's raised through the library."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class CborCodec:
    """Used by many threads at once: it keeps nothing of a value."""

    def __init__(self, classes: ClassConverter) -> None:
        self._classes = classes
        own: tuple[type, ...] = (*_AS_TEXT, *_AS_LIST, *_BUFFERS, *_AS_OBJECTS)
        self._encoders: Mapping[type, Callable[[Any, Any], None]] = dict.fromkeys(own, self._stand_in)

    def dumps(self, value: Any, /) -> bytes:
        """The value as bytes."""
        return self._write(value, f"a value of type {type(value).__name__}")

    def dumps_call(
        self, object_id: str, method: str, args: Any, kwargs: Mapping[str, Any] | None, /
    ) -> bytes:
        """A call as bytes."""
        return self._write([object_id, method, args, kwargs], f"a call of {method!r}")

    def loads(self, data: Buffer, /) -> Any:
        """The value back from bytes."""
        return self._classes.recreate(self._read(data))

    def loads_call(self, data: Buffer, /) -> tuple[str, str, Any, dict[str, Any] | None]:
        """A call back."""
        match self._read(data):
            case [str(object_id), str(method), args, kwargs]:
                recreate = self._classes.recreate
                args, kwargs = recreate(args), recreate(kwargs)
                if kwargs is None or type(kwargs) is dict:
                    return object_id, method, args, kwargs
        raise SerializeError("received a call that is not [object, method, args, kwargs]")

    def _write(self, value: Any, what: str) -> bytes:
        try:
            _check_depth(value)
            return cbor2.dumps(value, default=self._stand_in, encoders=self._encoders)
        except Exception as error:
            failed = _cause_of(error)
            if failed is None:
                failed = SerializeError(
                    f"cannot write {what} as cbor: {error}",
                    hint="values must be of plain types, not nested too deeply, and not contain themselves",
                )
                failed.__cause__ = error
        raise failed

    def _stand_in(self, encoder: Any, value: Any) -> None:
        """Write what is not CBOR's own, or not of the part that is used here."""
        try:
            if self._classes.converter_for(value) is not None:
                plain = self._classes.to_dict(value)
            elif isinstance(value, _AS_LIST):
                plain = list(value)
            elif isinstance(value, _BUFFERS):
                plain = bytes(value)
            elif isinstance(value, _AS_TEXT):
                plain = value.isoformat() if isinstance(value, date) else str(value)
            else:
                plain = self._classes.to_dict(value)
        except Exception as error:
            raise _Raised(error) from error
        _check_depth(plain)
        encoder.encode(plain)

    def _read(self, data: Buffer) -> Any:
        try:
            return cbor2.loads(
                data,
                tag_hook=_refuse,
                semantic_decoders=dict.fromkeys(_REFUSED, _refuse),
                max_depth=_DEPTH,
                strict_hashable_types=True,  # numbers as keys can be made to have the same hash
            )
        except Exception as error:  # whatever a stranger has sent
            raise SerializeError(f"received no valid cbor: {error!s:.200}") from error


def _check_depth(value: Any) -> None:
    """Raise ``ValueError`` for what is nested too deeply: the library would overflow the stack."""
    layer = {id(value): value}
    for _ in range(_DEPTH):
        boxes = [one for one in layer.values() if isinstance(one, (list, tuple, dict))]
        items = (item for box in boxes for item in (box.values() if isinstance(box, dict) else box))
        layer = {id(item): item for item in items}  # each once, also in a value that contains itself
        if not layer:
            return
    raise ValueError(f"it is nested more than {_DEPTH} levels deep, or contains itself")


def _refuse(*_: object) -> Any:
    raise ValueError("it has a tag that is not used here")


def _cause_of(error: BaseException | None) -> Exception | None:
    """What a converter raised, however far the library has wrapped it."""
    while error is not None:
        if isinstance(error, _Raised):
            return error.error
        error = error.__cause__
    return None
