"""Handshake validators: who may connect, and how a client proves it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

from .settings import Buffer, Settings
from .transports import Peer

__all__ = ["Challenge", "ChallengeResponder", "Gate", "HandshakeValidator", "Hello", "Responder"]


class Hello(NamedTuple):
    """What a client said when it connected. Nothing of it was made into an object of any class.

    :ivar peer: who it is, as far as the operating system knows.
    :ivar object_id: the object it wants to talk to: untrusted.
    :ivar data: the handshake value, as sent by the client: untrusted. Where the client sent an object, it
        is the dictionary that stands for it, with a ``__class__`` entry.
    :ivar annotations: the message's annotations: untrusted.
    """

    peer: Peer
    object_id: str
    data: Any
    annotations: Mapping[str, Buffer]


class Challenge(Protocol):
    """A question to one client, which only the right one can answer. It is asked once.

    It is kept while the client thinks, and forgotten with its connection.
    """

    @property
    def question(self) -> Buffer:
        """What the client is sent, at most 1000 bytes: never the same twice."""

    @property
    def reason(self) -> str:
        """What is wanted, in words: a client that cannot answer is refused with them.

        They should say which item a client needs, and that ``HANDSHAKE_RESPONDERS`` names the validator.
        """

    def verify(self, response: Buffer, /) -> Buffer | None:
        """Judge the client's response: return to agree, with a proof for the client if there is one.

        Raises as :meth:`Gate.validate` does.
        """


class Gate(Protocol):
    """A validator at work in one daemon. Used by many threads at once."""

    def validate(self, hello: Hello, /) -> Challenge | None:
        """Return ``None`` to agree, or a challenge that the client has to pass.

        Raises :exc:`~pyroplug.errors.SecurityError` to refuse, with a reason that the client is told.
        Any other exception refuses as well, as does any other value, and the client is told nothing of it.
        """


@runtime_checkable
class HandshakeValidator(Protocol):
    """Decides who may connect. Offered by ``pyroplug_handshake_validators``."""

    @property
    def name(self) -> str:
        """The name by which users choose it."""

    def open(self, settings: Settings, /) -> Gate:
        """What judges the clients of one daemon, which is just being made.

        Raises :exc:`~pyroplug.errors.ConfigError` for settings that it cannot work with.
        """


class Responder(Protocol):
    """The client's side of a challenge, for one connection."""

    def respond(self, question: Buffer, object_id: str, /) -> Buffer:
        """The response to the server's question.

        :param object_id: the object that the client wants to talk to.

        Raises :exc:`~pyroplug.errors.SecurityError` to give none.
        """

    def conclude(self, proof: Buffer | None, /) -> None:
        """Take note that the server accepts the connection; return to accept the server.

        :param proof: what the server says about itself; ``None`` if it asked nothing, or says nothing.

        Raises :exc:`~pyroplug.errors.SecurityError` to refuse the server.
        """


@runtime_checkable
class ChallengeResponder(HandshakeValidator, Protocol):
    """What a validator that challenges clients is besides: able to answer as a client."""

    def responder(self, settings: Settings, /) -> Responder | None:
        """What answers for one new connection; ``None`` if the settings hold nothing to answer with.

        Raises :exc:`~pyroplug.errors.ConfigError` for settings that it cannot work with.
        """
