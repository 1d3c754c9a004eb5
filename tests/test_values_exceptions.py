"""Exceptions to dictionaries and back."""

from __future__ import annotations

import builtins
import sqlite3
import struct
import sys
from typing import Any

import pytest

from pyroplug import errors
from pyroplug.errors import PyroError, RemoteError, SecurityError, SerializeError
from pyroplug.values import ClassRegistry, ExceptionWrapper, attach_remote_traceback, exception_to_dict

classes = ClassRegistry()
needs_notes = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="exceptions have notes from Python 3.11 on"
)

PYRO5 = {
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
}


def wire(name: str, *args: Any, **attributes: Any) -> dict[str, Any]:
    return {"__class__": name, "__exception__": True, "args": args, "attributes": attributes}


def there_and_back(error: BaseException) -> Any:
    return classes.from_dict(exception_to_dict(error))


# Out


def test_the_dictionary() -> None:
    error = ValueError("text", 1)
    error.code = 5  # type: ignore[attr-defined]
    assert list(exception_to_dict(error).items()) == list(
        wire("builtins.ValueError", "text", 1, code=5).items()
    )
    assert exception_to_dict(struct.error("x"))["__class__"] == "struct.error"


@pytest.mark.parametrize("name", sorted(PYRO5))
def test_errors_of_pyro5_have_its_names(name: str) -> None:
    cls = getattr(errors, name)
    data = exception_to_dict(cls("text"))
    assert data == wire(f"Pyro5.errors.{name}", "text")
    assert type(classes.from_dict(data)) is cls


@pytest.mark.parametrize("name", sorted(set(errors.__all__) - PYRO5 - {"RemoteError"}))
def test_other_errors_appear_as_the_nearest_one(name: str) -> None:
    cls = getattr(errors, name)
    if not isinstance(cls, type):
        return
    data = exception_to_dict(cls("text", hint="do this"))
    module, _, known = data["__class__"].rpartition(".")
    assert module == "Pyro5.errors"
    assert known in PYRO5
    assert issubclass(cls, getattr(errors, known))
    assert not any(
        issubclass(getattr(errors, other), getattr(errors, known)) and issubclass(cls, getattr(errors, other))
        for other in PYRO5 - {known}
    )
    back = classes.from_dict(data)
    assert type(back) is cls
    assert str(back) == "text\nhint: do this"
    del data["pyroplug_class"]
    assert type(classes.from_dict(data)) is getattr(errors, known)


@pytest.mark.parametrize("finer", ["RemoteError", "DaemonError", "SystemExit", "ValueError", "", None, [], 5])
def test_a_finer_class_must_be_one(finer: Any) -> None:
    back = classes.from_dict({**wire("Pyro5.errors.CommunicationError", "x"), "pyroplug_class": finer})
    assert type(back) is errors.CommunicationError


def test_a_class_of_a_user_keeps_its_name() -> None:
    class Mine(PyroError):
        pass

    assert exception_to_dict(Mine())["__class__"] == f"{__name__}.Mine"


def test_a_remote_error_travels_on() -> None:
    first = there_and_back(type("Mine", (Exception,), {"__module__": "a.b"})("text", 1))
    for error in (first, there_and_back(first), there_and_back(there_and_back(first))):
        assert type(error) is RemoteError
        assert (error.type_name, error.remote_args) == ("a.b.Mine", ("text", 1))
        assert str(error) == "a.b.Mine: ('text', 1)"


# In


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("builtins.ValueError", ValueError),
        ("exceptions.ValueError", ValueError),
        ("ValueError", ValueError),
        ("builtins.IOError", OSError),
        ("builtins.TimeoutError", TimeoutError),
        ("TimeoutError", errors.TimeoutError),
        ("NamingError", errors.NamingError),
        ("Pyro5.errors.NamingError", errors.NamingError),
        ("struct.error", struct.error),
        ("sqlite3.OperationalError", sqlite3.OperationalError),
        ("builtins.StopIteration", StopIteration),
        ("builtins.StopAsyncIteration", StopAsyncIteration),
        ("builtins.UserWarning", UserWarning),
    ],
)
def test_known_names(name: str, cls: type[Exception]) -> None:
    error = classes.from_dict(wire(name, "text", code=5))
    assert type(error) is cls
    assert (error.args, error.code) == (("text",), 5)


