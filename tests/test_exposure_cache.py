"""The record of what a class exposes, and how long it is kept."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from pyroplug import exposure as module
from pyroplug.exposure import Exposure, expose, exposure_of, forget_exposure

# The record, and its cache


def test_an_exposure_is_a_value() -> None:
    one = Exposure(frozenset("ab"), frozenset("a"), frozenset("c"), frozenset("b"), frozenset("c"))
    assert one.metadata() == {"methods": {"a", "b"}, "oneway": {"a"}, "attrs": {"c"}}
    one.metadata()["methods"].clear()
    assert one.methods == {"a", "b"}
    assert {type(names) for names in one.metadata().values()} == {set}
    marked = one._replace(idempotent=frozenset("b"))
    assert marked.metadata() == {**one.metadata(), "idempotent": {"b"}}
    with pytest.raises(AttributeError):
        one.methods = frozenset()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("methods", "attrs", "empty"), [("", "", True), ("a", "", False), ("", "a", False), ("a", "b", False)]
)
def test_empty(methods: str, attrs: str, empty: bool) -> None:
    none: frozenset[str] = frozenset()
    assert Exposure(frozenset(methods), none, frozenset(attrs), none, none).empty is empty
    assert exposure_of(object).empty


def test_members_added_later_are_found_once_the_class_is_forgotten() -> None:
    class Base:
        pass

    class Heir(Base):
        pass

    class Stranger:
        pass

    before = [exposure_of(cls) for cls in (Base, Heir, Stranger)]
    Base.method = expose(lambda self: None)  # type: ignore[attr-defined]
    assert exposure_of(Heir) is before[1]
    forget_exposure(Base)
    assert exposure_of(Base).methods == exposure_of(Heir).methods == {"method"}
    assert exposure_of(Stranger) is before[2]
    forget_exposure(type("Unknown", (), {}))


def test_a_class_is_not_kept_alive() -> None:
    def known() -> int:
        gc.collect()
        return len(module._known)

    before = known()
    cls: Any = type("Short", (), {"method": expose(lambda self: None)})
    exposure_of(cls)
    assert known() == before + 1
    alive = weakref.ref(cls)
    del cls
    assert known() == before
    assert alive() is None


def test_an_entry_of_a_dead_class_is_never_anothers() -> None:
    def dead() -> None:
        return None

    cls: Any = type("Alive", (), {})
    module._known[id(cls)] = (dead, Exposure(*[frozenset("x")] * 5))  # type: ignore[assignment]
    assert exposure_of(cls).empty


def test_classes_that_are_equal_are_not_the_same() -> None:
    class Equal(type):
        def __eq__(cls, other: object) -> bool:
            return True

        def __hash__(cls) -> int:
            return 1

    one = Equal("One", (), {"a": expose(lambda self: None)})
    other = Equal("Other", (), {"b": expose(lambda self: None)})
    assert [exposure_of(cls).methods for cls in (one, other, one)] == [{"a"}, {"b"}, {"a"}]
    forget_exposure(other)
    assert exposure_of(one) is exposure_of(one)


def test_many_threads_read_the_same(in_thread: Callable[..., Any]) -> None:
    start = threading.Barrier(4)
    cls = type("Shared", (), {f"m{i}": expose(lambda self: None) for i in range(100)})

    def read() -> Exposure:
        start.wait(20)
        for _ in range(200):
            found = exposure_of(cls)
            forget_exposure(cls)
        return found

    results = [task.result(20) for task in [in_thread(read) for _ in range(4)]]
    assert results == [exposure_of(cls)] * 4
    assert len(results[0].methods) == 100
