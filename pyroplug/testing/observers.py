"""What every call observer has to do, as a suite to subclass."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import strategies as st

from pyroplug.contracts import CallObserver, CallOutcome, Observe, ObservedCall, Peer, Settings
from pyroplug.plugins.kinds import Kind

from .suite import Breach, Suite, for_all
from .threads import at_once
from .verdicts import satisfies

__all__ = ["CallObserverSuite"]

CALL = ObservedCall("server", "thing", "method", False, Peer(("203.0.113.5", 4711), "trial"), UUID(int=5))
FINE = CallOutcome(0.001, 20, 5, None)
QUIET = "an observer raises nothing: what it raises is logged with each call, and tells it nothing"
MANY = 200
TRIALS = 1000
THREADS = 8


class OwnError(Exception):
    """One of which it can be seen whether it is still there."""


class SilentError(Exception):
    """Its text cannot be had."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


ERRORS: tuple[Callable[[], BaseException], ...] = (
    lambda: ValueError("on purpose"),
    ValueError,
    lambda: ValueError(b"\xff", object()),
    lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "on purpose"),
    SilentError,
    SystemExit,
    KeyboardInterrupt,
    GeneratorExit,
    StopIteration,
    RecursionError,
)
NAMES = st.one_of(
    st.text(), st.sampled_from(["", "\n", "\x1b[2J", "%s%s%s{}", "\ud800", "x" * 5000, "<batch>"])
)
PEERS = st.sampled_from(
    [
        Peer(("203.0.113.5", 4711), "trial"),
        Peer(("2001:db8::5", 4711, 0, 0), "trial"),
        Peer("/run/a socket", "trial"),
        Peer("", "trial"),
        Peer(None, "trial"),
    ]
)
CALLS = st.builds(
    ObservedCall,
    side=st.sampled_from(["client", "server"]),
    object_id=NAMES,
    method=NAMES,
    oneway=st.booleans(),
    peer=PEERS,
    correlation_id=st.none() | st.uuids(),
)
OUTCOMES = st.builds(
    CallOutcome,
    seconds=st.floats(0, 1e9),
    request_size=st.integers(0, 1 << 32),
    response_size=st.integers(0, 1 << 32),
    error=st.none() | st.sampled_from(ERRORS).map(lambda make: make()),
)


class CallObserverSuite(Suite):
    """The laws of :class:`~pyroplug.contracts.CallObserver`. Override ``observer``.

    :cvar slowest: seconds that a call may take longer on average because it is observed: every call waits.
    :cvar keeps_errors: whether what calls have raised is kept on purpose, with all that it refers to.
    """

    slowest: ClassVar[float] = 0.001
    keeps_errors: ClassVar[bool] = False

    @pytest.fixture
    def observer(self) -> CallObserver:
        """The observer on trial: to be overridden."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a fixture 'observer', which returns the observer on trial"
        )

    @pytest.fixture
    def observe(self, observer: CallObserver, settings: Settings) -> Observe:
        """What it opens for a daemon, or for proxies."""
        found = observer.open(settings)
        if not callable(found):
            raise Breach(
                "open gives what is called when a call begins",
                f"it gave {found!r:.100}",
                "return a function that takes an ObservedCall",
            )
        return found

    def test_it_satisfies_the_contract(self, observer: CallObserver) -> None:
        """All members are there, and of the right kind."""
        satisfies(Kind.CALL_OBSERVER, observer, "an observer satisfies pyroplug.contracts.CallObserver")

    def test_it_can_be_opened_several_times(self, observer: CallObserver, settings: Settings) -> None:
        """Once for each daemon, and for proxies."""
        for observe in [observer.open(settings) for _ in range(3)]:
            _told(observe, CALL, FINE)

    def test_it_takes_whatever_is_called(self, observe: Observe) -> None:
        """Clients choose names, of any characters; at servers there may be no correlation id."""
        for_all(lambda call, outcome: _told(observe, call, outcome), call=CALLS, outcome=OUTCOMES)

    @pytest.mark.parametrize("make", ERRORS, ids=lambda make: type(make()).__name__)
    def test_it_takes_whatever_was_raised(self, observe: Observe, make: Callable[[], BaseException]) -> None:
        """Also what ends programs, and what has no text."""
        _told(observe, CALL, FINE._replace(error=make()))

    def test_calls_end_in_any_order(self, observe: Observe) -> None:
        """Calls of many clients are under way at a time, and so are calls within calls."""
        ends = [_begun(observe, CALL._replace(method=f"method{number}")) for number in range(MANY)]
        for end in [*ends[::2], *reversed(ends[1::2])]:
            _ended(end, FINE)

    def test_calls_may_never_end(self, observe: Observe) -> None:
        """A thread that is stuck in one, for instance; others go on."""
        for _ in range(MANY):
            _begun(observe, CALL)
        _told(observe, CALL, FINE)

    def test_many_threads_use_it_at_once(self, observe: Observe) -> None:
        """Each with calls of its own."""

        def use(number: int) -> None:
            for index in range(MANY):
                call = CALL._replace(object_id=f"thing{number}", method=f"method{index}")
                _told(observe, call, FINE)

        at_once(QUIET, THREADS, use)

    def test_what_was_raised_is_not_kept(self, observe: Observe) -> None:
        """Its traceback leads to the frames of the call, and to all that these refer to."""
        if self.keeps_errors:
            pytest.skip("it keeps errors on purpose")
        errors = [OwnError(number) for number in range(10)]
        kept = [weakref.ref(error) for error in errors]
        while errors:
            _told(observe, CALL, FINE._replace(error=errors.pop()))
        gc.collect()
        left = sum(reference() is not None for reference in kept)
        if left:
            raise Breach(
                "what a call has raised is not kept, unless that is the purpose",
                f"{left} of {len(kept)} exceptions are still there",
                "keep their text; or set keeps_errors, if it is the purpose",
            )

    def test_no_call_waits_for_long(self, observe: Observe) -> None:
        """Every call waits for its observers, at both ends of it."""
        begun = time.perf_counter()
        for _ in range(TRIALS):
            _told(observe, CALL, FINE)
        each = (time.perf_counter() - begun) / TRIALS
        if each > self.slowest:
            raise Breach(
                f"an observed call takes {self.slowest:g} seconds longer at most",
                f"{each:.6f} seconds, the average of {TRIALS} calls",
                "do the work in a thread of your own; or set slowest, if calls may wait for it",
            )


def _begun(observe: Observe, call: ObservedCall) -> Callable[[CallOutcome], object] | None:
    try:
        end = observe(call)
    except BaseException as error:
        raise Breach(QUIET, f"{_described(error)} when this call begins: {call!r:.300}") from None
    if end is not None and not callable(end):
        raise Breach(
            "what an observer returns is called at the call's end, or None",
            f"it returned {end!r:.100}",
            "return a function that takes a CallOutcome, or None",
        )
    return end


def _ended(end: Callable[[CallOutcome], Any] | None, outcome: CallOutcome) -> None:
    try:
        if end is not None:
            end(outcome)
    except BaseException as error:
        raised = type(outcome.error).__name__ if outcome.error is not None else "nothing"
        raise Breach(QUIET, f"{_described(error)} at the end of a call that raised {raised}") from None


def _told(observe: Observe, call: ObservedCall, outcome: CallOutcome) -> None:
    _ended(_begun(observe, call), outcome)


def _described(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if not isinstance(error, SilentError) else "SilentError"
