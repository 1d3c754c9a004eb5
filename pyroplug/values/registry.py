"""The registry of classes, and the default way to write an object of a class that is not registered."""

from __future__ import annotations

import reprlib
import types
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import Enum
from typing import Any, NoReturn, TypeVar

from pyroplug.errors import SecurityError, SerializeError

from .exceptions import exception_from_dict, exception_to_dict, is_exception_name

__all__ = ["ClassRegistry", "ExceptionWrapper", "registry"]

T = TypeVar("T")
ToDict = Callable[[Any], Any]
FromDict = Callable[[str, dict[str, Any]], Any]
_Kept = dict[int, tuple[Any, Any]]

WRAPPER_NAME = "Pyro5.core._ExceptionWrapper"
LONGEST_NAME = 500

_UNMADE = object()
_NO_STATE = (type, Enum, types.FunctionType, types.MethodType, types.ModuleType)
"""What has attributes that do not make up its value."""


class ExceptionWrapper:
    """An exception as a value: what a failed call leaves in the results of a batch."""

    __slots__ = ("exception",)

    def __init__(self, exception: BaseException) -> None:
        self.exception = exception

    def raise_(self) -> NoReturn:
        """Raise the exception."""
        raise self.exception


# Classes ---------------------------------------------------------------------------------------------


def wrapped_exception(described: Any) -> dict[str, Any]:
    """An exception as a value, ready to be written.

    :param described: the dictionary that stands for the exception.
    """
    return {"__class__": WRAPPER_NAME, "exception": described}


