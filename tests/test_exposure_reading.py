"""What is read of a class: the same as real Pyro5 finds, less its holes, and without running any code."""

from __future__ import annotations

import abc
import dataclasses
import enum
import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import Pyro5.server
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyroplug import exposure as ours
from pyroplug.exposure import expose, exposure_of, idempotent

both = pytest.mark.parametrize("pyro", [ours, Pyro5.server], ids=["ours", "pyro5"])
"""The decorators of either side; what they mark is to be understood by both."""


def pyro5_finds(cls: type) -> dict[str, set[str]]:
    Pyro5.server._reset_exposed_members(cls)
    found: dict[str, set[str]] = Pyro5.server._get_exposed_members(cls)
    return found


def assert_found(cls: type, **names: set[str]) -> None:
    found = exposure_of(cls)
    assert {name: set(members) for name, members in found._asdict().items()} == {
        **{name: set() for name in found._fields},
        **names,
    }


# As real Pyro5


def wrapping(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any) -> Any:
        return function(*args)

    return wrapper


class Wrapper:
    """A decorator that is a class, as they are often written."""

    def __init__(self, function: Any) -> None:
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)


def make_class_wide(pyro: Any) -> type:
    @pyro.expose
    class Everything:
        __slots__ = ("__dict__", "__weakref__", "slot")
        constant = 5
        function = len
        other: int

        def method(self) -> None: ...
        async def coroutine(self) -> None: ...
        async def stream(self) -> Any:
            yield 1

        def generator(self) -> Iterator[int]:
            yield 1

        @pyro.oneway
        def fast(self) -> None: ...
        @pyro.callback
        def back(self) -> None: ...
        @staticmethod
        @pyro.oneway
        def static() -> None: ...
        @classmethod
        @pyro.callback
        def of_class(cls) -> None: ...
        @property
        def readable(self) -> int:
            return 1

        @property
        def both(self) -> int:
            return 1

        @both.setter
        def both(self, value: int) -> None: ...

        only_set = property(None, lambda self, value: None)
        nothing = property()

        @functools.lru_cache  # noqa: B019
        def cached(self) -> None: ...
        @functools.singledispatchmethod
        def generic(self, value: Any) -> None: ...
        @wrapping
        def wrapped(self) -> None: ...
        @Wrapper
        def wrapped_too(self) -> None: ...
        @abc.abstractmethod
        def abstract(self) -> None: ...
        def _private(self) -> None: ...
        def __private(self) -> None: ...
        def __len__(self) -> int:
            return 0

        def __call__(self) -> None: ...
        def __repr__(self) -> str:
            return ""

        alias = method
        _alias = method

        class Nested: ...

    return Everything


CLASS_WIDE = {
    "methods": {"method", "coroutine", "stream", "generator", "fast", "back", "static", "of_class"}
    | {"cached", "wrapped", "wrapped_too", "abstract", "__len__", "alias"},
    "oneway": {"fast", "static"},
    "attrs": {"readable", "both", "only_set"},
    "callbacks": {"back", "of_class"},
    "writable": {"both", "only_set"},
}


@both
def test_a_whole_class(pyro: Any) -> None:
    cls = make_class_wide(pyro)
    generic = {"generic"} if pyro is ours else set()
    assert_found(cls, **{**CLASS_WIDE, "methods": CLASS_WIDE["methods"] | generic})
    assert exposure_of(cls).metadata() == pyro5_finds(cls)


@both
def test_single_members(pyro: Any) -> None:
    class Some:
        @pyro.expose
        def method(self) -> None: ...
        def hidden(self) -> None: ...
        @pyro.oneway
        @pyro.callback
        def hidden_too(self) -> None: ...
        @pyro.expose
        @pyro.oneway
        @pyro.callback
        def marked(self) -> None: ...
        @staticmethod
        @pyro.expose
        def static() -> None: ...
        @classmethod
        @pyro.expose
        def of_class(cls) -> None: ...
        @pyro.expose
        @property
        def above(self) -> int:
            return 1

        @property
        @pyro.expose
        def below(self) -> int:
            return 1

        @below.setter
        def below(self, value: int) -> None: ...
        @property
        def only_setter(self) -> int:
            return 1

        @only_setter.setter
        @pyro.expose
        def only_setter(self, value: int) -> None: ...
        @wrapping
        @pyro.expose
        def wrapped(self) -> None: ...
        @Wrapper
        @pyro.expose
        def wrapped_too(self) -> None: ...
        @functools.singledispatchmethod
        @pyro.expose
        def generic(self, value: Any) -> None: ...
        @pyro.expose
        def __len__(self) -> int:
            return 0

    assert_found(
        Some,
        methods={"method", "marked", "static", "of_class", "wrapped", "wrapped_too", "generic", "__len__"},
        oneway={"marked"},
        callbacks={"marked"},
        attrs={"above", "below"},
        writable={"below"},
    )
    assert exposure_of(Some).metadata() == pyro5_finds(Some)


