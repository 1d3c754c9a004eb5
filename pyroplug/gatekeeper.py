"""A daemon's handshake validators at work: all of them must agree to a client.

Whatever one of them raises or returns, the outcome is acceptance or refusal, and a client that is refused
learns nothing but a reason that was meant for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from .contracts import Buffer, Gate, Hello, Peer
from .errors import PluginError, SecurityError
from .loggers import logger

__all__ = ["Asked", "Gatekeeper"]

log = logger(__name__)


class Asked(NamedTuple):
    """A challenge that a client has to pass.

    :ivar question: what it is sent.
    :ivar reason: what it is told if it cannot answer.
    :ivar verify: judges its response.
    """

    question: bytes
    reason: str
    verify: Callable[[Buffer], Buffer | None]


class Gatekeeper:
    """Asks the validators of a daemon, in their order."""

    def __init__(self, gates: Mapping[str, Gate]) -> None:
        """
        :param gates: what judges, by the validators' names.
        """
        self._gates = gates

    def judge(self, hello: Hello) -> dict[str, Asked]:
        """Let the validators judge a client: the challenges that it still has to pass, by their names.

        :raises SecurityError: one refuses; the text is what the client may be told.
        """
        asked = {}
        for name, gate in self._gates.items():
            with _refusing(name, hello.peer):
                challenge = gate.validate(hello)
                if challenge is not None:
                    _check_challenge(challenge)
                    question, reason = bytes(memoryview(challenge.question)), str(challenge.reason)
                    asked[name] = Asked(question, reason, challenge.verify)
        return asked

    def verify(
        self, hello: Hello, asked: Mapping[str, Asked], responses: Mapping[str, Buffer]
    ) -> dict[str, bytes]:
        """Let them judge what a client responds: their proofs for it, by their names.

        :raises SecurityError: one refuses, or there is no response for it.
        """
        proofs = {}
        for name, challenge in asked.items():
            if name not in responses:
                raise SecurityError(f"there is no response to the challenge of {name!r}")
            with _refusing(name, hello.peer):
                proof = challenge.verify(responses[name])
                if proof is not None:
                    proofs[name] = bytes(memoryview(proof))
        return proofs


def _check_challenge(challenge: object) -> None:
    if not callable(getattr(challenge, "verify", None)):
        raise PluginError(
            f"its validate() returned {challenge!r:.100}, which is no challenge",
            hint="it returns None to agree, and raises SecurityError to refuse.",
        )


@contextmanager
def _refusing(name: str, peer: Peer) -> Iterator[None]:
    """Turn whatever a validator raises into a refusal; only what it raises on purpose has a reason."""
    try:
        yield
    except SecurityError:
        raise
    except BaseException:
        log.exception("the handshake validator %r failed; %s is refused", name, peer)
        raise SecurityError("the connection is refused") from None
