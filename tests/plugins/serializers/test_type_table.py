"""What becomes of each kind of value, whichever of the two ends is real Pyro5."""

from __future__ import annotations

import array
import builtins
import collections
import datetime
import decimal
import enum
import fractions
import sqlite3
import struct
import sys
import uuid
import warnings
from dataclasses import dataclass
from typing import Any

import Pyro5
import Pyro5.client
import Pyro5.core
import Pyro5.errors
import pytest
import serpent

import pyroplug.errors
from pyroplug.errors import SecurityError, SerializeError
from pyroplug.testing.comparing import same
from pyroplug.values import ExceptionWrapper

from .codecs import NAMES, Theirs, as_argument, as_result, ours

Pair = collections.namedtuple("Pair", "left right")


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Plain:
    def __init__(self) -> None:
        self.x = 1


@dataclass
class Data:
    x: int = 1


class Slots:
    __slots__ = ("x",)

    def __init__(self) -> None:
        self.x = 1


class DictState:
    def __getstate__(self) -> Any:
        return {"state": 5}


class OtherState(Plain):
    def __getstate__(self) -> Any:
        return (1, 2)


def with_attributes(error: Exception, **attributes: Any) -> Exception:
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


def text_array() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the type code, from Python 3.13 on
        return array.array("u", "abc")


MOMENT = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456)
UUID = uuid.UUID("12345678-1234-5678-1234-567812345678")
URI = Pyro5.core.URI("PYRO:object@localhost:5555")

VALUES: dict[str, Any] = {
    **{repr(value): value for value in (None, True, False, 0, -1, 2**63, 2**64, -(2**63) - 1, 10**40)},
    **{repr(value): value for value in ("", "text", "é…🐍", 1.5, float("inf"), -float("inf"), 2 + 3j)},
    "nan": float("nan"),
    "nested nan": [{"x": float("nan")}],
    "complex nan": complex(float("nan"), 1),
    "bytes": b"abc\xff",
    "bytearray": bytearray(b"abc"),
    "memoryview": memoryview(b"abc"),
    "nested bytes": [b"abc"],
    "nested bytearray": [bytearray(b"abc")],
    "nested memoryview": [memoryview(b"abc")],
    "tuple": (1, (2, "x")),
    "empty tuple": (),
    "list": [1, [2, "x"]],
    "set": {1, 2},
    "empty set": set(),
    "nested set": [{1}],
    "frozenset": frozenset((1, 2)),
    "dict": {"a": {"b": [1]}},
    "integer keys": {1: 2},
    "tuple keys": {(1, 2): 3},
    "none and float keys": {None: 1, 1.5: 2},
    "class key": {"__class__": "no.such.Class"},
    "naive datetime": MOMENT,
    "aware datetime": MOMENT.replace(tzinfo=datetime.timezone.utc),
    "date": MOMENT.date(),
    "early date": datetime.date(1, 1, 1),
    "time": MOMENT.time(),
    "timedelta": datetime.timedelta(seconds=1.5),
    "uuid": UUID,
    "nested uuid": [UUID],
    "decimal": decimal.Decimal("1.50"),
    "fraction": fractions.Fraction(1, 2),
    "text array": text_array(),
    "number array": array.array("i", [1, 2]),
    "nested number array": [array.array("i", [1, 2])],
    "ordered dict": collections.OrderedDict(a=1),
    "counter": collections.Counter("aab"),
    "default dict": collections.defaultdict(int, a=1),
    "deque": collections.deque([1, 2]),
    "named tuple": Pair(1, 2),
    "enum": Colour.RED,
    "int enum": Level.HIGH,
    "range": range(3),
    "type": int,
    "builtin function": len,
    "object": object(),
    "ellipsis": ...,
    "keys view": {"a": 1}.keys(),
    "items view": {"a": 1}.items(),
    "plain class": Plain(),
    "dataclass": Data(),
    "slots": Slots(),
    "dict state": DictState(),
    "other state": OtherState(),
    "exception": with_attributes(ValueError("text", 1), code=5, more=["x"]),
    "key error": KeyError("key"),
    "os error": OSError(2, "text"),
    "stop iteration": StopIteration(5),
    "struct error": struct.error("text"),
    "sqlite error": sqlite3.OperationalError("text"),
    "nested exception": [ZeroDivisionError("text")],
    "exception in exception": ValueError(KeyError("x")),
    "decode error": UnicodeDecodeError("utf-8", b"abc\xff", 3, 4, "text"),
    "encode error": UnicodeEncodeError("ascii", "é", 0, 1, "text"),
    "pyro error": with_attributes(Pyro5.errors.NamingError("text"), _pyroTraceback=["line\n"]),
    "pyro timeout": Pyro5.errors.TimeoutError("text"),
    "uri": URI,
    "nested uri": [URI],
    "proxy": Pyro5.client.Proxy("PYRO:object@localhost:5555"),
    "nested proxy": {"x": Pyro5.client.Proxy("PYRO:object@localhost:5555")},
}
if sys.version_info >= (3, 11):
    VALUES["exception group"] = builtins.ExceptionGroup("text", [ValueError("a"), KeyError("b")])


