"""What a hook returns is measured against its contract; what breaks it is refused, with its place."""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyroplug.contracts import ConfigItem
from pyroplug.errors import PluginError, PluginUnavailableError
from pyroplug.plugins import Kind, Provided, Status
from pyroplug.plugins.conformance import check

from .fabricate import (
    FakeNameService,
    FakeNameStorage,
    FakeObserver,
    FakeSerializer,
    FakeServerModel,
    FakeTransport,
    FakeValidator,
    offering,
    record_of,
    set_of,
)

GOOD = {
    Kind.SERIALIZER: FakeSerializer(),
    Kind.TRANSPORT: FakeTransport(),
    Kind.SERVER: FakeServerModel(),
    Kind.HANDSHAKE_VALIDATOR: FakeValidator(),
    Kind.CALL_OBSERVER: FakeObserver(),
    Kind.NAME_SERVICE: FakeNameService(),
    Kind.NAME_STORAGE: FakeNameStorage(),
    Kind.RESOURCE_TRACKER: SimpleNamespace(name="fake", open=lambda peer, settings: None),
    Kind.CONFIG_ITEM: ConfigItem("FAKE", 3, "a number"),
}


def breach(kind: Kind, value: object) -> PluginError:
    with pytest.raises(PluginError) as caught:
        check(kind, value)
    assert caught.value.hint
    return caught.value


