"""What the parts of the suite for handshake validators share: its fixtures, clients, and steps of laws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import pytest

from pyroplug.contracts import (
    Buffer,
    Challenge,
    ChallengeResponder,
    Gate,
    HandshakeValidator,
    Hello,
    Peer,
    Responder,
    Settings,
)
from pyroplug.errors import SecurityError

from .serializer_support import shown, told
from .suite import Breach, Suite, SuiteSettings

__all__ = ["LONGEST_REASON", "ValidatorSupport", "Verdict", "hello"]

LONGEST_REASON = 2000
LONGEST_PART = 65_535
"""Bytes of a response or of a proof that the protocol has room for."""


def hello(
    data: Any = "hello",
    *,
    address: Any = ("203.0.113.5", 4711),
    transport: str = "trial",
    facts: Mapping[str, Any] | None = None,
    object_id: str = "some.object",
    annotations: Mapping[str, Buffer] | None = None,
) -> Hello:
    """A client that connects.

    :param data: its handshake value.
    :param address: where it comes from: ``(host, port)``, or ``""`` for this machine.
    :param facts: what the transport knows about it.
    """
    return Hello(Peer(address, transport, facts or {}), object_id, data, annotations or {})


class Verdict(NamedTuple):
    """What became of a client: it is let in if both are ``None``."""

    challenge: Challenge | None = None
    refusal: SecurityError | None = None


class ValidatorSupport(Suite):
    """Fixtures, and steps of which laws are made."""

    welcome: ClassVar[Sequence[Hello]] = ()
    refused: ClassVar[Sequence[Hello]] = ()
    secrets: ClassVar[Sequence[str]] = ()
    foreign: ClassVar[Mapping[str, Any] | None] = None

    @pytest.fixture
    def validator(self) -> HandshakeValidator:
        """The validator on trial: to be overridden."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a fixture 'validator', which returns the validator on trial"
        )

    @pytest.fixture
    def gate(self, validator: HandshakeValidator, settings: Settings) -> Gate:
        """What judges the clients of a daemon."""
        return validator.open(settings)

    def judged(self, gate: Gate, one: Hello, what: str = "") -> Verdict:
        """Have a client judged, and look at the judgement."""
        who = f"a client that sends {what}" if what else shown(one)
        try:
            challenge: Any = gate.validate(one)
        except SecurityError as refusal:
            return Verdict(refusal=refusal)
        except Exception as error:
            raise Breach(
                "validate returns None or a challenge, or raises SecurityError, and nothing else",
                f"for {who} it raised {type(error).__name__}: {error!s:.300}",
                "expect anything in data, object_id and annotations: they come from strangers",
            ) from error
        if challenge is not None and not all(
            hasattr(challenge, name) for name in ("question", "reason", "verify")
        ):
            raise Breach(
                "validate returns None or a challenge, or raises SecurityError",
                f"for {who} it returned {told(challenge)}",
                "return None to agree; False refuses as little as True agrees",
            )
        return Verdict(challenge=challenge)

    def answering(self, validator: HandshakeValidator, values: Mapping[str, Any] | None = None) -> Responder:
        """What answers challenges in the client, for one connection."""
        if not isinstance(validator, ChallengeResponder):
            raise Breach(
                "a validator that challenges can answer as a client: it has a method 'responder'",
                f"{type(validator).__name__} has none",
                "see pyroplug.contracts.ChallengeResponder",
            )
        responder = validator.responder(SuiteSettings({**self.configuration, **(values or {})}))
        if responder is None:
            raise Breach(
                "the suite's configuration has what is needed to answer",
                "responder gives None for it",
                f"set configuration in {type(self).__name__}",
            )
        return responder

    def passes(self, validator: HandshakeValidator, challenge: Challenge, one: Hello) -> None:
        """Answer a challenge as the right client does, and accept the server."""
        responder = self.answering(validator)
        law = "the right client passes the challenge, and accepts the server"
        try:
            response = responder.respond(bytes(memoryview(challenge.question)), one.object_id)
        except Exception as error:
            raise Breach(law, f"respond raised {type(error).__name__}: {error}") from error
        try:
            proof = challenge.verify(response)
        except Exception as error:
            raise Breach(law, f"verify raised {type(error).__name__}: {error}") from error
        for what, part in (("response", response), ("proof", proof)):
            if part is not None or what == "response":
                self.is_part(what, part)
        try:
            responder.conclude(proof if proof is None else bytes(memoryview(proof)))
        except Exception as error:
            raise Breach(law, f"conclude raised {type(error).__name__}: {error}") from error

    def is_part(self, what: str, part: Any) -> None:
        """Look at something that is sent to the other side."""
        if not isinstance(part, (bytes, bytearray, memoryview)) or len(bytes(part)) > LONGEST_PART:
            raise Breach(f"a {what} is at most {LONGEST_PART} bytes", f"it is {told(part)}")
        self.keeps_secrets(f"the {what}", bytes(part))

    def keeps_secrets(self, where: str, said: str | bytes) -> None:
        """Look for secrets in what somebody is told."""
        data = said.encode("utf-8", "surrogatepass") if isinstance(said, str) else said
        for number, secret in enumerate(self.secrets):
            if secret.encode("utf-8", "surrogatepass") in data:
                raise Breach("nobody is told a secret", f"the text secrets[{number}] is in {where}")
