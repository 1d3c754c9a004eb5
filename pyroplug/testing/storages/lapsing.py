"""Leases: what lapses is not there, for anybody."""

from __future__ import annotations

from pyroplug.contracts import NameStore
from pyroplug.testing.suite import Breach

from .support import Clock, StorageTests, done, names_of, record

__all__ = ["LapsingTests"]

GONE = "a record that has lapsed is not there"


class LapsingTests(StorageTests):
    """Records with ``expires``."""

    def wait(self, clock: Clock) -> None:
        """Until a lease that was taken before has lapsed."""
        clock.advance(self.lease + self.rounding + 0.05)

    def test_what_has_lapsed_is_not_there(self, store: NameStore, clock: Clock) -> None:
        """For any method."""
        for name in ("get", "put", "tag", "remove", "listed"):
            store.put(record(name, "", "x", expires=clock() + self.lease), replace=True)
        kept = record("kept", "", "x", expires=clock() + 1000.0), record("kept for ever", "", "x")
        for one in kept:
            store.put(one, replace=True)
        self.wait(clock)
        if (found := done("get", lambda: store.get("get"))) is not None:
            raise Breach(f"{GONE}: get gives None", f"it gave {found!r}")
        for what, question in (
            ("find()", {}),
            ("find by tag", {"all_of": frozenset("x")}),
            ("find by prefix", {"prefix": "g"}),
        ):
            names = names_of(done(what, store.find, **question))
            if not set(names) <= {"kept", "kept for ever"}:
                raise Breach(f"{GONE}: {what} leaves it out", f"it lists {names}")
        if (counted := done("count", store.count)) != len(kept):
            raise Breach(f"{GONE}: count does not count it", f"it said {counted} where {len(kept)} are left")
        if done("tag", lambda: store.tag("tag", frozenset("y"))) is not False:
            raise Breach(f"{GONE}: tag says false", "it said true")
        if (removed := done("remove", lambda: store.remove(["remove"]))) != 0:
            raise Breach(f"{GONE}: remove does not count it", f"it said {removed}")
        new = record("put", "PYRO:new@h:1")
        if done("put", lambda: store.put(new, replace=False)) is not True:
            raise Breach(f"{GONE}: put without replace says true", "it said false")
        self.expect(store, [*kept, new], GONE)

    def test_what_has_not_is(self, store: NameStore, clock: Clock) -> None:
        """With its lease, so that it can be told."""
        one = record("a", "", "x", expires=clock() + 1000.0)
        store.put(one, replace=True)
        self.expect(store, [one], "a record with a lease is there as long as that lasts")

    def test_a_lease_is_renewed_by_putting_it_again(self, store: NameStore, clock: Clock) -> None:
        """The old one counts no more; and a name that gets none lapses no more."""
        for name in ("renewed", "for ever", "shortened"):
            start = 1000.0 if name == "shortened" else self.lease
            store.put(record(name, expires=clock() + start), replace=True)
        kept = [record("renewed", expires=clock() + 1000.0), record("for ever")]
        for one in (*kept, record("shortened", expires=clock() + self.lease)):
            store.put(one, replace=True)
        self.wait(clock)
        self.expect(store, kept, "the lease of the latest put is what counts")

    def test_tagging_keeps_the_lease(self, store: NameStore, clock: Clock) -> None:
        """It neither ends nor extends it."""
        store.put(record("a", "", "x", expires=clock() + self.lease), replace=True)
        store.put(record("b", "", "x", expires=clock() + 1000.0), replace=True)
        for name in ("a", "b"):
            store.tag(name, frozenset("y"))
        self.wait(clock)
        if (names := names_of(store.find())) != ["b"]:
            raise Breach("tag leaves the lease as it is", f"names that are left: {names}, and not ['b']")

    def test_one_that_is_over_already(self, store: NameStore, clock: Clock) -> None:
        """A clock may go wrong, and a message may take long."""
        store.put(record("a"), replace=True)
        if done("put", lambda: store.put(record("a", expires=clock() - 10.0), replace=True)) is not True:
            raise Breach("put with replace says true, also of a lease that is over", "it said false")
        self.expect(store, [], "a record whose lease is over replaces one, and is not there")

    def test_it_is_there_once_more_when_it_is_put_again(self, store: NameStore, clock: Clock) -> None:
        """Without the tags that it had."""
        store.put(record("a", "", "x", expires=clock() + self.lease), replace=True)
        self.wait(clock)
        new = record("a", "PYRO:new@h:1", "y")
        store.put(new, replace=False)
        self.expect(store, [new], "nothing is left of a record that has lapsed")
        if names := names_of(store.find(all_of=frozenset("x"))):
            raise Breach("nothing is left of a record that has lapsed", f"by its old tag one finds {names}")
