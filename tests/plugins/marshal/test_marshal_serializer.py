"""What only the serializer marshal has: plain values made of any, and no code objects."""

from __future__ import annotations

import array
import collections
import datetime
import enum
import marshal
import sys
import tracemalloc
import uuid
from types import SimpleNamespace
from typing import Any

import Pyro5.serializers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_marshal import MarshalSerializer

from pyroplug.errors import SerializeError
from pyroplug.values import ClassRegistry

theirs: Any = Pyro5.serializers.serializers["marshal"]
UUID = uuid.UUID(int=5)


def make_codec(classes: ClassRegistry | None = None) -> Any:
    return MarshalSerializer().codec(SimpleNamespace(), classes or ClassRegistry())  # type: ignore[arg-type]


def function(a: int, b: int = 2, *args: int, c: int, **kwargs: int) -> Any:
    return [a + b for _ in args], c, kwargs, lambda: a


def generator() -> Any:
    yield function


class Level(enum.IntEnum):
    HIGH = 3


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "something else"


class Number(float):
    pass


class Complex(complex):
    pass


class List(list[Any]):
    pass


Pair = collections.namedtuple("Pair", "left right")


CODES = [
    function.__code__,
    generator.__code__,
    (lambda: 0).__code__,
    compile("", "", "exec"),
    compile("x = 'c' * 1000", "a file", "exec"),
    *(
        method.__code__
        for cls in (collections.Counter, collections.OrderedDict, uuid.UUID, enum.Enum)
        for method in vars(cls).values()
        if hasattr(method, "__code__")
    ),
]


@pytest.mark.parametrize(
    "place",
    [lambda code: code, lambda code: [1, (code,)], lambda code: {"x": {code}}, lambda code: {code: 1}],
)
@pytest.mark.parametrize("version", [2, 4])
def test_code_is_not_let_in(place: Any, version: int) -> None:
    codec = make_codec()
    for code in CODES:
        value = place(code)
        with pytest.raises(SerializeError, match=r"code|disallowed"):
            codec.loads(marshal.dumps(value, version))
        with pytest.raises(SerializeError, match=r"code|disallowed"):
            codec.loads_call(marshal.dumps(("o", "m", [value], {}), version))


def test_code_that_shares_its_bytes() -> None:
    """A code object's own bytes may be a reference to earlier ones."""
    code = (lambda: 0).__code__
    data = marshal.dumps(code, 2)
    own = b"s" + len(code.co_code).to_bytes(4, "little") + code.co_code
    numbers, rest = data[1:].split(own, 1)
    shared = b"[\x02\0\0\0" + bytes([own[0] | 0x80]) + own[1:] + b"c" + numbers + b"r\0\0\0\0" + rest
    if sys.version_info < (3, 13):
        assert marshal.loads(shared) == [code.co_code, code]
    with pytest.raises(SerializeError, match=r"code|disallowed"):
        make_codec().loads(shared)


def test_code_is_found_in_what_contains_itself() -> None:
    codec = make_codec()
    circle: list[Any] = [1]
    circle.append(circle)
    wide: Any = [1]
    for _ in range(100):
        wide = [wide, wide]
    loaded = codec.loads(marshal.dumps([circle, wide]))
    assert loaded[0][1] is loaded[0]
    loaded[0].clear()
    for beside in (None, "x" * 500):
        circle.append({"x": (function.__code__, beside)})
        with pytest.raises(SerializeError, match=r"code|disallowed"):
            codec.loads(marshal.dumps(circle))
    circle.clear()


def test_code_is_not_sent_as_an_argument() -> None:
    for use in (
        lambda: make_codec().dumps(function.__code__),
        lambda: make_codec().dumps_call("o", "m", (function.__code__,), {}),
        lambda: make_codec().dumps_call("o", "m", (), {"x": function.__code__}),
    ):
        with pytest.raises(SerializeError):
            use()


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Level.HIGH, 3),
        (Text("x"), "x"),
        (Number(1.5), 1.5),
        (Complex(1, 2), 1 + 2j),
        (List([1]), [1]),
        (Pair(1, 2), (1, 2)),
        (collections.OrderedDict(a=1), {"a": 1}),
        (UUID, str(UUID)),
        (memoryview(b"x"), b"x"),
        (memoryview(b"xyz")[::2], b"xz"),
        ({Level.HIGH: 1, Pair(1, 2): 2}, {3: 1, (1, 2): 2}),
        ({Level.HIGH}, {3}),
        (frozenset([Text("x")]), frozenset(["x"])),
    ],
)
def test_plain_values_of_others(value: Any, plain: Any) -> None:
    codec = make_codec()
    for sent, expected in ((value, plain), ([value], [plain]), ({"x": (value,)}, {"x": (plain,)})):
        for loaded in (
            codec.loads(codec.dumps(sent)),
            theirs.loads(codec.dumps(sent)),
            codec.loads_call(codec.dumps_call("o", "m", (sent,), {}))[2][0],
            codec.loads_call(codec.dumps_call("o", "m", (), {"k": sent}))[3]["k"],
        ):
            assert loaded == expected
            assert repr(loaded) == repr(expected)


