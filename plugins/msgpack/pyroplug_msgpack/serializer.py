"""Values and calls as MessagePack.

A call is an array of four. What is read is looked through for objects only where the bytes ``__class__``
occur in it; that search costs next to nothing. What is large goes the way of ``bulk``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgpack

from pyroplug.contracts import ClassConverter, Codec, Payload, Settings
from pyroplug.errors import SecurityError, SerializeError

from .bulk import MAY_BE_LARGE, Replacing, find_bulk, is_large, put_together
from .claims import HARMLESS, ManyExtensionsError, check_claims, counted, dict_of
from .extensions import read_extension, stand_in_maker

__all__ = ["MsgpackSerializer"]

# A text of nine bytes begins with the byte 0xA9; looking for that one first takes no time, and few messages
# have it. Unlike the operator ``in``, a pattern searches bytes, bytearray and memoryview alike.
_NINE = 0xA9
_mentions_class = re.compile(b"\xa9__class__").search

_NIL = b"\xc0"
BUFFER_SIZE = 4096
_COUNTED_SIZE = 16 * 1024
"""Bytes of a payload from which on its extensions are counted."""
KEEP_LIMIT = 64 * 1024
"""Packers that wrote a message of up to this many bytes are used again."""


class MsgpackSerializer:
    """MessagePack, by its project's own library."""

    name = "msgpack"
    wire_id = 4
    carries = frozenset({"bytes", "complex", "date", "datetime", "integer keys"})

    def codec(self, _settings: Settings, classes: ClassConverter, /) -> Codec:
        """The codec; no setting changes it."""
        return MsgpackCodec(classes)


class MsgpackCodec:
    """A :class:`~pyroplug.contracts.BulkCodec`.

    Its methods are closures: what they need is found without a look-up on the way.
    """

    __slots__ = ("dumps", "dumps_call", "find_bulk", "loads", "loads_call")

    dumps: Callable[[Any], Payload]
    loads: Callable[[Payload], Any]
    dumps_call: Callable[[str, str, Any, Mapping[str, Any] | None], Payload]
    loads_call: Callable[[Payload], tuple[str, str, Any, dict[str, Any] | None]]

    def __init__(self, classes: ClassConverter) -> None:
        self.find_bulk = find_bulk
        self.dumps, self.dumps_call = _writers(classes)
        self.loads, self.loads_call = _readers(classes)


# Out -------------------------------------------------------------------------------------------------


def _writers(classes: ClassConverter) -> tuple[Any, Any]:
    make = _packer_maker(stand_in_maker(_escaping(classes.to_dict)))
    # A packer costs as much as the message that it writes, and serves one thread at a time: those that
    # are not in use wait here. Adding to a list and taking from it are atomic.
    idle: list[Any] = []
    take, give_back = idle.pop, idle.append

    def dumps(value: Any, /) -> Payload:
        if value is None:  # what most methods return
            return _NIL
        if type(value) in may_be_large and is_large(value):
            return dumps_large(value, f"a value of type {type(value).__name__}")
        try:
            packer = take()
        except IndexError:
            packer = make()
        try:
            data: bytes = packer.pack(value)
        except Exception as error:
            failed = _dump_error(error, f"a value of type {type(value).__name__}")
        else:
            if len(data) <= KEEP_LIMIT:
                give_back(packer)
            return data
        raise failed

    def dumps_call(object_id: str, method: str, args: Any, kwargs: Mapping[str, Any] | None, /) -> Payload:
        if args or kwargs:
            values = args if type(args) is tuple else (args,)
            for value in (*values, *kwargs.values()) if kwargs else values:
                if type(value) in may_be_large and is_large(value):
                    return dumps_large((object_id, method, args, kwargs), f"the arguments of {method!r}")
        try:
            packer = take()
        except IndexError:
            packer = make()
        try:
            data: bytes = packer.pack((object_id, method, args, kwargs))
        except Exception as error:
            failed = _dump_error(error, f"the arguments of {method!r}")
        else:
            if len(data) <= KEEP_LIMIT:
                give_back(packer)
            return data
        raise failed

    def dumps_large(value: Any, what: str) -> Payload:
        try:
            replacing = Replacing(value)
            return replacing.parts(make().pack(replacing.value)) or make().pack(value)
        except Exception as error:
            failed = _dump_error(error, what)
        raise failed

    may_be_large = MAY_BE_LARGE
    return dumps, dumps_call


