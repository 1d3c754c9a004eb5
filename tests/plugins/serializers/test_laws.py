"""What every serializer's codec has to do."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given, strategies

from pyroplug.contracts import Serializer, joined, size_of
from pyroplug.errors import RemoteError, SecurityError, SerializeError
from pyroplug.values import ClassRegistry, ExceptionWrapper

from .codecs import NAMES, SERIALIZERS, Theirs, as_argument, ours, same

pytestmark = pytest.mark.parametrize("name", NAMES)

finite = strategies.floats(allow_nan=False)
atoms = strategies.one_of(
    strategies.none(), strategies.booleans(), strategies.integers(), finite, strategies.text()
)
keys = strategies.text().filter(lambda key: key != "__class__")


def nested(leaves: Any, *more: Any) -> Any:
    return strategies.recursive(
        leaves,
        lambda inner: strategies.one_of(
            strategies.lists(inner, max_size=4),
            strategies.dictionaries(keys, inner, max_size=4),
            *(make(inner) for make in more),
        ),
        max_leaves=12,
    )


def tuples(inner: Any) -> Any:
    return strategies.lists(inner, max_size=3).map(tuple)


PLAIN = nested(atoms)
RICH = nested(
    atoms | strategies.binary() | strategies.complex_numbers(allow_nan=False) | strategies.sets(atoms),
    tuples,
)


class Thing:
    """Something that is registered."""

    def __init__(self, content: Any = None) -> None:
        self.content = content


def knowing_things() -> ClassRegistry:
    classes = ClassRegistry()
    classes.register_class_to_dict(Thing, lambda thing: {"__class__": "thing", "content": thing.content})
    classes.register_dict_to_class("thing", lambda _, data: Thing(data["content"]))
    return classes


def test_it_is_one(name: str) -> None:
    serializer = SERIALIZERS[name]
    assert isinstance(serializer, Serializer)
    assert serializer.name == name
    assert serializer.wire_id == NAMES.index(name) + 1
    assert serializer.wire_id == theirs_id(name)


def theirs_id(name: str) -> int:
    import Pyro5.serializers

    return int(Pyro5.serializers.serializers[name].serializer_id)


# Round trips


@given(value=PLAIN)
def test_plain_values_come_back(name: str, value: Any) -> None:
    codec = ours(name)
    assert same(codec.loads(codec.dumps(value)), value)


@given(value=RICH)
def test_whichever_end_is_pyro5_the_value_is_the_same(name: str, value: Any) -> None:
    our, their = ours(name), Theirs(name)
    try:
        expected = as_argument(value, their, their)
    except Exception:
        return
    for sender, receiver in ((our, our), (our, their), (their, our)):
        assert same(as_argument(value, sender, receiver), expected)


@given(value=RICH)
def test_the_bytes_are_those_of_pyro5(name: str, value: Any) -> None:
    if name == "marshal":
        return  # what marshal writes depends on how often its values are referred to
    our, their = ours(name), Theirs(name)
    try:
        expected = their.dumps(value), their.dumps_call("object", "method", (value,), {"x": value})
    except Exception:
        return
    assert (our.dumps(value), our.dumps_call("object", "method", (value,), {"x": value})) == expected


@given(value=PLAIN)
def test_bytes_in_any_form(name: str, value: Any) -> None:
    codec = ours(name)
    plain, call = codec.dumps(value), codec.dumps_call("object", "method", [value], {"x": value})
    for form in (bytes, bytearray, memoryview, lambda data: memoryview(bytearray(data))):
        assert same(codec.loads(form(plain)), value)
        object_id, method, args, kwargs = codec.loads_call(form(call))
        assert (object_id, method) == ("object", "method")
        assert same([list(args), kwargs], [[value], {"x": value}])


@pytest.mark.parametrize("make", [bytes, bytearray, memoryview, lambda data: data.decode("latin-1")])
def test_large_values_in_any_number_of_buffers(name: str, make: Any) -> None:
    codec = ours(name)
    small, large = make(b"xyz" * 10), make(b"xyz" * 100_000)
    try:
        codec.dumps(small)
    except SerializeError:
        pytest.skip("it does not carry such values at all")
    for value in (large, [1, large], {"x": [large]}):
        payload = codec.dumps(value)
        assert size_of(payload) == len(joined(payload))
        expected = codec.loads(joined(codec.dumps(value)))
        assert same(codec.loads(bytearray(joined(payload))), expected)
        call = joined(codec.dumps_call("o", "m", (value,), {"x": value}))
        assert same(list(codec.loads_call(call)[2]), [expected])
    a, b = codec.loads(joined(codec.dumps([small, large])))
    assert type(a) is type(b)


def test_calls_of_every_kind(name: str) -> None:
    """Property access and batches have no keywords, a blob has its value in place of the arguments."""
    codec, their = ours(name), Theirs(name)
    batch = [("first", (1, "x"), {"y": 2}), ("second", (), {})]
    for args, kwargs in ((("name",), None), (("name", 5), {}), (batch, None), ({"blob": [1]}, {}), (5, {})):
        data = codec.dumps_call("object", "method", args, kwargs)
        loaded = codec.loads_call(data)
        assert loaded[:2] == ("object", "method")
        assert not loaded[3]
        wanted = codec.loads(codec.dumps(args))
        assert loaded[2] == (list(wanted) if isinstance(loaded[2], list) else wanted)
        assert their.loads_call(data)[2] == loaded[2]
        assert type(codec.loads_call(data)) is tuple


# Objects


def test_registered_classes(name: str) -> None:
    codec = ours(name, knowing_things())
    thing = codec.loads(codec.dumps({"x": [Thing(5)]}))["x"][0]
    assert type(thing) is Thing
    assert thing.content == 5
    _, _, (thing,), kwargs = codec.loads_call(codec.dumps_call("o", "m", (Thing(5),), {"x": Thing(6)}))
    assert kwargs is not None
    assert (thing.content, kwargs["x"].content) == (5, 6)


def test_what_is_within_a_registered_class(name: str) -> None:
    """Only msgpack makes objects from the inside out; as in Pyro5, which peers may rely on."""
    codec = ours(name, knowing_things())
    inner = codec.loads(codec.dumps(Thing(Thing(5)))).content
    assert type(inner) is (Thing if name == "msgpack" else dict)


def test_converters_errors_pass(name: str) -> None:
    class Special(Exception):
        pass

    def fail(*_: Any) -> Any:
        raise raised

    classes = ClassRegistry()
    classes.register_class_to_dict(Thing, fail)
    classes.register_dict_to_class("thing", fail)
    codec, data = ours(name, classes), ours(name, knowing_things()).dumps([Thing()])
    for raised in (Special("text"), ValueError("text"), TypeError("text"), SerializeError("text")):
        for use in (
            lambda: codec.dumps([Thing()]),
            lambda: codec.dumps_call("o", "m", [Thing()], {}),
            lambda: codec.dumps_call("o", "m", [[Thing()]], {}),
            lambda: codec.loads(data),
        ):
            with pytest.raises(type(raised)) as caught:
                use()
            assert caught.value is raised


def test_a_converter_may_use_the_codec(name: str) -> None:
    classes = ClassRegistry()
    codec = ours(name, classes)
    classes.register_class_to_dict(Thing, lambda _: {"inner": codec.loads(codec.dumps([1, 2]))})
    assert codec.loads(codec.dumps([Thing(), Thing()])) == [{"inner": [1, 2]}] * 2


def test_unknown_classes_are_refused(name: str) -> None:
    codec = ours(name)
    for data in (codec.dumps([{"__class__": "no.such.Thing"}]), codec.dumps([Thing()])):
        with pytest.raises(SerializeError, match=r"no\.such\.Thing|test_laws\.Thing") as caught:
            codec.loads(data)
        assert "register_dict_to_class" in str(caught.value.hint)
    with pytest.raises(SecurityError, match="__main__"):
        codec.loads(codec.dumps({"__class__": "__main__.Thing"}))


def test_objects_without_a_state(name: str) -> None:
    codec = ours(name)
    for value in (object(), range(3), len, int, threading.Lock()):
        for use in (
            lambda: codec.dumps(value),  # noqa: B023
            lambda: codec.dumps_call("o", "echo", (value,), {}),  # noqa: B023
        ):
            with pytest.raises(SerializeError) as caught:
                use()
            assert type(value).__name__ in str(caught.value) or "echo" in str(caught.value)
            assert caught.value.hint


class FakeDaemon:
    def proxyFor(self, obj: Any) -> Any:
        return FakeProxy(f"proxy for {obj.secret}")


class FakeProxy:
    def __init__(self, text: str) -> None:
        self.text = text


class Served:
    secret = 5


def test_an_object_of_a_daemon_becomes_a_proxy(name: str) -> None:
    classes = ClassRegistry()
    classes.register_wire_class(FakeProxy, "Pyro5.client.Proxy", lambda proxy: [proxy.text], lambda s: s[0])
    codec, served = ours(name, classes), Served()
    served.x = served._pyroDaemon = FakeDaemon()  # type: ignore[attr-defined]
    before = dict(vars(served))
    assert codec.loads(codec.dumps(served)) == "proxy for 5"
    assert codec.loads(codec.dumps({"x": [served]})) == {"x": ["proxy for 5"]}
    _, _, args, _ = codec.loads_call(codec.dumps_call("o", "m", (served, [served]), {}))
    assert list(args) == ["proxy for 5", ["proxy for 5"]]
    assert vars(served) == before


# Exceptions


class Unknown(Exception):
    pass


def test_exceptions_arrive_whatever_they_are(name: str) -> None:
    codec = ours(name)
    error = Unknown("text", Thing(5))
    error.code, error._pyroTraceback = Thing(6), ["line\n"]  # type: ignore[attr-defined]
    for data in (codec.dumps(error), codec.dumps([error]), codec.dumps(ExceptionWrapper(error))):
        loaded = codec.loads(data)
        loaded = loaded[0] if isinstance(loaded, list) else getattr(loaded, "exception", loaded)
        assert type(loaded) is RemoteError
        assert loaded.type_name.endswith("test_laws.Unknown")
        assert loaded.remote_args[0] == "text"
        assert loaded.remote_args[1]["content"] == 5
        assert loaded.code["content"] == 6  # type: ignore[attr-defined]
        assert loaded._pyroTraceback == ["line\n"]


def test_nothing_that_ends_the_process_arrives(name: str) -> None:
    codec, their = ours(name), Theirs(name)
    for error in (SystemExit(3), KeyboardInterrupt(), GeneratorExit()):
        for data in (codec.dumps(error), their.dumps(error)):
            loaded = codec.loads(data)
            assert type(loaded) is RemoteError
            assert loaded.type_name == f"builtins.{type(error).__name__}"
            assert loaded.remote_args == error.args


# Many at once


def test_many_threads_share_a_codec(name: str) -> None:
    codec, wrong = ours(name, knowing_things()), []

    def use(number: int) -> None:
        value = {"x": [number, str(number)] * (number * 20)}
        for _ in range(200):
            if codec.loads(codec.dumps(value)) != value:
                wrong.append(number)
            _, _, (thing, *_), _ = codec.loads_call(codec.dumps_call("o", "m", (Thing(number), value), {}))
            if thing.content != number:
                wrong.append(number)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
