"""What our serializers do beyond what all have to: as real Pyro5 does it, and with words that help."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given, strategies

from pyroplug.contracts import Serializer
from pyroplug.errors import RemoteError, SerializeError
from pyroplug.testing import same
from pyroplug.values import ClassRegistry

from .codecs import NAMES, SERIALIZERS, Theirs, as_argument, ours

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


def test_what_is_within_a_registered_class(name: str) -> None:
    """Only msgpack makes objects from the inside out; as in Pyro5, which peers may rely on."""
    codec = ours(name, knowing_things())
    inner = codec.loads(codec.dumps(Thing(Thing(5)))).content
    assert type(inner) is (Thing if name == "msgpack" else dict)


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


# Exceptions


def test_nothing_that_ends_the_process_arrives_from_pyro5(name: str) -> None:
    codec, their = ours(name), Theirs(name)
    for error in (SystemExit(3), KeyboardInterrupt(), GeneratorExit()):
        loaded = codec.loads(their.dumps(error))
        assert type(loaded) is RemoteError
        assert loaded.type_name == f"builtins.{type(error).__name__}"
        assert loaded.remote_args == error.args