def test_there_is_an_example_of_every_kind() -> None:
    assert GOOD.keys() == set(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_a_good_object_is_taken_with_its_facts(kind: Kind) -> None:
    facts = check(kind, GOOD[kind])
    assert facts == {trait.attribute: getattr(GOOD[kind], trait.attribute) for trait in kind.traits}


MEMBERS = [(kind, member) for kind in Kind for member in vars(kind.contract) if not member.startswith("_")]


@pytest.mark.parametrize(("kind", "member"), MEMBERS)
def test_every_member_of_a_contract_is_required(kind: Kind, member: str) -> None:
    class Incomplete:
        def __getattr__(self, name: str) -> Any:
            if name == member:
                raise AttributeError(name)
            return getattr(GOOD[kind], name)

    error = breach(kind, Incomplete())
    text = str(error)
    assert f"has no {member!r}" in text
    assert "Incomplete" in text
    assert __file__ in text
    assert kind.contract.__name__ in (error.hint or "")


METHODS = [(kind, member) for kind, member in MEMBERS if callable(vars(kind.contract)[member])]


async def coroutine(*args: Any) -> None: ...
def generator(*args: Any) -> Any:
    yield


async def asynchronous_generator(*args: Any) -> Any:
    yield


@pytest.mark.parametrize(("kind", "member"), METHODS)
@pytest.mark.parametrize(
    ("method", "told"),
    [
        (lambda a, b, c, d, e, f: None, "missing a required"),
        (lambda *args, needed: None, "'needed'"),
        ("text", "cannot be called"),
        (coroutine, "asynchronous"),
        (generator, "generator"),
        (asynchronous_generator, "asynchronous"),
    ],
)
def test_every_method_must_take_its_arguments_and_run(
    kind: Kind, member: str, method: Any, told: str
) -> None:
    members = {name: getattr(GOOD[kind], name) for of, name in MEMBERS if of is kind}
    error = breach(kind, SimpleNamespace(**{**members, member: method}))
    assert repr(member) in str(error) or f"{member}(" in str(error)
    assert told in str(error)


WITH_ARGUMENTS = [
    (kind, member)
    for kind, member in METHODS
    if len(inspect.signature(vars(kind.contract)[member]).parameters) > 1
]


@pytest.mark.parametrize(("kind", "member"), WITH_ARGUMENTS)
def test_a_method_that_takes_no_arguments_where_it_is_given_some(kind: Kind, member: str) -> None:
    members = {name: getattr(GOOD[kind], name) for of, name in MEMBERS if of is kind}
    error = breach(kind, SimpleNamespace(**{**members, member: lambda: None}))
    assert f"has {member}(), but is called as {member}(" in str(error)
    assert "too many positional arguments" in str(error)


@pytest.mark.parametrize(("kind", "member"), METHODS)
def test_arguments_may_have_any_name_and_defaults(kind: Kind, member: str) -> None:
    members = {name: getattr(GOOD[kind], name) for of, name in MEMBERS if of is kind}
    assert check(kind, SimpleNamespace(**{**members, member: lambda *values, extra=1: None}))


def test_a_method_that_does_not_tell_its_arguments_is_taken() -> None:
    assert check(Kind.RESOURCE_TRACKER, SimpleNamespace(name="c", open=dict.fromkeys))
    assert check(Kind.RESOURCE_TRACKER, SimpleNamespace(name="c", open=type))


@pytest.mark.parametrize(
    ("kind", "attribute", "value"),
    [
        *((kind, "name", value) for kind in Kind for value in (None, 3, b"x", "", "a b", "a,b", "a:b")),
        *((Kind.SERIALIZER, "wire_id", value) for value in (0, -1, 256, "4", None, 4.0, True)),
        *((Kind.SERIALIZER, "carries", value) for value in ("bytes", None, {"bytes"}, frozenset([1]))),
        *((Kind.TRANSPORT, "scheme", value) for value in ("", 3, "a b", "a:b", "a/b")),
        *((Kind.SERVER, "aliases", value) for value in ("x", None, {"x"}, frozenset([3]), frozenset([""]))),
        *((Kind.SERVER, "aliases", frozenset([value])) for value in ("a b", "a,b", "a:b")),
        (Kind.CONFIG_ITEM, "name", "lower"),
        *((Kind.CONFIG_ITEM, "default", value) for value in ({}, b"x", [1], object())),
        *((Kind.CONFIG_ITEM, "summary", value) for value in ("", "two\nlines", None)),
        *((Kind.CONFIG_ITEM, name, value) for name in ("minimum", "maximum") for value in ("0", True, ())),
        *((Kind.CONFIG_ITEM, "choices", value) for value in (None, "ab", [1], (None,))),
        *((Kind.CONFIG_ITEM, "secret", value) for value in (None, 1, "yes")),
    ],
)
def test_facts_of_a_wrong_type_or_range(kind: Kind, attribute: str, value: Any) -> None:
    members = {name: getattr(GOOD[kind], name) for of, name in MEMBERS if of is kind}
    error = breach(kind, SimpleNamespace(**{**members, attribute: value}))
    (trait,) = [trait for trait in kind.traits if trait.attribute == attribute]
    assert repr(attribute) in str(error)
    assert type(value).__name__ in str(error)
    assert trait.expected in str(error)


@given(st.integers(1, 255))
def test_every_wire_id_from_1_to_255_is_right(wire_id: int) -> None:
    assert check(Kind.SERIALIZER, FakeSerializer(wire_id=wire_id))["wire_id"] == wire_id


@given(st.integers().filter(lambda value: not 1 <= value <= 255))
def test_no_other_number_is(wire_id: int) -> None:
    assert "from 1 to 255" in str(breach(Kind.SERIALIZER, FakeSerializer(wire_id=wire_id)))


@pytest.mark.parametrize("default", [True, 1, 1.5, "x", None, (), ("a", "b"), ["a"]])
def test_defaults_of_config_items(default: Any) -> None:
    assert check(Kind.CONFIG_ITEM, ConfigItem("FAKE", default, "a value"))


def test_a_class_instead_of_an_instance() -> None:
    error = breach(Kind.SERIALIZER, FakeSerializer)
    assert "FakeSerializer" in str(error)
    assert "is a class" in str(error)
    assert "FakeSerializer()" in (error.hint or "")


def test_a_property_that_raises() -> None:
    class Broken(FakeTransport):
        @property
        def adopt(self) -> Any:
            raise OSError("no network")

    error = breach(Kind.TRANSPORT, Broken())
    assert "OSError: no network" in str(error)
    assert "'adopt'" in str(error)


def test_a_value_that_cannot_be_shown() -> None:
    class Mute:
        def __repr__(self) -> str:
            raise RuntimeError

    assert "Mute" in str(breach(Kind.SERIALIZER, FakeSerializer(name=Mute())))


def test_something_without_a_source_file() -> None:
    assert "int (module builtins) has no 'name'" in str(breach(Kind.SERIALIZER, 3))


# One bad object among good ones ------------------------------------------------------------------------


def test_a_bad_object_takes_out_itself_alone() -> None:
    good, bad = FakeSerializer("good"), FakeSerializer("bad", wire_id=999)
    plugins = set_of(
        mixed=offering(serializer=[bad, good, 3], transport=[FakeTransport()]),
        other=offering(serializer=[FakeSerializer("other", 71)]),
    )
    record = record_of(plugins, "mixed")
    assert record.status is Status.FAILED
    assert [(it.kind, it.name, it.status) for it in record.provides] == [
        (Kind.SERIALIZER, "bad", Status.FAILED),
        (Kind.SERIALIZER, "good", Status.ACTIVE),
        (Kind.SERIALIZER, "int", Status.FAILED),
        (Kind.TRANSPORT, "fake", Status.ACTIVE),
    ]
    assert "999" in (record.problem or "")
    assert "int (module builtins)" in (record.problem or "")
    assert plugins.names(Kind.SERIALIZER) == ("good", "other")
    with pytest.raises(PluginUnavailableError, match="999") as caught:
        plugins.get(Kind.SERIALIZER, "bad")
    assert "plugin 'mixed' (given by the program)" in str(caught.value)


def test_what_is_provided_is_told_with_its_key() -> None:
    plugin = offering(
        serializer=[FakeSerializer("s", 70, frozenset({"bytes"}))],
        transport=[FakeTransport("t", None), FakeTransport("u", "u")],
        server=[FakeServerModel("m", frozenset({"z", "y"})), FakeServerModel("n")],
        handshake_validator=[FakeValidator("v")],
    )
    assert record_of(set_of(good=plugin), "good").provides == (
        Provided(Kind.SERIALIZER, "s", "id 70", {"wire_id": 70, "carries": frozenset({"bytes"})}),
        Provided(Kind.TRANSPORT, "t", "host:port", {"scheme": None}),
        Provided(Kind.TRANSPORT, "u", "./u:", {"scheme": "u"}),
        Provided(Kind.SERVER, "m", "also y, z", {"aliases": frozenset({"y", "z"})}),
        Provided(Kind.SERVER, "n", "", {"aliases": frozenset()}),
        Provided(Kind.HANDSHAKE_VALIDATOR, "v"),
    )
