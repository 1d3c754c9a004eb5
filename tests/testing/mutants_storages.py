"""Storages that are broken on purpose; ``SAYS`` has which test finds each, and what it must say."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from pyroplug.contracts import NameRecord
from pyroplug.errors import ConfigError, NamingError
from pyroplug.testing import NameStorageSuite
from pyroplug.testing.clock import FakeClock
from pyroplug.testing.names import DictStorage, DictStore, Place
from pyroplug.testing.storages import WallClock


class KeepsNoTags(DictStore):
    def put(self, record: NameRecord, *, replace: bool) -> bool:
        return super().put(record._replace(tags=frozenset()), replace=replace)


class GivesLists(DictStore):
    def get(self, name: str) -> Any:
        found = super().get(name)
        return found and tuple(found)


class StripsNames(DictStore):
    def put(self, record: NameRecord, *, replace: bool) -> bool:
        return super().put(record._replace(name=record.name.split("\0")[0]), replace=replace)


class RaisesItsOwn(DictStore):
    def check(self, record: NameRecord) -> None:
        "".join([record.name, record.uri, *record.tags]).encode()


class RaisesForUnknownNames(DictStore):
    def remove(self, names: Any) -> int:
        for name in names:
            self.place.kept[name]
        return super().remove(names)


class ReplacesAlways(DictStore):
    def put(self, record: NameRecord, *, replace: bool) -> bool:
        super().put(record, replace=True)
        return replace


class AddsTags(DictStore):
    def tagged(self, old: NameRecord, tags: frozenset[str]) -> NameRecord:
        return old._replace(tags=old.tags | tags)


class TagsForEver(DictStore):
    def tagged(self, old: NameRecord, tags: frozenset[str]) -> NameRecord:
        return old._replace(tags=tags, expires=None)


class CountsUnknown(DictStore):
    def remove(self, names: Any) -> int:
        names = list(names)
        super().remove(names)
        return len(names)


class CountsLapsed(DictStore):
    def __init__(self, place: Place, clock: Any) -> None:
        super().__init__(place, clock)
        self.ever = set[str]()

    def put(self, record: NameRecord, *, replace: bool) -> bool:
        self.ever.add(record.name)
        return super().put(record, replace=replace)

    def count(self) -> int:
        return len(self.ever)


class LikeAPattern(DictStore):
    """As SQL's LIKE does."""

    def begins(self, name: str, prefix: str) -> bool:
        pattern = "".join({"_": ".", "%": ".*"}.get(letter, re.escape(letter)) for letter in prefix)
        return re.match(pattern, name, re.DOTALL) is not None


class IgnoresCase(DictStore):
    def begins(self, name: str, prefix: str) -> bool:
        return name.lower().startswith(prefix.lower())


class HasALastCharacter(DictStore):
    def begins(self, name: str, prefix: str) -> bool:
        return prefix <= name < prefix + "\U0010ffff"


class InAnyOrder(DictStore):
    def listed(self) -> Any:
        return self.place.kept.values()


class AnyForAll(DictStore):
    def has(self, tags: Any, all_of: Any, any_of: Any) -> bool:
        return bool((not all_of or all_of & tags) and (not any_of or any_of & tags))


class TakesFewTags(DictStore):
    def find(self, **asked: Any) -> Any:
        if len(asked.get("any_of", ())) > 999:
            raise RuntimeError("too many variables")
        return super().find(**asked)


class ShowsItsOwnTable(DictStore):
    def find(self, **_: Any) -> Any:
        return (one for one in self.place.kept.values())


class HoldsALockWhileFinding(DictStore):
    def find(self, **asked: Any) -> Any:
        with self.working():
            found = list(super().find(**asked))
        with self.place.lock:
            yield from found

    def put(self, record: NameRecord, *, replace: bool) -> bool:
        done: list[bool] = []
        other = threading.Thread(
            target=lambda: done.append(super(HoldsALockWhileFinding, self).put(record, replace=replace)),
            daemon=True,
        )
        other.start()
        other.join()
        return done[0]


class NeverLapses(DictStore):
    def lapse(self) -> list[str]:
        return []


class RenewsNothing(DictStore):
    def put(self, record: NameRecord, *, replace: bool) -> bool:
        old = self.place.kept.get(record.name)
        return super().put(record._replace(expires=old.expires) if old else record, replace=replace)


class LooksFirst(DictStore):
    """And puts later: two may have looked meanwhile."""

    def put(self, record: NameRecord, *, replace: bool) -> bool:
        if not replace and self.get(record.name) is not None:
            return False
        time.sleep(0.001)
        return super().put(record, replace=True)


class PutsInTwoSteps(DictStore):
    def put(self, record: NameRecord, *, replace: bool) -> bool:
        said = super().put(record._replace(tags=frozenset()), replace=replace)
        time.sleep(0.0001)
        if said:
            self.tag(record.name, record.tags)
        return said


class RemovesToReplace(DictStore):
    def put(self, record: NameRecord, *, replace: bool) -> bool:
        if replace:
            self.remove([record.name])
            time.sleep(0.0001)
        return super().put(record, replace=replace)


class OfOneStore(DictStore):
    """Others do not see it."""

    def __init__(self, place: Place, clock: Any) -> None:
        super().__init__(Place(), clock)


class LosesAll(OfOneStore):
    """Others opened later do not either."""


class SaysNothingWhenClosed(DictStore):
    def close(self) -> None:
        pass


class ClosesOnce(DictStore):
    def close(self) -> None:
        if self.closed:
            raise RuntimeError("closed already")
        super().close()


