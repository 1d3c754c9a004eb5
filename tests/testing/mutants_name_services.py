"""Name services that are broken on purpose; ``SAYS`` has which test finds each, and what it must say."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pyroplug_nameserver import PyroNames

from pyroplug.api import URI
from pyroplug.errors import NamingError, TimeoutError
from pyroplug.testing import NameServiceSuite

THING = "PYRO:thing@192.0.2.1:4711"
KNOWN = {f"PYRONAME:thing.{number}": [f"PYRO:thing.{number}@192.0.2.1:4711"] for number in range(20)}


class Sound:
    """Breaks nothing: what the others are made of."""

    name = "mutant"

    def resolve(self, uri: str, delay: float, context: Any, /) -> Any:
        ends = time.monotonic() + delay
        while uri not in KNOWN:
            left = ends - time.monotonic()
            try:
                most = context.left()
            except TimeoutError:
                most = 0
            left = left if most is None else min(left, most)
            if left <= 0:
                raise NamingError(f"unknown: {uri}")
            time.sleep(min(left, 0.1))
        return KNOWN[uri][0]

    def locate(self, host: Any, port: Any, broadcast: bool, context: Any, /) -> Any:
        raise NamingError("there is none")

    def start(self, options: Any, context: Any, /) -> Any:
        raise NamingError("there is none")

    def serve(self, options: Any, condition: Any, context: Any, /) -> None:
        raise NamingError("there is none")


class GivesURIs(Sound):
    def resolve(self, uri: str, delay: float, context: Any, /) -> Any:
        return URI(super().resolve(uri, delay, context))


class StopsHalfway(Sound):
    def resolve(self, uri: str, delay: float, context: Any, /) -> Any:
        return super().resolve(uri, delay, context).replace("PYRO:", "PYRONAME:")


class FindsNothing(Sound):
    def resolve(self, uri: str, delay: float, context: Any, /) -> Any:
        return KNOWN[uri][0] if uri in KNOWN else None


class RaisesKeyErrors(Sound):
    def resolve(self, uri: str, delay: float, context: Any, /) -> Any:
        return KNOWN[uri][0]


class FindsAnother(Sound):
    def resolve(self, uri: str, delay: float, context: Any, /) -> Any:
        super().resolve(uri, delay, context)
        return THING


class IgnoresTheAsker(Sound):
    def resolve(self, uri: str, delay: float, context: Any, /) -> Any:
        return super().resolve(uri, delay, context._replace(left=lambda: None))


class RemembersTheAsker(Sound):
    def resolve(self, uri: str, delay: float, context: Any, /) -> Any:
        self.uri = uri
        time.sleep(0.001)
        return super().resolve(self.uri, delay, context)


class StumblesOverNames(Sound):
    def resolve(self, uri: str, delay: float, context: Any, /) -> Any:
        if not uri.isascii() or "'" in uri or "/" in uri or "%" in uri:
            raise OSError("no such file")
        return super().resolve(uri, delay, context)


class LocatesNobody(Sound):
    def locate(self, host: Any, port: Any, broadcast: bool, context: Any, /) -> Any:
        return None


class StartsNothing(Sound):
    def start(self, options: Any, context: Any, /) -> Any:
        return None


class ServesNothing(Sound):
    def serve(self, options: Any, condition: Any, context: Any, /) -> None:
        raise NotImplementedError


class NeverAsks(PyroNames):
    def serve(self, options: Any, condition: Any, context: Any, /) -> None:
        pass


class FindsItElsewhere(PyroNames):
    def locate(self, host: Any, port: Any, broadcast: bool, context: Any, /) -> Any:
        return super().locate("localhost", port, broadcast, context)


class Base(NameServiceSuite):
    service_class: type = Sound
    patience = 3.0

    @pytest.fixture
    def service(self) -> Any:
        return self.service_class()

    @pytest.fixture
    def known(self) -> Any:
        return KNOWN


class TestSound(Base):
    pass


class TestGivesURIs(Base):
    service_class = GivesURIs


class TestStopsHalfway(Base):
    service_class = StopsHalfway


class TestFindsNothing(Base):
    service_class = FindsNothing


class TestRaisesKeyErrors(Base):
    service_class = RaisesKeyErrors


class TestFindsAnother(Base):
    service_class = FindsAnother


class TestIgnoresTheAsker(Base):
    service_class = IgnoresTheAsker


class TestRemembersTheAsker(Base):
    service_class = RemembersTheAsker


class TestStumblesOverNames(Base):
    service_class = StumblesOverNames


class TestLocatesNobody(Base):
    service_class = LocatesNobody


class TestStartsNothing(Base):
    service_class = StartsNothing


class TestServesNothing(Base):
    service_class = ServesNothing


class TestNeverAsks(Base):
    service_class = NeverAsks
    serves = True


class TestFindsItElsewhere(Base):
    service_class = FindsItElsewhere
    serves = True


SAYS = {
    "TestGivesURIs": ("test_known_names_are_found", "str(uri) makes a text of a URI"),
    "TestStopsHalfway": ("test_known_names_are_found", "look that up as well, until it is PYRO:"),
    "TestFindsNothing": ("test_unknown_names_are_refused", "it gave None for PYRONAME:no.such.name"),
    "TestRaisesKeyErrors": ("test_unknown_names_are_refused", "it raised KeyError"),
    "TestFindsAnother": ("test_known_names_are_found", "a name stands for one of its addresses"),
    "TestIgnoresTheAsker": ("test_the_askers_time_ends_it", "for somebody who has 0.5 seconds ends"),
    "TestRemembersTheAsker": ("test_many_threads_ask_at_once", "found: "),
    "TestStumblesOverNames": ("test_any_name_may_be_asked_for", "it raised OSError: no such file"),
    "TestLocatesNobody": (
        "test_where_there_is_no_name_server_it_says_so",
        "locate raises NamingError where no name server is",
    ),
    "TestStartsNothing": ("test_none_is_started_unless_it_can_be", "if it does start one, say so"),
    "TestServesNothing": ("test_none_is_started_unless_it_can_be", "it raised NotImplementedError"),
    "TestNeverAsks": ("test_serving_ends_with_its_condition", "serve asks its condition"),
    "TestFindsItElsewhere": ("test_one_that_is_started_is_found", "finds the name server at that place"),
}
