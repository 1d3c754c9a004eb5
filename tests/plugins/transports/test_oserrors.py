"""Operating-system errors, told to people."""

from __future__ import annotations

import errno
import os
import socket

import pytest
from pyroplug_transports import oserrors

from pyroplug.contracts import Peer
from pyroplug.errors import AddressError, CommunicationError, ConnectionClosedError, TimeoutError

PEER = Peer(("192.0.2.7", 4711), "tcp")


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize("number", sorted(oserrors._LISTEN_HINTS))
def test_a_failed_listen_names_the_address_the_reason_and_a_way_out(number: int) -> None:
    cause = os_error(number)
    error = oserrors.listen_error("host:99", cause)
    assert type(error) is AddressError
    assert error.__cause__ is cause
    assert "host:99" in str(error)
    assert os.strerror(number) in str(error)
    assert error.hint


@pytest.mark.parametrize("number", sorted(oserrors._CONNECT_HINTS))
def test_a_failed_connect_names_the_address_the_reason_and_a_way_out(number: int) -> None:
    cause = os_error(number)
    error = oserrors.connect_error("host:99", cause, 1.0)
    assert type(error) is AddressError
    assert error.__cause__ is cause
    assert "host:99" in str(error)
    assert os.strerror(number) in str(error)
    assert error.hint


def test_an_unknown_error_is_told_as_it_is() -> None:
    assert "host:99" in str(oserrors.listen_error("host:99", os_error(errno.EDOM)))
    assert oserrors.listen_error("host:99", OSError("odd")).args == ("cannot listen on host:99: odd",)
    assert oserrors.connect_error("host:99", OSError(), None).args == ("cannot connect to host:99: OSError",)


def test_an_unknown_host_name_gets_advice() -> None:
    cause = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    for error in (oserrors.listen_error("nohost:9", cause), oserrors.connect_error("nohost:9", cause, None)):
        assert type(error) is AddressError
        assert "nohost:9" in str(error)
        assert error.hint is not None
        assert "spelling" in error.hint


@pytest.mark.parametrize(
    ("cause", "passing"),
    [
        (os_error(errno.ECONNREFUSED), True),
        (os_error(errno.ENOENT), True),
        (socket.gaierror(socket.EAI_AGAIN, "later"), True),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), False),
    ],
    ids=repr,
)
def test_whether_another_attempt_may_succeed(cause: OSError, passing: bool) -> None:
    error = oserrors.connect_error("host:99", cause, 1.0)
    assert isinstance(error, AddressError)
    assert error.passing is passing
    assert not oserrors.listen_error("host:99", cause).passing


@pytest.mark.parametrize(("timeout", "text"), [(1.5, "within 1.5 seconds"), (None, "system's time limit")])
def test_a_silent_host_is_a_timeout(timeout: float | None, text: str) -> None:
    error = oserrors.connect_error("host:99", os_error(errno.ETIMEDOUT), timeout)
    assert type(error) is TimeoutError
    assert text in str(error)
    assert "host:99" in str(error)


@pytest.mark.parametrize("number", sorted(oserrors.CALLER_GONE))
def test_a_caller_that_is_gone_is_no_error(number: int) -> None:
    assert oserrors.accept_error("host:99", os_error(number)) is None


@pytest.mark.parametrize("number", sorted(oserrors.NO_ROOM))
def test_no_room_is_an_error_with_advice(number: int) -> None:
    error = oserrors.accept_error("host:99", os_error(number))
    assert type(error) is CommunicationError
    assert "ulimit" in str(error)


def test_other_errors_of_accept() -> None:
    assert type(oserrors.accept_error("host:99", os_error(errno.EBADF))) is ConnectionClosedError
    assert type(oserrors.accept_error("host:99", os_error(errno.EINVAL))) is CommunicationError


@pytest.mark.parametrize(
    "number", [errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN, errno.EIO, errno.ETIMEDOUT]
)
def test_a_broken_connection_names_the_peer_and_the_reason(number: int) -> None:
    cause = os_error(number)
    error = oserrors.connection_error(PEER, "sending", cause)
    assert type(error) is ConnectionClosedError
    assert error.__cause__ is cause
    assert "192.0.2.7:4711 broke while sending" in str(error)
    assert os.strerror(number) in str(error)


def test_abstract_names_are_printable() -> None:
    assert str(oserrors.connect_error("\0name", OSError("odd"), None)) == r"cannot connect to '\x00name': odd"
