"""What can be reached from afar: what is exposed, and nothing else is even touched."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pyroplug import marshalled
from pyroplug.api import behavior, expose, idempotent, oneway
from pyroplug.exposure import INSTANCE_MODES, exposure_of
from pyroplug.uri import DAEMON_NAME
from pyroplug.wire import Flags, MessageType
from tests.conversation import SERIALIZERS, Conversation, MemoryDaemon, messages_in

NAMES = ["one", "two", "three", "_private", "__hidden", "__len__", "__call__", "__getitem__", "__class__x"]
KINDS = ["method", "static", "class", "property", "read-only", "exposed object", "exposed class", "value"]

touched: list[str] = []
"""What ran, or was looked at, of the objects below."""


@expose
class Inner:
    """Everything of it is exposed, but it is not registered."""

    def __init__(self) -> None:
        touched.append("Inner")

    def __call__(self, *_: Any) -> str:
        touched.append("Inner()")
        return "inner"

    def work(self) -> str:
        touched.append("Inner.work")
        return "inner"


_INNER = Inner()


def member(name: str, kind: str, exposed: bool) -> Any:
    """A member of a class, which notes that it was reached."""

    def function(*_: Any, **__: Any) -> str:
        touched.append(f"{'exposed' if exposed else 'secret'} {name}")
        return name

    function.__name__ = name
    mark: Callable[[Any], Any] = expose if exposed else lambda value: value
    if kind == "method":
        return mark(function)
    if kind == "static":
        return staticmethod(mark(function))
    if kind == "class":
        return classmethod(mark(function))
    if kind == "property":
        made = property(function, function)
        return mark(made)
    if kind == "read-only":
        return mark(property(function))
    return {"exposed object": _INNER, "exposed class": Inner, "value": function}[kind]


class Watching:
    """Notes each attribute that is asked for."""

    def __getattribute__(self, name: str) -> Any:
        if name not in ("__class__", "__dict__"):
            touched.append(f"asked for {name}")
        return object.__getattribute__(self, name)

    def __getattr__(self, name: str) -> Any:
        touched.append(f"missed {name}")
        raise AttributeError(name)


Members = dict[str, tuple[str, bool]]
members: st.SearchStrategy[Members] = st.dictionaries(
    st.sampled_from([*NAMES[:3], "__len__", "__getitem__"]),
    st.tuples(st.sampled_from(KINDS), st.booleans()),
    max_size=5,
)


def class_of(chosen: Members, base: type = Watching) -> type:
    body = {
        name: member(name, kind, exposed and kind not in KINDS[5:])
        for name, (kind, exposed) in chosen.items()
    }
    return type("Made", (base,), {**body, "always": expose(lambda self: "always")})


# The ways in which a name can be said


def said(client: Conversation, name: str) -> Iterator[bytes]:
    """Requests that try to reach something by a name."""
    for flags in (0, Flags.EXCEPTION, Flags.ITEM_STREAM_RESULT, Flags.ONEWAY, 0x100, 0x8000):
        yield client.invoke(name, flags=flags)
        yield client.invoke("__getattr__", name, flags=flags)
        yield client.invoke("__setattr__", name, "changed", flags=flags)
        yield client.batch((name, (), {}), ("__getattr__", (name,), {}), flags=flags)
    yield client.batch(("__setattr__", (name, 1), {}))
    yield client.invoke(name, kwargs={"name": name})
    for method in ("__getattribute__", "__delattr__", "__call__", "__class__", "__init__", "__reduce_ex__"):
        yield client.invoke(method, name)
    for path in (
        f"always.{name}",
        f"{name}.work",
        f"{name}.__call__",
        f"always.__self__.{name}",
        f"{name}()",
    ):
        yield client.invoke(path)
        yield client.invoke("__getattr__", path)
    about = marshalled.dump(({}, "thing", name))
    yield client.invoke(name, flags=Flags.KEEP_SERIALIZED, annotations={"BLBI": about})
    yield client.invoke("always", flags=Flags.KEEP_SERIALIZED, annotations={"BLBI": about})
    yield client.invoke("get_metadata", f"thing.{name}", object_id=DAEMON_NAME)
    yield client.invoke("get_next_stream_item", name, object_id=DAEMON_NAME)
    yield client.invoke(name, object_id=f"thing.{name}")
    yield client.invoke(name, annotations={"METH": name.encode(), "STRM": b"x" * 36})


def reach(client: Conversation, names: list[str]) -> None:
    for name in names:
        for request in said(client, name):
            for message in messages_in(client.send(request)):
                assert message.type == MessageType.RESULT
            client.run_spawned()


@given(members, members, st.sampled_from(SERIALIZERS))
@hypothesis_settings(max_examples=60)
def test_nothing_but_what_is_exposed_is_touched(chosen: Members, inherited: Members, serializer: str) -> None:
    cls = class_of(chosen, class_of(inherited))
    daemon = MemoryDaemon({"thing": cls()})
    client = Conversation(daemon, serializer).greet()
    touched.clear()
    reach(client, NAMES)
    exposure = exposure_of(cls)
    allowed = {"always", *exposure.methods, *exposure.attrs}
    for what in touched:
        how, _, name = what.rpartition(" ")
        assert how in ("asked for", "exposed"), what
        assert name in allowed, what


@pytest.mark.parametrize("name", ["registered", "info", "daemon", "__init__", "_check_told", "__dict__"])
def test_the_daemons_own_object(name: str) -> None:
    """It is exposed, and its daemon is not."""
    daemon = MemoryDaemon({})
    client = Conversation(daemon).greet(DAEMON_NAME)
    for path in (f"daemon.{name}", "daemon", "__dict__", "_check_told", "daemon.shutdown", "daemon.config"):
        for method, args in ((path, ()), ("__getattr__", (path,)), ("__setattr__", (path, 1))):
            with pytest.raises(AttributeError):
                client.call(method, *args, object_id=DAEMON_NAME)


# Methods that are not what was exposed


class Work:
    @expose
    def work(self) -> str:
        return "exposed"

    @staticmethod
    @expose
    def still() -> str:
        return "still"

    @staticmethod
    def _private() -> str:
        touched.append("private")
        return "private"

    def _secret(self) -> str:
        touched.append("secret")
        return "secret"

    @expose  # type: ignore[prop-decorator]
    @property
    def level(self) -> int:
        return 1


@pytest.mark.parametrize("shadow", [lambda: touched.append("secret"), _INNER, Inner, Work()._secret, print])
@pytest.mark.parametrize("name", ["work", "still"])
def test_an_attribute_in_the_place_of_a_method(shadow: Any, name: str) -> None:
    """As with Pyro5 it has to be marked itself."""
    thing = Work()
    client = Conversation(MemoryDaemon({"thing": thing})).greet()
    assert client.call(name)
    setattr(thing, name, shadow)
    touched.clear()
    with pytest.raises(AttributeError, match="has no exposed method"):
        client.call(name)
    assert touched == []
    setattr(thing, name, expose(lambda: "marked"))
    assert client.call(name) == "marked"


def test_a_class_that_was_changed() -> None:
    cls = type("Changing", (Work,), {"own": expose(lambda self: 1)})
    client = Conversation(MemoryDaemon({"thing": cls()})).greet()
    assert client.call("own") == 1
    cls.own = lambda self: touched.append("secret")  # type: ignore[attr-defined]
    touched.clear()
    with pytest.raises(AttributeError, match="has no exposed method"):
        client.call("own")
    assert touched == []
    cls.own = expose(lambda self: 2)  # type: ignore[attr-defined]
    assert client.call("own") == 2
    del cls.own  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        client.call("own")


class Less(Work):
    """Takes back what its base class exposes."""

    def work(self) -> str:
        touched.append("less")
        return "less"

    @property
    def level(self) -> int:
        touched.append("less")
        return 2


@pytest.mark.parametrize("mode", INSTANCE_MODES)
def test_an_instance_of_a_class_that_exposes_less(mode: str) -> None:
    registered = behavior(mode, lambda _cls: made())(type("Registered", (Work,), {}))
    made = type("Made", (Less, registered), {})
    client = Conversation(MemoryDaemon({"thing": registered})).greet()
    touched.clear()
    for method, args in (("work", ()), ("__getattr__", ("level",)), ("__setattr__", ("level", 1))):
        with pytest.raises(AttributeError):
            client.call(method, *args)
    assert touched == []
    assert client.call("still") == "still"


# What belongs to another client


@expose
class Streams:
    def items(self) -> Iterator[int]:
        yield from range(100)

    @oneway
    @idempotent
    def note(self) -> None:
        pass


def test_streams_of_other_clients() -> None:
    daemon = MemoryDaemon({"thing": Streams()})
    mine, other = Conversation(daemon).greet(), Conversation(daemon).greet()
    answer = mine.ask(mine.invoke("items"))
    assert answer is not None
    stream_id = bytes(answer.annotations["STRM"]).decode()
    for _ in range(3):
        with pytest.raises(Exception, match="item stream terminated"):
            other.call("get_next_stream_item", stream_id, object_id=DAEMON_NAME)
        assert other.call("get_next_stream_items", stream_id, 0, 9, object_id=DAEMON_NAME)[0] == []
        other.call("close_stream", stream_id, object_id=DAEMON_NAME)
        other.send(other.invoke("close_stream", stream_id, object_id=DAEMON_NAME, flags=Flags.ONEWAY))
        other.run_spawned()
        other.send(other.batch(("close_stream", (stream_id,), {}), object_id=DAEMON_NAME))
    taken = [mine.call("get_next_stream_item", stream_id, object_id=DAEMON_NAME) for _ in range(3)]
    assert taken == [0, 1, 2]


def test_ids_that_nobody_can_guess() -> None:
    daemon = MemoryDaemon({"thing": Streams()})
    client = Conversation(daemon).greet()
    answers = [client.ask(client.invoke("items")) for _ in range(50)]
    ids = {bytes(answer.annotations["STRM"]) for answer in answers if answer is not None}
    assert len(ids) == 50
    places = [{each[place] for each in ids} for place in range(36)]
    assert sum(len(place) > 5 for place in places) >= 30
    assert not any(a[:20] == b[:20] for a, b in itertools.combinations(ids, 2))
