"""The client's half of a handshake: it says hello, answers what it is asked, and has the server prove itself.

Nothing of the server's answer is made into an object before the server has proved what it has to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from .challenges import CHALLENGE_ANNOTATION, pack_challenges, unpack_challenges
from .client import ClientProtocol
from .contracts import Buffer, Responder
from .errors import HandshakeError, SecurityError
from .wire import NO_ANNOTATIONS, Message

__all__ = ["Greeting"]


class Greeting:
    """One connection's handshake, as a client has it."""

    def __init__(
        self,
        protocol: ClientProtocol,
        exchange: Callable[[Sequence[Buffer]], Message],
        responders: Mapping[str, Responder],
        required: Collection[str] = (),
    ) -> None:
        """
        :param exchange: sends a request, and gives the message that answers it.
        :param responders: what answers challenges, by the names of the validators.
        :param required: those of them whose proof the server owes.
        """
        self._protocol = protocol
        self._exchange = exchange
        self._responders = responders
        self._required = required

    def greet(self, object_id: str, handshake: Any, sequence: int) -> Mapping[str, Any]:
        """Say hello: the server's answer, a mapping with ``handshake`` and ``meta``.

        :raises HandshakeError: the server refuses; the text is its reason.
        :raises SecurityError: the server does not prove what it has to, or a challenge is not answered.
        :raises ProtocolError: what it answers is no such thing.
        """
        protocol, responders = self._protocol, self._responders
        able = {CHALLENGE_ANNOTATION: pack_challenges(dict.fromkeys(responders, b""))} if responders else {}
        message = self._exchange(protocol.connect(object_id, handshake, sequence, able))
        questions: Mapping[str, bytes] = {}
        if responders and protocol.refused(message) and CHALLENGE_ANNOTATION in message.annotations:
            questions = unpack_challenges(message.annotations[CHALLENGE_ANNOTATION])
            message = self._exchange(protocol.respond(sequence, self._responses(questions, object_id)))
        if (questions or self._required) and not protocol.refused(message):
            self._conclude(message, questions)
        return protocol.accepted(message)

    def _responses(self, questions: Mapping[str, bytes], object_id: str) -> Mapping[str, Buffer]:
        unknown = ", ".join(repr(name)[:100] for name in questions if name not in self._responders)
        if unknown:
            raise HandshakeError(f"it asks for more than this side said it can answer: {unknown}")
        responses = {
            name: self._responders[name].respond(question, object_id) for name, question in questions.items()
        }
        return {CHALLENGE_ANNOTATION: pack_challenges(responses)}

    def _conclude(self, message: Message, questions: Mapping[str, bytes]) -> None:
        """Have the server prove what it has to; the proofs are nobody else's business."""
        proofs: Mapping[str, bytes] = {}
        if questions:
            annotations = dict(message.annotations)
            proofs = unpack_challenges(annotations.pop(CHALLENGE_ANNOTATION, b""))
            message.annotations = annotations or NO_ANNOTATIONS
        for name in self._required:
            if name not in proofs or name not in questions:
                raise SecurityError(
                    f"the server gives no proof for {name!r}",
                    hint=f"have its daemon use the handshake validator {name!r}, or do not require it: "
                    "configuration item HANDSHAKE_PROOFS",
                )
        for name in questions:
            self._responders[name].conclude(proofs.get(name))
