"""Many at once: threads with one store, and several stores at one address."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pyroplug.contracts import NameStore
from pyroplug.testing.suite import Breach
from pyroplug.testing.threads import at_once
from pyroplug.testing.waiting import PATIENCE

from .support import Clock, OpenStore, StorageTests, done, names_of, record, records

__all__ = ["SharingTests"]

THREADS = 6
ROUNDS = 15
ONE_WINS = "of several that put a name without replace, one alone is told true"
TOGETHER = "what is put together is found together"


class SharingTests(StorageTests):
    """Name servers serve many clients at once, and several of them may use one storage."""

    def test_one_alone_wins(self, store: NameStore) -> None:
        """Safe registration stands on it."""
        self._race([store] * THREADS)

    def test_one_alone_wins_where_several_share_it(self, open_store: OpenStore) -> None:
        """Name servers of several processes, for instance."""
        self._need_sharing()
        self._race([open_store() for _ in range(THREADS)])

    def test_a_lapsed_name_is_won_once(self, store: NameStore, clock: Clock) -> None:
        """All of them may see that it has lapsed."""
        names = [f"name{number}" for number in range(ROUNDS)]
        for name in names:
            store.put(record(name, expires=clock() + self.lease), replace=True)
        clock.advance(self.lease + self.rounding + 0.05)
        self._race([store] * THREADS)

    def test_each_is_removed_once(self, store: NameStore) -> None:
        """What all are told together is what was there."""
        names = [f"name{number}" for number in range(ROUNDS)]
        for name in names:
            store.put(record(name, "", "x"), replace=True)
        told = [0] * THREADS
        start = threading.Barrier(THREADS)

        def use(number: int) -> None:
            start.wait(PATIENCE)
            told[number] = sum(store.remove([name]) for name in names)

        at_once("remove works in many threads", THREADS, use)
        if sum(told) != len(names):
            raise Breach(
                "of several that remove a name, one alone is told that it was there",
                f"{len(names)} names were removed {sum(told)} times",
            )
        self.expect(store, [], "what is removed is not there")

    def test_records_are_whole(self, store: NameStore) -> None:
        """Whoever looks while they change."""
        names = ["a", "b"]
        for name in names:
            store.put(record(name, "PYRO:0@h:1", "0"), replace=True)

        def use(number: int) -> None:
            for step in range(ROUNDS * 2):
                version = f"{number}.{step}"
                if number < THREADS // 2:
                    store.put(record(names[number % 2], f"PYRO:{version}@h:1", version), replace=True)
                    continue
                found = [*records(store.find()), store.get("a"), store.get("b")]
                for one in found:
                    if one is None or one.uri != f"PYRO:{''.join(one.tags)}@h:1" or len(one.tags) != 1:
                        raise Breach(TOGETHER, f"a reader saw {one}", "read URI and tags in one step")
                if names_of(found[:2]) != names:  # type: ignore[arg-type]
                    raise Breach("a name is there while it is replaced", f"a reader saw {found[:2]}")

        at_once(TOGETHER, THREADS, use)

    def test_nothing_is_lost(self, store: NameStore) -> None:
        """Each thread has names of its own, and some come and go."""

        def use(number: int) -> None:
            for step in range(ROUNDS):
                store.put(record(f"{number}.{step}", "", "x", f"of {number}"), replace=False)
                if step % 3 == 0:
                    store.remove([f"{number}.{step}"])
                if step % 3 == 1:
                    store.tag(f"{number}.{step}", frozenset({"y"}))
                names_of(store.find(prefix=f"{number}."))

        at_once("the store works in many threads", THREADS, use)
        wanted = [
            record(f"{number}.{step}", "", *(["y"] if step % 3 == 1 else ["x", f"of {number}"]))
            for number in range(THREADS)
            for step in range(ROUNDS)
            if step % 3
        ]
        self.expect(store, wanted, f"what {THREADS} threads have put is there")
        tagged = names_of(store.find(all_of=frozenset({"y"})))
        if tagged != sorted(f"{number}.{step}" for number in range(THREADS) for step in range(1, ROUNDS, 3)):
            raise Breach(f"what {THREADS} threads have tagged is found by its tag", f"found is {tagged}")

    def test_others_see_it(self, open_store: OpenStore, clock: Clock) -> None:
        """What is acknowledged by one is found through the other."""
        self._need_sharing()
        one, other = open_store(), open_store()
        law = "what is acknowledged by one store is found through another at the same address"
        first = record("a", "", "x", expires=clock() + 1000.0)
        one.put(first, replace=False)
        self.expect(other, [first], law)
        other.tag("a", frozenset({"y"}))
        self.expect(one, [first._replace(tags=frozenset({"y"}))], law)
        if one.put(record("a"), replace=False):
            raise Breach(ONE_WINS, "a name that another one had put was put once more")
        other.remove(["a"])
        self.expect(one, [], law)

    def test_it_lapses_for_all(self, open_store: OpenStore, clock: Clock) -> None:
        """Whoever put it."""
        self._need_sharing()
        one, other = open_store(), open_store()
        one.put(record("a", expires=clock() + self.lease), replace=False)
        clock.advance(self.lease + self.rounding + 0.05)
        for store in (other, one):
            self.expect(store, [], "a lease lapses for all that share the storage")

    def test_it_goes_on_when_another_is_closed(self, open_store: OpenStore) -> None:
        """A name server may be stopped."""
        self._need_sharing()
        one, other = open_store(), open_store()
        one.put(record("a"), replace=False)
        done("close", one.close)
        other.put(record("b"), replace=False)
        self.expect(other, [record("a"), record("b")], "closing one store leaves another as it is")

    def _race(self, stores: list[Any]) -> None:
        winners: list[list[int]] = [[] for _ in range(ROUNDS)]
        start = threading.Barrier(len(stores))

        def use(number: int) -> None:
            for turn in range(ROUNDS):
                start.wait(PATIENCE)
                one = record(f"name{turn}", f"PYRO:{number}@h:1", str(number))
                if stores[number].put(one, replace=False):
                    winners[turn].append(number)

        at_once("put works in many threads", len(stores), use)
        for turn, won in enumerate(winners):
            if len(won) != 1:
                raise Breach(ONE_WINS, f"{len(won)} of {len(stores)} were told true")
            wanted = record(f"name{turn}", f"PYRO:{won[0]}@h:1", str(won[0]))
            self.same_record(
                stores[0].get(f"name{turn}"), wanted, "the one that is told true is what is there"
            )

    def _need_sharing(self) -> None:
        if not self.shared:
            pytest.skip("the storage is not shared: see the attribute 'shared'")
