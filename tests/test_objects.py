from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from pyroplug.context import ClientConnection
from pyroplug.errors import DaemonError
from pyroplug.exposure import behavior, expose, forget_exposure
from pyroplug.objects import ObjectTable

from .support import PATIENCE, wait_for

InThread = Callable[..., "Future[Any]"]


@expose
class Plain:
    def work(self) -> None:
        pass


class Empty:
    """Instances that look like nothing."""

    made = 0

    def __init__(self) -> None:
        type(self).made += 1

    def __len__(self) -> int:
        return 0


@pytest.fixture
def table() -> ObjectTable:
    return ObjectTable(threading.RLock)


def client() -> ClientConnection:
    return ClientConnection(None)


def moded(mode: str, creator: Any = None, base: type = Empty) -> Any:
    """A class with that instance mode, which counts its instances."""
    return behavior(mode, creator)(type("Moded", (base,), {"made": 0}))


class TestTable:
    def test_gives_what_was_added(self, table: ObjectTable) -> None:
        one, two = Plain(), Plain()
        entry = table.add("one", one)
        table.add("two", two)
        assert (entry.object_id, entry.cls, entry.target, entry.fixed) == ("one", Plain, one, one)
        assert table.get("one") is entry
        assert list(table) == ["one", "two"]
        assert len(table) == 2
        assert "one" in table
        assert "three" not in table
        assert table.items() == {"one": one, "two": two}
        assert entry.exposure.methods == {"work"}

    @pytest.mark.parametrize("wrong", ["other", "", None, 5, [], {}])
    def test_knows_nothing_else(self, table: ObjectTable, wrong: Any) -> None:
        table.add("one", Plain())
        with pytest.raises(DaemonError, match="unknown object") as caught:
            table.get(wrong)
        assert caught.value.hint is not None
        assert caught.value.__suppress_context__

    def test_an_id_is_taken_once(self, table: ObjectTable) -> None:
        first, second = Plain(), Plain()
        table.add("one", first)
        with pytest.raises(DaemonError, match="registered as 'one' already"):
            table.add("one", second)
        assert table.get("one").target is first
        table.add("one", second, force=True)
        assert table.get("one").target is second
        assert len(table) == 1

    def test_forgets(self, table: ObjectTable) -> None:
        entry = table.add("one", Plain())
        assert table.remove("one") is entry
        assert table.remove("one") is None
        with pytest.raises(DaemonError):
            table.get("one")

    def test_an_object_serves_everybody(self, table: ObjectTable) -> None:
        target = Plain()
        entry = table.add("one", target)
        assert entry.instance_for(client()) is entry.instance_for(client()) is target

    def test_a_falsy_object_serves_as_well(self, table: ObjectTable) -> None:
        target = Empty()
        assert table.add("one", target).instance_for(client()) is target

    def test_exposed_members_are_looked_at_anew(self, table: ObjectTable) -> None:
        class Growing:
            pass

        table.add("one", Growing())

        @expose
        def later(self: Any) -> None:
            pass

        Growing.later = later  # type: ignore[attr-defined]
        forget_exposure(Growing)
        assert table.get("one").exposure.methods == set()
        table.refresh("one")
        assert table.get("one").exposure.methods == {"later"}
        with pytest.raises(DaemonError):
            table.refresh("other")


class TestInstanceModes:
    def test_nothing_is_made_before_the_first_call(self, table: ObjectTable) -> None:
        for mode in ("session", "single", "percall"):
            cls = moded(mode)
            entry = table.add(mode, cls)
            assert entry.target is cls
            assert cls.made == 0

    def test_session_is_one_for_each_connection(self, table: ObjectTable) -> None:
        cls = moded("session")
        entry = table.add("one", cls)
        mine, other = client(), client()
        instances = [entry.instance_for(who) for who in (mine, mine, other, mine)]
        assert instances[0] is instances[1] is instances[3]
        assert instances[2] is not instances[0]
        assert cls.made == 2
        assert mine.instances == {cls: instances[0]}

    def test_session_is_what_a_class_has_by_default(self, table: ObjectTable) -> None:
        entry, mine = table.add("one", Plain), client()
        assert entry.instance_for(mine) is entry.instance_for(mine)
        assert entry.instance_for(client()) is not entry.instance_for(mine)

    def test_single_is_one_for_all(self, table: ObjectTable) -> None:
        cls = moded("single")
        entry = table.add("one", cls)
        assert entry.instance_for(client()) is entry.instance_for(client())
        assert cls.made == 1

    def test_percall_is_a_new_one_each_time(self, table: ObjectTable) -> None:
        cls = moded("percall")
        entry, mine = table.add("one", cls), client()
        kept = [entry.instance_for(mine) for _ in range(3)]
        assert len({id(instance) for instance in kept}) == 3

    @pytest.mark.parametrize("mode", ["session", "single", "percall"])
    def test_a_creator_makes_instances(self, table: ObjectTable, mode: str) -> None:
        asked = []

        def creator(cls: type) -> Any:
            asked.append(cls)
            return cls()

        cls = moded(mode, creator)
        instance = table.add("one", cls).instance_for(client())
        assert type(instance) is cls
        assert asked == [cls]

    @pytest.mark.parametrize("mode", ["session", "single", "percall"])
    def test_a_creator_may_make_a_derived_class(self, table: ObjectTable, mode: str) -> None:
        cls = moded(mode, lambda cls: type("Derived", (cls,), {})())
        assert isinstance(table.add("one", cls).instance_for(client()), cls)

    @pytest.mark.parametrize("mode", ["session", "single", "percall"])
    @pytest.mark.parametrize("made", [None, 5, Plain])
    def test_a_creator_must_make_an_instance_of_the_class(
        self, table: ObjectTable, mode: str, made: Any
    ) -> None:
        entry, mine = table.add("one", moded(mode, lambda cls: made)), client()
        for _ in range(2):
            with pytest.raises(TypeError, match="the instance creator of Moded made an object of type"):
                entry.instance_for(mine)
        assert mine.instances == {}

    @pytest.mark.parametrize("mode", ["session", "single", "percall"])
    @pytest.mark.parametrize("error", [ValueError("no"), SystemExit("no")])
    def test_a_creators_errors_are_logged_and_raised(
        self, table: ObjectTable, mode: str, error: BaseException, caplog: pytest.LogCaptureFixture
    ) -> None:
        failing = [error]

        def creator(cls: type) -> Any:
            if failing:
                raise failing.pop()
            return cls()

        entry, mine = table.add("one", moded(mode, creator)), client()
        with pytest.raises(type(error), match="no"):
            entry.instance_for(mine)
        assert "the instance creator of" in caplog.text
        assert isinstance(entry.instance_for(mine), Empty)  # the next call tries again


