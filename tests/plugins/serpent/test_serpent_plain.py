"""Values of plain types are written as the library writes them, and everything else is left to it."""

from __future__ import annotations

import collections
import decimal
import enum
import timeit
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import serpent
from hypothesis import example, given
from hypothesis import strategies as st
from pyroplug_serpent import SerpentSerializer, plain

from benchmarks.workloads import RECORD
from pyroplug.errors import SerializeError
from pyroplug.values import ClassRegistry

codec = SerpentSerializer().codec(SimpleNamespace(SERPENT_BYTES_REPR=False), ClassRegistry())

texts = st.text(st.characters(), max_size=8)
keys = st.booleans() | st.integers() | texts
leaves = st.none() | keys | st.floats()
plain_values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=12,
)


class Text(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return "0"


class Number(int):
    def __repr__(self) -> str:
        return "0"


class Fraction(float):
    pass


class Pairs(dict[Any, Any]):
    def __repr__(self) -> str:
        return "{}"


class Row(collections.UserList[Any]):
    pass


class Items(list[Any]):
    pass


Point = collections.namedtuple("Point", "x y")
Colour = enum.Enum("Colour", {"RED": 1})
Level = enum.IntEnum("Level", {"LOW": 1})

odd_keys = st.sampled_from(
    [None, 1.5, float("inf"), 1j, (1, "a"), (), (None,), b"x", Text("a"), Number(1), Colour.RED, Level.LOW]
) | st.frozensets(st.integers(), max_size=2)
odd_leaves = st.sampled_from(
    [
        b"",
        b"x",
        bytearray(b"x"),
        memoryview(b"x"),
        1j,
        complex("nan"),
        decimal.Decimal("1.0"),
        Text("a"),
        Number(1),
        Fraction(1.5),
        Pairs(a=1),
        Row([1]),
        Items([1]),
        Point(1, 2),
        Colour.RED,
        Level.LOW,
        range(2),
        ...,
        object(),
        set(),
        {1},
        frozenset({"a"}),
        collections.deque([1]),
        {}.keys(),
        [None] * 3,
        (),
    ]
)
odd_values = st.recursive(
    leaves | odd_leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys | odd_keys, inner, max_size=3)
    ),
    max_leaves=8,
)


def library(value: Any, bytes_repr: bool = False) -> bytes:
    return serpent.dumps(value, module_in_classname=True, bytes_repr=bytes_repr)


def outcome(dumps: Callable[[Any], bytes], value: Any) -> object:
    """The text, or what the library raised."""
    try:
        return dumps(value)
    except SerializeError as error:
        return type(error.__cause__), str(error.__cause__)
    except Exception as error:
        return type(error), str(error)


def nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = ([value], (value,), {"k": value})[level % 3]
    return value


@given(plain_values)
@example(RECORD)
@example("\x00\\'\"\n\r\t\x7f\x85\u2028\ufeff\ud800\udfff\U0001f600")
@example([-0.0, float("inf"), -float("inf"), float("nan"), 1e-320, 1e308])
@example({1: "a", "": [], "None": {}, "it's": ((),), '"': (1,)})
@example({False: [0, 0.0, None]})
@example(nested(plain._DEEPEST))
def test_plain_values_are_written_as_by_the_library(value: Any) -> None:
    expected = library(value)
    assert plain.plain_text(value).encode() == expected
    assert codec.dumps(value) == expected
    call = ("obj", "method", (value,), {"key": value})
    assert codec.dumps_call(*call) == library(call)


@given(plain_values)
def test_the_library_reads_back_what_was_written(value: Any) -> None:
    def with_nan_as_read(value: Any) -> Any:
        if isinstance(value, float) and value != value:  # noqa: PLR0124  # only that is not itself
            return {"__class__": "float", "value": "nan"}
        if isinstance(value, (list, tuple)):
            return type(value)(map(with_nan_as_read, value))
        if isinstance(value, dict):
            return {key: with_nan_as_read(item) for key, item in value.items()}
        return value

    # The text of a value tells 1 from True and 1.0, 0.0 from -0.0, and in which order a dictionary is.
    assert repr(serpent.loads(plain.plain_text(value).encode())) == repr(with_nan_as_read(value))


@pytest.mark.parametrize("bytes_repr", [False, True])
@given(value=odd_values)
def test_everything_else_is_written_or_refused_as_by_the_library(bytes_repr: bool, value: Any) -> None:
    odd = SerpentSerializer().codec(SimpleNamespace(SERPENT_BYTES_REPR=bytes_repr), ClassRegistry())
    assert outcome(odd.dumps, value) == outcome(lambda value: library(value, bytes_repr), value)


@pytest.mark.parametrize(
    "value",
    [
        Text("a"),
        Number(1),
        Fraction(1.5),
        Pairs(),
        Items(),
        Point(1, 2),
        Level.LOW,
        b"",
        set(),
        1j,
        ...,
        object(),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_plain_is_not_mistaken_for_it(value: Any) -> None:
    for whole in (value, [value], (value,), {"k": value}):
        with pytest.raises((KeyError, plain._NotPlainError)):
            plain.plain_text(whole)


@pytest.mark.parametrize("key", [None, 1.5, (1,), b"", Text("a"), Number(1), Level.LOW], ids=repr)
def test_nor_is_a_key(key: Any) -> None:
    with pytest.raises(plain._NotPlainError):
        plain.plain_text({key: 1})


def circles() -> list[Any]:
    items: list[Any] = []
    items += [items, items]
    pairs: dict[str, Any] = {}
    pairs["a"] = pairs["b"] = (pairs,)
    mixed: list[Any] = [1, "a"]
    mixed.append({"x": (mixed, mixed)})
    return [items, pairs, mixed]


@pytest.mark.parametrize("number", range(3))
def test_a_value_that_contains_itself_is_refused_in_the_librarys_words(number: int) -> None:
    with pytest.raises(SerializeError, match="Circular reference detected"):
        codec.dumps(circles()[number])


def test_a_number_of_more_digits_than_the_interpreter_allows_is_refused() -> None:
    with pytest.raises(SerializeError, match="digits"):
        codec.dumps([10**5000])


def test_what_is_in_a_value_twice_is_written_twice() -> None:
    twice = [1]
    assert codec.dumps([twice, {"k": twice}]) == library([twice, {"k": twice}])


@pytest.mark.parametrize("depth", [plain._DEEPEST, plain._DEEPEST + 1, 190])
def test_depth_makes_no_difference_to_the_text(depth: int) -> None:
    assert codec.dumps(nested(depth)) == library(nested(depth))


def test_a_record_takes_much_less_time_than_the_librarys_writer() -> None:
    best = {"ours": 1.0, "theirs": 1.0}
    for _ in range(30):  # by turns, and the best counts: what disturbs one of them is left out
        for name, write in (("ours", lambda: codec.dumps(RECORD)), ("theirs", lambda: library(RECORD))):
            best[name] = min(best[name], timeit.timeit(write, number=20))
    assert best["ours"] < 0.6 * best["theirs"]
