"""Values and calls as JSON, in UTF-8.

A call is an object with the members ``object``, ``method``, ``params`` and ``kwargs``. ``NaN`` and
``Infinity``, which JSON proper does not have, are written and read.
"""

from __future__ import annotations

import array
import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from json import encoder as engine
from typing import Any
from uuid import UUID

from pyroplug.contracts import Buffer, ClassConverter
from pyroplug.errors import SerializeError

__all__ = ["JsonCodec"]

_mentions_class = re.compile(b"__class__").search
_LINE = ord("_")
"""Looking for a single byte first takes a third of the time, and most small messages have none."""


class JsonCodec:
    """Its methods are closures: what they need is found without a look-up on the way."""

    __slots__ = ("dumps", "dumps_call", "loads", "loads_call")

    dumps: Callable[[Any], bytes]
    loads: Callable[[Buffer], Any]
    dumps_call: Callable[[str, str, Any, Mapping[str, Any] | None], bytes]
    loads_call: Callable[[Buffer], tuple[str, str, Any, dict[str, Any] | None]]

    def __init__(self, classes: ClassConverter) -> None:
        self.dumps, self.dumps_call = _writers(classes)
        self.loads, self.loads_call = _readers(classes)


# Out -------------------------------------------------------------------------------------------------


def _writers(classes: ClassConverter) -> tuple[Any, Any]:
    default = _default(classes)
    write = _text_writer(default, ensure_ascii=False)
    write_ascii = _text_writer(default, ensure_ascii=True)

    def encode(value: Any) -> bytes:
        try:
            return write(value).encode("utf-8")
        except UnicodeEncodeError:  # half a surrogate pair: only an escape can express it
            return write_ascii(value).encode("ascii")

    def dumps(value: Any, /) -> bytes:
        try:
            return encode(value)
        except Exception as error:
            failed = _dump_error(error, f"a value of type {type(value).__name__}")
        raise failed

    def dumps_call(object_id: str, method: str, args: Any, kwargs: Mapping[str, Any] | None, /) -> bytes:
        try:
            return encode({"object": object_id, "method": method, "params": args, "kwargs": kwargs})
        except Exception as error:
            failed = _dump_error(error, f"the arguments of {method!r}")
        raise failed

    return dumps, dumps_call


def _text_writer(default: Callable[[Any], Any], ensure_ascii: bool) -> Callable[[Any], str]:
    """What :func:`json.dumps` does. It looks for no cycles: they end in a RecursionError."""
    options: Any = {"ensure_ascii": ensure_ascii, "default": default, "check_circular": False}
    encoder = json.JSONEncoder(**options)
    make = getattr(engine, "c_make_encoder", None)
    if make is None:  # an interpreter whose json is not written in C
        return encoder.encode
    # JSONEncoder makes this anew for each value, which takes longer than to encode a small one. The
    # C function is safe to share, as it keeps no record of the containers it is in.
    quote = engine.encode_basestring_ascii if ensure_ascii else engine.encode_basestring
    encode = make(None, default, quote, None, ": ", ", ", False, False, True)
    join = "".join
    return lambda value: join(encode(value, 0))


class _Escape(Exception):
    """Carries what a converter raised through the library, to be told from what the library raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _default(classes: ClassConverter) -> Callable[[Any], Any]:
    def default(value: Any) -> Any:
        for kinds, write in _WRITERS:
            if isinstance(value, kinds):
                return write(value)
        try:
            if isinstance(value, _BYTES) and classes.converter_for(value) is None:
                raise SerializeError(
                    f"json cannot carry {type(value).__name__}",
                    hint="encode them as text (base64), or use another serializer, such as msgpack",
                )
            return classes.to_dict(value)
        except Exception as error:
            raise _Escape(error) from None

    return default


def _write_array(value: Any) -> Any:
    return value.tounicode() if value.typecode == "u" else value.tolist()


_WRITERS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    ((set, frozenset), tuple),
    ((UUID, Decimal), str),
    (date, lambda value: value.isoformat()),  # also a datetime, which is a date with a longer form
    (array.array, _write_array),
)
_BYTES = (bytes, bytearray, memoryview)


def _dump_error(error: Exception, what: str) -> Exception:
    if isinstance(error, _Escape):
        return error.error
    made = SerializeError(
        f"cannot serialize {what} with json: {str(error) or type(error).__name__}",
        hint="values must be of plain types, with texts or numbers as keys, not contain themselves, "
        "and not be nested too deeply",
    )
    made.__cause__ = error
    return made


# In --------------------------------------------------------------------------------------------------


def _readers(classes: ClassConverter) -> tuple[Any, Any]:
    decoder: Any = json.JSONDecoder()
    scan, decode = decoder.scan_once, decoder.decode
    mentions_class, recreate = _mentions_class, classes.recreate

    def parse(data: Buffer) -> Any:
        try:
            text = str(data, "utf-8")
            try:
                # All that decode() does beyond this is to skip white space around the value.
                value, end = scan(text, 0)
                if end == len(text):
                    return value
            except StopIteration:
                pass
            return decode(text)
        except Exception as error:
            raise _load_error(error) from error

    def loads(data: Buffer, /) -> Any:
        value = parse(data)
        if (type(data) is not bytes or _LINE in data) and mentions_class(data):
            return recreate(value)
        return value

    def loads_call(data: Buffer, /) -> tuple[str, str, Any, dict[str, Any] | None]:
        call = parse(data)
        try:
            object_id, method = call["object"], call["method"]
            args, kwargs = call["params"], call["kwargs"]
        except Exception:
            object_id = method = args = kwargs = None
        if (type(data) is not bytes or _LINE in data) and mentions_class(data):
            args, kwargs = recreate(args), recreate(kwargs)
        if type(object_id) is str and type(method) is str and (type(kwargs) is dict or kwargs is None):
            return object_id, method, args, kwargs
        raise SerializeError(
            "received a call that is not an object with the members object, method, params, kwargs"
        )

    return loads, loads_call


def _load_error(error: Exception) -> SerializeError:
    why = str(error) or type(error).__name__
    return SerializeError(f"received data that is not valid JSON, or damaged: {why:.200}")
