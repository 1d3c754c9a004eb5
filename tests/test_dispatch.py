from __future__ import annotations

import threading
from typing import Any

import pytest

from pyroplug.context import ClientConnection
from pyroplug.dispatch import Dispatcher
from pyroplug.errors import DaemonError, ProtocolError
from pyroplug.exposure import behavior, expose
from pyroplug.objects import ObjectTable

from .served import Thing


@pytest.fixture
def thing() -> Thing:
    return Thing()


@pytest.fixture
def table(thing: Thing) -> ObjectTable:
    table = ObjectTable(threading.RLock)
    table.add("thing", thing)
    return table


@pytest.fixture
def dispatcher(table: ObjectTable) -> Dispatcher:
    return Dispatcher(table)


@pytest.fixture
def mine() -> ClientConnection:
    return ClientConnection(None)


class TestMethods:
    def test_are_found_bound_to_their_object(
        self, dispatcher: Dispatcher, mine: ClientConnection, thing: Thing
    ) -> None:
        found = dispatcher.resolve(mine, "thing", "echo", ())
        assert found == thing.echo
        assert thing.reached == []

    @pytest.mark.parametrize(
        "name", ["secret", "hidden", "plain", "level", "_level", "__init__", "", "echo "]
    )
    def test_that_are_not_exposed_are_not_even_looked_at(
        self, dispatcher: Dispatcher, mine: ClientConnection, thing: Thing, name: str
    ) -> None:
        with pytest.raises(AttributeError, match=r"exposed|private") as caught:
            dispatcher.resolve(mine, "thing", name, ())
        assert repr(name) in str(caught.value)
        assert "'thing'" in str(caught.value)
        assert thing.reached == []

    def test_no_instance_is_made_for_one_that_is_not_there(
        self, dispatcher: Dispatcher, table: ObjectTable, mine: ClientConnection
    ) -> None:
        table.add("class", Thing)
        for name, args in (("secret", ()), ("__getattr__", ("hidden",)), ("__setattr__", ("fixed", 1))):
            with pytest.raises(AttributeError):
                dispatcher.resolve(mine, "class", name, args)
        assert mine.instances == {}
        dispatcher.resolve(mine, "class", "echo", ())
        assert list(mine.instances) == [Thing]

    @pytest.mark.parametrize("object_id", ["other", "", None, 5])
    def test_of_an_object_that_is_not_there(
        self, dispatcher: Dispatcher, mine: ClientConnection, object_id: Any
    ) -> None:
        with pytest.raises(DaemonError, match="unknown object"):
            dispatcher.resolve(mine, object_id, "echo", ())
        assert not dispatcher.is_callback(object_id, "echo")

    def test_an_attribute_of_the_object_is_no_way_around(
        self, dispatcher: Dispatcher, mine: ClientConnection, table: ObjectTable
    ) -> None:
        """An exposed class as an attribute: it could be called, and is no method."""

        @expose
        class Holder:
            inner = Thing

            def work(self) -> None:
                pass

        holder = Holder()
        holder.other = Thing()  # type: ignore[attr-defined]
        table.add("holder", holder)
        for name in ("inner", "other", "inner.echo", "other.echo", "work.__func__"):
            with pytest.raises(AttributeError):
                dispatcher.resolve(mine, "holder", name, ())
            with pytest.raises(AttributeError):
                dispatcher.resolve(mine, "holder", "__getattr__", (name,))

    def test_callbacks_are_known(self, dispatcher: Dispatcher) -> None:
        assert dispatcher.is_callback("thing", "call_back")
        assert not dispatcher.is_callback("thing", "echo")
        assert not dispatcher.is_callback("thing", "secret")


