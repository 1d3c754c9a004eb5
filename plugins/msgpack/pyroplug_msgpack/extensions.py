"""The types that MessagePack does not have, in the extension codes that Pyro5 gives them.

Pyro5 writes them in its machine's own sizes and byte order; here they are always those of 64 bit Linux and
macOS on Intel and ARM, with which nearly every Pyro5 runs.
"""

from __future__ import annotations

import array
import struct
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from numbers import Integral
from typing import Any
from uuid import UUID

import msgpack

from pyroplug.errors import SerializeError

__all__ = ["read_extension", "stand_in_maker"]

COMPLEX, BIG_INTEGER, DATETIME, DATE = 0x30, 0x31, 0x32, 0x33

_TWO_DOUBLES = struct.Struct("<dd")
_DOUBLE = struct.Struct("<d")
_LONG = struct.Struct("<q")


def stand_in_maker(to_dict: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What gives, for a value that MessagePack cannot write, one that it can.

    :param to_dict: for objects that are not known here either.
    """

    def stand_in(value: Any) -> Any:
        for kinds, write in _WRITERS:
            if isinstance(value, kinds):
                return write(value)
        return to_dict(value)

    return stand_in


def _write_complex(value: complex) -> msgpack.ExtType:
    return msgpack.ExtType(COMPLEX, _TWO_DOUBLES.pack(value.real, value.imag))


def _write_datetime(value: datetime) -> msgpack.ExtType:
    if value.tzinfo is not None:
        raise SerializeError(
            f"msgpack cannot carry the time zone of {value!r}",
            hint="send value.isoformat(), or a datetime without a time zone",
        )
    return msgpack.ExtType(DATETIME, _DOUBLE.pack(value.timestamp()))


def _write_date(value: date) -> msgpack.ExtType:
    return msgpack.ExtType(DATE, _LONG.pack(value.toordinal()))


def _write_array(value: Any) -> Any:
    return value.tounicode() if value.typecode == "u" else value.tolist()


def _write_integer(value: Integral) -> msgpack.ExtType:
    return msgpack.ExtType(BIG_INTEGER, str(int(value)).encode("ascii"))


_WRITERS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    ((set, frozenset), tuple),
    ((UUID, Decimal), str),
    (complex, _write_complex),
    (datetime, _write_datetime),  # which is a date, too
    (date, _write_date),
    (array.array, _write_array),
    (Integral, _write_integer),  # also those of other libraries; last, as asking for it takes longest
)


def read_extension(code: int, data: bytes) -> Any:
    """The value for an extension.

    :raises SerializeError: for an unknown code; any error of ``struct`` or of a constructor if malformed.
    """
    if code == COMPLEX:
        return complex(*_TWO_DOUBLES.unpack(data))
    if code == BIG_INTEGER:
        return int(data)
    if code == DATETIME:
        return datetime.fromtimestamp(_DOUBLE.unpack(data)[0])
    if code == DATE:
        # Four bytes are what Windows sends.
        return date.fromordinal(
            int.from_bytes(data, "little", signed=True) if len(data) == 4 else _LONG.unpack(data)[0]
        )
    raise SerializeError(
        f"unknown MessagePack extension {code}", hint="Pyro has the extensions 48 to 51 only"
    )
