"""The decorators, and what they leave on functions and classes."""

from __future__ import annotations

import functools
import operator
from typing import Any

import Pyro5.server
import pytest

from pyroplug import exposure
from pyroplug.errors import DaemonError
from pyroplug.exposure import (
    INSTANCE_MODES,
    behavior,
    callback,
    expose,
    exposure_of,
    idempotent,
    instance_creator_of,
    instance_mode_of,
    is_private_attribute,
    oneway,
)

REFUSED_BY_PYRO5 = sorted(Pyro5.server._private_dunder_methods)


def special(names: str) -> list[str]:
    return [f"__{name}__" for name in names.split()]


STRICTER = special("aenter aexit annotate annotate_func class_getitem delete get getnewargs_ex mro_entries")
STRICTER += special("post_init prepare replace set set_name")
OPEN = special("len iter next getitem setitem delitem contains add reversed")


# Private names


@pytest.mark.parametrize("name", REFUSED_BY_PYRO5 + STRICTER)
def test_special_methods_that_are_private(name: str) -> None:
    assert is_private_attribute(name)


@pytest.mark.parametrize("name", OPEN)
def test_special_methods_that_are_not(name: str) -> None:
    assert not is_private_attribute(name)


def test_private_is_what_is_private_to_pyro5_and_little_more() -> None:
    names = {
        *REFUSED_BY_PYRO5,
        *STRICTER,
        *OPEN,
        *("", "_", "__", "___", "____", "_____", "a", "a_", "_a", "__a", "__a_", "__a__", "_a__", "a__"),
        *(name for cls in (object, int, dict, type, BaseException) for name in dir(cls)),
    }
    differing = {n for n in names if is_private_attribute(n) is not Pyro5.server.is_private_attribute(n)}
    assert differing == set(STRICTER) & names
    assert all(is_private_attribute(name) for name in differing)


# @expose


def test_expose_marks_functions_as_pyro5_does() -> None:
    @expose
    def method() -> int:
        return 5

    assert vars(method) == {"_pyroExposed": True}
    assert method() == 5


def test_expose_gives_back_what_it_got() -> None:
    class Plain:
        pass

    prop = property(lambda self: 1)
    for thing in (Plain, prop, lambda: 1):
        assert expose(thing) is thing


def test_a_class_stands_for_its_own_public_members() -> None:
    class Base:
        def inherited(self) -> None: ...

    @expose
    class Exposed(Base):
        constant = 5

        def method(self) -> None: ...
        def _private(self) -> None: ...
        def __init__(self) -> None: ...
        def __len__(self) -> int:
            return 0

        @staticmethod
        def static() -> None: ...
        @classmethod
        def of_class(cls) -> None: ...
        @property
        def prop(self) -> int:
            return 1

        @property
        def _hidden(self) -> int:
            return 1

    found = exposure_of(Exposed)
    assert found.methods == {"method", "__len__", "static", "of_class"}
    assert found.attrs == {"prop"}
    assert vars(Exposed)["_pyroExposed"] is True
    assert not hasattr(Exposed._private, "_pyroExposed")
    assert not hasattr(Exposed.__init__, "_pyroExposed")
    assert not hasattr(Base.inherited, "_pyroExposed")


def test_a_class_of_somebody_else_can_be_exposed() -> None:
    import fractions

    class Copy(fractions.Fraction):
        limit = fractions.Fraction.__dict__["__doc__"]

        def extra(self) -> None: ...

    assert expose(Copy) is Copy
    assert exposure_of(Copy).methods == {"extra"}


def make_private_function() -> Any:
    def _private() -> None: ...

    return _private


def make_private_class() -> Any:
    class _Private:
        pass

    return _Private


def make_init() -> Any:
    return object.__init__


@pytest.mark.parametrize(
    "make",
    [
        make_private_function,
        make_private_class,
        make_init,
        lambda: property(make_private_function()),
        lambda: property(None, make_private_function()),
        lambda: functools.cached_property(make_private_function()),
    ],
)
def test_private_names_are_refused(make: Any) -> None:
    thing = make()
    with pytest.raises(AttributeError, match="its name makes it private"):
        expose(thing)
    with pytest.raises(AttributeError):
        Pyro5.server.expose(make())


@pytest.mark.parametrize("kind", [classmethod, staticmethod])
def test_the_wrong_order_is_refused(kind: Any) -> None:
    def method() -> None: ...

    with pytest.raises(AttributeError, match=rf"@expose is above @{kind.__name__} at method\(\)") as caught:
        expose(kind(method))
    assert f"write @{kind.__name__} first" in str(caught.value)
    assert not hasattr(method, "_pyroExposed")
    with pytest.raises(AttributeError):
        Pyro5.server.expose(kind(method))


class Callable:
    def __call__(self) -> None: ...
    def go(self) -> None: ...


@pytest.mark.parametrize("thing", [42, "text", None, Callable(), functools.partial(print), object()])
def test_other_things_are_refused(thing: Any) -> None:
    with pytest.raises(AttributeError, match="@expose cannot tell what"):
        expose(thing)
    with pytest.raises(AttributeError):
        Pyro5.server.expose(thing)