class ClassRegistry:
    """How objects become dictionaries, and dictionaries objects. May be used by many threads at once."""

    # The tables are replaced, never changed: others may be going through them.

    def __init__(self) -> None:
        self._writers: Mapping[type, ToDict] = {}
        self._readers: Mapping[str, FromDict] = {}
        self._wire_writers: Mapping[type, ToDict] = {ExceptionWrapper: self._wrapper_to_dict}
        self._wire_readers: Mapping[str, Callable[[dict[str, Any]], Any]] = {
            # What serpent writes for values that Python has no literal for.
            "float": lambda data: float(data["value"]),
            "complex": lambda data: complex(self._number(data["real"]), self._number(data["imag"])),
            "collections.OrderedDict": lambda data: OrderedDict(self.recreate(data["items"])),
        }

    # Registration

    def register_class_to_dict(self, clazz: type, converter: ToDict, serpent_too: bool = True) -> None:
        """Have objects of a class, and of classes derived from it, written as ``converter(obj)`` says.

        Where several classes match, the one that was registered first counts.

        :param converter: gives a dictionary, which should have a ``__class__`` entry for the other side.
        :param serpent_too: accepted for compatibility; every serializer uses the converter.
        """
        self._writers = {**self._writers, clazz: converter}

    def unregister_class_to_dict(self, clazz: type) -> None:
        """Write objects of the class in the default way again. An unknown class is ignored."""
        self._writers = {key: value for key, value in self._writers.items() if key is not clazz}

    def register_dict_to_class(self, classname: str, converter: FromDict) -> None:
        """Have dictionaries whose ``__class__`` is ``classname`` read as ``converter(classname, dict)`` says.

        It comes before every other rule, so that it can also replace Pyro's own classes.
        """
        self._readers = {**self._readers, classname: converter}

    def unregister_dict_to_class(self, classname: str) -> None:
        """Forget the converter for the class name. An unknown name is ignored."""
        self._readers = {key: value for key, value in self._readers.items() if key != classname}

    def register_wire_class(
        self, cls: type[T], wire_name: str, to_state: Callable[[T], Any], from_state: Callable[[Any], T]
    ) -> None:
        """Give a class of pyroplug itself its name in the protocol.

        :param to_state: the object's state, which the formats can write.
        :param from_state: the object of a state, which comes from a stranger: it may raise anything.
        """
        self._wire_writers = {
            **self._wire_writers,
            cls: lambda value: {"__class__": wire_name, "state": to_state(value)},
        }
        self._wire_readers = {**self._wire_readers, wire_name: lambda data: from_state(data["state"])}

    # Out

    def converter_for(self, value: Any, /) -> ToDict | None:
        """What was registered for an object; ``None`` if only the default way of its kind is left."""
        daemon = _daemon_of(value)
        if daemon is not None:
            return lambda obj: self.to_dict(daemon.proxyFor(obj))
        own = self._writers.get(type(value))
        if own is not None:
            return own
        for table in (self._wire_writers, self._writers):
            for cls, converter in table.items():
                if isinstance(value, cls):
                    return converter
        return None

    def to_dict(self, value: Any, /) -> Any:
        """A plain stand-in for an object: as registered, or its state and the name of its class.

        An object that is registered in a daemon becomes a proxy for it.

        :raises SerializeError: if the object has no state that could be sent.
        """
        converter = self.converter_for(value)
        if converter is not None:
            return converter(value)
        if isinstance(value, BaseException):
            return exception_to_dict(value)
        return _state_of(value)

    def raised_to_dict(self, error: BaseException, traceback: Sequence[str] | None) -> Any:
        """A plain stand-in for an exception that was raised: as registered, or with its traceback.

        A registered converter finds the traceback as the exception's ``_pyroTraceback``, as in Pyro5.

        :param traceback: lines of text that say where it was raised; ``None`` to say nothing of that, nor
            of where the exceptions were raised that it carries.
        """
        return self._raised_to_dict(error, traceback, {})

    def _raised_to_dict(self, error: BaseException, traceback: Sequence[str] | None, done: _Kept) -> Any:
        converter = self.converter_for(error)
        if converter is not None:
            with _traceback_shown(error, traceback or ()):
                return converter(error)
        described = exception_to_dict(error, traceback or ())
        if traceback is None:
            for part in ("args", "attributes"):
                described[part] = self._without_tracebacks(described[part], done)
        return described

    def _without_tracebacks(self, value: Any, done: _Kept) -> Any:
        key, made = id(value), value
        if key in done:  # with what it was made of, so that nothing else gets its identity
            return done[key][1]
        if isinstance(value, BaseException):
            made = self._raised_to_dict(value, None, done)
        elif type(value) in (list, tuple):
            made = type(value)([self._without_tracebacks(each, done) for each in value])
        elif type(value) is dict:
            made = {name: self._without_tracebacks(each, done) for name, each in value.items()}
        else:
            return value
        done[key] = value, made
        return made

    def _wrapper_to_dict(self, value: ExceptionWrapper) -> dict[str, Any]:
        return wrapped_exception(self.to_dict(value.exception))

    # In

    def from_dict(self, data: dict[str, Any], /) -> Any:
        """The object for a dictionary that has a ``__class__`` entry.

        Exceptions always arrive: as a :exc:`~pyroplug.errors.RemoteError` if their class is unknown here.

        :raises SerializeError: for an unknown class, or if the dictionary is not what its class needs.
        :raises SecurityError: for a class name with a double underscore.
        """
        return self._from_dict(data, {})

    def _from_dict(self, data: dict[str, Any], done: dict[int, Any]) -> Any:
        name = data.get("__class__")
        if isinstance(name, bytes):
            name = name.decode("utf-8", "replace")
        if not isinstance(name, str) or len(name) > LONGEST_NAME:
            raise SerializeError(f"received a dictionary whose __class__ is no class's name ({type(name)})")
        converter = self._readers.get(name)
        if converter is not None:
            return converter(name, data)
        is_exception = bool(data.get("__exception__"))
        if "__" in (name.removeprefix("__main__.") if is_exception else name):
            raise SecurityError(
                f"refused to make an object of class {name!r}: its name has a double underscore",
                hint=_registration_hint(name),
            )
        reader = self._wire_readers.get(name)
        if reader is not None:
            return _guarded(name, reader, data)
        if name == WRAPPER_NAME:
            return _guarded(name, lambda data: self._wrapper_from_dict(data, done), data)
        if is_exception or is_exception_name(name):
            # With what is done: its parts may share an exception, whose parts share another, and so on.
            return exception_from_dict(name, data, lambda part: self._recreate(part, done))
        raise SerializeError(
            f"cannot make an object of class {name!r}: it is not known here", hint=_registration_hint(name)
        )

    def recreate(self, value: Any, /) -> Any:
        """A value with each dictionary in it that has a ``__class__`` entry put through ``from_dict``.

        Lists, tuples and dictionaries are walked; what ``from_dict`` gives is not.
        """
        try:
            return self._recreate(value, {})
        except RecursionError:
            raise SerializeError("the received value is nested too deeply") from None

    def _recreate(self, value: Any, done: dict[int, Any]) -> Any:
        # ``done`` keeps what is shared shared: marshal can say "the same list again" a million times.
        kind = type(value)
        if kind is not dict and kind is not list and kind is not tuple:
            return value
        key = id(value)
        if key in done:
            if done[key] is _UNMADE:
                raise SerializeError("a received value holds itself, or an object that cannot be made")
            return done[key]
        made: Any
        try:
            if kind is list:
                made = done[key] = []
                for item in value:
                    made.append(self._recreate(item, done))
            elif kind is tuple:
                items = []
                for item in value:
                    items.append(self._recreate(item, done))
                made = tuple(items)
            elif "__class__" in value:
                done[key] = _UNMADE
                made = self._from_dict(value, done)
            else:
                made = done[key] = {}
                for name, item in value.items():
                    made[name] = self._recreate(item, done)
        except Exception:
            done[key] = _UNMADE  # an exception that carries it arrives all the same
            raise
        done[key] = made
        return made

    def _wrapper_from_dict(self, data: dict[str, Any], done: dict[int, Any]) -> ExceptionWrapper:
        error = data["exception"]
        if isinstance(error, dict):
            error = self._recreate(error, done)
        if not isinstance(error, BaseException):
            raise TypeError("it holds no exception")
        return ExceptionWrapper(error)

    def _number(self, value: Any) -> float:
        return float(self.recreate(value))


