"""What goes wrong at the server, as the client sees it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import EACH_SERIALIZER, EACH_SERVER, Link, over
from .harness import Library

EVERY = EACH_SERIALIZER + [link for link in EACH_SERVER if link not in EACH_SERIALIZER]

PYRO_ERRORS = ["PyroError", "NamingError", "DaemonError", "SecurityError", "SerializeError"]
COMMUNICATION_ERRORS = ["CommunicationError", "ConnectionClosedError", "TimeoutError", "ProtocolError"]


def remote_traceback(error: BaseException) -> str:
    lines: list[str] = error._pyroTraceback  # type: ignore[attr-defined]
    return "".join(lines)


@over(EVERY)
def test_builtin_exceptions_keep_arguments_attributes_and_traceback(service: Any) -> None:
    with pytest.raises(ValueError, match="no such thing") as caught:
        service.fail("builtin")
    error: Any = caught.value
    assert type(error) is ValueError
    assert tuple(error.args) == ("no such thing", 42)
    assert error.code == 7
    assert "in fail" in remote_traceback(error)
    assert "ValueError" in remote_traceback(error)
    with pytest.raises(FileNotFoundError) as other:
        service.fail("os")
    assert tuple(other.value.args)[:2] == (2, "nothing there")
    assert service.value("still there") == "still there"


@over(EVERY)
@pytest.mark.parametrize("name", PYRO_ERRORS)
def test_pyro_errors_arrive_as_those_of_the_clients_library(service: Any, client: Library, name: str) -> None:
    with pytest.raises(getattr(client.errors, name), match="on purpose") as caught:
        service.fail(name)
    assert type(caught.value) is getattr(client.errors, name)
    assert "in fail" in remote_traceback(caught.value)


@over([link for link in EVERY if link.server == "pyroplug"])
@pytest.mark.parametrize("name", COMMUNICATION_ERRORS)
def test_communication_errors_of_user_code_arrive(service: Any, client: Library, name: str) -> None:
    """Pyro5's server drops the connection instead."""
    with pytest.raises(getattr(client.errors, name), match="on purpose") as caught:
        service.fail(name)
    assert "in fail" in remote_traceback(caught.value)


@over(EVERY)
def test_an_unknown_class_of_exception(service: Any, client: Library, link: Link) -> None:
    """Pyro5's client says no more than that it cannot read it; the other tells what it was, and goes on."""
    if link.client == "Pyro5":
        with pytest.raises(client.errors.SerializeError, match="UnknownError"):
            service.fail("unknown")
    else:
        seq = service._pyroSeq
        with pytest.raises(client.errors.RemoteError, match="what is it") as caught:
            service.fail("unknown")
        assert caught.value.type_name == "tests.interop.service.UnknownError"
        assert tuple(caught.value.remote_args) == ("what is it", 1)
        assert "in fail" in remote_traceback(caught.value)
        assert service._pyroConnection
        assert service._pyroSeq == seq + 1
    assert service.value(1) == 1


@over([link for link in EVERY if link.server == "pyroplug"])
def test_an_exit_of_user_code_ends_neither_server_nor_client(
    service: Any, client: Library, link: Link
) -> None:
    """Pyro5's server is harmed for good by it, and its client ends with it."""
    with pytest.raises(SystemExit if link.client == "Pyro5" else client.errors.RemoteError):
        service.fail("exit")
    assert service.value(1) == 1


@over(EVERY)
def test_unknown_objects(connect: Callable[..., Any], client: Library) -> None:
    stranger = connect("nobody")
    with pytest.raises(client.errors.CommunicationError, match="unknown object"):
        stranger._pyroBind()
    assert stranger._pyroConnection is None
    with pytest.raises(client.errors.CommunicationError, match="rejected"):
        stranger.anything()
    with pytest.raises(client.errors.DaemonError, match="unknown object"):
        connect()._pyroInvoke("value", (1,), {}, objectId="nobody")


@over(EVERY)
def test_unknown_names_are_refused_here(service: Any) -> None:
    service._pyroBind()
    seq = service._pyroSeq
    for name in ("no_such_method", "_private", "_notes", "__private"):
        with pytest.raises(AttributeError, match=name):
            getattr(service, name)
    with pytest.raises(AttributeError, match="no_such_property"):
        service.no_such_property = 1
    assert service._pyroSeq == seq


@over(EVERY)
@pytest.mark.parametrize(
    "name", ["no_such_method", "_private", "_notes", "__class__", "__init__", "_news.wait"]
)
def test_unknown_names_are_refused_there(service: Any, name: str) -> None:
    with pytest.raises(AttributeError):
        service._pyroInvoke(name, (), {})
    for access, arguments in (("__getattr__", (name,)), ("__setattr__", (name, 1))):
        with pytest.raises(AttributeError):
            service._pyroInvoke(access, arguments, {})
    assert service.value(1) == 1


@over([link for link in EVERY if link.client == "pyroplug" or link.serializer != "marshal"])
def test_what_cannot_be_sent_is_told(service: Any, client: Library, link: Link) -> None:
    expected = client.errors.SerializeError if link.client == "pyroplug" else Exception
    with pytest.raises(expected):
        service.value(object())
    assert service.value(1) == 1


@over([link for link in EVERY if link.server == "pyroplug"])
def test_a_result_that_cannot_be_sent_is_told(service: Any) -> None:
    with pytest.raises(Exception, match=r"cannot serialize|unmarshallable"):
        service.produce("type")
    assert service.value(1) == 1


@over([link for link in EVERY if link.client == "pyroplug"])
@pytest.mark.parametrize("name", ["SerializeError", "SecurityError"])
def test_calls_go_on_where_pyro5_hangs_up(service: Any, client: Library, link: Link, name: str) -> None:
    for _ in range(5):
        with pytest.raises(getattr(client.errors, name)):
            service.fail(name)
        assert (service._pyroConnection is None) == (link.server == "Pyro5")
        assert service.value(1) == 1