class TestThreads:
    @pytest.mark.parametrize("mode", ["single", "session"])
    def test_race_for_one_instance(self, table: ObjectTable, in_thread: InThread, mode: str) -> None:
        class Slow(Empty):
            def __init__(self) -> None:
                super().__init__()
                both_there.wait(0.05)

        both_there = threading.Event()
        start = threading.Barrier(4)
        cls = moded(mode, base=Slow)
        entry, mine = table.add("one", cls), client()

        def call() -> Any:
            start.wait(PATIENCE)
            return entry.instance_for(mine)

        instances = [future.result(PATIENCE) for future in [in_thread(call) for _ in range(4)]]
        assert len(set(map(id, instances))) == 1
        assert cls.made == 1

    @pytest.mark.parametrize("mode", ["single", "session"])
    def test_one_that_takes_its_time_holds_up_nobody_else(
        self, table: ObjectTable, in_thread: InThread, mode: str
    ) -> None:
        """Its constructor may wait for a call of another object in the same daemon."""
        begun, may_end = threading.Event(), threading.Event()

        class Slow(Empty):
            def __init__(self) -> None:
                super().__init__()
                begun.set()
                wait_for(may_end)

        entry = table.add("slow", moded(mode, base=Slow))
        others = [table.add(each, moded(each)) for each in ("single", "session")]
        slow = in_thread(entry.instance_for, client())
        wait_for(begun)
        try:
            for other in others:
                assert isinstance(in_thread(other.instance_for, client()).result(PATIENCE / 4), Empty)
            in_thread(table.add, "another", Plain()).result(PATIENCE / 4)
        finally:
            may_end.set()
        assert isinstance(slow.result(PATIENCE), Slow)

    def test_a_connection_does_not_wait_for_another_ones_instance(
        self, table: ObjectTable, in_thread: InThread
    ) -> None:
        begun, may_end = threading.Event(), threading.Event()

        class SlowAtFirst(Empty):
            def __init__(self) -> None:
                super().__init__()
                if type(self).made == 1:
                    begun.set()
                    wait_for(may_end)

        entry = table.add("one", moded("session", base=SlowAtFirst))
        slow = in_thread(entry.instance_for, client())
        wait_for(begun)
        try:
            in_thread(entry.instance_for, client()).result(PATIENCE / 4)
        finally:
            may_end.set()
        slow.result(PATIENCE)


class TestWeak:
    def test_serves_as_long_as_somebody_holds_it(self, table: ObjectTable) -> None:
        target = Plain()
        entry = table.add("one", target, weak=True)
        assert entry.instance_for(client()) is entry.target is target
        del target
        gc.collect()
        assert "one" not in table
        assert entry.target is None
        with pytest.raises(DaemonError, match="the object 'one' is gone: it was registered weakly"):
            entry.instance_for(client())

    def test_is_not_listed_once_it_is_gone(self, table: ObjectTable) -> None:
        target: Any = Plain()
        entry = table.add("one", target, weak=True)
        table._registrations["still there"] = entry
        del target
        gc.collect()
        assert table.items() == {}

    def test_leaves_a_successor_alone(self, table: ObjectTable) -> None:
        target, successor = Plain(), Plain()
        table.add("one", target, weak=True)
        table.add("one", successor, force=True)
        del target
        gc.collect()
        assert table.get("one").target is successor

    def test_does_not_keep_the_table_alive(self) -> None:
        table, target = ObjectTable(threading.RLock), Plain()
        table.add("one", target, weak=True)
        gone = weakref.ref(table)
        del table
        gc.collect()
        assert gone() is None
        del target

    def test_a_falsy_object_is_not_gone(self, table: ObjectTable) -> None:
        target = Empty()
        assert table.add("one", target, weak=True).instance_for(client()) is target

    def test_is_for_objects_that_can_be_referenced_weakly(self, table: ObjectTable) -> None:
        with pytest.raises(TypeError, match="the class Plain cannot be registered weakly"):
            table.add("one", Plain, weak=True)
        with pytest.raises(TypeError, match="weak reference"):
            table.add("one", [], weak=True)
        assert "one" not in table