def _packer_maker(default: Callable[[Any], Any]) -> Callable[[], Any]:
    options: dict[str, Any] = {"default": default, "use_bin_type": True}
    try:
        msgpack.Packer(buf_size=BUFFER_SIZE, **options)
    except TypeError:  # msgpack before 1.1
        pass
    else:
        options["buf_size"] = BUFFER_SIZE
    packer = msgpack.Packer
    return lambda: packer(**options)


class _Escape(Exception):
    """Carries what a converter raised through the library, to be told from what the library raises."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def _escaping(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def escaping(value: Any) -> Any:
        try:
            return convert(value)
        except Exception as error:
            raise _Escape(error) from None

    return escaping


def _dump_error(error: Exception, what: str) -> Exception:
    if isinstance(error, _Escape):
        return error.error
    if isinstance(error, SerializeError):
        return error
    made = SerializeError(
        f"cannot serialize {what} with msgpack: {str(error) or type(error).__name__}",
        hint="values must be of plain types, not contain themselves, and not be nested more than 500 deep",
    )
    made.__cause__ = error
    return made


# In --------------------------------------------------------------------------------------------------


def _readers(classes: ClassConverter) -> tuple[Any, Any]:
    unpack, harmless, counted_size = msgpack.unpackb, HARMLESS, _COUNTED_SIZE
    mentions_class, ext_hook = _mentions_class, read_extension
    with_classes = _class_reader(classes)

    def loads_with_care(data: Payload) -> Any:
        """What comes in pieces, may hold an object of a class, or is not small."""
        try:
            return loads_whole(data, counted, None)
        except ManyExtensionsError:
            pass
        return loads_whole(data, None, dict_of)

    def loads_whole(data: Payload, counting: Any, make_dict: Any) -> Any:
        whole, read = put_together(data, ext_hook) if isinstance(data, tuple) else (data, ext_hook)
        if counting is not None and len(whole) > counted_size:
            read = counting(read)
        try:
            check_claims(whole)
            if not mentions_class(whole):
                return unpack(whole, strict_map_key=False, ext_hook=read, object_pairs_hook=make_dict)
        except ManyExtensionsError:
            raise
        except Exception as error:
            raise _load_error(error) from error
        return with_classes(whole, read, make_dict)

    def loads(data: Payload, /) -> Any:
        if data == _NIL:
            return None
        if type(data) is not bytes or len(data) > harmless or (_NINE in data and mentions_class(data)):
            return loads_with_care(data)
        try:
            return unpack(data, strict_map_key=False, ext_hook=ext_hook)
        except Exception as error:
            raise _load_error(error) from error

    def loads_call(data: Payload, /) -> tuple[str, str, Any, dict[str, Any] | None]:
        if type(data) is not bytes or len(data) > harmless or (_NINE in data and mentions_class(data)):
            call = loads_with_care(data)
        else:
            try:
                call = unpack(data, strict_map_key=False, ext_hook=ext_hook)
            except Exception as error:
                raise _load_error(error) from error
        if type(call) is list and len(call) == 4:
            object_id, method, args, kwargs = call
            if type(object_id) is str and type(method) is str and (type(kwargs) is dict or kwargs is None):
                return object_id, method, args, kwargs
        raise SerializeError("received a call that is not an array of object, method, arguments, keywords")

    return loads, loads_call


def _class_reader(classes: ClassConverter) -> Callable[[Any, Callable[[int, bytes], Any], Any], Any]:
    """Reads with every dictionary that names a class made into an object, the innermost first."""

    def with_classes(data: Any, read_extension: Callable[[int, bytes], Any], make_dict: Any) -> Any:
        refused = False

        def object_hook(found: dict[Any, Any]) -> Any:
            nonlocal refused
            if "__class__" not in found:
                return found
            try:
                return from_dict(found)
            except (SerializeError, SecurityError):
                # It may be part of an exception, which takes it as it is; else recreate() finds it again.
                refused = True
                return found
            except Exception as error:
                raise _Escape(error) from None

        try:
            hooks = (
                {"object_hook": object_hook}
                if make_dict is None
                else {"object_pairs_hook": lambda pairs: object_hook(make_dict(pairs))}
            )
            value = unpack(data, strict_map_key=False, ext_hook=read_extension, **hooks)
        except _Escape as escape:
            failed = escape.error
        except ManyExtensionsError:
            raise
        except Exception as error:
            raise _load_error(error) from error
        else:
            return classes.recreate(value) if refused else value
        raise failed

    unpack, from_dict = msgpack.unpackb, classes.from_dict
    return with_classes


def _load_error(error: Exception) -> SerializeError:
    if isinstance(error, SerializeError):
        return error
    why = str(error) or type(error).__name__
    return SerializeError(f"received data that is not valid MessagePack, or damaged: {why:.200}")
