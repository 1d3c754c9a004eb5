"""The suite for server models sees what is wrong, and says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .mutation import failures

ENDS = "test_the_end_of_a_connection_is_told_once"
MUTANTS = {
    "TestLosesNothing": (ENDS, "lost(), after its connection has ended,"),
    "TestLosesTwice": ("test_a_request_after_a_silence", "lost() was called once for every session"),
    "TestLastComesFirst": ("test_requests_that_are_sent_at_once", "whole and in the order of the requests"),
    "TestForgetsHalves": ("test_half_a_message_is_kept", "every request is answered"),
    "TestIgnoresClosing": (
        "test_the_last_word_is_sent",
        "a connection is closed when its session is",
    ),
    "TestRunsToTheLast": ("test_what_comes_too_late_is_not_run", "retire(), when a server is closing"),
    "TestRunsOneWayCallsInTurn": ("test_one_way_calls_hold_up_nobody", "every request is answered"),
    "TestGreetsEverybody": ("test_connections_that_exist_already", "given to create() have handshake=False"),
    "TestKeepsNoHouse": ("test_housekeeping", "housekeeping() is called every few seconds"),
    "TestNeverRefuses": ("test_too_many_are_refused", "who does not fit in is told so"),
    "TestCountsNoRefusals": ("test_too_many_are_refused", "host.refused() is told of everybody"),
    "TestSleepsOn": ("test_it_can_be_woken", "wake() makes run() ask running() at once"),
    "TestGivesNoGrace": (
        "test_a_running_call_is_answered",
        "close() waits for running calls, up to the grace",
    ),
    "TestWaitsForEver": ("test_a_call_that_ignores_the_grace", "close() ends"),
    "TestCombinesNothing": ("test_combined_servers_share_a_loop", "every request is answered"),
    "TestKeepsADescriptor": ("test_a_request_after_a_silence", "is still open"),
    "TestKeepsAThread": ("test_a_request_after_a_silence", "thread 'ghost' still runs"),
    "TestOneByOne": ("test_half_a_message_is_kept", "every request is answered, whatever other clients do"),
    "TestTooSlow": ("test_slow_readers_hold_up_nobody", "every request is answered, whatever other clients"),
}
"""By the mutant's suite: the test that tells, and words of what it says."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the suite says about each mutant."""
    chosen = [(mutant, test) for mutant, (test, _) in MUTANTS.items()]
    chosen.append(("TestSound", "test_"))
    module = Path(__file__).with_name("mutants_servers.py")
    return failures(module, chosen, tmp_path_factory.mktemp("servers"))


@pytest.mark.parametrize("mutant", MUTANTS)
def test_it_says_what_is_wrong(told: dict[str, str], mutant: str) -> None:
    words = MUTANTS[mutant][1]
    assert words in told[mutant], told[mutant] or "the suite has passed"


def test_what_is_not_broken_passes(told: dict[str, str]) -> None:
    assert told["TestSound"] == ""
