"""Exceptions to plain dictionaries and back, under the names that Pyro5 gives them.

What an exception of another process becomes here is decided by its name alone, and never ends this process.
"""

from __future__ import annotations

import builtins
import struct
from collections.abc import Callable, Sequence
from typing import Any

from pyroplug import errors
from pyroplug.errors import (
    REMOTE_NOTE,
    CommunicationError,
    PyroError,
    RemoteError,
    SerializeError,
    has_remote_note,
)

__all__ = ["attach_remote_traceback", "exception_from_dict", "exception_to_dict", "is_exception_name"]

FINER_CLASS = "pyroplug_class"
"""The entry that names the exact class of an error that Pyro5 does not have; Pyro5 overlooks it."""

_OWN_ERRORS: dict[str, type[PyroError]] = {
    name: cls for name, cls in vars(errors).items() if isinstance(cls, type) and issubclass(cls, PyroError)
}
_PYRO5_ERRORS = {
    name: _OWN_ERRORS[name]
    for name in (
        "PyroError",
        "CommunicationError",
        "ConnectionClosedError",
        "TimeoutError",
        "ProtocolError",
        "MessageTooLargeError",
        "NamingError",
        "DaemonError",
        "SecurityError",
        "SerializeError",
    )
}
_UNFLAGGED = frozenset(("struct.error", *(f"Pyro5.errors.{name}" for name in _PYRO5_ERRORS)))
_BUILTIN_ERRORS = {
    name: cls for name, cls in vars(builtins).items() if isinstance(cls, type) and issubclass(cls, Exception)
}


_args_in: Callable[[BaseException], tuple[Any, ...]] = vars(BaseException)["args"].__get__


def exception_to_dict(error: BaseException, traceback: Sequence[str] | None = None) -> dict[str, Any]:
    """An exception as a dictionary that Pyro5 understands: class, arguments, attributes.

    An error that only pyroplug has appears as the nearest one that Pyro5 has, with a hint for pyroplug.

    :param traceback: lines of text that say where it was raised; ``None`` for those it has already.
    """
    cls = type(error)
    attributes = {
        name: value
        for name, value in vars(error).items()
        if isinstance(name, str) and not _is_of_here(error, name)
    }
    if traceback is not None:
        attributes["_pyroTraceback"] = list(traceback)
    notes = attributes.get("__notes__")
    if notes:
        attributes["__notes__"] = [note for note in notes if not str(note).startswith(REMOTE_NOTE)]
        if not attributes["__notes__"]:
            del attributes["__notes__"]
    data = {
        "__class__": f"{cls.__module__}.{cls.__name__}",
        "__exception__": True,
        "args": _args_of(error),
        "attributes": attributes,
    }
    if _OWN_ERRORS.get(cls.__name__) is cls:
        known = next(base.__name__ for base in cls.__mro__ if _PYRO5_ERRORS.get(base.__name__) is base)
        data["__class__"] = f"Pyro5.errors.{known}"
        if known != cls.__name__:
            data[FINER_CLASS] = cls.__name__
    return data


def _is_of_here(error: BaseException, name: str) -> bool:
    """Whether an attribute speaks of a call that this very process has made."""
    return name in {"unsent", "passing"} and isinstance(error, CommunicationError)


def _args_of(error: BaseException) -> tuple[Any, ...]:
    args = error.args
    if type(args) is not tuple:  # a class of somebody's making has something else under that name
        args = _args_in(error)
    if isinstance(error, RemoteError):
        return (str(error),)
    if isinstance(error, OSError) and len(args) == 2 and isinstance(error.filename, str):
        # OSError takes the file's name as an argument, and does not keep it as one.
        args = (*args, error.filename)
        if isinstance(error.filename2, str):
            args = (*args, None, error.filename2)
    return args


def is_exception_name(name: str) -> bool:
    """Whether a class name stands for an exception even in a dictionary that does not say so."""
    return name in _UNFLAGGED