@both
def test_heirs(pyro: Any) -> None:
    @pyro.expose
    class Base:
        def inherited(self) -> None: ...
        def overridden(self) -> None: ...
        def exposed_again(self) -> None: ...
        def removed(self) -> None: ...
        @property
        def prop(self) -> int:
            return 1

        @property
        def hidden_prop(self) -> int:
            return 1

    class Unmarked:
        def other(self) -> None: ...
        def inherited(self) -> None: ...

    class Heir(Base, Unmarked):
        removed = None  # type: ignore[assignment]

        def overridden(self) -> None: ...
        @pyro.expose
        def exposed_again(self) -> None: ...
        def added(self) -> None: ...
        @Base.prop.setter
        def prop(self, value: int) -> None: ...
        @property
        def hidden_prop(self) -> int:
            return 2

    assert_found(Heir, methods={"inherited", "exposed_again"}, attrs={"prop"}, writable={"prop"})
    assert exposure_of(Heir).metadata() == pyro5_finds(Heir)
    assert exposure_of(Unmarked).empty

    class Diamond(Unmarked, Base):
        pass

    assert "inherited" not in exposure_of(Diamond).methods
    assert exposure_of(Diamond).metadata() == pyro5_finds(Diamond)


class Colour(enum.Enum):
    RED = 1

    @expose
    def method(self) -> None: ...


@expose
class Mood(enum.Flag):
    GOOD = 1
    BAD = 2

    def method(self) -> None: ...


@expose
@dataclasses.dataclass(order=True, frozen=True)
class Point:
    x: int
    y: list[int] = dataclasses.field(default_factory=list)

    def method(self) -> None: ...
    def __post_init__(self) -> None: ...


@dataclasses.dataclass(slots=True)
@expose
class Slotted:
    x: int = 0

    def method(self) -> None: ...


@expose
class Pair(NamedTuple):
    left: int
    right: int = 0

    def method(self) -> None: ...


class Abstract(abc.ABC):
    @expose
    @abc.abstractmethod
    def method(self) -> None: ...


class Concrete(Abstract):
    @expose
    def method(self) -> None: ...


@expose
class Listing(list):  # type: ignore[type-arg]
    def method(self) -> None: ...


@expose
class Failure(Exception):
    def method(self) -> None: ...


@pytest.mark.parametrize(
    "cls",
    [Colour, Mood, Point, Slotted, Pair, Abstract, Concrete, Listing, Failure],
    ids=lambda c: c.__name__,
)
def test_special_classes(cls: type) -> None:
    assert_found(cls, methods={"method"})
    if not issubclass(cls, enum.Enum):  # Pyro5 sees what dir() shows, which leaves out their methods
        assert exposure_of(cls).metadata() == pyro5_finds(cls)


def test_what_may_run_twice() -> None:
    @expose
    class Some:
        @idempotent
        def marked(self) -> None: ...
        @staticmethod
        @idempotent
        def below() -> None: ...
        @idempotent
        @classmethod
        def above(cls) -> None: ...
        def not_marked(self) -> None: ...
        @idempotent
        def _private(self) -> None: ...
        @idempotent
        def redefined(self) -> None: ...

    class More(Some):
        def redefined(self) -> None: ...

        @idempotent
        def not_exposed(self) -> None: ...

    assert exposure_of(Some).idempotent == {"marked", "below", "above", "redefined"}
    assert exposure_of(More).idempotent == {"marked", "below", "above"}
    assert exposure_of(More).metadata()["idempotent"] == {"marked", "below", "above"}


def test_what_an_enumeration_has_from_its_base_stays_unmarked() -> None:
    # From Python 3.11 on, a flag has its operators in its own dictionary.
    assert not hasattr(enum.Flag.__or__, "_pyroExposed")


marks = st.sets(st.sampled_from(["expose", "oneway", "callback"]))
kinds = st.sampled_from(["function", "staticmethod", "classmethod", "property"])
members = st.dictionaries(
    st.sampled_from(["a", "b", "_c", "__len__", "__init__"]), st.tuples(kinds, marks), max_size=4
)
hierarchies = st.lists(st.tuples(members, st.booleans()), min_size=1, max_size=3)


@both
@given(hierarchies)
def test_hierarchies(pyro: Any, levels: Any) -> None:
    cls: Any = object
    for level, class_wide in levels:
        body = {name: make_member(pyro, name, kind, marks) for name, (kind, marks) in level.items()}
        cls = type("Level", (cls,), body)
        if class_wide:
            cls = pyro.expose(cls)
    found = exposure_of(cls)
    assert found.metadata() == pyro5_finds(cls)
    assert found.oneway | found.callbacks <= found.methods
    assert found.writable == set()
    assert found.empty is not (found.methods | found.attrs)


def make_member(pyro: Any, name: str, kind: str, marks: set[str]) -> Any:
    def function(self: Any = None) -> None: ...

    for mark in sorted(marks):
        getattr(pyro, mark)(function)
    wrap = {"function": lambda f: f, "staticmethod": staticmethod, "classmethod": classmethod}
    return wrap.get(kind, property)(function)
