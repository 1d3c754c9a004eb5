"""The suite for transports sees what is wrong, and says it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .mutation import failures

MUTANTS = {
    "TestLosesTheLastByte": (
        "test_every_way_of_cutting",
        "what is sent arrives complete, in order, and unchanged",
    ),
    "TestCountsItems": ("test_buffers_of_every_kind", "views of items that are larger than a byte"),
    "TestCountsTooMuch": (
        "test_send_some_never_waits",
        "send_some sends what there is room for, and returns how",
    ),
    "TestTakesNothingForTheEnd": (
        "test_a_receive_that_does_not_wait",
        "recv_into returns None as long as nothing",
    ),
    "TestMisnamesItself": ("test_connections_know_who", "the peer has the transport's name, 'another'"),
    "TestRenewsTheLimit": ("test_a_reader_that_takes_its_time", "the limit is that of the whole send"),
    "TestHasNoLimit": ("test_receiving_has_a_limit", "receiving ends"),
    "TestRaisesPythonsError": ("test_receiving_has_a_limit", "it raised builtins.OSError"),
    "TestSleepsThroughTheEnd": (
        "test_the_end_wakes_a_waiting_receiver and shutdown",
        "receiving after shutdown() ends",
    ),
    "TestEndsBothWays": ("test_half_of_it_may_end", "after end_of_data()"),
    "TestRaisesWhenClosedTwice": ("test_a_closed_connection_says_so", "raise nothing, however often"),
    "TestKeepsADescriptor": ("test_the_peers_end_is_seen", "is still open"),
    "TestWaitsForCallers": ("test_accepting_never_waits", "accept ends"),
    "TestIsElsewhere": (
        "test_a_location_leads_back",
        "whoever connects to a listener's location is accepted there",
    ),
    "TestNamesNoScheme": ("test_a_location_leads_back", "a location has the form that goes into a URI"),
    "TestSharesAddresses": (
        "test_a_taken_address_is_refused",
        "listening where somebody listens already raises",
    ),
    "TestRaisesValueErrors": (
        "test_malformed_addresses",
        "listen raises AddressError for a malformed address",
    ),
    "TestDiscouragesRetries": (
        "test_a_closed_listener_is_gone",
        "`passing` set where somebody may listen later",
    ),
    "TestListensOn": (
        "test_a_closed_listener_is_gone",
        "connecting where nobody listens raises AddressError",
    ),
    "TestDirectlyWrong": ("test_the_direct_way_does_the_same", "what is sent arrives complete"),
}
"""By the mutant's suite: the test that tells, and words of what it says."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the suite says about each mutant."""
    chosen = [(mutant, test) for mutant, (test, _) in MUTANTS.items()]
    module = Path(__file__).with_name("mutants_transports.py")
    return failures(module, chosen, tmp_path_factory.mktemp("transports"))


@pytest.mark.parametrize("mutant", MUTANTS)
def test_it_says_what_is_wrong(told: dict[str, str], mutant: str) -> None:
    words = MUTANTS[mutant][1]
    assert words in told[mutant], told[mutant] or "the suite has passed"
