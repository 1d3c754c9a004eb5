"""Requests that come while a server closes: nothing is run any more, and whoever asks is told so."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterable

from pyroplug.errors import CommunicationError

from . import limits
from .faults import contain
from .links import Link

__all__ = ["LateRequests"]


class LateRequests:
    """Answers them, in the thread that closes the server."""

    def __init__(self, hang_up: Callable[[Link], None], finish: Callable[[Link, str], None]) -> None:
        """
        :param hang_up: ends a connection that has got its last answer.
        :param finish: ends one that needs none.
        """
        self._hang_up = hang_up
        self._finish = finish
        self._scratch = memoryview(bytearray(limits.SCRATCH))

    def answer(self, links: Iterable[Link], seconds: float) -> None:
        """See what these connections want, whose sessions are retired.

        :param links: nobody else uses them.
        :param seconds: how long to wait for something to come.
        """
        for link in _readable(links, seconds):
            try:
                self._receive(link)
            except CommunicationError as error:
                self._finish(link, str(error))
            except BaseException as error:
                self._finish(link, "serving it failed")
                contain(f"serving {link.connection.peer} failed", error)

    def _receive(self, link: Link) -> None:
        session = link.session
        link.connection.set_nonblocking()
        count = link.connection.recv_into(session.get_buffer(self._scratch))
        if count == 0:
            self._finish(link, "the client closed the connection")
        if not count:
            return
        for request in session.buffer_updated(count):
            buffers = session.handle(request)
            if buffers:
                link.outbox.send(buffers)
        if session.closing and not link.outbox.size:
            self._hang_up(link)


def _readable(links: Iterable[Link], seconds: float) -> list[Link]:
    poll, found, waiting = select.poll(), [], {}
    for link in links:
        fd = link.connection.fileno()
        if fd < 0:
            continue
        if link.connection.pending():  # bytes of which no poller tells
            found.append(link)
        else:
            poll.register(fd, select.POLLIN)
            waiting[fd] = link
    ready = poll.poll(0 if found else seconds * 1000)
    return found + [waiting[fd] for fd, _ in ready]
