"""Validators that are broken on purpose; ``SAYS`` has which test finds each, and what it must say."""

from __future__ import annotations

import hmac
import os
from typing import Any, ClassVar

import pytest

from pyroplug.contracts import Hello
from pyroplug.errors import SecurityError
from pyroplug.testing import HandshakeValidatorSuite, hello

KEY = "correct horse battery staple"


def signed(key: str, *parts: bytes) -> bytes:
    return hmac.digest(key.encode(), b"|".join(parts), "sha256")


# A guest list ------------------------------------------------------------------------------------------


class Guests:
    """Breaks nothing: lets in who says that it is ann."""

    name = "guests"

    def open(self, _settings: Any) -> Any:
        return self

    def validate(self, hello: Hello) -> Any:
        if not isinstance(hello.data, str) or hello.data != "ann":
            raise SecurityError("only ann may come in")
        return None


class LetsInEverybody(Guests):
    def validate(self, hello: Hello) -> Any:
        return None


class ReturnsTrue(Guests):
    def validate(self, hello: Hello) -> Any:
        super().validate(hello)
        return True


class ExpectsText(Guests):
    def validate(self, hello: Hello) -> Any:
        if hello.data.lower() != "ann":
            raise SecurityError("only ann may come in")
        return None


class RefusesInSilence(Guests):
    def validate(self, hello: Hello) -> Any:
        if hello.data != "ann":
            raise SecurityError
        return None


class ChangesTheHello(Guests):
    def validate(self, hello: Hello) -> Any:
        if isinstance(hello.data, dict):
            hello.data.clear()
        return super().validate(hello)


class TellsTheSecret(Guests):
    def validate(self, hello: Hello) -> Any:
        if hello.data != "ann":
            raise SecurityError(f"say ann, and not {KEY}")
        return None


class TakesForEver(Guests):
    def validate(self, hello: Hello) -> Any:
        if isinstance(hello.data, str):
            for _ in range(300 * len(hello.data)):
                pass
        return super().validate(hello)


# A secret ----------------------------------------------------------------------------------------------


class CannotAnswer:
    """Challenges, and proves; all that is missing is a responder."""

    name = "secret"

    def open(self, settings: Any) -> Any:
        return SecretGate(self, settings.ACME_KEY)

    def question(self) -> bytes:
        return os.urandom(32)

    def is_right(self, response: bytes, expected: bytes) -> bool:
        return hmac.compare_digest(response, expected)

    def expected(self, key: str, question: bytes) -> bytes:
        return signed(key, b"client", question)

    def proof(self, key: str, question: bytes) -> Any:
        return signed(key, b"server", question)

    def accept(self, proof: Any, expected: bytes) -> None:
        if proof is None or not hmac.compare_digest(bytes(proof), expected):
            raise SecurityError("the server proves nothing")


class Secret(CannotAnswer):
    """Breaks nothing."""

    def responder(self, settings: Any) -> Any:
        return SecretResponder(self, settings.ACME_KEY)


class SecretGate:
    def __init__(self, validator: Any, key: str) -> None:
        self.validator, self.key = validator, key

    def validate(self, hello: Hello) -> Any:
        return SecretChallenge(self.validator, self.key)


class SecretChallenge:
    reason = "only who knows the secret may come in"

    def __init__(self, validator: Any, key: str) -> None:
        self.validator, self.key, self.question = validator, key, validator.question()

    def verify(self, response: Any) -> Any:
        expected = self.validator.expected(self.key, self.question)
        if not self.validator.is_right(bytes(response), expected):
            raise SecurityError("the response is wrong")
        return self.validator.proof(self.key, self.question)


class SecretResponder:
    def __init__(self, validator: Any, key: str) -> None:
        self.validator, self.key = validator, key
        self.expected = os.urandom(32)

    def respond(self, question: Any, _object_id: str) -> Any:
        self.expected = self.validator.proof(self.key, bytes(question)) or b""
        return self.validator.expected(self.key, bytes(question))

    def conclude(self, proof: Any) -> None:
        self.validator.accept(proof, self.expected)


class AsksTheSame(Secret):
    def question(self) -> bytes:
        return b"who are you, and what do you know?"


class AsksTooMuch(Secret):
    def question(self) -> bytes:
        return os.urandom(1500)


class LooksAtTheBeginning(Secret):
    def is_right(self, response: bytes, expected: bytes) -> bool:
        return bool(response) and expected.startswith(response)


class AcceptsAnything(Secret):
    def is_right(self, response: bytes, expected: bytes) -> bool:
        return True


class IgnoresTheQuestion(Secret):
    def expected(self, key: str, question: bytes) -> bytes:
        return signed(key, b"client")