@contextmanager
def _traceback_shown(error: Any, traceback: Sequence[str]) -> Iterator[None]:
    """Have an exception show a traceback; a class of somebody's making may take no attribute."""
    before = None
    with suppress(Exception):
        before = getattr(error, "_pyroTraceback", None)
        error._pyroTraceback = list(traceback)
    try:
        yield
    finally:
        with suppress(Exception):
            if before is None:
                del error._pyroTraceback
            else:
                error._pyroTraceback = before


def _daemon_of(value: Any) -> Any:
    """The daemon that the object, or its class, is registered in, if that daemon still exists."""
    if isinstance(value, type):
        return None
    try:
        # Not getattr(): objects that answer to every name are not registered anywhere.
        daemon = object.__getattribute__(value, "_pyroDaemon")
        return daemon if daemon else None
    except (AttributeError, ReferenceError):
        return None


def _state_of(value: Any) -> dict[str, Any]:
    cls = type(value)
    if isinstance(value, _NO_STATE):
        raise _no_state(value)
    getstate = getattr(cls, "__getstate__", None)
    if getstate is not None and getstate is not getattr(object, "__getstate__", None):
        try:
            state = getstate(value)
        except Exception as error:
            raise SerializeError(f"the __getstate__ of {_named(value)} failed: {error}") from error
        if isinstance(state, dict):
            return state
    try:
        state = dict(vars(value))
    except TypeError:
        slots = getattr(cls, "__slots__", None)
        if slots is None:
            raise _no_state(value) from None
        names = (slots,) if isinstance(slots, str) else tuple(slots)
        state = {name: getattr(value, name) for name in names if name[:2] != "__" and hasattr(value, name)}
    if "_pyroDaemon" in state:
        state["_pyroDaemon"] = None
    state["__class__"] = f"{cls.__module__}.{cls.__name__}"
    return state


def _named(value: Any) -> str:
    cls = type(value)
    return f"a value of type {cls.__module__}.{cls.__qualname__}".replace("builtins.", "")


def _no_state(value: Any) -> SerializeError:
    return SerializeError(
        f"cannot serialize {_named(value)}: {reprlib.repr(value)}",
        hint="send plain data in its place, or say how it is written: register_class_to_dict(cls, converter)",
    )


def _registration_hint(name: str) -> str:
    return f"if objects of this class are welcome, say how to make them: register_dict_to_class({name!r}, f)"


def _guarded(name: str, reader: Callable[[dict[str, Any]], Any], data: dict[str, Any]) -> Any:
    try:
        return reader(data)
    except (SerializeError, SecurityError):
        raise
    except Exception as error:
        raise SerializeError(
            f"the data received for an object of class {name!r} is malformed: "
            f"{type(error).__name__}: {error!s:.200}"
        ) from error


# The process's registry ------------------------------------------------------------------------------

registry = ClassRegistry()
"""What every daemon and proxy of this process uses."""
