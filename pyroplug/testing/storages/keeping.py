"""One user: what is put is there, as it was put; what is not there is not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from pyroplug.contracts import NameRecord, NameStorage, NameStore, Settings
from pyroplug.errors import ConfigError, NamingError
from pyroplug.plugins.kinds import Kind
from pyroplug.testing.clock import FakeClock
from pyroplug.testing.suite import Breach, for_all
from pyroplug.testing.verdicts import satisfies

from .support import AWKWARD, NAMES, TAG_SETS, Clock, StorageTests, clear, done, names_of, record, records

__all__ = ["KeepingTests"]

METHODS = ("get", "put", "tag", "remove", "count", "find", "close")
MODEL = "whatever is done in whatever order"


class KeepingTests(StorageTests):
    """Records come and go."""

    def test_it_satisfies_the_contract(self, storage: NameStorage) -> None:
        """All members are there, and of the right kind."""
        satisfies(Kind.NAME_STORAGE, storage, "a storage satisfies pyroplug.contracts.NameStorage")

    def test_what_it_opens_satisfies_the_contract(self, store: NameStore) -> None:
        """Nobody checks that before the first name comes."""
        for name in METHODS:
            if not callable(getattr(store, name, None)):
                raise Breach(
                    "what open gives satisfies pyroplug.contracts.NameStore",
                    f"{type(store).__name__} has no method {name!r}",
                )

    def test_addresses_that_make_no_sense(self, storage: NameStorage, settings: Settings) -> None:
        """Who starts a name server is told so."""
        for address in self.malformed_addresses:
            try:
                storage.open(address, settings).close()
            except (ConfigError, NamingError):
                continue
            except Exception as error:
                raise Breach(
                    "open raises ConfigError for an address that makes no sense",
                    f"for {address!r} it raised {type(error).__name__}: {error}",
                ) from error
            raise Breach(
                "open raises ConfigError for an address that makes no sense", f"it opened {address!r}"
            )

    def test_it_begins_empty(self, store: NameStore) -> None:
        """At an address where nothing was."""
        self.expect(store, [], "a new storage is empty", "the fixture 'address' has to name an unused place")
        if (found := done("get()", lambda: store.get("nobody"))) is not None:
            raise Breach("get gives None for a name that is not there", f"it gave {found!r:.100}")

    @pytest.mark.parametrize("name", AWKWARD, ids=lambda name: ascii(name)[:20])
    def test_any_text_is_a_name(self, store: NameStore, name: str) -> None:
        """Clients choose names, and none of their characters means anything."""
        one = record(name, "PYRO:obj_1@[::1]:4711", "x", name)
        if done("put", lambda: store.put(one, replace=False)) is not True:
            raise Breach("put says true where the name was not there", "it said false")
        self.expect(store, [one], "any text that UTF-8 can encode is a name and a tag")
        if done("remove", lambda: store.remove([name])) != 1:
            raise Breach("remove says how many of the names were there", "it said 0 for one that was")
        self.expect(store, [], "what is removed is not there")

    def test_any_text_at_all(self, store: NameStore) -> None:
        """What cannot be kept is refused with a NamingError, and then is not there."""

        def check(name: str, uri: str, tags: frozenset[str]) -> None:
            clear(store)
            one = NameRecord(name, uri, tags)
            try:
                store.put(one, replace=True)
            except NamingError as error:
                if not any("\ud800" <= letter <= "\udfff" for text in (name, uri, *tags) for letter in text):
                    raise Breach(
                        "any text that UTF-8 can encode is kept", f"it refused {one!r}: {error}"
                    ) from None
                self.expect(store, [], "what put refuses is not there")
                if (found := done("get", lambda: store.get(name))) is not None:
                    raise Breach("what put refuses is not there", f"get gave {found!r:.100}") from None
            except Exception as error:
                raise Breach(
                    "put raises NamingError for what it cannot keep, and nothing else",
                    f"for {one!r:.200} it raised {type(error).__name__}: {error}",
                ) from error
            else:
                self.expect(store, [one], "a record is given back as it was put")

        anything = st.text(max_size=6) | st.text(st.sampled_from("a\ud800\udfff"), max_size=3)
        for_all(check, name=anything, uri=anything, tags=st.frozensets(anything, max_size=3))

    def test_questions_with_any_text(self, store: NameStore) -> None:
        """Nobody is there by such a name, and the answer is no error."""
        store.put(record("a"), replace=True)
        for text in ("\ud800", "a\udfff", "\0"):
            got = done(f"get({text!r})", store.get, text)
            tags = frozenset([text])
            found: list[Any] = [
                *records(done("find", store.find, prefix=text)),
                *records(done("find", store.find, all_of=tags)),
                *records(done("find", store.find, any_of=tags)),
            ]
            removed = done(f"remove([{text!r}])", store.remove, [text])
            if got is not None or found or removed:
                raise Breach(f"nothing is there by {text!r}", f"{got!r:.60}, {found!r:.60}, {removed!r}")

    def test_replacing(self, store: NameStore, clock: Clock) -> None:
        """All of it, or nothing."""
        old = record("a", "PYRO:old@h:1", "x", "y", expires=clock() + 1000.0)
        new = record("a", "PYRO:new@h:1", "z")
        store.put(old, replace=False)
        if done("put", lambda: store.put(new, replace=False)) is not False:
            raise Breach("put without replace says false where the name is there", "it said true")
        self.expect(store, [old], "put without replace changes nothing where the name is there")
        if done("put", lambda: store.put(new, replace=True)) is not True:
            raise Breach("put with replace says true", "it said false")
        self.expect(store, [new], "put with replace replaces URI, tags and lease")

    def test_tagging(self, store: NameStore, clock: Clock) -> None:
        """The tags are replaced, and nothing else is."""
        one, other = record("a", "", "x", "y", expires=clock() + 1000.0), record("b", "", "x")
        for it in (one, other):
            store.put(it, replace=False)
        for tags in (frozenset({"y", "z"}), frozenset[str]()):
            if done("tag", store.tag, "a", tags) is not True:
                raise Breach("tag says true where the name is there", "it said false")
            self.expect(store, [one._replace(tags=tags), other], "tag replaces the tags and nothing else")
        if done("tag", lambda: store.tag("nobody", frozenset({"x"}))) is not False:
            raise Breach("tag says false where the name is not there", "it said true")
        self.expect(store, [one._replace(tags=frozenset()), other], "tag makes no names")

    def test_removing(self, store: NameStore) -> None:
        """Those that are there, whatever they are given in."""
        kept = [record(name, "", "x") for name in ("a", "b", "c", "d", "e")]
        for one in kept:
            store.put(one, replace=False)
        for names, count in (
            ([], 0),
            (["nobody"], 0),
            (["a", "nobody", "a"], 1),
            (iter(["b", "c"]), 2),
            ({"d", "a"}, 1),
        ):
            said = done("remove", store.remove, names)
            if said != count:
                raise Breach(
                    "remove says how many of the names were there, each counted once",
                    f"it said {said!r}, not {count}",
                )
        self.expect(store, kept[4:], "remove takes away what it was given, and nothing else")

    def test_whatever_happens_in_whatever_order(self, store: NameStore, clock: Clock) -> None:
        """Compared with a model."""
        names = NAMES.filter(lambda name: len(name) < 10)
        uris = st.sampled_from(["PYRO:a@h:1", "PYRO:b@h:2"])
        leases = st.sampled_from([None, 5.0, 50.0] if isinstance(clock, FakeClock) else [None, 1e6])
        step = st.one_of(
            st.tuples(st.just("put"), names, uris, TAG_SETS, leases, st.booleans()),
            st.tuples(st.just("tag"), names, TAG_SETS),
            st.tuples(st.just("remove"), st.lists(names, max_size=3)),
            *([st.tuples(st.just("wait"))] if isinstance(clock, FakeClock) else []),
        )

        def check(steps: list[tuple[Any, ...]]) -> None:
            clear(store)
            model: dict[str, NameRecord] = {}
            for what, *given in steps:
                self._step(store, model, clock, what, given)
                self.expect(store, model.values(), MODEL)

        for_all(check, steps=st.lists(step, max_size=8))

    def _step(
        self, store: NameStore, model: dict[str, NameRecord], clock: Clock, what: str, given: list[Any]
    ) -> None:
        if what == "put":
            name, uri, tags, lease, replace = given
            one = NameRecord(name, uri, tags, None if lease is None else clock() + lease)
            said: object = store.put(one, replace=replace)
            right: object = replace or name not in model
            if right:
                model[name] = one
        elif what == "tag":
            name, tags = given
            said, right = store.tag(name, tags), name in model
            if right:
                model[name] = model[name]._replace(tags=tags)
        elif what == "remove":
            said, right = store.remove(given[0]), len(set(given[0]) & model.keys())
            for name in given[0]:
                model.pop(name, None)
        else:
            clock.advance(10.0)
            said = right = None
            for name in [it.name for it in model.values() if (it.expires or 1e99) <= clock()]:
                del model[name]
        if said != right:
            raise Breach(
                f"{MODEL}: what {what} says", f"{what} of {given!r:.100} said {said!r}, not {right!r}"
            )

    def test_changes_while_one_goes_through_them(self, store: NameStore) -> None:
        """A name server removes what it finds, and others register meanwhile."""
        kept = [record(f"name{number:02}", "", "x") for number in range(50)]
        for one in kept:
            store.put(one, replace=False)

        def change() -> None:
            for one in store.find(prefix="name"):
                store.remove([one.name])
                store.put(one._replace(name=f"new{one.name}"), replace=True)

        self.within(
            "removing and putting while one goes through find()", done, "find while names change", change
        )
        wanted = [it._replace(name=f"new{it.name}") for it in kept]
        if names_of(store.find()) != [it.name for it in wanted]:
            raise Breach(
                "find may be gone through while names change", f"left are {names_of(store.find())!r:.200}"
            )
