"""A socket is closed when nobody uses it any more, and not before."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest
from pyroplug_transports.lease import Lease


@pytest.fixture
def sock(nothing_left_behind: None) -> Iterator[socket.socket]:
    with socket.socket() as sock:
        yield sock


def test_whoever_leaves_last_closes_it(sock: socket.socket) -> None:
    lease = Lease(sock)
    lease.enter()
    lease.enter()
    lease.leave()
    assert lease.end()
    assert lease.closed
    for _ in range(2):
        assert sock.fileno() >= 0
        lease.leave()
    assert sock.fileno() == -1


def test_after_the_end_nobody_enters(sock: socket.socket) -> None:
    lease = Lease(sock)
    assert lease.end()
    assert not lease.end()
    with pytest.raises(OSError, match="Bad file descriptor"):
        lease.enter()
    lease.leave()
    assert sock.fileno() == -1


def test_a_forked_copy_waits_for_nobody(
    sock: socket.socket, in_child: Callable[[Callable[[], None]], None]
) -> None:
    lease = Lease(sock)
    lease.enter()
    lease._lock.acquire()  # as another thread may have at that moment

    def close_the_copy() -> None:
        lease.abandon()
        assert sock.fileno() == -1

    in_child(close_the_copy)
    lease._lock.release()
    assert sock.fileno() >= 0
    lease.leave()