GROUP = VALUES.get("exception group")
BETTER: dict[str, dict[str, Any]] = {
    "memoryview": {"marshal": b"abc"},
    "frozenset": {"json": [1, 2], "msgpack": [1, 2]},
    "integer keys": {"msgpack": {1: 2}},
    "none and float keys": {"msgpack": {None: 1, 1.5: 2}},
    "nested uuid": {"marshal": [str(UUID)]},
    "ordered dict": {"serpent": collections.OrderedDict(a=1), "marshal": {"a": 1}},
    "counter": {"marshal": {"a": 2, "b": 1}},
    "default dict": {"marshal": {"a": 1}},
    "named tuple": {"marshal": (1, 2)},
    "int enum": {"marshal": 3},
    "nested exception": {"marshal": VALUES["nested exception"]},
    "exception in exception": {"marshal": VALUES["exception in exception"]},
    "decode error": {"serpent": VALUES["decode error"]},
    "nested uri": {"marshal": VALUES["nested uri"]},
    "nested proxy": {"marshal": VALUES["nested proxy"]},
    "exception group": {"serpent": GROUP, "marshal": GROUP, "json": GROUP},
}
"""What pyroplug makes of values that Pyro5 cannot carry. It carries no others of them."""
if b"'complex'" in serpent.dumps(VALUES["complex nan"]):  # older versions of the library cannot write it
    BETTER["complex nan"] = {"serpent": VALUES["complex nan"]}

OTHERWISE = {("exception in exception", "serpent"), ("exception in exception", "json")}
"""Where Pyro5 leaves a dictionary in an exception, pyroplug makes what it stands for."""


class Failed:
    """Stands for a value that did not arrive."""

    def __init__(self, error: Exception) -> None:
        self.error = error


def outcome(value: Any, way: Any, sender: Any, receiver: Any) -> Any:
    try:
        return way(value, sender, receiver)
    except Exception as error:
        return Failed(error)


@pytest.mark.parametrize("way", [as_argument, as_result])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", VALUES)
def test_value(kind: str, name: str, way: Any) -> None:
    value, our, their = VALUES[kind], ours(name), Theirs(name)
    expected = outcome(value, way, their, their)
    between_us = outcome(value, way, our, our)
    if not isinstance(expected, Failed):
        if (kind, name) in OTHERWISE:
            assert same(between_us, value)
            assert same(outcome(value, way, their, our), value)
        else:
            assert same(between_us, expected)
            assert same(outcome(value, way, their, our), expected)
        assert same(outcome(value, way, our, their), expected)
    elif name in BETTER.get(kind, {}):
        assert same(between_us, BETTER[kind][name])
    else:
        assert isinstance(between_us, Failed), between_us
        assert isinstance(between_us.error, (SerializeError, SecurityError))


def test_bytes_as_literals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pyro5.config, "SERPENT_BYTES_REPR", True)
    our, their = ours("serpent", bytes_repr=True), Theirs("serpent")
    for value in (b"abc\xff", bytearray(b"abc"), memoryview(b"abc"), [b"x"]):
        assert our.dumps(value) == their.dumps(value)
        assert same(our.loads(their.dumps(value)), their.loads(our.dumps(value)))


@pytest.mark.parametrize("name", NAMES)
def test_errors_that_only_pyroplug_has(name: str) -> None:
    """Real Pyro5 sees the nearest error that it knows, pyroplug the very same."""
    for error, known in (
        (pyroplug.errors.AddressError("text"), "CommunicationError"),
        (pyroplug.errors.HandshakeError("text", hint="help"), "CommunicationError"),
        (pyroplug.errors.ConfigError("text"), "PyroError"),
        (pyroplug.errors.PluginUnavailableError("text", kind="a", name="b"), "PyroError"),
        (pyroplug.errors.RemoteError("text", "a.B", (1, "x")), "PyroError"),
        (pyroplug.errors.SerializeError("text"), "SerializeError"),
    ):
        data = ours(name).dumps(error)
        theirs = Theirs(name).loads(data)
        assert type(theirs) is getattr(Pyro5.errors, known)
        assert theirs.args == ("a.B: text" if isinstance(error, pyroplug.errors.RemoteError) else "text",)
        again = ours(name).loads(data)
        assert type(again) is type(error)
        assert str(again) == str(error)
        facts = {key: tuple(value) if type(value) is list else value for key, value in vars(again).items()}
        assert facts == vars(error)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_failed_call_leaves_in_a_batch(name: str) -> None:
    error = with_attributes(ValueError("text", 1), _pyroTraceback=["line\n"])
    for sender, wrapper in ((ours(name), ExceptionWrapper(error)), (Theirs(name), their_wrapper(error))):
        if name == "marshal" and isinstance(wrapper, Pyro5.core._ExceptionWrapper):
            continue  # marshal in Pyro5 cannot send it
        data = sender.dumps([5, wrapper])
        for receiver in (ours(name), Theirs(name)):
            first, last = receiver.loads(data)
            assert first == 5
            assert type(last) is (
                ExceptionWrapper if receiver.__class__ is not Theirs else type(their_wrapper(error))
            )
            assert same(last.exception, error)


def their_wrapper(error: Exception) -> Any:
    return Pyro5.core._ExceptionWrapper(error)
