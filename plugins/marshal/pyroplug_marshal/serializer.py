"""Values and calls in the format of Python's :mod:`marshal`.

A call is a tuple of four. Python's documentation says of ``marshal`` that it is not safe against bytes made
to do harm. What can be done is done here: no code object gets in.
"""

from __future__ import annotations

import marshal
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pyroplug.contracts import Buffer, ClassConverter, Codec, Payload, Settings
from pyroplug.errors import SerializeError

from .bulk import MAY_BE_LARGE, is_large, on_its_own, with_large
from .claims import SMALL, check_claims, check_items
from .plain import PLAIN_TYPES, plain_maker

__all__ = ["MarshalSerializer"]

_mentions_class = re.compile(b"__class__").search
_LINE = ord("_")
"""Looking for a single byte first takes a third of the time, and most small messages have none."""

_NONE = marshal.dumps(None)
_write: Callable[[Any], bytes]
_read: Callable[[Buffer], Any]
if sys.version_info >= (3, 13):
    _write, _read = partial(marshal.dumps, allow_code=False), partial(marshal.loads, allow_code=False)
    _may_hold_code: Callable[[Buffer], object] | None = None
else:
    # There data that is too small to be gone through anyway has to be if there may be code in it. That
    # is seldom needed: a code object is a letter, five numbers (six in Python 3.10) of four bytes, and bytes,
    # or a reference to some. The first three numbers count arguments. The reader refuses more of them than
    # there are names, and a name takes more than a byte: they are short, and texts are not mistaken for code.
    _write, _read = marshal.dumps, marshal.loads
    _numbers = 6 if sys.version_info < (3, 11) else 5
    _is_cpython = sys.implementation.name == "cpython"
    _rest = b"..\0\0" * 3 + b".{%d}[sr\xf3\xf2]" % (4 * _numbers - 12) if _is_cpython else b""
    # Two searches that begin with one letter each take a tenth of the time of one for either.
    _search, _search_other = (re.compile(b"(?s)%s%s" % (letter, _rest)).search for letter in (b"c", b"\xe3"))

    def _may_hold_code(data: Buffer) -> object:
        if type(data) is bytes:  # looking for a single byte takes next to no time
            return (0x63 in data and _search(data)) or (0xE3 in data and _search_other(data))
        return _search(data) or _search_other(data)


class MarshalSerializer:
    """The format of compiled Python files, by the interpreter itself."""

    name = "marshal"
    wire_id = 2
    carries = frozenset({"bytes", "complex", "tuple", "set", "frozenset", "integer keys", "tuple keys"})

    def codec(self, _settings: Settings, classes: ClassConverter, /) -> Codec:
        """The codec; no setting changes it."""
        return MarshalCodec(classes)


class MarshalCodec:
    """Its methods are closures: what they need is found without a look-up on the way."""

    __slots__ = ("dumps", "dumps_call", "loads", "loads_call")

    dumps: Callable[[Any], Payload]
    loads: Callable[[Buffer], Any]
    dumps_call: Callable[[str, str, Any, Mapping[str, Any] | None], Payload]
    loads_call: Callable[[Buffer], tuple[str, str, Any, dict[str, Any] | None]]

    def __init__(self, classes: ClassConverter) -> None:
        self.dumps, self.dumps_call = _writers(classes)
        self.loads, self.loads_call = _readers(classes)


# Out -------------------------------------------------------------------------------------------------


def _writers(classes: ClassConverter) -> tuple[Any, Any]:
    write, plain_types, plain = _write, PLAIN_TYPES, plain_maker(classes)
    all_plain, may_be_large = PLAIN_TYPES.issuperset, MAY_BE_LARGE

    def dumps(value: Any, /) -> Payload:
        if type(value) in may_be_large and is_large(value):
            return on_its_own(value)
        if type(value) in plain_types:
            try:
                return write(value)
            except Exception:
                pass  # something within it is not plain
        return convert_and_write(plain, value, f"a value of type {type(value).__name__}")

    def dumps_call(object_id: str, method: str, args: Any, kwargs: Mapping[str, Any] | None, /) -> Payload:
        if type(args) is tuple:
            if not args and not kwargs:
                return write((object_id, method, [], {}))
            for value in args:
                if type(value) in may_be_large and is_large(value):
                    return with_large(args, lambda args: write_call(object_id, method, args, kwargs))
        return write_call(object_id, method, args, kwargs)

    def write_call(object_id: str, method: str, args: Any, kwargs: Mapping[str, Any] | None) -> bytes:
        if kwargs is None:
            kwargs = {}
        if (
            (type(args) is tuple or type(args) is list)
            and all_plain(map(type, args))
            and (not kwargs or all_plain(map(type, kwargs.values())))
        ):
            try:
                return write((object_id, method, [*args], kwargs))
            except Exception:
                pass  # something within it is not plain
        return convert_and_write(
            plain_call, (object_id, method, args, kwargs), f"the arguments of {method!r}"
        )

    def plain_call(call: tuple[str, str, Any, Mapping[str, Any]]) -> Any:
        object_id, method, args, kwargs = call
        args = [plain(value) for value in args] if isinstance(args, (tuple, list)) else plain(args)
        return object_id, method, args, {key: plain(value) for key, value in kwargs.items()}

    def convert_and_write(convert: Callable[[Any], Any], value: Any, what: str) -> bytes:
        try:
            value = convert(value)
        except RecursionError as error:
            raise _dump_error(error, what) from error
        try:
            return write(value)
        except Exception as error:
            raise _dump_error(error, what) from error

    return dumps, dumps_call


def _dump_error(error: Exception, what: str) -> SerializeError:
    return SerializeError(
        f"cannot serialize {what} with marshal: {str(error) or type(error).__name__}",
        hint="values must be of plain types, not contain themselves, and not be nested too deeply",
    )


# In --------------------------------------------------------------------------------------------------


def _readers(classes: ClassConverter) -> tuple[Any, Any]:
    read, recreate = _read, classes.recreate
    mentions_class, may_hold_code = _mentions_class, _may_hold_code

    def loads(data: Buffer, /) -> Any:
        if data == _NONE:  # what most methods return
            return None
        try:
            check_claims(data)
            if may_hold_code is not None and len(data) <= SMALL and may_hold_code(data):
                check_items(bytes(data))
            value = read(data)
        except Exception as error:
            raise _load_error(error) from error
        if (type(data) is not bytes or _LINE in data) and mentions_class(data):
            return recreate(value)
        return value

    def loads_call(data: Buffer, /) -> tuple[str, str, Any, dict[str, Any] | None]:
        call = loads(data)
        if (type(call) is tuple or type(call) is list) and len(call) == 4:
            object_id, method, args, kwargs = call
            if type(object_id) is str and type(method) is str and (type(kwargs) is dict or kwargs is None):
                return object_id, method, args, kwargs
        raise SerializeError("received a call that is not a tuple of object, method, arguments, keywords")

    return loads, loads_call


def _load_error(error: Exception) -> SerializeError:
    why = str(error) or type(error).__name__
    return SerializeError(f"received data that is not valid marshal data, or damaged: {why:.200}")
