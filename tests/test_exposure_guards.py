"""What is exposed beyond Pyro5's, what never is, and that finding out runs no code."""

from __future__ import annotations

import functools
import operator
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pyroplug.exposure import callback, expose, exposure_of, forget_exposure, oneway

from .test_exposure_reading import assert_found, pyro5_finds

# Beyond real Pyro5


def test_cached_properties_are_attributes() -> None:
    class Some:
        @functools.cached_property
        @expose
        def below(self) -> int:
            return 1

        @functools.cached_property
        def hidden(self) -> int:
            return 1

    @expose
    class Wide:
        @functools.cached_property
        def cached(self) -> int:
            return 1

    expose(Some.__dict__["hidden"])
    assert_found(Some, attrs={"below", "hidden"})
    assert_found(Wide, attrs={"cached"})
    assert pyro5_finds(Wide)["methods"] == set()


def test_partial_methods_have_marks_of_their_own() -> None:
    class Some:
        @expose
        def move(self, how: str) -> None: ...

        hidden = functools.partialmethod(move, "slowly")
        exposed = expose(functools.partialmethod(move, "fast"))

    @expose
    class Wide:
        def move(self, how: str) -> None: ...

        fast = oneway(functools.partialmethod(move, "fast"))

    assert_found(Some, methods={"move", "exposed"})
    assert_found(Wide, methods={"move", "fast"}, oneway={"fast"})


@pytest.mark.parametrize("kind", [staticmethod, classmethod])
def test_oneway_and_callback_may_stand_above(kind: Any) -> None:
    class Some:
        @oneway
        @callback
        @kind
        @expose
        def method(*args: Any) -> None: ...

    assert_found(Some, methods={"method"}, oneway={"method"}, callbacks={"method"})


# The holes


@expose
class Tool:
    def __init__(self) -> None:
        raise AssertionError("was called")

    def __call__(self) -> None: ...
    def method(self) -> None: ...


tool = Tool.__new__(Tool)


class Described(Tool):
    def __get__(self, instance: Any, owner: Any) -> Any:
        return self


def bare(function: Any) -> Any:
    return function


@pytest.mark.parametrize(
    "member",
    [Tool, tool, Described, Described.__new__(Described), tool.method, print, functools.partial(bare)],
    ids=["class", "instance", "descriptor class", "descriptor", "bound method", "builtin", "partial"],
)
@pytest.mark.parametrize("wrap", [bare, staticmethod, classmethod], ids=lambda f: f.__name__)
def test_what_an_attribute_merely_holds_is_not_exposed(wrap: Any, member: Any) -> None:
    class Holder:
        held = wrap(member)

    assert exposure_of(Holder).empty
    if not isinstance(member, Described):
        assert exposure_of(expose(Holder)).empty


def test_a_descriptor_that_is_set_is_no_method() -> None:
    class Stored:
        __call__ = __get__ = __set__ = lambda self, *args: self

    stored = Stored()
    stored._pyroExposed = True  # type: ignore[attr-defined]
    holder = type("Holder", (), {"held": stored})
    assert exposure_of(holder).empty
    assert pyro5_finds(holder)["methods"] == set()


def test_a_class_that_acts_as_a_descriptor_is_no_method() -> None:
    class Meta(type):
        def __get__(cls, instance: Any, owner: Any) -> Any:
            return cls

    class Acting(metaclass=Meta):
        pass

    assert exposure_of(expose(type("Holder", (), {"held": Acting}))).empty
    assert not hasattr(Acting, "_pyroExposed")


@pytest.mark.parametrize("wrap", [property, functools.cached_property])
def test_a_property_is_not_exposed_because_a_class_is(wrap: Any) -> None:
    class Holder:
        held = wrap(Tool)

    assert exposure_of(Holder).empty


def test_exposing_a_class_does_not_mark_others() -> None:
    class Other:
        def method(self) -> None: ...

    other = Other()

    class Holder:
        held = other.method
        held_class = Other
        held_instance = other

    expose(Holder)
    assert exposure_of(Other).empty
    assert not hasattr(Other, "_pyroExposed")

    class Cached:
        held = functools.cached_property(Other)

    assert exposure_of(expose(Cached)).attrs == {"held"}
    assert not hasattr(Other, "_pyroExposed")

    class BadProperty:
        held = property(Other)

    with pytest.raises(AttributeError, match=r"held cannot be exposed: it calls the class .*Other"):
        expose(BadProperty)
    assert not hasattr(Other, "_pyroExposed")


@pytest.mark.parametrize("mark", [False, None, 0, 1, "yes", [1]])
def test_only_true_is_a_mark(mark: Any) -> None:
    def method() -> None: ...

    method._pyroExposed = mark  # type: ignore[attr-defined]
    assert exposure_of(type("Holder", (), {"method": method})).empty


# Nothing is run


armed = threading.Event()


def fail(*args: Any, **kwargs: Any) -> Any:
    raise (AssertionError if armed.is_set() else AttributeError)(f"was run with {args}")


@pytest.fixture
def alarm() -> Iterator[None]:
    yield
    armed.clear()


class Guard:
    """A descriptor, and a value, that must be left alone."""

    __get__ = __call__ = __getattribute__ = __getattr__ = __bool__ = __eq__ = __len__ = fail
    __hash__ = None  # type: ignore[assignment]


class FakeClass:
    __class__ = property(fail)  # type: ignore[assignment]
    __call__ = __get__ = fail


class OwnDict:
    __slots__ = ()
    __dict__ = property(fail)  # type: ignore[assignment]
    __call__ = __get__ = fail


class GuardMeta(type):
    __getattribute__ = __getattr__ = __eq__ = __dir__ = __instancecheck__ = fail  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]
    __mro__ = __dict__ = property(fail)  # type: ignore[assignment]

    @expose
    def metamethod(cls) -> None: ...


@pytest.mark.filterwarnings("ignore:non-string key")
def test_reading_runs_no_code(alarm: None) -> None:
    @expose
    def method(self: Any) -> None: ...

    body = {
        "method": method,
        "prop": property(expose(lambda self: fail())),
        "guard": Guard(),
        "fake": FakeClass(),
        "own": OwnDict(),
        "wrapped": staticmethod(Guard()),
        "wrapped_class": classmethod(FakeClass()),  # type: ignore[arg-type]
        "cached": functools.cached_property(fail),
        "broken": property(Guard()),
        "__getattr__": fail,
        "__getattribute__": fail,
        "__dir__": fail,
        7: method,
    }
    cls = GuardMeta("Guarded", (), body)
    armed.set()
    assert_found(cls, methods={"method"}, attrs={"prop"})
    assert exposure_of(cls) is exposure_of(cls)
    forget_exposure(cls)
    assert_found(cls, methods={"method"}, attrs={"prop"})


def test_exposing_a_class_runs_no_descriptor(alarm: None) -> None:
    armed.set()

    @expose
    class Holder:
        plain = FakeDescriptor()
        cached = functools.cached_property(fail)

        def method(self) -> None: ...

    assert_found(Holder, methods={"method"}, attrs={"cached"})
    del fail._pyroExposed  # type: ignore[attr-defined]


class FakeDescriptor:
    __get__ = __getattr__ = fail


def test_getters_that_are_no_functions() -> None:
    class Some:
        first = property(operator.itemgetter(0))

    assert exposure_of(Some).empty
