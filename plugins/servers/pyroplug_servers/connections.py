"""The connections of a server: how they come, who has to go, and how they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pyroplug.contracts import Claimed, Connection, SessionHost, Settings
from pyroplug.errors import CommunicationError

from . import limits
from .checks import check_at_least
from .closing import Closing
from .faults import contain
from .greeters import Greeters
from .linger import Lingering, discard_received
from .links import Link
from .oneway import OneWayCalls
from .places import KEPT, Places, out_of_files
from .reactor import Reactor

__all__ = ["Connections"]


class Connections:
    """What both server models do with connections. A model says how one is served."""

    def __init__(self, name: str, host: SessionHost, settings: Settings) -> None:
        """Raises ``ConfigError``, and ``OSError`` where the system has no room."""
        self._host = host
        self._places = Places(settings, host)
        self._greeters = Greeters(settings)
        self._oneway = OneWayCalls(name, check_at_least(settings, "ONEWAY_THREADS", 1), self._hurry)
        self._spawn = self._oneway.spawn
        self._comm_timeout: float = max(0.0, settings.COMMTIMEOUT)
        self._message_timeout: float = max(0.0, settings.MESSAGE_TIMEOUT)
        self._poll_timeout: float = max(0.0, settings.POLLTIMEOUT)
        self._lock = threading.RLock()
        self._links: dict[int, Link] = {}
        self._closing = Closing()
        self._sweep_due = 0.0
        self._reactor = Reactor()
        self.wake: Callable[[], None] = self._reactor.wake
        """Make ``run`` ask ``running()`` at once. For any thread, and for signal handlers."""
        self._lingering = Lingering(self._reactor, self._hurry)

    # Coming

    def _admit(self, connection: Connection) -> None:
        """Take over a newcomer; where too many have not been accepted yet, one of them has to go."""
        spare = self._places.is_spare(connection.fileno())
        if not self._greeters.is_crowded(spare):
            self._open(connection)
            return
        limit = limits.OPEN_FILES if spare else "MAX_GREETINGS"
        reason = (
            out_of_files()
            if spare
            else (
                f"{len(self._greeters)} connections wait to be accepted (configuration item MAX_GREETINGS is "
                f"{self._greeters.item}); try again later"
            )
        )
        victim = self._greeters.draw(spare)
        if victim is not None:
            self._turn_out(victim, limit, reason)
            self._open(connection)
            return
        try:
            link = self._new_link(connection, True)
        except BaseException as error:
            connection.close()
            contain("refusing a connection failed", error)
            return
        self._turn_out(link, limit, reason)

    def _turn_out(self, link: Link, limit: str, reason: str) -> None:
        """End a connection that is not accepted, and tell the peer which limit that is due to.

        No other thread has it.
        """
        try:
            self._host.refused(limit, f"{link.connection.peer} is refused: {reason}")
            link.outbox.send(link.session.refuse(reason, passing=True))
            if link.outbox.size:  # nothing gets through, as with a TLS handshake that is not over
                self._finish(link, reason)
            else:
                self._part(link, reason)
        except CommunicationError:
            self._finish(link, reason)
        except BaseException as error:
            self._finish(link, reason)
            contain("refusing a connection failed", error)

    def _claim(self, fd: int, operator: bool) -> Claimed:
        """A place for a client that is about to be accepted."""
        link = self._links.get(fd)
        return Claimed() if link is None else self._places.claim(link, operator)

    def _new_link(self, connection: Connection, handshake: bool) -> Link:
        claim = self._claim if handshake else None
        session = self._host.open_session(connection, self._spawn, handshake=handshake, claim=claim)
        return Link(connection, session, time.monotonic())

    def _open(self, connection: Connection, handshake: bool = True) -> None:
        try:
            link = self._new_link(connection, handshake)
        except BaseException as error:
            connection.close()
            contain(f"no session for the connection with {connection.peer}", error)
            return
        try:
            stale = self._links.get(link.fd)
            if stale is not None:
                # Somebody else closed that connection, and the system uses its number again.
                self._forget(stale)
                self._expire(stale, "the connection was closed")
            self._links[link.fd] = link
            if handshake:
                self._greeters.add(link)
            else:
                link.is_given = True
            self._start(link)
            if self._closing.begun:
                link.session.retire()
        except (CommunicationError, OSError, ValueError) as error:
            self._finish(link, str(error))
        except BaseException as error:
            self._finish(link, "it could not be served")
            contain(f"cannot serve the connection with {connection.peer}", error)

    # Going

    def _sweep(self, now: float) -> None:
        """End connections whose time is over, and forget those that somebody else closed."""
        for link in self._greeters.overdue(now):
            self._end_if_late(link, now)
        if now < self._sweep_due:
            return
        self._sweep_due = now + min(
            limits.HOUSEKEEPING, self._comm_timeout / 4 or 3600, self._message_timeout / 4 or 3600
        )
        for link in list(self._links.values()):
            if self._message_timeout and self._end_if_slow(link, now):
                continue
            if link.touched or link.stalled or not link.parked:
                link.touched, link.since = False, now
            elif link.connection.fileno() < 0:
                self._expire(link, "the connection was closed")
            elif self._comm_timeout and now - link.since >= self._comm_timeout:
                self._expire(link, f"nothing happened for {self._comm_timeout:g} seconds (COMMTIMEOUT)")

    def _end_if_late(self, link: Link, now: float) -> bool:
        """End a connection whose time is over: whether it was. If a thread has it, it is looked at again."""
        link.late = False
        if self._greeters.is_overdue(link, now):
            if not link.parked:
                link.late = True
                return False
            self._end_greeting(link)
            return True
        return bool(self._message_timeout) and self._end_if_slow(link, now)

    def _end_greeting(self, link: Link) -> None:
        seconds = f"within {self._greeters.seconds:g} seconds (configuration item HANDSHAKE_TIMEOUT)"
        if not link.session.accepted:
            self._turn_out(link, "HANDSHAKE_TIMEOUT", f"it said no hello {seconds}")
        elif link.place == KEPT:
            self._expire(link, "the place that is kept for the operator is not for long")
        else:
            self._note_slow(
                link, "HANDSHAKE_TIMEOUT", f"it did not take the answer that accepted it {seconds}"
            )

    def _end_if_slow(self, link: Link, now: float) -> bool:
        """End a connection with a message that takes too long: whether it was one."""
        what = link.is_slow(now, self._message_timeout)
        if what and not link.parked:
            link.late = True
            return False
        if what:
            times = f"within {self._message_timeout:g} seconds (configuration item MESSAGE_TIMEOUT)"
            self._note_slow(link, "MESSAGE_TIMEOUT", f"{what} {times}")
        return bool(what)

    def _note_slow(self, link: Link, limit: str, reason: str) -> None:
        self._host.refused(limit, f"the connection with {link.connection.peer} is ended: {reason}")
        self._expire(link, reason)

    def _forget(self, link: Link) -> None:
        """Neither watch nor count it any more."""
        with self._lock:
            if self._links.get(link.fd) is link:
                del self._links[link.fd]
                self._reactor.remove(link.fd)
        self._greeters.discard(link)
        self._places.release(link)

    def _finish(self, link: Link, reason: str) -> None:
        """The end of a connection: its session is told, once, and it is closed. From any thread."""
        try:
            self._lose(link, reason)
        finally:
            link.connection.close()

    def _part(self, link: Link, reason: str) -> None:
        """The end of a session that has had the last word: the peer gets time to take it."""
        if link.is_given and not link.outbox.size:
            self._finish(link, reason)
            return
        if self._places.is_spare(link.fd):
            self._hang_up(link, reason)  # the descriptor is needed
            return
        try:
            self._lose(link, reason)
        finally:
            self._lingering.begin(link.outbox)

    def _hang_up(self, link: Link, reason: str = "the server was closed") -> None:
        """The end of a connection whose peer gets no time to take leave: the server closes, for instance."""
        try:
            link.outbox.flush_until(self._closing.deadline)
            if not link.is_given:
                link.connection.end_of_data()
                discard_received(link.connection)  # unread bytes would have the answer lost
        except CommunicationError:
            pass  # nobody is there to see it
        finally:
            self._finish(link, reason)

    def _lose(self, link: Link, reason: str) -> None:
        with self._lock:
            if link.finished:
                return
            link.finished = True
            self._forget(link)
        try:
            link.session.lost(reason)
        except BaseException as error:
            contain(f"the end of the session with {link.connection.peer} failed", error, self._loop_thread)
        if link.is_given:
            self.wake()  # the loop may have been there for it alone

    # For the models

    _loop_thread = 0

    def _resume(self, link: Link) -> None:
        """Go on with a stalled connection, in the loop's thread."""
        raise NotImplementedError

    def _hurry(self) -> None:
        """Something short is under way: look at the clock more often. From any thread."""
        raise NotImplementedError

    def _start(self, link: Link) -> None:
        """Begin to serve. Raises ``CommunicationError``, ``OSError``, ``ValueError``."""
        raise NotImplementedError

    def _expire(self, link: Link, reason: str) -> None:
        """End a parked connection, in the loop's thread."""
        raise NotImplementedError