@pytest.mark.parametrize("thing", [len, str.upper, Callable().go, property(operator.itemgetter(0))])
def test_what_takes_no_mark_is_refused(thing: Any) -> None:
    with pytest.raises(AttributeError, match=r"cannot be exposed: .* takes no mark"):
        expose(thing)
    with pytest.raises(AttributeError):
        Pyro5.server.expose(thing)


def test_a_class_with_what_takes_no_mark_is_refused() -> None:
    class Holder:
        upper = str.upper

    with pytest.raises(AttributeError, match="upper cannot be exposed"):
        expose(Holder)


def test_properties_are_marked_at_their_getter() -> None:
    class Holder:
        def read(self) -> int:
            return 1

        def write(self, value: int) -> None: ...

    expose(property(Holder.read, Holder.write))
    assert hasattr(Holder.read, "_pyroExposed")
    assert not hasattr(Holder.write, "_pyroExposed")
    expose(property(None, Holder.write))
    assert hasattr(Holder.write, "_pyroExposed")
    assert exposure_of(Holder).attrs == set()
    empty = property()
    assert expose(empty) is empty


# @oneway, @callback and @idempotent


@pytest.mark.parametrize(
    ("decorate", "mark"),
    [(oneway, "_pyroOneway"), (callback, "_pyroCallback"), (idempotent, "_pyroIdempotent")],
)
def test_marks_of_methods(decorate: Any, mark: str) -> None:
    def method() -> None: ...

    assert decorate(method) is method
    assert vars(method) == {mark: True}
    with pytest.raises(AttributeError, match="property"):
        decorate(property(method))


# @behavior


@pytest.mark.parametrize("mode", INSTANCE_MODES)
def test_behavior_is_kept_where_pyro5_keeps_it(mode: str) -> None:
    def make(cls: Any) -> Any:
        return cls()

    class Plain:
        pass

    assert behavior(mode)(Plain) is Plain
    assert Plain._pyroInstancing == (mode, None)  # type: ignore[attr-defined]
    assert behavior(instance_mode=mode, instance_creator=make)(Plain) is Plain
    assert (instance_mode_of(Plain), instance_creator_of(Plain)) == (mode, make)
    assert behavior()(Plain)._pyroInstancing == ("session", None)  # type: ignore[attr-defined]


@pytest.mark.parametrize("module", [exposure, Pyro5.server])
def test_behavior_misused(module: Any) -> None:
    class Plain:
        pass

    for argument in (Plain, make_init(), None, 5):
        with pytest.raises(SyntaxError):
            module.behavior(argument)
    for mode in ("", "Single", "singleton"):
        with pytest.raises(ValueError, match=f"instance ?mode.*{mode}"):
            module.behavior(mode)(Plain)
    for thing in (5, make_init(), Plain()):
        with pytest.raises(TypeError, match="class"):
            module.behavior("single")(thing)
    with pytest.raises(TypeError, match="call"):
        module.behavior("single", 5)(Plain)
    assert not hasattr(Plain, "_pyroInstancing")


def test_what_to_write_instead_is_said() -> None:
    with pytest.raises(SyntaxError, match=r"@behavior\(instance_mode='single'\)"):
        behavior(int)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="session, single, percall"):
        behavior("wrong")(type("Plain", (), {}))


def test_instancing_is_inherited() -> None:
    class Plain:
        pass

    @behavior("single", instance_creator=lambda cls: cls())
    class Base:
        pass

    class Heir(Plain, Base):
        pass

    @behavior("percall")
    class Other(Heir):
        pass

    assert (instance_mode_of(Plain), instance_creator_of(Plain)) == ("session", None)
    assert Heir._pyroInstancing == (instance_mode_of(Heir), instance_creator_of(Heir))  # type: ignore[attr-defined]
    assert instance_mode_of(Heir) == "single"
    assert (instance_mode_of(Other), instance_creator_of(Other)) == ("percall", None)
    assert not hasattr(Plain, "_pyroInstancing")


@pytest.mark.parametrize(
    "value", [None, "single", (), ("single",), ("wrong", None), ("single", 5), (5, None), ("single", None, 1)]
)
def test_unusable_instancing(value: Any) -> None:
    cls = type("Broken", (), {"_pyroInstancing": value})
    for ask in (instance_mode_of, instance_creator_of):
        with pytest.raises(DaemonError, match=r"the class Broken has .* for its _pyroInstancing") as caught:
            ask(cls)
        assert caught.value.hint


def test_instancing_is_read_without_running_code() -> None:
    class Meta(type):
        @property
        def _pyroInstancing(cls) -> Any:
            raise AssertionError("was run")

        def __getattribute__(cls, name: str) -> Any:
            raise AssertionError("was run")

    cls = Meta("Guarded", (), {})
    assert instance_mode_of(cls) == "session"
    assert instance_creator_of(cls) is None