class TestWhatServesOtherCallsAsWell:
    def test_is_a_method_of_an_object(self, dispatcher: Dispatcher) -> None:
        assert dispatcher.is_lasting("thing", "echo")

    @pytest.mark.parametrize("name", ["__getattr__", "__setattr__", "secret", "nothing"])
    def test_is_nothing_that_depends_on_the_arguments(self, dispatcher: Dispatcher, name: str) -> None:
        assert not dispatcher.is_lasting("thing", name)

    @pytest.mark.parametrize("mode", ["session", "single", "percall"])
    def test_is_no_method_of_a_class(self, dispatcher: Dispatcher, table: ObjectTable, mode: str) -> None:
        table.add("class", behavior(mode)(type("Sub", (Thing,), {})))
        assert not dispatcher.is_lasting("class", "echo")

    def test_is_no_method_of_what_may_be_gone(
        self, dispatcher: Dispatcher, table: ObjectTable, thing: Thing
    ) -> None:
        table.add("weak", thing, weak=True)
        assert not dispatcher.is_lasting("weak", "echo")
        assert not dispatcher.is_lasting("gone", "echo")


class TestProperties:
    @pytest.mark.parametrize("args", [("level",), ["level"]])
    def test_are_read(self, dispatcher: Dispatcher, mine: ClientConnection, thing: Thing, args: Any) -> None:
        read = dispatcher.resolve(mine, "thing", "__getattr__", args)
        assert thing.reached == []
        assert read(*args) == 1
        assert thing.reached == ["get level"]

    def test_are_written(self, dispatcher: Dispatcher, mine: ClientConnection, thing: Thing) -> None:
        write = dispatcher.resolve(mine, "thing", "__setattr__", ("level", 7))
        assert thing.reached == []
        write("level", 7)
        assert thing.level == 7

    @pytest.mark.parametrize("name", ["hidden", "secret", "echo", "_level", "plain", "__class__", "__dict__"])
    def test_that_are_not_exposed_are_not_even_looked_at(
        self, dispatcher: Dispatcher, mine: ClientConnection, thing: Thing, name: str
    ) -> None:
        for method, args in (("__getattr__", (name,)), ("__setattr__", (name, 5))):
            with pytest.raises(AttributeError, match=r"exposed|private"):
                dispatcher.resolve(mine, "thing", method, args)
        assert thing.reached == []

    def test_without_a_setter_are_not_written(self, dispatcher: Dispatcher, mine: ClientConnection) -> None:
        with pytest.raises(AttributeError, match="the property 'fixed' of 'thing' cannot be set"):
            dispatcher.resolve(mine, "thing", "__setattr__", ("fixed", 5))

    @pytest.mark.parametrize("args", [(), ("level", "default", 3), "level", {"level": 1}, None, 5])
    @pytest.mark.parametrize("method", ["__getattr__", "__setattr__"])
    def test_need_a_name_and_nothing_else(
        self, dispatcher: Dispatcher, mine: ClientConnection, thing: Thing, method: str, args: Any
    ) -> None:
        with pytest.raises(ProtocolError, match="a property's name is wanted"):
            dispatcher.resolve(mine, "thing", method, args)
        assert thing.reached == []

    def test_a_default_is_not_handed_in(self, dispatcher: Dispatcher, mine: ClientConnection) -> None:
        with pytest.raises(ProtocolError):
            dispatcher.resolve(mine, "thing", "__getattr__", ("hidden", "default"))

    @pytest.mark.parametrize("name", [None, 5, [], {}, ("level",)])
    def test_names_are_texts(self, dispatcher: Dispatcher, mine: ClientConnection, name: Any) -> None:
        with pytest.raises(AttributeError, match="no exposed method or property"):
            dispatcher.resolve(mine, "thing", "__getattr__", (name,))


def test_the_instance_mode_decides_who_answers(dispatcher: Dispatcher, table: ObjectTable) -> None:
    table.add("percall", behavior("percall")(type("PerCall", (Thing,), {})))
    one, two = ClientConnection(None), ClientConnection(None)
    first = dispatcher.resolve(one, "percall", "echo", ())
    assert first.__self__ is not dispatcher.resolve(one, "percall", "echo", ()).__self__  # type: ignore[attr-defined]
    table.add("session", type("PerSession", (Thing,), {}))
    first = dispatcher.resolve(one, "session", "echo", ())
    assert first.__self__ is dispatcher.resolve(one, "session", "give", ()).__self__  # type: ignore[attr-defined]
    assert first.__self__ is not dispatcher.resolve(two, "session", "echo", ()).__self__  # type: ignore[attr-defined]
