"""What every serializer's codec has to do with a stranger's bytes, and with a user's mistakes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies

from pyroplug.contracts import Codec
from pyroplug.errors import SecurityError, SerializeError
from pyroplug.values import ExceptionWrapper, registry

from .codecs import NAMES, ours
from .test_laws import PLAIN, Thing, knowing_things

pytestmark = pytest.mark.parametrize("name", NAMES)


def nest(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def test_too_deep_to_write(name: str) -> None:
    codec = ours(name)
    value = nest(100_000)
    try:
        for use in (lambda: codec.dumps(value), lambda: codec.dumps_call("o", "m", (value,), {})):
            with pytest.raises(SerializeError, match="nested"):
                use()
    finally:
        while value:  # so that taking it apart needs no recursion
            value = value.pop()


def test_what_contains_itself(name: str) -> None:
    value: list[Any] = []
    value.append(value)
    codec = ours(name)
    if name == "marshal":  # which can tell of a list that it has told of before
        loaded = codec.loads(codec.dumps(value))
        assert loaded[0] is loaded
        loaded.clear()
    else:
        with pytest.raises(SerializeError, match="contain"):
            codec.dumps(value)
    value.clear()


def test_deep_objects(name: str) -> None:
    """Deep enough for the walk over what was read to need too much, not for the reading."""
    codec = ours(name, knowing_things())
    value: Any = Thing(5)
    for _ in range(90):
        value = [value]
    loaded = codec.loads(codec.dumps(value))
    while isinstance(loaded, list):
        (loaded,) = loaded
    assert loaded.content == 5


@pytest.mark.parametrize(
    "call",
    [
        None,
        5,
        "text",
        [],
        ["object", "method", []],
        ["object", "method", [], {}, 1],
        [1, "method", [], {}],
        [["object"], "method", [], {}],
        ["object", None, [], {}],
        ["object", "method", [], []],
        ["object", "method", [], 5],
        {"object": "object", "method": "method", "params": []},
        {"object": "object", "method": 1, "params": [], "kwargs": {}},
        {"object": "object", "method": "method", "params": [], "kwargs": []},
        ["object", "method", [], {"__class__": "builtins.ValueError", "__exception__": True, "args": []}],
    ],
)
def test_what_is_no_call(name: str, call: Any) -> None:
    codec = ours(name)
    with pytest.raises(SerializeError, match="call"):
        codec.loads_call(codec.dumps(call))


def check_documented(codec: Codec, data: bytes) -> None:
    for load in (codec.loads, codec.loads_call):
        try:
            load(data)
        except (SerializeError, SecurityError) as error:
            length = len(str(error))
            assert length < 2000


@given(data=strategies.binary(max_size=60))
def test_arbitrary_bytes(name: str, data: bytes, little_memory: None) -> None:
    check_documented(ours(name, registry), data)


@given(data=strategies.data())
def test_damaged_messages(name: str, data: Any, little_memory: None) -> None:
    codec = ours(name, registry)
    value = data.draw(PLAIN | strategies.sampled_from(STATES))
    if data.draw(strategies.booleans()):
        message = bytearray(codec.dumps(value))
    else:
        message = bytearray(codec.dumps_call("object", "method", (value,), {"x": value}))
    for _ in range(data.draw(strategies.integers(1, 3))):
        at = data.draw(strategies.integers(0, len(message) - 1))
        match data.draw(strategies.sampled_from(("change", "remove", "insert", "cut"))):
            case "change":
                message[at] = data.draw(strategies.integers(0, 255))
            case "remove":
                del message[at : at + 3]
            case "insert":
                message[at:at] = data.draw(strategies.binary(max_size=4))
            case "cut":
                del message[at + 1 :]
        message = message or bytearray(b"x")
    check_documented(codec, bytes(message))


STATES: list[Any] = [
    ValueError("text", 1),
    ExceptionWrapper(KeyError("x")),
    [{"__class__": "float", "value": "nan"}],
    {"__class__": "collections.OrderedDict", "items": [("a", 1)]},
    {"__class__": "Pyro5.errors.NamingError", "__exception__": True, "args": ["x"], "attributes": {"a": 1}},
]
