"""Calls as a daemon makes them: on which instance, in which context, and what becomes of errors."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pyroplug.api import Proxy, behavior, callback, expose, oneway
from pyroplug.errors import (
    CommunicationError,
    ConnectionClosedError,
    DaemonError,
    NamingError,
    RemoteError,
    SecurityError,
    TimeoutError,
)

from .running import BOTH_MODELS, Running, Way
from .support import PATIENCE, wait_for

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)


# Instances


class Counted:
    """Knows which instance it is, and how often it was called."""

    made: list[Any]

    def __init__(self) -> None:
        self.made.append(self)
        self._number = len(self.made)
        self._calls = 0

    @expose
    def count(self) -> list[int]:
        self._calls += 1
        return [self._number, self._calls]

    @expose
    @property
    def number(self) -> int:
        return self._number

    def __len__(self) -> int:
        return 0  # and so it is false

    def __bool__(self) -> bool:
        return False


def counted(mode: str | None, creator: Any = None) -> Any:
    cls = type("Counting", (Counted,), {"made": []})
    return behavior(mode, creator)(cls) if mode else cls


@EITHER
@pytest.mark.parametrize("mode", [None, "session"])
def test_an_instance_for_each_connection(
    run_daemon: Callable[..., Running], way: Way, mode: str | None
) -> None:
    cls = counted(mode)
    running = run_daemon(way, thing=cls)
    first, second = running.proxy(), running.proxy()
    first._pyroBind()
    assert cls.made == []
    assert [first.count(), first.count(), second.count()] == [[1, 1], [1, 2], [2, 1]]
    assert (first.number, second.number) == (1, 2)
    first._pyroRelease()
    assert first.count() == [3, 1]
    assert second.count() == [2, 2]


@EITHER
def test_one_instance_for_all(run_daemon: Callable[..., Running], way: Way) -> None:
    cls = counted("single")
    running = run_daemon(way, thing=cls)
    first, second = running.proxy(), running.proxy()
    assert [first.count(), second.count(), first.count()] == [[1, 1], [1, 2], [1, 3]]
    first._pyroRelease()
    assert first.count() == [1, 4]


@EITHER
def test_an_instance_for_each_call(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, thing=counted("percall")).proxy()
    assert [proxy.count(), proxy.count(), proxy.number] == [[1, 1], [2, 1], 3]


@EITHER
def test_one_instance_though_many_call_at_once(
    run_daemon: Callable[..., Running], in_thread: Any, way: Way
) -> None:
    made = []

    def slowly(cls: Any) -> Any:
        made.append(1)
        threading.Event().wait(0.02)
        return cls()

    running = run_daemon(way, thing=counted("single", slowly))

    def call() -> Any:
        with Proxy(running.daemon.uriFor("thing")) as proxy:
            return proxy.count()[0]

    assert {future.result(PATIENCE) for future in [in_thread(call) for _ in range(5)]} == {1}
    assert len(made) == 1


@EITHER
def test_creators(run_daemon: Callable[..., Running], way: Way) -> None:
    def fail(cls: Any) -> Any:
        raise ZeroDivisionError("no instance today")

    running = run_daemon(
        way,
        good=counted("session", lambda cls: cls()),
        wrong=counted("session", lambda cls: "something else"),
        failing=counted("single", fail),
    )
    assert running.proxy("good").count() == [1, 1]
    with pytest.raises(TypeError, match="str"):
        running.proxy("wrong").count()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError, match="no instance today"):
            running.proxy("failing").count()


# Errors


class OwnError(Exception):
    pass


class Base(BaseException):
    pass


ERRORS: dict[str, Callable[[], BaseException]] = {
    "ValueError": lambda: ValueError("a", 1),
    "OwnError": lambda: OwnError("own"),
    "SystemExit": lambda: SystemExit(3),
    "KeyboardInterrupt": lambda: KeyboardInterrupt("not yours"),
    "GeneratorExit": lambda: GeneratorExit("over"),
    "Base": lambda: Base("base"),
    "ConnectionClosedError": lambda: ConnectionClosedError("nested"),
    "CommunicationError": lambda: CommunicationError("nested"),
    "TimeoutError": lambda: TimeoutError("nested"),
    "NamingError": lambda: NamingError("nested"),
    "SecurityError": lambda: SecurityError("nested"),
    "StopIteration": lambda: StopIteration("value"),
}


@expose
class Failing:
    """Raises what it is told to."""

    def fail(self, name: str) -> None:
        raise ERRORS[name]()

    @oneway
    def fail_one_way(self, name: str) -> None:
        raise ERRORS[name]()

    @callback
    def fail_back(self, name: str) -> None:
        raise ERRORS[name]()

    @property
    def broken(self) -> None:
        raise OwnError("a property")

    @broken.setter
    def broken(self, value: Any) -> None:
        raise OwnError(f"set to {value}")

    def fine(self) -> str:
        return "fine"


@EITHER
@pytest.mark.parametrize("name", ERRORS)
def test_every_error_arrives_and_nothing_else_happens(
    run_daemon: Callable[..., Running], way: Way, name: str
) -> None:
    proxy = run_daemon(way, thing=Failing()).proxy()
    original = ERRORS[name]()
    known = isinstance(original, Exception) and name != "OwnError"
    proxy._pyroBind()
    connection = proxy._pyroConnection
    for _ in range(3):
        with pytest.raises(type(original) if known else RemoteError) as caught:
            proxy.fail(name)
        error: Any = caught.value
        if known:
            assert error.args == original.args
        else:
            assert error.type_name.endswith(f".{name}")
        assert "in fail" in "".join(error._pyroTraceback)
        assert proxy.fine() == "fine"
    assert proxy._pyroConnection is connection


@EITHER
def test_errors_of_properties(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, thing=Failing()).proxy()
    with pytest.raises(RemoteError, match="a property"):
        _ = proxy.broken
    with pytest.raises(RemoteError, match="set to 5"):
        proxy.broken = 5


@EITHER
def test_the_error_handler_hears_of_them(run_daemon: Callable[..., Running], way: Way) -> None:
    heard: list[Any] = []
    told = threading.Event()

    def handler(*facts: Any) -> None:
        heard.append(facts)
        told.set()
        raise RuntimeError("the handler fails, too")

    running = run_daemon(way, thing=Failing())
    running.daemon.methodcall_error_handler = handler
    proxy = running.proxy()
    with pytest.raises(ValueError, match="a"):
        proxy.fail("ValueError")
    daemon, address, method, args, kwargs, error = heard.pop()
    assert daemon is running.daemon
    assert address == (proxy._pyroLocalSocket if way.transport == "tcp" else address)
    assert (method, list(args), kwargs, type(error)) == ("fail", ["ValueError"], {}, ValueError)
    told.clear()
    proxy.fail_one_way("OwnError")
    wait_for(told, "the report of a one-way call")
    assert isinstance(heard.pop()[-1], OwnError)
    assert proxy.fine() == "fine"


@EITHER
def test_callbacks_are_reported_here_too_and_the_connection_stays(
    run_daemon: Callable[..., Running], caplog: pytest.LogCaptureFixture, way: Way
) -> None:
    proxy = run_daemon(way, thing=Failing()).proxy()
    proxy._pyroBind()
    connection = proxy._pyroConnection
    with caplog.at_level(logging.WARNING), pytest.raises(ValueError, match="a"):
        proxy.fail_back("ValueError")
    assert any("fail_back" in record.getMessage() for record in caplog.records)
    assert proxy.fine() == "fine"
    assert proxy._pyroConnection is connection


@EITHER
def test_local_variables_in_tracebacks(run_daemon: Callable[..., Running], way: Way) -> None:
    for detailed in (False, True):
        proxy = run_daemon(way, thing=Failing(), DETAILED_TRACEBACK=detailed).proxy()
        with pytest.raises(ValueError, match="a") as caught:
            proxy.fail("ValueError")
        lines = "".join(caught.value._pyroTraceback)  # type: ignore[attr-defined]
        assert ("name = 'ValueError'" in lines) is detailed


@EITHER
def test_a_call_to_an_object_that_is_gone(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Failing())
    proxy = running.proxy()
    assert proxy.fine() == "fine"
    running.daemon.unregister("thing")
    with pytest.raises(DaemonError, match="unknown object 'thing'"):
        proxy.fine()
    running.daemon.register(Failing(), "thing")
    assert proxy.fine() == "fine"
