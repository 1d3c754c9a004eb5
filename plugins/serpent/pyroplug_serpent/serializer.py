"""Values and calls as Python literals, in text.

Reading compiles nothing: the text is parsed, and only literals are taken from it. A call is a tuple of four.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pyroplug.contracts import Buffer, ClassConverter, Codec, Settings
from pyroplug.errors import SerializeError

from .literals import Escape, literal_writer
from .plain import HEADER

__all__ = ["SerpentSerializer"]

_mentions_class = re.compile(b"__class__").search
_LINE = ord("_")
"""Looking for a single byte first takes a third of the time, and most small messages have none."""

_HEADER = HEADER.encode()

# What is sent most often takes no parser, which costs more than everything else in a small message.
_CONSTANTS: dict[bytes, Any] = {
    _HEADER + repr(value).encode(): value for value in (None, True, False, (), "")
}
_LONGEST_CONSTANT = max(map(len, _CONSTANTS))
_bare_call = re.compile(_HEADER + rb"\('([\w.\- ]+)','(\w+)',\(\),\{\}\)", re.ASCII).fullmatch
"""A call without arguments, of an object whose id needs no escapes."""


class SerpentSerializer:
    """Python literals, by serpent, the reference implementation of the format."""

    name = "serpent"
    wire_id = 1
    carries = frozenset({"complex", "tuple", "set", "integer keys", "tuple keys"})

    def codec(self, settings: Settings, classes: ClassConverter, /) -> Codec:
        """The codec; ``SERPENT_BYTES_REPR`` is read now, once."""
        return SerpentCodec(classes, bool(settings.SERPENT_BYTES_REPR))


class SerpentCodec:
    """Its methods are closures: what they need is found without a look-up on the way."""

    __slots__ = ("dumps", "dumps_call", "loads", "loads_call")

    dumps: Callable[[Any], bytes]
    loads: Callable[[Buffer], Any]
    dumps_call: Callable[[str, str, Any, Mapping[str, Any] | None], bytes]
    loads_call: Callable[[Buffer], tuple[str, str, Any, dict[str, Any] | None]]

    def __init__(self, classes: ClassConverter, bytes_repr: bool) -> None:
        self.dumps, self.dumps_call = _writers(classes, bytes_repr)
        self.loads, self.loads_call = _readers(classes)


def _writers(classes: ClassConverter, bytes_repr: bool) -> tuple[Any, Any]:
    write = literal_writer(classes, bytes_repr)

    def dumps(value: Any, /) -> bytes:
        try:
            return write(value)
        except Exception as error:
            failed = _dump_error(error, f"a value of type {type(value).__name__}")
        raise failed

    def dumps_call(object_id: str, method: str, args: Any, kwargs: Mapping[str, Any] | None, /) -> bytes:
        try:
            return write((object_id, method, args, kwargs))
        except Exception as error:
            failed = _dump_error(error, f"the arguments of {method!r}")
        raise failed

    return dumps, dumps_call


def _dump_error(error: Exception, what: str) -> Exception:
    if isinstance(error, Escape):
        return error.error
    made = SerializeError(
        f"cannot serialize {what} with serpent: {str(error) or type(error).__name__}",
        hint="values must be of plain types, with numbers, texts and tuples as keys, not contain themselves, "
        "and not be nested more than 200 deep",
    )
    made.__cause__ = error
    return made


def _readers(classes: ClassConverter) -> tuple[Any, Any]:
    from .reading import read_literal  # for whoever reads: its expressions take a while to compile

    parse, mentions_class, recreate = read_literal, _mentions_class, classes.recreate
    constant, bare_call = _CONSTANTS.get, _bare_call

    def loads(data: Buffer, /) -> Any:
        if len(data) <= _LONGEST_CONSTANT and (value := constant(bytes(data), data)) is not data:
            return value
        try:
            value = parse(str(data, "utf-8"))
        except Exception as error:  # MemoryError too: that is how the parser says "nested too deeply"
            raise _load_error(error) from error
        if (type(data) is not bytes or _LINE in data) and mentions_class(data):
            return recreate(value)
        return value

    def loads_call(data: Buffer, /) -> tuple[str, str, Any, dict[str, Any] | None]:
        bare = bare_call(data)
        if bare is not None:
            return str(bare[1], "utf-8"), str(bare[2], "utf-8"), (), {}
        call = loads(data)
        if isinstance(call, (tuple, list)) and len(call) == 4:
            object_id, method, args, kwargs = call
            if type(object_id) is str and type(method) is str and (type(kwargs) is dict or kwargs is None):
                return object_id, method, args, kwargs
        raise SerializeError("received a call that is not a tuple of object, method, arguments, keywords")

    return loads, loads_call


def _load_error(error: Exception) -> SerializeError:
    why = str(error) or type(error).__name__
    return SerializeError(f"received data that is not valid serpent, or damaged: {why:.200}")
