"""One connection and its session, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from pyroplug.contracts import Buffer, Connection, Session
from pyroplug.errors import CommunicationError

__all__ = ["Conversation"]

_SCRATCH = 65536
_PATIENCE = 2.0  # seconds that a peer has for taking the last word

log = logging.getLogger(__name__)


class Conversation:
    """Receives, handles and answers, until either end has enough.

    :ivar given: the connection was made by the user, who may go on with it.
    """

    def __init__(
        self,
        connection: Connection,
        session: Session,
        ended: Callable[[Conversation], None],
        given: bool,
    ) -> None:
        self.given = given
        self._connection = connection
        self._session = session
        self._ended = ended
        self._lock = threading.Lock()
        self._busy = self._retired = self._lost = False
        self._last_word: Sequence[Buffer] | None = None

    def refuse(self, reason: str) -> None:
        """Have ``run`` turn the peer away, and do nothing else."""
        self._last_word = self._session.refuse(reason, passing=True)

    def run(self) -> None:
        """Serve the connection to its end."""
        reason = "the client closed the connection"
        try:
            if self._last_word is None:
                self._converse()
            else:
                self._connection.send(self._last_word)
            if self._session.closing or self._retired:
                reason = "it was ended on this side"
                self._part()
        except CommunicationError as error:
            reason = str(error)
        except BaseException:
            reason = "serving it failed"
            log.exception("serving %s failed", self._connection.peer)
        finally:
            self.cut_off(reason)

    def _converse(self) -> None:
        session, connection = self._session, self._connection
        scratch = memoryview(bytearray(_SCRATCH))
        while not session.closing:
            count = connection.recv_into(session.get_buffer(scratch))
            if not count:
                return
            with self._lock:
                self._busy = True
            for request in session.buffer_updated(count):
                answer = session.handle(request)
                if answer:
                    connection.send(answer)
            with self._lock:
                self._busy = False
                if self._retired:
                    return

    def _part(self) -> None:
        """Let the peer take the last word: closing at once may lose it on its way."""
        if self.given:
            return
        connection, rest = self._connection, memoryview(bytearray(_SCRATCH))
        connection.set_timeout(_PATIENCE)
        connection.end_of_data()
        for _ in range(100):
            if not connection.recv_into(rest):
                return

    def retire(self) -> None:
        """End it as soon as nothing runs. From any thread."""
        self._session.retire()
        with self._lock:
            self._retired = True
            if not self._busy:
                self._connection.shutdown()

    def cut_off(self, reason: str) -> None:
        """End it now; its session is told, once. From any thread."""
        with self._lock:
            if self._lost:
                return
            self._lost = True
        try:
            self._session.lost(reason)
        except BaseException:
            log.exception("the end of the session with %s failed", self._connection.peer)
        self._connection.close()
        self._ended(self)
