"""What every handshake validator has to do, as a suite to subclass.

How it judges stands here; challenges, and who answers them, have a module of their own.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st

from pyroplug.contracts import Gate, HandshakeValidator, Hello, Peer
from pyroplug.errors import ConfigError
from pyroplug.plugins.kinds import Kind

from . import strategies
from .comparing import same
from .suite import Breach, SuiteSettings, for_all
from .threads import at_once
from .validator_challenges import ChallengeLaws
from .validator_support import LONGEST_REASON, ValidatorSupport, hello
from .verdicts import satisfies

__all__ = ["HandshakeValidatorSuite", "hello"]

SLOW = 1.0
"""Seconds of processor time that judging a client may take, whatever it sent."""
THREADS = 6
ROUNDS = 30

_addresses = st.sampled_from(
    [
        *(("203.0.113.5", 4711), ("::1", 4711, 0, 0), ("fe80::1%eth0", 1, 0, 2), ("host", 0)),
        *("", "/run/some socket", "\0abstract", b"\0abstract", None, 5, (), ("", 1), (3, 1024), ("x",)),
    ]
)
_facts = st.sampled_from(
    [
        {},
        {"uid": 0, "gid": 0},
        {"uid": "0", "gid": None},
        {"uid": -1},
        {"certificate": {}},
        {"certificate": None},
    ]
)
_values = strategies.values(["bytes", "tuple", "set", "complex", "integer keys"])
_annotations = strategies.message_annotations().map(
    lambda parts: {key: memoryview(value) if len(value) % 2 else value for key, value in parts.items()}
)
_hellos = st.builds(
    Hello,
    st.builds(Peer, _addresses, st.sampled_from(["trial", "other"]), _facts),
    st.text(max_size=20),
    _values | st.dictionaries(st.sampled_from(["token", "user", "__class__", "secret"]), _values, max_size=3),
    _annotations,
)


class HandshakeValidatorSuite(ChallengeLaws, ValidatorSupport):
    """The laws of :class:`~pyroplug.contracts.HandshakeValidator`. Override ``validator``.

    :cvar configuration: values of the configuration items with which it lets in and refuses what follows.
    :cvar welcome: clients that it lets in, with a challenge or without; :func:`hello` makes them.
    :cvar refused: clients that it refuses with no challenge.
    :cvar unusable: configurations that it cannot work with, with the items that the error must name.
    :cvar secrets: texts that nobody must be told.
    :cvar foreign: for one that challenges: a configuration of others, who can answer, and wrongly.
    """

    unusable: ClassVar[Sequence[tuple[Mapping[str, Any], str]]] = ()

    # What there is

    def test_it_satisfies_the_contract(self, validator: HandshakeValidator) -> None:
        """All members are there, and of the right kind."""
        satisfies(
            Kind.HANDSHAKE_VALIDATOR, validator, "a validator satisfies pyroplug.contracts.HandshakeValidator"
        )

    def test_it_is_tried_with_clients_of_both_kinds(self, gate: Gate) -> None:
        """Nothing else tells a validator from one that lets in everybody, or nobody."""
        challenging = any(self.judged(gate, one).challenge for one in self.welcome)
        if not self.welcome or not (self.refused or challenging):
            missing = "welcome" if not self.welcome else "refused"
            raise Breach(
                "a validator lets in some clients, and refuses others",
                f"the suite is given no clients as {missing!r}",
                f"set {missing} = [hello(...)] in {type(self).__name__}",
            )

    def test_settings_that_it_cannot_work_with_are_refused(self, validator: HandshakeValidator) -> None:
        """When the daemon is made, and not when the first client comes."""
        for values, item in self.unusable:
            try:
                validator.open(SuiteSettings({**self.configuration, **values}))
            except ConfigError as error:
                if item not in str(error):
                    raise Breach(
                        "the error names the configuration item", f"{item} is not in: {error}"
                    ) from None
                continue
            except Exception as error:
                raise Breach(
                    "open raises ConfigError for settings that it cannot work with",
                    f"for {item} of {values!r} it raised {type(error).__name__}: {error}",
                ) from error
            raise Breach(
                "open raises ConfigError for settings that it cannot work with",
                f"for {item} of {values!r} it raised nothing",
            )

    # Judgement

    def test_who_is_welcome_is_let_in(self, gate: Gate, validator: HandshakeValidator) -> None:
        """At once, or when a challenge has been passed."""
        for one in self.welcome:
            verdict = self.judged(gate, one)
            if verdict.refusal is not None:
                raise Breach("who is welcome is let in", f"{one} was refused: {verdict.refusal}")
            if verdict.challenge is not None:
                self.passes(validator, verdict.challenge, one)

    def test_who_is_not_is_refused_with_a_reason(self, gate: Gate) -> None:
        """The client is told the reason, so it is a text for people, and no more than they need."""
        for one in self.refused:
            refusal = self.judged(gate, one).refusal
            if refusal is None:
                raise Breach("who is not welcome is refused", f"{one} was let in, or challenged")
            self.is_reason(refusal, one)

    def test_a_refusal_has_no_effect_on_others(self, gate: Gate, validator: HandshakeValidator) -> None:
        """A gate judges all clients of a daemon."""
        for one in self.refused:
            self.judged(gate, one)
            self.test_who_is_welcome_is_let_in(gate, validator)
        self.test_who_is_not_is_refused_with_a_reason(gate)

    def test_whatever_a_client_says_it_is_judged(self, gate: Gate) -> None:
        """All but the peer comes from a stranger. An accident refuses as well, and nobody knows why."""

        def check(one: Hello) -> None:
            before = copy.deepcopy(one.data)
            self.judged(gate, one)
            if not same(one.data, before):
                raise Breach("a validator leaves the hello alone", f"{before!r} became {one.data!r}")

        for_all(check, one=_hellos)

    def test_whatever_the_welcome_say_besides_they_are_judged(self, gate: Gate) -> None:
        """From the right place, with a handshake value that nobody expects."""

        def check(one: Hello, other: Hello) -> None:
            self.judged(gate, one._replace(data=other.data, annotations=other.annotations))
            self.judged(gate, one._replace(object_id=other.object_id))

        clients = [*self.welcome, *self.refused] or [hello()]
        for_all(check, one=st.sampled_from(clients), other=_hellos)

    def test_what_is_large_or_deep_is_judged_soon(self, gate: Gate) -> None:
        """A client is not known yet, and a daemon has other things to do."""
        deep: Any = "end"
        for _ in range(400):
            deep = {"token": [deep]}
        for what, data in (
            ("a text of a million characters", "x" * 1_000_000),
            ("a million bytes", bytes(1_000_000)),
            ("a token of a million characters", {"token": "x" * 1_000_000}),
            ("a list of 100,000 numbers", list(range(100_000))),
            ("a dictionary that is 400 deep", deep),
        ):
            for one in [*self.welcome, *self.refused] or [hello()]:
                began = time.thread_time()
                self.judged(gate, one._replace(data=data), what)
                took = time.thread_time() - began
                if took > SLOW:
                    raise Breach(
                        f"a client is judged within {SLOW:g} s of processor time", f"{what} took {took:.1f} s"
                    )

    def test_many_threads_use_a_gate(self, gate: Gate, validator: HandshakeValidator) -> None:
        """Clients come at the same time."""

        def use(number: int) -> None:
            for _ in range(ROUNDS):
                if number % 2:
                    self.test_who_is_welcome_is_let_in(gate, validator)
                else:
                    self.test_who_is_not_is_refused_with_a_reason(gate)

        at_once("many threads may use a gate at once", THREADS, use)

    def is_reason(self, refusal: Exception, one: Hello) -> None:
        """Look at what a client is told."""
        text = str(refusal)
        if not text.strip() or len(text) > LONGEST_REASON:
            raise Breach(
                f"a refusal has a reason, of at most {LONGEST_REASON} characters",
                f"{one} was refused with {text[:100]!r} ({len(text)} characters)",
                'raise SecurityError("what is wrong, in words for the client")',
            )
        self.keeps_secrets("the reason of a refusal", text)
