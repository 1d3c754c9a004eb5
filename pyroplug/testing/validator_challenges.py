"""The laws of challenges: what is asked, what passes for an answer, and what the client accepts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from pyroplug.contracts import Challenge, Gate, HandshakeValidator, Hello
from pyroplug.errors import SecurityError

from .serializer_support import shown, told
from .suite import Breach, SuiteSettings, for_all
from .validator_support import LONGEST_REASON, ValidatorSupport

__all__ = ["ChallengeLaws"]

LONGEST_QUESTION = 1000
QUESTIONS = 100
FLIPPED = 40
"""Bytes of a right answer that are changed, at most, one at a time."""


class ChallengeLaws(ValidatorSupport):
    """Challenges, from both sides."""

    @pytest.fixture
    def asked(self, gate: Gate) -> Hello:
        """A client that is challenged."""
        for one in self.welcome:
            if self.judged(gate, one).challenge is not None:
                return one
        pytest.skip("the validator challenges none of those who are welcome")

    def challenge(self, gate: Gate, one: Hello) -> Challenge:
        """A new challenge for a client."""
        challenge = self.judged(gate, one).challenge
        if challenge is None:
            raise Breach("a client that was challenged once is challenged again", f"{shown(one)} was not")
        return challenge

    # The question

    def test_what_is_asked(self, gate: Gate, asked: Hello) -> None:
        """A question that fits, and a reason for those who cannot answer."""
        challenge = self.challenge(gate, asked)
        question: Any = challenge.question
        if (
            not isinstance(question, (bytes, bytearray, memoryview))
            or not 0 < len(question) <= LONGEST_QUESTION
        ):
            raise Breach(f"a question is 1 to {LONGEST_QUESTION} bytes", f"it is {told(question)}")
        if bytes(question) != bytes(challenge.question):
            raise Breach("a challenge has one question", "reading it again gives another one")
        reason: Any = challenge.reason
        if not isinstance(reason, str) or not 0 < len(reason.strip()) <= LONGEST_REASON:
            raise Breach("a challenge has a reason, in words for the client", f"it is {told(reason)}")
        self.keeps_secrets("the question", bytes(question))
        self.keeps_secrets("the reason", reason)
        self.keeps_secrets("the representation of the challenge", repr(challenge))

    def test_nothing_is_asked_twice(self, gate: Gate, asked: Hello) -> None:
        """Or who has heard an answer could give it again."""
        seen = {bytes(self.challenge(gate, asked).question) for _ in range(QUESTIONS)}
        if len(seen) < QUESTIONS:
            raise Breach(
                "a question is never the same twice",
                f"of {QUESTIONS} questions, {QUESTIONS - len(seen)} had been asked before",
                "secrets.token_bytes(32) makes one",
            )

    # The answer

    def right_answer(self, validator: HandshakeValidator, challenge: Challenge, one: Hello) -> bytes:
        """What the right client responds."""
        return bytes(self.answering(validator).respond(bytes(challenge.question), one.object_id))

    def is_wrong(self, challenge: Challenge, response: Any, what: str) -> None:
        """Give a response that is not to be accepted."""
        try:
            challenge.verify(response)
        except SecurityError as refusal:
            self.keeps_secrets("the reason of a refusal", str(refusal))
            return
        except Exception as error:
            raise Breach(
                "verify raises SecurityError for a wrong response, and nothing else",
                f"for {what} it raised {type(error).__name__}: {error!s:.300}",
            ) from error
        raise Breach("verify raises SecurityError for a wrong response", f"{what} was accepted")

    def test_the_right_answer_in_any_form(
        self, gate: Gate, validator: HandshakeValidator, asked: Hello
    ) -> None:
        """A buffer is bytes, a bytearray or a memoryview."""
        for form in (bytes, bytearray, memoryview):
            challenge = self.challenge(gate, asked)
            answer = self.right_answer(validator, challenge, asked)
            try:
                challenge.verify(form(answer))
            except Exception as error:
                raise Breach(
                    "the right response is accepted as bytes, bytearray or memoryview",
                    f"as {form.__name__}, verify raised {type(error).__name__}: {error}",
                ) from error

    def test_arbitrary_answers_are_wrong(self, gate: Gate, asked: Hello) -> None:
        """Whatever a stranger makes up."""
        for_all(
            lambda response: self.is_wrong(
                self.challenge(gate, asked), response, f"the response {response!r}"
            ),
            response=st.binary(max_size=100),
        )

    def test_answers_that_are_nearly_right_are_wrong(
        self, gate: Gate, validator: HandshakeValidator, asked: Hello
    ) -> None:
        """Shortened, lengthened, empty, or with one byte changed."""
        answer = self.right_answer(validator, self.challenge(gate, asked), asked)
        if not answer:
            raise Breach("a response proves something", "the right one is empty")
        for place in range(0, len(answer), 1 + len(answer) // FLIPPED):
            challenge = self.challenge(gate, asked)
            wrong = bytearray(self.right_answer(validator, challenge, asked))
            wrong[place] ^= 1
            self.is_wrong(challenge, bytes(wrong), f"the right response with byte {place} changed")
        for what, change in (
            ("an empty response", lambda right: b""),
            ("the right response without its last byte", lambda right: right[:-1]),
            ("the right response without its first byte", lambda right: right[1:]),
            ("the right response and a byte more", lambda right: right + b"\0"),
            ("the first half of the right response", lambda right: right[: len(right) // 2]),
        ):
            challenge = self.challenge(gate, asked)
            self.is_wrong(challenge, change(self.right_answer(validator, challenge, asked)), what)

    def test_answers_to_other_questions_are_wrong(
        self, gate: Gate, validator: HandshakeValidator, asked: Hello
    ) -> None:
        """Who has recorded a handshake cannot play it again, and the question is no answer."""
        one, other = self.challenge(gate, asked), self.challenge(gate, asked)
        recorded = self.right_answer(validator, one, asked)
        one.verify(recorded)
        self.is_wrong(other, recorded, "the right response to another question")
        echoed = self.challenge(gate, asked)
        self.is_wrong(echoed, bytes(echoed.question), "the question itself")

    def test_answers_of_others_are_wrong(
        self, gate: Gate, validator: HandshakeValidator, asked: Hello
    ) -> None:
        """Of clients that are able to answer, and not the right ones."""
        if self.foreign is None:
            raise Breach(
                "a validator that challenges is tried with clients that answer wrongly",
                "the suite has no configuration of others",
                f"set foreign = {{item: another value}} in {type(self).__name__}",
            )
        challenge = self.challenge(gate, asked)
        response = self.answering(validator, self.foreign).respond(bytes(challenge.question), asked.object_id)
        self.is_wrong(challenge, bytes(response), "the response of a client with the foreign configuration")

    # The client

    def test_the_client_accepts_no_other_proof(
        self, gate: Gate, validator: HandshakeValidator, asked: Hello
    ) -> None:
        """Where the server proves something, the client insists on it."""
        challenge = self.challenge(gate, asked)
        proof = challenge.verify(self.right_answer(validator, challenge, asked))
        if proof is None:
            pytest.skip("the server proves nothing to the client")
        foreign = validator.open(SuiteSettings({**self.configuration, **(self.foreign or {})}))
        strange = self.challenge(foreign, asked)
        answered = self.answering(validator, self.foreign).respond(bytes(strange.question), asked.object_id)
        others = strange.verify(bytes(answered)) if self.foreign else b"x"
        for what, wrong in (
            ("no proof at all", None),
            ("an empty proof", b""),
            ("the proof of another handshake", proof),
            ("the proof of a server with the foreign configuration", others),
            ("a proof that is made up", bytes(len(bytes(proof)))),
        ):
            responder = self.answering(validator)
            responder.respond(bytes(self.challenge(gate, asked).question), asked.object_id)
            try:
                responder.conclude(wrong)
            except SecurityError:
                continue
            except Exception as error:
                raise Breach(
                    "conclude raises SecurityError for a wrong proof, and nothing else",
                    f"for {what} it raised {type(error).__name__}: {error}",
                ) from error
            raise Breach(
                "conclude raises SecurityError for a wrong proof: the server may be an impostor",
                f"{what} was accepted",
            )

    def test_whatever_a_server_asks_the_client_survives(
        self, validator: HandshakeValidator, asked: Hello
    ) -> None:
        """The server is a stranger to the client as well."""

        def check(question: bytes, object_id: str) -> None:
            responder = self.answering(validator)
            try:
                response = responder.respond(question, object_id)
            except SecurityError:
                return
            except Exception as error:
                raise Breach(
                    "respond gives a response, or raises SecurityError",
                    f"for the question {question!r} it raised {type(error).__name__}: {error!s:.300}",
                ) from error
            self.is_part("response", response)

        for_all(check, question=st.binary(max_size=100), object_id=st.text(max_size=10))
