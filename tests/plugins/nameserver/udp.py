"""Somebody who answers datagrams, as a test says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.support import PATIENCE

__all__ = ["Responder", "responding"]

_END = b"end"


class Responder:
    """Answers each question with some datagrams.

    :ivar port: its UDP port.
    :ivar questions: what it was asked.
    :ivar sent: how many answers it has sent.
    """

    def __init__(self, host: str, answers: Callable[[int], list[bytes]]) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.questions: list[bytes] = []
        self.sent = 0
        self._answers = answers
        self._sock = socket.socket(family, socket.SOCK_DGRAM)
        self._sock.bind((host, 0))
        self.port: int = self._sock.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="responder", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            question, sender = self._sock.recvfrom(100)
            if question == _END:
                return
            self.questions.append(question)
            for answer in self._answers(len(self.questions)):
                self._sock.sendto(answer, sender)
                self.sent += 1

    def stop(self) -> None:
        self._sock.sendto(_END, self._sock.getsockname())
        self._thread.join(PATIENCE)
        self._sock.close()


@contextmanager
def responding(*answers: bytes, host: str = "127.0.0.1", after: int = 1) -> Iterator[Responder]:
    """A responder that gives these answers, from a certain question on."""
    responder = Responder(host, lambda number: list(answers) if number >= after else [])
    try:
        yield responder
    finally:
        responder.stop()