@pytest.mark.parametrize("name", ["Pyro5.errors.NamingError", "struct.error"])
def test_names_that_need_no_flag(name: str) -> None:
    assert isinstance(classes.from_dict({"__class__": name, "args": ("x",)}), Exception)


@pytest.mark.parametrize(
    "name",
    [
        "a.b.Mine",
        "__main__.Mine",
        "builtins.SystemExit",
        "builtins.KeyboardInterrupt",
        "GeneratorExit",
        "builtins.BaseException",
        "builtins.BaseExceptionGroup",
        "asyncio.exceptions.CancelledError",
        "builtins.eval",
        "builtins.int",
        "builtins.str.format",
        "Pyro5.errors.sys",
        "Pyro5.errors.Unknown",
        "Pyro5.util.SerpentSerializer",
        "sqlite3.Connection",
        "sqlite3.NoSuchError",
        "os.error",
        "",
    ],
)
def test_any_other_name_gives_a_remote_error(name: str) -> None:
    error = classes.from_dict(wire(name, "text", 1, code=5, _pyroTraceback=("line\n",)))
    assert type(error) is RemoteError
    assert (error.type_name, error.remote_args, error.args[0]) == (name, ("text", 1), "('text', 1)")
    assert vars(error)["code"] == 5
    assert error._pyroTraceback == ["line\n"]


@pytest.mark.parametrize("name", ["builtins.__import__", "a.__B", "__main__.__x", "__x__.y"])
def test_double_underscores_are_refused(name: str) -> None:
    with pytest.raises(SecurityError):
        classes.from_dict(wire(name))


@pytest.mark.parametrize(("args", "text"), [((), ""), (("text",), "text"), ((5,), "5"), ((1, 2), "(1, 2)")])
def test_the_text_of_a_remote_error(args: Any, text: str) -> None:
    assert str(classes.from_dict(wire("a.B", *args))).startswith(f"a.B: {text}")


def test_arguments_that_cannot_be_shown() -> None:
    assert str(classes.from_dict(wire("a.B", 16**5000))) == "a.B: 1 arguments that cannot be shown"


@pytest.mark.parametrize(
    "error",
    [
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "text"),
        UnicodeEncodeError("ascii", "é", 0, 1, "text"),
        KeyError("x"),
        StopIteration(5),
        SyntaxError("text", ("file", 1, 2, "line")),
        OSError(2, "text", "file"),
        OSError(2, "text", "file", None, "other"),
        OSError("text"),
        BlockingIOError(11, "text", 5),
    ],
)
def test_constructors_of_every_kind(error: Any) -> None:
    back = there_and_back(error)
    assert type(back) is type(error)
    assert (str(back), back.args) == (str(error), error.args)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="groups came with Python 3.11")
def test_groups() -> None:
    group: Any = getattr(builtins, "ExceptionGroup")("text", [ValueError("a"), KeyError("b")])  # noqa: B009
    data = exception_to_dict(group)
    data["args"] = (data["args"][0], [exception_to_dict(error) for error in data["args"][1]])
    back = classes.from_dict(data)
    assert type(back) is type(group)
    assert [repr(error) for error in back.exceptions] == ["ValueError('a')", "KeyError('b')"]


@pytest.mark.parametrize(
    "data",
    [
        wire("builtins.UnicodeDecodeError", "utf-8"),
        wire("builtins.UnicodeDecodeError", "utf-8", {"data": 5}, 0, 1, "text"),
        wire("builtins.ExceptionGroup", "text", [5]),
        wire("builtins.UnicodeDecodeError", "utf-8", b"x", 0, 1, "text", start="x"),
    ],
)
def test_what_cannot_be_rebuilt_is_not_lost(data: dict[str, Any]) -> None:
    error = classes.from_dict(data)
    assert type(error) is RemoteError
    assert error.type_name == data["__class__"]
    assert error.remote_args == data["args"]


