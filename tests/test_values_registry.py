"""Classes to dictionaries and back."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, strategies

from pyroplug import values
from pyroplug.errors import SecurityError, SerializeError
from pyroplug.values import ClassRegistry, ExceptionWrapper


class Base:
    def __init__(self, x: int = 1) -> None:
        self.x = x


class Derived(Base):
    pass


class Other:
    pass


@pytest.fixture
def classes() -> ClassRegistry:
    return ClassRegistry()


def tag(text: str) -> Any:
    return lambda obj: {"__class__": text, "of": type(obj).__name__}


# Out


def test_the_first_registered_class_that_matches_counts(classes: ClassRegistry) -> None:
    classes.register_class_to_dict(Base, tag("base"))
    classes.register_class_to_dict(object, tag("object"))
    assert classes.to_dict(Derived()) == {"__class__": "base", "of": "Derived"}
    assert classes.to_dict(Other()) == {"__class__": "object", "of": "Other"}
    classes.unregister_class_to_dict(Base)
    assert classes.to_dict(Derived())["__class__"] == "object"
    classes.unregister_class_to_dict(Base)
    classes.unregister_class_to_dict(object)
    assert classes.to_dict(Derived(5)) == {"__class__": f"{__name__}.Derived", "x": 5}


def test_a_class_of_its_own_comes_before_its_base(classes: ClassRegistry) -> None:
    classes.register_class_to_dict(Base, tag("base"))
    classes.register_class_to_dict(Derived, tag("derived"), serpent_too=False)
    assert classes.to_dict(Derived())["__class__"] == "derived"


def test_converter_for(classes: ClassRegistry) -> None:
    assert classes.converter_for(Base()) is None
    assert classes.converter_for(ValueError()) is None
    converter = tag("base")
    classes.register_class_to_dict(Base, converter)
    assert classes.converter_for(Derived()) is converter
    assert classes.converter_for(Other()) is None


def test_exceptions_can_be_registered(classes: ClassRegistry) -> None:
    classes.register_class_to_dict(ValueError, tag("mine"))
    assert classes.to_dict(UnicodeError())["__class__"] == "mine"
    assert classes.to_dict(ExceptionWrapper(ValueError()))["exception"]["__class__"] == "mine"


def test_the_state_of_an_object(classes: ClassRegistry) -> None:
    class Slots:
        __slots__ = ("unset", "x")

    class OneSlot:
        __slots__ = "x"  # noqa: PLC0205

    class OwnState:
        def __getstate__(self) -> Any:
            return {"state": 1}

    class OddState(Base):
        def __getstate__(self) -> Any:
            return (1, 2)

    for cls in (Slots, OneSlot):
        obj: Any = cls()
        obj.x = 5
        assert classes.to_dict(obj) == {"__class__": f"{__name__}.{cls.__name__}", "x": 5}
    assert classes.to_dict(OwnState()) == {"state": 1}
    assert classes.to_dict(OddState(5)) == {"__class__": f"{__name__}.OddState", "x": 5}


def test_the_dictionary_is_no_live_state(classes: ClassRegistry) -> None:
    obj = Base()
    classes.to_dict(obj)["x"] = 9
    assert vars(obj) == {"x": 1}
    error = ValueError("x")
    error.code = 5  # type: ignore[attr-defined]
    classes.to_dict(error)["attributes"]["code"] = 9
    assert vars(error) == {"code": 5}


def test_what_has_no_state(classes: ClassRegistry) -> None:
    class Colour(Enum):
        RED = 1

    class Broken:
        def __getstate__(self) -> Any:
            raise TypeError("this is secret")

        def __repr__(self) -> str:
            raise RuntimeError

    def function() -> None:
        pass

    for value in (object(), 5, range(3), Colour.RED, function, Base().__init__, Base, values, ..., [1], {}):
        with pytest.raises(SerializeError, match="cannot serialize") as caught:
            classes.to_dict(value)
        assert "register_class_to_dict" in str(caught.value.hint)
    with pytest.raises(SerializeError, match="Broken failed: this is secret"):
        classes.to_dict(Broken())
    classes.register_class_to_dict(Colour, lambda colour: colour.name)
    assert classes.to_dict(Colour.RED) == "RED"


# In


def test_registered_names_come_before_every_rule(classes: ClassRegistry) -> None:
    seen: list[Any] = []

    def make(name: str, data: dict[str, Any]) -> str:
        seen.append((name, data))
        return "made"

    names = ("a.B", "__main__.X", "builtins.OSError", "Pyro5.errors.PyroError", "struct.error", "float")
    for name in names:
        classes.register_dict_to_class(name, make)
        data = {"__class__": name, "__exception__": True, "x": 1}
        assert classes.from_dict(data) == "made"
        assert seen.pop() == (name, data)
        classes.unregister_dict_to_class(name)
        classes.unregister_dict_to_class(name)
        with suppress(SerializeError, SecurityError):
            assert classes.from_dict(data) != "made"


def test_names_may_be_bytes(classes: ClassRegistry) -> None:
    classes.register_dict_to_class("a.B", lambda name, _: name)
    assert classes.from_dict({"__class__": b"a.B"}) == "a.B"
    with pytest.raises(SerializeError):
        classes.from_dict({"__class__": b"\xff\xfe"})


@pytest.mark.parametrize(
    "name", ["a.B", "Pyro5.core.Other", "Pyro5.errors.Other", "builtins.ValueError", "", "struct.Struct"]
)
def test_unknown_classes(classes: ClassRegistry, name: str) -> None:
    with pytest.raises(SerializeError, match="not known") as caught:
        classes.from_dict({"__class__": name, "args": ()})
    assert f"register_dict_to_class({name!r}" in str(caught.value.hint)


@pytest.mark.parametrize(
    "name", ["SerpentSerializer", "MarshalSerializer", "JsonSerializer", "MsgpackSerializer"]
)
def test_legacy_serializer_names_are_refused(classes: ClassRegistry, name: str) -> None:
    with pytest.raises(SerializeError, match=name):
        classes.from_dict({"__class__": f"Pyro5.util.{name}"})


@pytest.mark.parametrize("name", ["__main__.X", "a.__B", "builtins.__import__", "a__b"])
def test_double_underscores(classes: ClassRegistry, name: str) -> None:
    with pytest.raises(SecurityError, match="double underscore"):
        classes.from_dict({"__class__": name})


@pytest.mark.parametrize("name", [None, 5, 2.5, [], ["a"], {}, (), True, {1}, "x" * 501])
def test_names_that_are_none(classes: ClassRegistry, name: Any) -> None:
    with pytest.raises(SerializeError, match="no class's name"):
        classes.from_dict({"__class__": name})


def test_a_number_of_too_many_digits_to_print_is_no_name(classes: ClassRegistry) -> None:
    with pytest.raises(SerializeError, match="no class's name"):
        classes.from_dict({"__class__": 16**5000})


def test_numbers_and_dictionaries_without_a_literal(classes: ClassRegistry) -> None:
    nan = {"__class__": "float", "value": "nan"}
    assert repr(classes.recreate([nan])) == "[nan]"
    assert repr(classes.recreate({"__class__": "complex", "real": nan, "imag": 1.0})) == "(nan+1j)"
    made = classes.recreate({"__class__": "collections.OrderedDict", "items": [("a", nan)]})
    assert type(made) is OrderedDict
    assert repr(made["a"]) == "nan"
    for name in ("float", "complex", "collections.OrderedDict"):
        for content in ({}, {"value": [], "real": [], "imag": None, "items": 5}, {"items": [1]}):
            with pytest.raises(SerializeError, match="malformed"):
                classes.from_dict({"__class__": name, **content})


def test_recreate_leaves_the_rest_alone(classes: ClassRegistry) -> None:
    classes.register_dict_to_class("x", lambda _, data: data["value"])
    thing = {"__class__": "x", "value": {"__class__": "unknown"}}
    value = [thing, (thing, {"k": thing}), {1, 2}, "x", None, {"k": [1]}]
    made = classes.recreate(value)
    inner = {"__class__": "unknown"}
    assert made == [inner, (inner, {"k": inner}), {1, 2}, "x", None, {"k": [1]}]
    assert value[0] is thing


def test_what_is_too_deep(classes: ClassRegistry) -> None:
    for make in (lambda v: [v], lambda v: (v,), lambda v: {"k": v}):
        value: Any = None
        for _ in range(5000):
            value = make(value)
        with pytest.raises(SerializeError, match="nested too deeply"):
            classes.recreate(value)


def test_what_contains_itself_or_the_same_again(classes: ClassRegistry) -> None:
    circle: list[Any] = []
    circle.append({"again": circle})
    made = classes.recreate(circle)
    assert made[0]["again"] is made
    circle.clear()
    made.clear()
    wide: Any = [{"__class__": "float", "value": 1}]
    for _ in range(200):
        wide = [wide, wide]  # 2 ** 200 of them, were each gone through
    made = classes.recreate(wide)
    assert made[0] is made[1]


# Pyro's own


class Address:
    def __init__(self, text: str) -> None:
        self.text = text


def address_from(state: Any) -> Address:
    (text,) = state
    return Address(text.upper())


def test_wire_classes(classes: ClassRegistry) -> None:
    classes.register_wire_class(Address, "Pyro5.core.URI", lambda address: (address.text,), address_from)
    data = {"__class__": "Pyro5.core.URI", "state": ("x",)}
    assert classes.to_dict(Address("x")) == data
    assert classes.to_dict(type("Sub", (Address,), {})("x")) == data
    assert classes.from_dict(data).text == "X"
    for state in ({}, {"state": None}, {"state": (1, 2)}, {"state": (5,)}, {"state": "xy"}):
        with pytest.raises(SerializeError, match=r"malformed.*Error|Pyro5\.core\.URI.*malformed"):
            classes.from_dict({"__class__": "Pyro5.core.URI", **state})
    classes.register_class_to_dict(object, tag("object"))
    assert classes.to_dict(Address("x")) == data
    classes.register_class_to_dict(Address, tag("mine"))
    assert classes.to_dict(Address("x"))["__class__"] == "mine"
    classes.unregister_class_to_dict(Address)
    assert classes.to_dict(Address("x")) == data


def test_the_module_has_one_registry_for_the_process() -> None:
    assert isinstance(values.registry, ClassRegistry)
    values.register_class_to_dict(Address, tag("address"))
    values.register_dict_to_class("address", lambda name, _: name)
    assert values.registry.from_dict(values.registry.to_dict(Address("x"))) == "address"
    values.unregister_class_to_dict(Address)
    values.unregister_dict_to_class("address")
    assert "text" in values.registry.to_dict(Address("x"))


# Objects of a daemon


class Daemon:
    def __init__(self) -> None:
        self.asked: list[Any] = []

    def proxyFor(self, obj: Any) -> Address:
        self.asked.append(obj)
        return Address("proxy")


@pytest.fixture
def knowing(classes: ClassRegistry) -> ClassRegistry:
    classes.register_wire_class(Address, "proxy", lambda address: address.text, Address)
    return classes


def test_registered_objects_are_written_as_proxies(knowing: ClassRegistry) -> None:
    daemon, obj, other = Daemon(), Base(), Base()
    obj._pyroDaemon = weakref.proxy(daemon)  # type: ignore[attr-defined]
    knowing.register_class_to_dict(Base, tag("base"))
    assert knowing.to_dict(obj) == {"__class__": "proxy", "state": "proxy"}
    assert daemon.asked == [obj]
    assert knowing.to_dict(other)["__class__"] == "base"
    del daemon
    assert knowing.to_dict(obj)["__class__"] == "base"


def test_objects_of_registered_classes_are_written_as_proxies(knowing: ClassRegistry) -> None:
    class Served:
        _pyroDaemon = Daemon()

    class Derived(Served):
        pass

    for cls in (Served, Derived):
        assert knowing.to_dict(cls())["__class__"] == "proxy"
        with pytest.raises(SerializeError):
            knowing.to_dict(cls)


def test_objects_that_were_registered_once(knowing: ClassRegistry) -> None:
    obj: Any = Base(5)
    obj._pyroDaemon = None
    assert knowing.to_dict(obj) == {"x": 5, "_pyroDaemon": None, "__class__": f"{__name__}.Base"}
    daemon = Daemon()
    obj._pyroDaemon = weakref.proxy(daemon)
    del daemon
    assert knowing.to_dict(obj)["_pyroDaemon"] is None
    assert obj._pyroDaemon is not None


def test_objects_that_have_every_attribute(knowing: ClassRegistry) -> None:
    class Anything:
        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return self

    assert knowing.to_dict(Anything())["__class__"].endswith("Anything")


# Strangers

anything = strategies.recursive(
    strategies.none() | strategies.integers() | strategies.text(max_size=5) | strategies.binary(max_size=3),
    lambda inner: (
        strategies.lists(inner, max_size=3)
        | strategies.dictionaries(
            strategies.text(max_size=3)
            | strategies.sampled_from(
                ("__class__", "args", "attributes", "state", "exception", "__exception__")
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
names = strategies.sampled_from(
    (
        "builtins.ValueError",
        "builtins.OSError",
        "builtins.UnicodeDecodeError",
        "builtins.ExceptionGroup",
        "builtins.SystemExit",
        "builtins.eval",
        "ValueError",
        "Pyro5.errors.PyroError",
        "Pyro5.errors.Unknown",
        "Pyro5.core._ExceptionWrapper",
        "sqlite3.OperationalError",
        "struct.error",
        "a.B",
        "float",
        "complex",
        "collections.OrderedDict",
    )
)


@given(
    name=names | anything,
    content=strategies.dictionaries(
        strategies.sampled_from(
            ("args", "attributes", "exception", "__exception__", "pyroplug_class", "value")
        ),
        anything,
    ),
)
def test_any_dictionary(name: Any, content: dict[str, Any]) -> None:
    with suppress(SerializeError, SecurityError):
        ClassRegistry().recreate({"__class__": name, **content})


# What marshal shares -----------------------------------------------------------------------------------


def carrying(args: Any, **attributes: Any) -> dict[str, Any]:
    return {"__class__": "ValueError", "__exception__": True, "args": args, "attributes": attributes}


def wrapped(error: Any) -> dict[str, Any]:
    return {"__class__": "Pyro5.core._ExceptionWrapper", "exception": error}


@pytest.mark.parametrize(
    "around",
    [
        lambda inner: carrying([inner, inner]),
        lambda inner: carrying([inner], again=inner),
        lambda inner: carrying([[inner], (inner,)], again={"inner": inner}),
        lambda inner: carrying([wrapped(inner), wrapped(inner)]),
    ],
)
def test_exceptions_that_share_exceptions_take_no_time(around: Callable[[Any], Any]) -> None:
    value: Any = carrying([1])
    for _ in range(60):
        value = around(value)
    made = ClassRegistry().recreate(value)
    assert type(made) is ValueError
    assert ClassRegistry().from_dict(value).args


def test_exceptions_that_hold_themselves_take_no_time() -> None:
    value = carrying([])
    value["args"] += [value, [value], value, {"again": value}]
    made = ClassRegistry().recreate([value])[0]
    assert type(made) is ValueError
    assert made.args[0] is value
    wrapper = wrapped(None)
    wrapper["exception"] = wrapper
    with pytest.raises(SerializeError):
        ClassRegistry().recreate(wrapper)


def test_what_cannot_be_made_is_tried_once() -> None:
    tried = []

    def refuse(name: str, data: dict[str, Any]) -> Any:
        tried.append(name)
        raise ValueError(name)

    classes = ClassRegistry()
    classes.register_dict_to_class("Refused", refuse)
    bad = [1, {"__class__": "Refused"}]
    good = [{"__class__": "float", "value": "1.5"}]
    made = classes.recreate(carrying([bad, (bad, good), good], other=[bad]))
    assert made.args == (bad, (bad, good), [1.5])
    assert made.other == [bad]
    assert tried == ["Refused"]
    with pytest.raises(SerializeError, match="cannot be made"):
        classes.recreate([carrying([bad]), bad])


@pytest.mark.parametrize("traceback", [None, ["a line"]])
def test_what_an_exception_shares_is_written_once(traceback: list[str] | None) -> None:
    error, shared = ValueError(1), [1]
    for _ in range(60):
        error, shared = ValueError(error, [error]), [shared, shared]
    described = ClassRegistry().raised_to_dict(ValueError(error, shared), traceback)
    first, second = described["args"]
    assert second[0] is second[1]
    if traceback is None:
        assert first["args"][0] is first["args"][1][0]
