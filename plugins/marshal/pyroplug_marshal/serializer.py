"""Values and calls in the format of Python's :mod:`marshal`.

A call is a tuple of four. Python's documentation says of ``marshal`` that it is not safe against bytes made
to do harm. What can be done is done here: no code object gets in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pyroplug.contracts import Buffer, ClassConverter, Payload
from pyroplug.errors import SerializeError

from .bulk import MAY_BE_LARGE, is_large, on_its_own, with_large
from .claims import check_claims
from .interpreter import read, write
from .plain import PLAIN_TYPES, plain_maker

__all__ = ["MarshalCodec"]

_mentions_class = re.compile(b"__class__").search
_LINE = ord("_")
"""Looking for a single byte first takes a third of the time, and most small messages have none."""

_NONE = write(None)

# Calls without arguments are the same bytes each time: some are remembered, if they are short.
_NO_ARGUMENTS = write([]) + write({})
_SHORT, _FEW = 96, 64


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
    plain_types, plain = PLAIN_TYPES, plain_maker(classes)
    all_plain, may_be_large = PLAIN_TYPES.issuperset, MAY_BE_LARGE
    written: dict[tuple[str, str], bytes] = {}

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
                names = (object_id, method)
                return written.get(names) or write_without_arguments(names)
            for value in args:
                if type(value) in may_be_large and is_large(value):
                    return with_large(args, lambda args: write_call(object_id, method, args, kwargs))
        return write_call(object_id, method, args, kwargs)

    def write_without_arguments(names: tuple[str, str]) -> bytes:
        payload = write((*names, [], {}))
        if len(payload) <= _SHORT:
            _remember(written, names, payload)
        return payload

    def write_call(object_id: str, method: str, args: Any, kwargs: Mapping[str, Any] | None) -> bytes:
        if kwargs is None:
            kwargs = {}
        if (
            (type(args) is tuple or type(args) is list)
            and all_plain(map(type, args))
            and (not kwargs or all_plain(map(type, kwargs.values())))
        ):
            try:
                # What is in two lists would be written as something to refer to, which takes long to check.
                args = args if type(args) is list else [*args]
                return write((object_id, method, args, kwargs))
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


def _remember(some: dict[Any, Any], key: Any, value: Any) -> None:
    if len(some) >= _FEW:
        some.clear()
    some[key] = value


# In --------------------------------------------------------------------------------------------------


def _readers(classes: ClassConverter) -> tuple[Any, Any]:
    recreate, mentions_class = classes.recreate, _mentions_class
    known: dict[bytes, tuple[str, str]] = {}

    def loads(data: Buffer, /) -> Any:
        if data == _NONE:  # what most methods return
            return None
        try:
            check_claims(data)
            value = read(data)
        except Exception as error:
            raise _load_error(error) from error
        if (type(data) is not bytes or _LINE in data) and mentions_class(data):
            return recreate(value)
        return value

    def loads_call(data: Buffer, /) -> tuple[str, str, Any, dict[str, Any] | None]:
        if type(data) is not bytes or len(data) > _SHORT or not data.endswith(_NO_ARGUMENTS):
            return read_call(data)
        names = known.get(data)
        if names is None:
            object_id, method, args, kwargs = call = read_call(data)
            if args != [] or kwargs != {}:
                return call
            names = (object_id, method)
            _remember(known, data, names)
        return *names, [], {}

    def read_call(data: Buffer) -> tuple[str, str, Any, dict[str, Any] | None]:
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
