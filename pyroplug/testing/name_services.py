"""What every name service has to do, as a suite to subclass."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st

from pyroplug.config import Configuration
from pyroplug.contracts import LookupContext, NameServerOptions, NameService
from pyroplug.errors import NamingError, PyroError, TimeoutError
from pyroplug.plugins import default_plugins
from pyroplug.plugins.conformance import described
from pyroplug.plugins.kinds import Kind
from pyroplug.time_limit import TimeLimit
from pyroplug.uri import URI

from .patience import PatientSuite, start
from .suite import Breach, for_all
from .threads import at_once
from .verdicts import satisfies

__all__ = ["NameServiceSuite"]

DIRECT = "resolve gives the direct address of one object, as text"
RAISES = "resolve raises NamingError where there is no such name"
SHORT = 0.5
"""Seconds of a short delay, or of an asker with little time."""
LONG = 3600.0
"""Seconds of a delay that outlasts every asker."""
THREADS = 8
NOBODY = 1
"""A port at which nobody listens."""


class NameServiceSuite(PatientSuite):
    """The laws of :class:`~pyroplug.contracts.NameService`. Override ``service`` and ``known``.

    ::

        class TestMyNames(NameServiceSuite):
            @pytest.fixture
            def service(self):
                return MyNames()

            @pytest.fixture
            def known(self, settings):
                ...  # where the service finds that name
                return {"PYRONAME:shop": ["PYRO:shop@192.0.2.1:4711"]}

    :cvar serves: it can start a name server here; without, ``start`` and ``serve`` raise ``NamingError``.
    :cvar unknown: URIs that nothing stands for.
    """

    serves: ClassVar[bool] = False
    unknown: ClassVar[Collection[str]] = ("PYRONAME:no.such.name", "PYROMETA:no.such.tag,nor.this")

    @pytest.fixture
    def service(self) -> NameService:
        """The service on trial: to be overridden."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a fixture 'service', which returns the service on trial"
        )

    @pytest.fixture
    def known(self) -> Mapping[str, Collection[str]]:
        """URIs that have to be looked up, and the addresses that each may stand for: to be overridden."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a fixture 'known': URIs, and the addresses that they stand for"
        )

    @pytest.fixture
    def settings(self) -> Configuration:
        """The asker's configuration. Items of a plugin's own are there if it is installed."""
        made = Configuration(environ={})
        for name, value in {"BROADCAST_ADDRS": [], "POLLTIMEOUT": 0.1, **self.configuration}.items():
            setattr(made, name, value)
        return made

    @pytest.fixture
    def context(self, settings: Configuration) -> LookupContext:
        """An asker who has time."""
        return _context(settings, None)

    # What there is

    def test_it_satisfies_the_contract(self, service: NameService) -> None:
        """All members are there, and of the right kind."""
        satisfies(Kind.NAME_SERVICE, service, "a name service satisfies pyroplug.contracts.NameService")

    # Looking names up

    def test_known_names_are_found(
        self, service: NameService, known: Mapping[str, Collection[str]], context: LookupContext
    ) -> None:
        """Each time anew."""
        assert known, "the fixture 'known' has no URI"
        for uri, addresses in known.items():
            for _ in range(3):
                self._found(service, uri, addresses, context)

    def test_unknown_names_are_refused(
        self, service: NameService, known: Mapping[str, Collection[str]], context: LookupContext
    ) -> None:
        """With the one error that askers expect, and at once: no delay was asked for."""
        for uri in self.unknown:
            self._refused(service, uri, 0.0, context)

    def test_a_search_that_fails_ends_with_its_delay(
        self, service: NameService, known: Mapping[str, Collection[str]], context: LookupContext
    ) -> None:
        """It is repeated, and then it fails as it would without."""
        for uri in self.unknown:
            self._refused(service, uri, SHORT, context)

    def test_the_askers_time_ends_it(
        self, service: NameService, known: Mapping[str, Collection[str]], settings: Configuration
    ) -> None:
        """However long the delay is."""
        for uri in self.unknown:
            context = _context(settings, SHORT)
            began = time.monotonic()
            try:
                self.within(
                    f"looking up {uri} for somebody who has {SHORT:g} seconds",
                    service.resolve,
                    uri,
                    LONG,
                    context,
                )
            except (NamingError, TimeoutError):
                pass
            except Exception as error:
                raise Breach(RAISES, f"it raised {described(error)}, for {uri}") from error
            else:
                raise Breach(RAISES, f"it knows {uri}")
            if time.monotonic() - began > self.patience / 2:
                raise Breach("a search ends when the asker's time is over", "it took much longer")

    def test_any_name_may_be_asked_for(
        self, service: NameService, known: Mapping[str, Collection[str]], context: LookupContext
    ) -> None:
        """Names are the askers' own, and so are their mistakes."""

        def check(uri: str) -> None:
            try:
                URI(uri)
            except PyroError:
                return  # nobody is asked
            try:
                found = service.resolve(uri, 0.0, context)
            except PyroError:
                return
            except Exception as error:
                raise Breach(RAISES, f"it raised {described(error)}, for {uri!r}") from error
            _direct(found, uri)

        text = st.text(min_size=1, max_size=40) | st.sampled_from(["../x", "%s", "a/b", "'", '"', "x" * 5000])
        for_all(check, uri=st.builds("{}:{}".format, st.sampled_from(["PYRONAME", "PYROMETA"]), text))

    def test_many_threads_ask_at_once(
        self, service: NameService, known: Mapping[str, Collection[str]], context: LookupContext
    ) -> None:
        """The process has one service for all of them."""

        def ask(number: int) -> None:
            for uri, addresses in known.items():
                self._found(service, uri, addresses, context)
            for uri in self.unknown:
                self._refused(service, uri, 0.0, context)

        at_once("a name service is used by many threads at once", THREADS, ask)

    # Name servers

    def test_where_there_is_no_name_server_it_says_so(
        self, service: NameService, context: LookupContext
    ) -> None:
        """At that place, and nowhere else."""
        try:
            found = self.within(
                "looking for a name server where nobody is",
                service.locate, "127.0.0.1", NOBODY, False, context,
            )  # fmt: skip
        except NamingError:
            return
        except Exception as error:
            raise Breach(
                "locate raises NamingError where no name server is", f"it raised {described(error)}"
            ) from error
        raise Breach("locate raises NamingError where no name server is", f"it gave {found!r:.100}")

    def test_none_is_started_unless_it_can_be(self, service: NameService, context: LookupContext) -> None:
        """Who wants one is told that there is none."""
        if self.serves:
            pytest.skip("it serves: see the attribute 'serves'")
        options = NameServerOptions("127.0.0.1", 0, False)
        attempts: list[tuple[str, Callable[[], object]]] = [
            ("start", lambda: service.start(options, context)),
            ("serve", lambda: service.serve(options, lambda: False, context)),
        ]
        for name, attempt in attempts:
            try:
                self.within(f"{name}, where there is nothing to be started,", attempt)
            except NamingError:
                continue
            except Exception as error:
                raise Breach(
                    f"{name} raises NamingError where no name server can be started",
                    f"it raised {described(error)}",
                ) from error
            raise Breach(
                f"{name} raises NamingError where no name server can be started",
                "it raised nothing",
                "if it does start one, say so: serves = True",
            )

    def test_one_that_is_started_is_found(self, service: NameService, context: LookupContext) -> None:
        """And knows what is registered with it, until it is closed."""
        self._needs_a_server()
        uri, daemon, responder = service.start(NameServerOptions("127.0.0.1", 0, False), context)
        try:
            uri = URI(uri)
            if responder is not None:
                raise Breach("a name server has no responder that nobody asked for", f"it has {responder!r}")
            loop = start(daemon.requestLoop)
            with service.locate(uri.host, uri.port, False, context) as names:
                if names._pyroUri != uri:
                    raise Breach("locate finds the name server at that place", f"it found {names._pyroUri}")
                names.register("a.thing", "PYRO:thing@192.0.2.1:4711")
            place = f"{uri.host}:{uri.port}"
            self._found(service, f"PYRONAME:a.thing@{place}", ["PYRO:thing@192.0.2.1:4711"], context)
            self._refused(service, f"PYRONAME:no.thing@{place}", 0.0, context)
            daemon.shutdown()
            self.result_of(loop, "the loop of a name server that is shut down")
        finally:
            daemon.close()

    def test_serving_ends_with_its_condition(self, service: NameService, context: LookupContext) -> None:
        """As soon as it is looked at: every ``POLLTIMEOUT`` seconds."""
        self._needs_a_server()
        asked: list[int] = []

        def condition() -> bool:
            asked.append(1)
            return len(asked) < 3

        options = NameServerOptions("127.0.0.1", 0, False)
        self.within("serve", service.serve, options, condition, context)
        if not asked:
            raise Breach("serve asks its condition whether to go on", "it never did")

    # Common parts

    def _needs_a_server(self) -> None:
        if not self.serves:
            pytest.skip("it starts no name server: see the attribute 'serves'")

    def _found(
        self, service: NameService, uri: str, addresses: Collection[str], context: LookupContext
    ) -> None:
        try:
            found = self.within(f"looking up {uri}", service.resolve, uri, 0.0, context)
        except Exception as error:
            raise Breach("a known name is found", f"{uri} raised {described(error)}") from error
        if _direct(found, uri) not in {URI(address) for address in addresses}:
            raise Breach(
                "a name stands for one of its addresses", f"{uri} was {found}", f"known: {list(addresses)}"
            )

    def _refused(self, service: NameService, uri: str, delay: float, context: LookupContext) -> None:
        try:
            found = self.within(
                f"looking up {uri}, repeated for {delay:g} seconds,", service.resolve, uri, delay, context
            )
        except NamingError:
            return
        except Exception as error:
            raise Breach(RAISES, f"it raised {described(error)}, for {uri}") from error
        raise Breach(RAISES, f"it gave {found!r:.100} for {uri}")


def _direct(found: Any, uri: str) -> URI:
    """The address that was found, if it is one."""
    if not isinstance(found, str):
        raise Breach(DIRECT, f"it gave {found!r:.100} for {uri!r:.100}", "str(uri) makes a text of a URI")
    try:
        address = URI(found)
    except PyroError as error:
        raise Breach(DIRECT, f"it gave {found!r:.100} for {uri!r:.100}, which is no URI") from error
    if address.protocol != "PYRO":
        raise Breach(DIRECT, f"it gave {found} for {uri!r:.100}", "look that up as well, until it is PYRO:…")
    return address


def _context(settings: Configuration, seconds: float | None) -> LookupContext:
    limit = TimeLimit(seconds)
    limit.begin()
    return LookupContext(settings, default_plugins(), limit.left)