def exception_from_dict(name: str, data: dict[str, Any], recreate: Callable[[Any], Any]) -> Exception:
    """The exception for a dictionary; a :exc:`~pyroplug.errors.RemoteError` if its class is not known here.

    So are exceptions that would end this process, such as ``SystemExit``, and those that cannot be rebuilt.

    :param recreate: makes objects of what the exception carries; where it fails, that stays as it came.
    :raises SerializeError: if the dictionary is not one of an exception.
    """
    args, attributes = data.get("args"), data.get("attributes", {})
    if not isinstance(args, (list, tuple)) or not isinstance(attributes, dict):
        raise SerializeError(f"the data received for an exception of class {name!r} is malformed")
    if not all(isinstance(attribute, str) for attribute in attributes):
        raise SerializeError(f"an exception of class {name!r} was received with an attribute without a name")
    args = tuple([_if_possible(recreate, arg) for arg in args])
    attributes = {key: _if_possible(recreate, value) for key, value in attributes.items()}
    cls = _exception_class(name, data.get(FINER_CLASS))
    if cls is RemoteError:
        return _remote_error(attributes.get("type_name"), attributes.get("remote_args"), attributes, args)
    if cls is not None:
        try:
            error = cls(*_exact_args(cls, args))
            _set_attributes(error, attributes)
        except Exception:  # a constructor that wants something else, an attribute that takes no such value
            pass
        else:
            return error
    return _remote_error(name, args, attributes, args)


def _if_possible(recreate: Callable[[Any], Any], value: Any) -> Any:
    # What an exception carries must not keep the exception itself from arriving.
    try:
        return recreate(value)
    except Exception:
        return value


def _exception_class(name: str, finer: Any) -> type[Exception] | None:
    """The class that a name stands for here; ``None`` if there is none that may be raised."""
    if name == "struct.error":
        return struct.error
    namespace, _, short = name.rpartition(".")
    if namespace in ("", "Pyro5.errors") and short in _PYRO5_ERRORS:
        cls = _PYRO5_ERRORS[short]
        exact = _OWN_ERRORS.get(finer) if isinstance(finer, str) else None
        return exact if exact is not None and issubclass(exact, cls) else cls
    if namespace in ("", "builtins", "exceptions"):
        return _BUILTIN_ERRORS.get(short)
    if namespace == "sqlite3" and short.endswith("Error"):
        return _sqlite_error(short)
    return None


def _sqlite_error(short: str) -> type[Exception] | None:
    try:
        import sqlite3
    except ImportError:  # some Pythons are built without it
        return None
    cls = getattr(sqlite3, short, None)
    return cls if isinstance(cls, type) and issubclass(cls, Exception) else None


def _exact_args(cls: type[Exception], args: tuple[Any, ...]) -> tuple[Any, ...]:
    if cls is UnicodeDecodeError and len(args) == 5 and isinstance(args[1], dict):
        # Its bytes, as serpent writes them.
        from base64 import b64decode

        return (args[0], b64decode(args[1]["data"]), *args[2:])
    return args


def _set_attributes(error: Exception, attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        if name in {"_pyroTraceback", "__notes__"}:
            if isinstance(value, (list, tuple)) and all(isinstance(line, str) for line in value):
                setattr(error, name, list(value))
        elif (
            name[:2] != "__"
            and name != "args"
            and not callable(getattr(type(error), name, None))
            and not _is_of_here(error, name)
        ):
            setattr(error, name, value)


def _remote_error(type_name: Any, args: Any, attributes: dict[str, Any], shown: Sequence[Any]) -> RemoteError:
    type_name = type_name if isinstance(type_name, str) else ""
    try:
        text = str(shown[0] if len(shown) == 1 else shown or "")
    except Exception:  # too deep, or a number of too many digits
        text = f"{len(shown)} arguments that cannot be shown"
    text = text.removeprefix(f"{type_name}: ")
    error = RemoteError(text, type_name, args if isinstance(args, (list, tuple)) else ())
    rest = {key: value for key, value in attributes.items() if key not in ("type_name", "remote_args")}
    _set_attributes(error, rest)
    return error


def attach_remote_traceback(error: BaseException) -> None:
    """Have Python show where an exception was raised in the other process, if it is known.

    It becomes a note of the exception, from Python 3.11 on.
    """
    lines = getattr(error, "_pyroTraceback", None)
    if not isinstance(lines, list) or not lines or not hasattr(error, "add_note"):
        return
    if not has_remote_note(error):
        error.add_note(f"{REMOTE_NOTE}\n" + "".join(map(str, lines)).rstrip("\n"))