class SendsTheSecret(Secret):
    def expected(self, key: str, question: bytes) -> bytes:
        return key.encode() + question


class FailsOnShortOnes(Secret):
    def is_right(self, response: bytes, expected: bytes) -> bool:
        return response[31] == expected[31] and response == expected


class BelievesEveryServer(Secret):
    def accept(self, proof: Any, expected: bytes) -> None:
        pass


class Guest(HandshakeValidatorSuite):
    welcome: ClassVar[Any] = [hello("ann")]
    refused: ClassVar[Any] = [hello("bob"), hello(None)]
    secrets: ClassVar[Any] = [KEY]
    cls: type[Any] = Guests

    @pytest.fixture
    def validator(self) -> Any:
        return self.cls()


class Keeper(Guest):
    configuration: ClassVar[Any] = {"ACME_KEY": KEY}
    foreign: ClassVar[Any] = {"ACME_KEY": "another key than this one"}
    refused: ClassVar[Any] = []
    cls = Secret


class TestSound(Guest):
    pass


class TestSoundWithChallenges(Keeper):
    pass


class TestTriedWithNobody(Guest):
    welcome: ClassVar[Any] = []
    refused: ClassVar[Any] = []


class TestLetsInEverybody(Guest):
    cls = LetsInEverybody


class TestReturnsTrue(Guest):
    cls = ReturnsTrue


class TestExpectsText(Guest):
    cls = ExpectsText


class TestRefusesInSilence(Guest):
    cls = RefusesInSilence


class TestChangesTheHello(Guest):
    cls = ChangesTheHello


class TestTellsTheSecret(Guest):
    cls = TellsTheSecret


class TestTakesForEver(Guest):
    cls = TakesForEver


class TestAsksTheSame(Keeper):
    cls = AsksTheSame


class TestAsksTooMuch(Keeper):
    cls = AsksTooMuch


class TestLooksAtTheBeginning(Keeper):
    cls = LooksAtTheBeginning


class TestAcceptsAnything(Keeper):
    cls = AcceptsAnything


class TestIgnoresTheQuestion(Keeper):
    cls = IgnoresTheQuestion


class TestSendsTheSecret(Keeper):
    cls = SendsTheSecret


class TestFailsOnShortOnes(Keeper):
    cls = FailsOnShortOnes


class TestBelievesEveryServer(Keeper):
    cls = BelievesEveryServer


class TestCannotAnswer(Keeper):
    cls = CannotAnswer


SAYS = {
    "TestTriedWithNobody": (
        "test_it_is_tried_with_clients_of_both_kinds",
        "set welcome = [hello(...)] in TestTriedWithNobody",
    ),
    "TestLetsInEverybody": ("test_who_is_not_is_refused_with_a_reason", "was let in, or challenged"),
    "TestReturnsTrue": ("test_who_is_welcome_is_let_in", "return None to agree"),
    "TestExpectsText": ("test_whatever_a_client_says_it_is_judged", "has no attribute 'lower'"),
    "TestRefusesInSilence": ("test_who_is_not_is_refused_with_a_reason", "a refusal has a reason"),
    "TestChangesTheHello": ("test_whatever_a_client_says_it_is_judged", "a validator leaves the hello alone"),
    "TestTellsTheSecret": ("test_who_is_not_is_refused_with_a_reason", "nobody is told a secret"),
    "TestTakesForEver": ("test_what_is_large_or_deep_is_judged_soon", "a text of a million characters took"),
    "TestAsksTheSame": ("test_nothing_is_asked_twice", "never the same twice"),
    "TestAsksTooMuch": ("test_what_is_asked", "a question is 1 to 1000 bytes"),
    "TestLooksAtTheBeginning": (
        "test_answers_that_are_nearly_right_are_wrong",
        "the right response without its last byte was accepted",
    ),
    "TestAcceptsAnything": ("test_arbitrary_answers_are_wrong", "the response b'' was accepted"),
    "TestIgnoresTheQuestion": (
        "test_answers_to_other_questions_are_wrong",
        "the right response to another question was accepted",
    ),
    "TestSendsTheSecret": ("test_who_is_welcome_is_let_in", "is in the response"),
    "TestFailsOnShortOnes": (
        "test_arbitrary_answers_are_wrong",
        "verify raises SecurityError for a wrong response, and nothing else",
    ),
    "TestBelievesEveryServer": ("test_the_client_accepts_no_other_proof", "the server may be an impostor"),
    "TestCannotAnswer": ("test_who_is_welcome_is_let_in", "it has a method 'responder'"),
}
