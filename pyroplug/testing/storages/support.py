"""What all tests of name storages share: fixtures, how records are compared, and who changes what."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol

import pytest
from hypothesis import strategies as st

from pyroplug.contracts import NameRecord, NameStorage, NameStore, Settings
from pyroplug.testing.patience import PatientSuite
from pyroplug.testing.suite import Breach

__all__ = [
    "AWKWARD",
    "NAMES",
    "TAGS",
    "TAG_SETS",
    "Clock",
    "OpenStore",
    "StorageTests",
    "WallClock",
    "clear",
    "done",
    "names_of",
    "record",
]

OpenStore = Callable[[], NameStore]

AWKWARD = (
    *("", " ", "a", "A", "a_b", "a%b", "a*b", "axb", "aab", "a.b", "a?b", "[a]", "a'b", 'a"b', "a\\b"),
    *(
        "a/b",
        "../a",
        "a\nb",
        "a\0b",
        "ä",
        "a\u0308",
        "Ä",
        "ß",
        "a\ud7ff",
        "a\ue000",
        "a\U0010ffff",
        "a\U0010ffffb",
    ),
    *("b", "\U0010ffff", "\U0010ffffz", "Pyro.Thing", "x" * 500),
)
"""Names that databases, patterns, paths and sorting take for something else."""

NAMES = st.sampled_from(AWKWARD)
TAGS = ("x", "X", "x y", "%", "a,b", "\0", "class:m.C", "ä", "")
TAG_SETS = st.frozensets(st.sampled_from(TAGS), max_size=4)


class Clock(Protocol):
    """What leases go by: real time, or a :class:`~pyroplug.testing.clock.FakeClock`."""

    def __call__(self) -> float:
        """What time it is, in seconds since the epoch."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""


class WallClock:
    """Real time."""

    def __call__(self) -> float:
        """What time it is, in seconds since the epoch."""
        return time.time()

    def advance(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


class StorageTests(PatientSuite):
    """The fixtures and what a storage says about itself; :class:`NameStorageSuite` has the words."""

    durable: ClassVar[bool] = False
    shared: ClassVar[bool] = False
    malformed_addresses: ClassVar[tuple[str, ...]] = ()
    lease: ClassVar[float] = 0.3
    rounding: ClassVar[float] = 0.0

    @pytest.fixture
    def storage(self) -> NameStorage:
        """The storage on trial: to be overridden."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a fixture 'storage', which returns the storage on trial"
        )

    @pytest.fixture
    def address(self) -> str:
        """Where nothing is yet: empty, unless overridden."""
        return ""

    @pytest.fixture
    def clock(self) -> Clock:
        """What the storage's leases go by: real time, unless overridden with a ``FakeClock``."""
        return WallClock()

    @pytest.fixture
    def breakdown(self) -> AbstractContextManager[object] | None:
        """While one is within it nothing can be changed: ``None`` unless overridden."""
        return None

    @pytest.fixture
    def open_store(
        self, storage: NameStorage, address: str, settings: Settings
    ) -> Iterator[Callable[[], NameStore]]:
        """Opens the storage at the address, once more with each call."""
        opened: list[NameStore] = []

        def open_one() -> NameStore:
            opened.append(done("open", lambda: storage.open(address, settings)))
            return opened[-1]

        yield open_one
        for store in opened:
            done("close", store.close)

    @pytest.fixture
    def store(self, open_store: OpenStore) -> NameStore:
        """An open one, which is empty."""
        return open_store()

    def expect(self, store: NameStore, wanted: Iterable[NameRecord], law: str, hint: str = "") -> None:
        """Fail unless these records are there and no others, whichever way one looks."""
        __tracebackhide__ = True
        expected = {it.name: it for it in wanted}
        listed = records(done("find()", store.find))
        self.same(listed, [expected[name] for name in sorted(expected)], f"{law}: what find() lists", hint)
        counted = done("count()", store.count)
        if counted != len(expected):
            raise Breach(
                f"{law}: count() says how many", f"it says {counted!r}, and not {len(expected)}", hint
            )
        for name, one in expected.items():
            self.same_record(done(f"get({name!r:.60})", store.get, name), one, law, hint)

    def same(self, found: list[NameRecord], wanted: list[NameRecord], law: str, hint: str = "") -> None:
        """Fail unless both are the same, in the same order."""
        __tracebackhide__ = True
        names = [it.name for it in found]
        expected = [it.name for it in wanted]
        if names != expected:
            raise Breach(law, _difference(names, expected), hint)
        for one, other in zip(found, wanted, strict=True):
            self.same_record(one, other, law, hint)

    def same_record(self, found: object, wanted: NameRecord, law: str, hint: str = "") -> None:
        """Fail unless a record is as it was put."""
        __tracebackhide__ = True
        if found is None:
            raise Breach(law, f"the name {wanted.name!r:.60} is not there", hint)
        if not isinstance(found, NameRecord):
            raise Breach("records are NameRecords", f"{found!r:.100} is a {type(found).__name__}")
        for field, got, right in zip(NameRecord._fields, found, wanted, strict=True):
            if field == "expires":
                equal = got == right or (
                    isinstance(got, float | int)
                    and isinstance(right, float | int)
                    and abs(got - right) <= self.rounding
                )
            else:
                equal = got == right and isinstance(got, type(right))
            if not equal:
                raise Breach(
                    law, f"of the name {wanted.name!r:.60} {field} is {got!r:.120}, not {right!r:.120}", hint
                )


def record(name: str, uri: str = "", *tags: str, expires: float | None = None) -> NameRecord:
    """A record; its URI is made of its name unless given."""
    return NameRecord(name, uri or f"PYRO:{name}@localhost:1", frozenset(tags), expires)


def done(what: str, call: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """What a method returns, which must not raise anything."""
    __tracebackhide__ = True
    try:
        return call(*args, **named)
    except Breach:
        raise
    except Exception as error:
        raise Breach(
            f"{what} works", f"it raised {type(error).__module__}.{type(error).__qualname__}: {error}"
        ) from error


def records(found: Iterable[NameRecord]) -> list[NameRecord]:
    """All that find gives."""
    __tracebackhide__ = True
    return list(done("going through what find() gave", lambda: list(found)))


def names_of(found: Iterable[NameRecord]) -> list[str]:
    """The names of all that find gives."""
    return [it.name for it in records(found)]


def clear(store: NameStore) -> None:
    """Remove all there is."""
    done("remove of all that find() lists", lambda: store.remove(names_of(store.find())))


def _difference(found: list[str], wanted: list[str]) -> str:
    if len(found) != len(set(found)):
        twice = next(name for name in found if found.count(name) > 1)
        return f"{twice!r:.60} is listed {found.count(twice)} times"
    missing, more = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if missing or more:
        parts = [f"{missing[0]!r:.60} is missing"] if missing else []
        parts += [f"{more[0]!r:.60} is listed as well"] if more else []
        return f"{' and '.join(parts)} (it lists {found!r:.200})"
    place = next(number for number, name in enumerate(found) if name != wanted[number])
    return f"in place {place} is {found[place]!r:.60}, and not {wanted[place]!r:.60}"