def test_arrays_are_lists_unless_they_are_within_another_value() -> None:
    codec, numbers = make_codec(), array.array("i", [1, 2])
    assert codec.loads(codec.dumps(numbers)) == [1, 2]
    _, _, args, kwargs = codec.loads_call(
        codec.dumps_call("o", "m", (numbers, [numbers], UUID), {"k": numbers})
    )
    assert (args, kwargs) == ([[1, 2], [numbers.tobytes()], str(UUID)], {"k": [1, 2]})


def test_objects_anywhere() -> None:
    class Thing:
        pass

    classes = ClassRegistry()
    classes.register_class_to_dict(Thing, lambda _: {"thing": UUID})
    classes.register_class_to_dict(datetime.date, lambda date: date.isoformat())
    codec = make_codec(classes)
    value = [Thing(), {"x": (Thing(), datetime.date(2024, 2, 29))}, Thing()]
    plain = {"thing": str(UUID)}
    assert codec.loads(codec.dumps(value)) == [plain, {"x": (plain, "2024-02-29")}, plain]
    batch = [("m", (Thing(),), {"k": ValueError("x")})]
    (entry,) = codec.loads_call(codec.dumps_call("o", "<batch>", batch, None))[2]
    assert entry[:2] == ("m", (plain,))
    assert repr(entry[2]["k"]) == "ValueError('x')"


def test_keys_that_would_become_dictionaries() -> None:
    class Thing:
        pass

    with pytest.raises(SerializeError, match="key of type Thing"):
        make_codec().dumps({Thing(): 1})


def test_keywords_are_always_a_dictionary() -> None:
    codec = make_codec()
    assert theirs.loadsCall(codec.dumps_call("o", "__getattr__", ("name",), None)) == (
        "o",
        "__getattr__",
        ["name"],
        {},
    )
    assert codec.loads_call(marshal.dumps(("o", "m", [], None))) == ("o", "m", [], None)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"?",
        b"[",
        b"i\x01",
        b"(\x02\x00\x00\x00N",
        b"[\x01\x00\x00\x00" * 5000,
        b"r\x00\x00\x00\x00",
        b"0",
    ],
)
def test_what_is_no_marshal_data(data: bytes) -> None:
    codec = make_codec()
    for load in (codec.loads, codec.loads_call):
        with pytest.raises(SerializeError):
            load(data)


# Calls without arguments, some of which are remembered


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "ä" * 60]), st.text(max_size=5)), max_size=20))
def test_calls_without_arguments_are_as_they_are_written_and_read(calls: list[tuple[str, str]]) -> None:
    codec = make_codec()
    for object_id, method in calls:
        data = codec.dumps_call(object_id, method, (), {})
        assert data == codec.dumps_call(object_id, method, (), None)
        assert marshal.loads(data) == (object_id, method, [], {})
        assert codec.loads_call(data) == (object_id, method, [], {})


def test_what_one_call_does_to_its_arguments_is_not_seen_by_the_next() -> None:
    codec = make_codec()
    data = codec.dumps_call("thing", "method", (), {})
    for _ in range(3):
        _, _, args, kwargs = codec.loads_call(data)
        assert (args, kwargs) == ([], {})
        args.append(1)
        kwargs["a"] = 1


@pytest.mark.parametrize("args", [[[], {}], "[\0\0\0\0{0", b"[\0\0\0\0{0", [{}], ([],)])
def test_what_ends_like_a_call_without_arguments_keeps_them(args: Any) -> None:
    codec = make_codec()
    for kwargs in ({}, {"last": []}, {"last": "[\0\0\0\0{0"}, None):
        data = marshal.dumps(("thing", "method", args, kwargs))
        for _ in range(2):
            assert codec.loads_call(data) == ("thing", "method", args, kwargs)


def test_what_ends_like_a_call_and_is_none_is_refused_each_time() -> None:
    codec = make_codec()
    for wrong in ([], {}), (b"thing", "method", [], {}), ("a", "thing", "method", [], {}):
        data = marshal.dumps(wrong)
        for _ in range(2):
            with pytest.raises(SerializeError, match="not a tuple of object, method"):
                codec.loads_call(data)


def test_only_a_few_calls_are_remembered() -> None:
    codec = make_codec()
    tracemalloc.start()
    try:
        for number in range(20_000):
            data = codec.dumps_call(f"thing {number}", "method", (), {})
            assert codec.loads_call(data)[0] == f"thing {number}"
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


def test_what_is_shared_is_converted_once() -> None:
    """Whoever receives lists that share lists may send them with something that is not plain."""
    codec = make_codec()
    shared: Any = [1]
    error = ValueError(2)
    for _ in range(60):
        shared, error = [shared, (shared,), {"again": shared}], ValueError(error, [error])
    made = codec.loads(codec.dumps([shared, UUID, error, error]))
    assert made[0][0] is made[0][1][0] is made[0][2]["again"]
    assert made[1] == str(UUID)
    assert made[2].args[0].args[0].args[0] is not None
