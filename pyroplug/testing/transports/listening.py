"""Addresses: listening at them, telling others, connecting, and what is wrong with some of them."""

from __future__ import annotations

import contextlib
import select
from functools import partial

import pytest

from pyroplug.contracts import Settings, Transport
from pyroplug.errors import AddressError, CommunicationError, PyroError
from pyroplug.testing.patience import start
from pyroplug.testing.verdicts import fail, raises, require, same_bytes, shown
from pyroplug.uri import URI

from .endings import EndingTests
from .pairs import Meeting, address_of

__all__ = ["ListeningTests"]

HOSTILE = {"empty": "", "long": "x" * 5000, "NUL": "a\0b", "surrogate": "\ud800"}
"""Addresses that hardly any transport can use."""

_TOGETHER = 20


class ListeningTests(EndingTests):
    """What has to do with addresses. A transport without any skips it, or says why there are none."""

    def test_a_location_leads_back_to_its_listener(self, meeting: Meeting, transport: Transport) -> None:
        listener = meeting.listen()
        location = listener.location
        try:
            uri = URI(f"PYRO:object@{location}")
        except PyroError as error:
            fail("a location has the form that goes into a URI", f"{location!r} has not: {error}")
        require(
            uri.location == location, "a URI names the location as it is", f"{uri.location!r}, {location!r}"
        )
        if transport.scheme is not None:
            require(
                location.startswith(f"./{transport.scheme}:"),
                f"a location begins with the transport's scheme, ./{transport.scheme}:",
                f"it is {location!r}",
            )
        else:
            require(uri.host and uri.port, "a location without a scheme is host:port", f"it is {location!r}")
        client, server = meeting.join(listener)
        client.send([b"hello"])
        self.arrives(server, b"hello", "who connects to the location reaches the listener")

    def test_who_came_by_which_location(self, meeting: Meeting) -> None:
        listener = meeting.listen()
        client, server = meeting.join(listener)
        require(
            client.peer.reached == "",
            "`reached` is empty where this side has made the connection",
            f"it is {client.peer.reached!r}",
        )
        reached = server.peer.reached
        if reached:
            uri = URI(f"PYRO:object@{reached}")
            require(uri.location == reached, "`reached` has the form that goes into a URI", f"{reached!r}")

    def test_every_address_for_trials_is_a_new_one(self, meeting: Meeting) -> None:
        first, second = meeting.listen(), meeting.listen()
        require(
            first.location != second.location,
            "loopback_address gives an address that nobody uses yet",
            f"two listeners are both at {first.location!r}",
        )

    def test_accepting_never_waits(self, meeting: Meeting) -> None:
        listener = meeting.listen()
        for _ in range(2):
            got = self.within("accept", listener.accept)
            require(got is None, "accept returns None if nobody waits", f"it returned {got!r}")
            meeting.join(listener)

    def test_many_connect_at_once(self, meeting: Meeting) -> None:
        listener = meeting.listen()
        connecting = [meeting.connect(listener) for _ in range(_TOGETHER)]
        accepted = [meeting.accept(listener) for _ in connecting]
        greeting = [start(each.send, [b"?"]) for each in accepted]
        clients = [self.result_of(task, "connecting") for task in connecting]
        for client, greeted in zip(clients, greeting, strict=True):
            same_bytes(self.receive(client, 1), b"?", "each of many that connect at once is served")
            self.result_of(greeted, "sending")
            client.close()

    def test_a_selector_tells_of_somebody_who_waits(self, meeting: Meeting) -> None:
        if not self.has_descriptors:
            pytest.skip("this transport has no file descriptors")
        listener = meeting.listen()
        require(listener.fileno() >= 0, "an open listener has a file descriptor", f"{listener.fileno()}")
        quiet = select.select([listener], [], [], 0)[0] == []
        require(quiet, "a selector does not tell of a listener to which nobody comes", "it does")
        connecting = meeting.connect(listener)
        told = select.select([listener], [], [], self.patience)[0]
        require(told, "a selector tells of a listener to which somebody comes", "it does not")
        server = meeting.accept(listener)
        greeting = start(server.send, [b"?"])
        self.result_of(connecting, "connecting").close()
        with contextlib.suppress(CommunicationError):
            self.result_of(greeting, "sending")

    def test_a_taken_address_is_refused(
        self, meeting: Meeting, transport: Transport, settings: Settings
    ) -> None:
        listener = meeting.listen()
        address = address_of(listener.location, transport)
        error = raises(
            AddressError,
            "listening where somebody listens already raises AddressError",
            lambda: transport.listen(address, settings),
        )
        names(error, address)
        while (probe := listener.accept()) is not None:  # to see whether somebody listens, one may connect
            probe.close()
        client, server = meeting.join(listener)
        client.send([b"hello"])
        self.arrives(server, b"hello", "whoever listened first is not disturbed by that")

    def test_an_address_is_free_again_after_close(self, meeting: Meeting, transport: Transport) -> None:
        listener = meeting.listen()
        address = address_of(listener.location, transport)
        client, server = meeting.join(listener)
        listener.close()
        client.send([b"hello"])
        self.arrives(server, b"hello", "closing a listener does not end its connections")
        again = meeting.listen(address)
        require(again.location == listener.location, "the same address is the same location", again.location)
        meeting.join(again)

    def test_a_closed_listener_is_gone(
        self, meeting: Meeting, transport: Transport, client_settings: Settings
    ) -> None:
        before = meeting.remains()
        listener = meeting.listen()
        address = address_of(listener.location, transport)
        listener.close()
        listener.close()
        require(
            listener.fileno() == -1, "fileno() gives -1 when the listener is closed", f"{listener.fileno()}"
        )
        remains = sorted(set(meeting.remains()) - set(before))
        require(not remains, "close removes what listen created", f"there still are {remains}")
        with contextlib.suppress(CommunicationError):
            got = self.within("accept", listener.accept)
            require(got is None, "a closed listener accepts nobody", f"it returned {got!r}")
        error = raises(
            AddressError,
            "connecting where nobody listens raises AddressError",
            lambda: self.within("connecting", transport.connect, address, client_settings, self.patience),
        )
        names(error, address)
        require(
            error.passing,
            "the AddressError has `passing` set where somebody may listen later",
            "it has not, so that calls with retries give up at once",
        )

    def test_malformed_addresses_are_refused(
        self, meeting: Meeting, transport: Transport, settings: Settings, client_settings: Settings
    ) -> None:
        if meeting.address() is None:
            pytest.skip("this transport has no addresses")
        for address in self.malformed_addresses:
            error = raises(
                AddressError,
                f"listen raises AddressError for a malformed address, {shown(address)}",
                partial(transport.listen, address, settings),
            )
            names(error, address)
            raises(
                AddressError,
                f"connect raises AddressError for a malformed address, {shown(address)}",
                partial(transport.connect, address, client_settings, self.patience),
            )

    @pytest.mark.parametrize("address", HOSTILE.values(), ids=HOSTILE)
    def test_hostile_addresses_raise_nothing_else(
        self,
        meeting: Meeting,
        transport: Transport,
        settings: Settings,
        address: str,
        client_settings: Settings,
    ) -> None:
        if meeting.address() is None:
            pytest.skip("this transport has no addresses")
        try:
            listener = transport.listen(address, settings)
        except AddressError:
            pass
        except Exception as error:
            fail(f"listen raises AddressError for {shown(address)}, if it cannot use it", f"{error!r}")
        else:
            listener.close()
        raises(
            AddressError,
            f"connect raises AddressError for {shown(address)}, where nobody listens",
            lambda: self.within("connecting", transport.connect, address, client_settings, self.patience),
        )

    def test_a_transport_without_addresses_says_so(
        self, meeting: Meeting, transport: Transport, settings: Settings
    ) -> None:
        if meeting.address() is not None:
            pytest.skip("this transport has addresses")
        uses = [
            lambda: transport.listen("x", settings),
            lambda: transport.connect("x", settings, self.patience),
        ]
        for use in uses:
            names(raises(AddressError, "a transport without addresses raises AddressError", use), "x")


def names(error: AddressError, address: str) -> None:
    """An error is for people: it says which address."""
    text = str(error)
    require(
        any(form in text for form in (address, repr(address), ascii(address))),
        "an AddressError names the address",
        f"{address!r} is not in {text!r}",
    )