def test_what_an_exception_carries_is_made_if_it_can_be() -> None:
    known, unknown = {"__class__": "float", "value": 1}, {"__class__": "a.B"}
    error = classes.from_dict(wire("builtins.ValueError", known, [unknown], a=known, b=unknown))
    assert error.args == (1.0, [unknown])
    assert vars(error) == {"a": 1.0, "b": unknown}


def test_attributes_that_could_do_harm_stay_out() -> None:
    harm = {
        "__class__": RemoteError,
        "__traceback__": None,
        "__cause__": ValueError(),
        "__suppress_context__": True,
        "__dict__": {},
        "args": (9,),
        "with_traceback": 1,
        "__notes__": 5,
        "_pyroTraceback": 5,
        "add_note": 5,
    }
    harm.pop("__class__")
    for name in ("builtins.ValueError", "Pyro5.errors.PyroError", "a.B"):
        error = classes.from_dict({**wire(name, "x"), "attributes": {**harm, "fine": 1, "hint": "help"}})
        assert error.__cause__ is None
        assert not error.__suppress_context__
        assert error.args[0] == "x"
        assert callable(error.with_traceback)
        assert vars(error).keys() - {"type_name", "remote_args", "add_note"} == {"fine", "hint"}


@pytest.mark.parametrize(
    "change",
    [
        {"args": None},
        {"args": 5},
        {"args": "text"},
        {"args": {}},
        {"attributes": None},
        {"attributes": []},
        {"attributes": {5: 1}},
    ],
)
def test_dictionaries_that_are_no_exceptions(change: dict[str, Any]) -> None:
    for name in ("builtins.ValueError", "a.B", "Pyro5.errors.PyroError"):
        with pytest.raises(SerializeError):
            classes.from_dict({**wire(name), **change})
        missing = {key: value for key, value in wire(name).items() if key != "args"}
        with pytest.raises(SerializeError):
            classes.from_dict(missing)


def test_deeply_nested_exceptions() -> None:
    data: Any = 5
    for _ in range(3000):
        data = wire("builtins.ValueError", data)
    assert isinstance(classes.recreate(data), ValueError)


# Results of batches


def test_wrapped_exceptions() -> None:
    data = classes.to_dict(ExceptionWrapper(KeyError("x")))
    assert data == {"__class__": "Pyro5.core._ExceptionWrapper", "exception": wire("builtins.KeyError", "x")}
    back = classes.from_dict(data)
    with pytest.raises(KeyError) as caught:
        back.raise_()
    assert caught.value is back.exception
    assert classes.from_dict({**data, "exception": KeyError("y")}).exception.args == ("y",)
    for inner in (None, 5, {}, {"__class__": "float", "value": 1}, []):
        with pytest.raises(SerializeError):
            classes.from_dict({**data, "exception": inner})
    with pytest.raises(SerializeError):
        classes.from_dict({"__class__": "Pyro5.core._ExceptionWrapper"})


# Tracebacks


@needs_notes
def test_the_remote_traceback_becomes_a_note() -> None:
    import traceback

    error = classes.from_dict(wire("builtins.ValueError", "x", _pyroTraceback=["first\n", "second\n"]))
    attach_remote_traceback(error)
    attach_remote_traceback(error)
    assert error.__notes__ == ["Remote traceback:\nfirst\nsecond"]
    assert "second" in "".join(traceback.format_exception(error))


@needs_notes
def test_the_note_does_not_travel_on_but_others_do() -> None:
    error = ValueError("x")
    error._pyroTraceback = ["line\n"]  # type: ignore[attr-defined]
    attach_remote_traceback(error)
    assert exception_to_dict(error)["attributes"] == {"_pyroTraceback": ["line\n"]}
    error.add_note("mine")  # type: ignore[attr-defined]
    back = there_and_back(error)
    assert back.__notes__ == ["mine"]
    assert len(error.__notes__) == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("lines", [None, [], 5, "text", {}])
def test_without_a_traceback_there_is_no_note(lines: Any) -> None:
    error = ValueError("x")
    attach_remote_traceback(error)
    error._pyroTraceback = lines  # type: ignore[attr-defined]
    attach_remote_traceback(error)
    assert not hasattr(error, "__notes__")