class RemovesOneByOne(DictStore):
    def remove(self, names: Any) -> int:
        names = list(names)
        self.place.kept.pop(names[0] if names else "", None)
        return super().remove(names)


class HasNoHint(DictStore):
    @contextmanager
    def working(self, *names: str) -> Any:
        if self.place.broken:
            raise NamingError("it does not work")
        with super().working(*names):
            yield


class TellsOfNothing(DictStore):
    def tell(self, *names: str) -> None:
        pass


class TellsLater(DictStore):
    def tell(self, *names: str) -> None:
        timer = threading.Timer(0.05, super().tell, names)
        timer.start()


class TellsOwnOnly(DictStore):
    def watch(self, changed: Any) -> Any:
        self.own = changed
        return lambda: None

    def tell(self, *names: str) -> None:
        for name in names:
            getattr(self, "own", print)(name)


class TellsWithTheLockHeld(DictStore):
    def __init__(self, place: Place, clock: Any) -> None:
        super().__init__(place, clock)
        place.lock = threading.Lock()

    @contextmanager
    def working(self, *names: str) -> Any:
        with self.place.lock:
            self.lapse()
            yield
            self.tell(*names)


class TellsForEver(DictStore):
    def watch(self, changed: Any) -> Any:
        super().watch(changed)
        return lambda: None


class Base(NameStorageSuite):
    store_class: type[DictStore] = DictStore
    durable = shared = True
    malformed_addresses = ("nowhere",)
    patience = 2.0

    @pytest.fixture
    def clock(self) -> Any:
        return FakeClock(time.time())

    @pytest.fixture
    def address(self) -> str:
        return uuid4().hex

    @pytest.fixture
    def storage(self, clock: Any) -> Any:
        class Storage(DictStorage):
            def open(self, address: str, settings: Any, /) -> Any:
                if address == "nowhere":
                    raise ConfigError(address)
                return super().open(address, settings)

        return Storage(self.store_class, clock)

    @pytest.fixture
    def breakdown(self, storage: Any, address: str) -> Any:
        @contextmanager
        def broken() -> Any:
            storage.places[address].broken = True
            yield
            storage.places[address].broken = False

        return broken()


class TestSound(Base):
    pass


class TestSoundInRealTime(Base):
    lease = 0.1

    @pytest.fixture
    def clock(self) -> Any:
        return WallClock()


MUTANTS: dict[type[DictStore], tuple[str, str]] = {
    KeepsNoTags: ("test_any_text_is_a_name", "tags is frozenset(), not frozenset("),
    GivesLists: ("test_any_text_is_a_name", "records are NameRecords"),
    StripsNames: ("test_any_text_is_a_name", "'a\\x00b' is missing and 'a' is listed as well"),
    RaisesItsOwn: ("test_any_text_at_all", "it raised UnicodeEncodeError"),
    RaisesForUnknownNames: ("test_removing", "remove works"),
    ReplacesAlways: ("test_replacing", "put without replace changes nothing"),
    AddsTags: ("test_tagging", "tag replaces the tags and nothing else"),
    TagsForEver: ("test_tagging_keeps_the_lease", "tag leaves the lease as it is"),
    CountsUnknown: ("test_removing", "it said 1, not 0"),
    CountsLapsed: ("test_what_has_lapsed_is_not_there", "count does not count it"),
    LikeAPattern: ("test_prefixes_are_exact", "no character stands for others"),
    IgnoresCase: ("test_prefixes_are_exact", "upper case is not lower case"),
    HasALastCharacter: ("test_prefixes_are_exact", "is missing"),
    InAnyOrder: ("test_the_order_is_that_of_the_names", "find gives names in order"),
    AnyForAll: ("test_tags", "find gives what has every tag of all_of"),
    TakesFewTags: ("test_many_tags", "find with 1500 tags works"),
    ShowsItsOwnTable: ("test_changes_while_one_goes_through_them", "changed during iteration"),
    HoldsALockWhileFinding: ("test_changes_while_one_goes_through_them", "it had not ended after 2 seconds"),
    NeverLapses: ("test_what_has_lapsed_is_not_there", "a record that has lapsed is not there"),
    RenewsNothing: (
        "test_a_lease_is_renewed_by_putting_it_again",
        "the lease of the latest put is what counts",
    ),
    LooksFirst: ("test_one_alone_wins", "one alone is told true"),
    PutsInTwoSteps: ("test_records_are_whole", "what is put together is found together"),
    RemovesToReplace: ("test_records_are_whole", "read URI and tags in one step"),
    OfOneStore: ("test_others_see_it", "is found through another at the same address"),
    LosesAll: ("test_it_is_there_when_it_is_opened_again", "is there when the storage is opened again"),
    SaysNothingWhenClosed: ("test_closing", "of a closed store raises NamingError"),
    ClosesOnce: ("test_closing", "close works"),
    RemovesOneByOne: ("test_while_it_cannot_change_anything", "what fails changes nothing"),
    HasNoHint: ("test_while_it_cannot_change_anything", "it had no hint"),
    TellsOfNothing: ("test_each_change_is_told", "put had returned, and it was not told"),
    TellsLater: ("test_each_change_is_told", "not later than a lookup finds it"),
    TellsOwnOnly: ("test_changes_of_others_are_told", "put by another store was never told"),
    TellsWithTheLockHeld: ("test_who_is_told_may_use_the_store", "had not ended"),
    TellsForEver: ("test_it_ends", "nothing is told after a watch was ended"),
}

for _class in MUTANTS:
    globals()[f"Test{_class.__name__}"] = type(f"Test{_class.__name__}", (Base,), {"store_class": _class})

SAYS = {f"Test{mutant.__name__}": says for mutant, says in MUTANTS.items()}
