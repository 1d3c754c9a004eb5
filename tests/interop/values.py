"""The values whose travels are compared, and words for what arrives."""

from __future__ import annotations

import array
import builtins
import collections
import datetime
import decimal
import enum
import fractions
import sys
import uuid
from collections.abc import Callable
from typing import Any

__all__ = ["VALUES", "Point", "Stranger", "point_from_dict", "point_to_dict", "shape"]

UUID = uuid.UUID("11223344-5566-7788-99aa-bbccddeeff00")


class Point:
    """A class that both ends know."""

    def __init__(self, x: int, y: int) -> None:
        self.x = x
        self.y = y

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and (other.x, other.y) == (self.x, self.y)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{self.x}, {self.y}"


def point_to_dict(point: Point) -> dict[str, Any]:
    return {"__class__": "shared.Point", "coordinates": [point.x, point.y]}


def point_from_dict(_name: str, data: dict[str, Any]) -> Point:
    return Point(*data["coordinates"])


class Stranger:
    """A class that nobody has registered."""

    def __init__(self) -> None:
        self.name = "stranger"


class Slotted:
    __slots__ = ("name",)

    def __init__(self) -> None:
        self.name = "slotted"


class DictState:
    def __getstate__(self) -> dict[str, Any]:
        return {"kept": 1}


class ListState:
    def __getstate__(self) -> Any:
        return ["kept"]


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


Pair = collections.namedtuple("Pair", "left right")


def _error_with_attributes() -> ValueError:
    error = ValueError("text", 1, 2.5)
    error.code = [7]  # type: ignore[attr-defined]
    return error


def _pyro_error(api: Any) -> Exception:
    errors = sys.modules[f"{api.__name__.partition('.')[0]}.errors"]
    error: Exception = errors.NamingError("unknown name")
    return error


def _proxy(api: Any) -> Any:
    proxy = api.Proxy("PYRO:somebody@localhost:1234")
    proxy._pyroHandshake = "hello there"
    return proxy


def _deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


_PLAIN: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "booleans": lambda: [True, False],
    "int": lambda: -17,
    "int 64 bits": lambda: [2**63 - 1, -(2**63), 2**64 - 1],
    "int big": lambda: 3**200,
    "int big negative nested": lambda: {"n": [-(3**200)]},
    "str": lambda: "plain",
    "str empty": lambda: "",
    "str unicode": lambda: "žluťoučký кот 猫 \U0001f408 \x00 ' \" \\ \r\n",
    "float": lambda: [0.1, -0.0, 1e300, 5e-324],
    "float infinite": lambda: [float("inf"), float("-inf")],
    "float nan": lambda: float("nan"),
    "float nan nested": lambda: {"n": [float("nan")]},
    "complex": lambda: 3 - 4j,
    "complex nested": lambda: [1j],
    "bytes": lambda: b"\x00binary\xff",
    "bytes empty": lambda: b"",
    "bytes nested": lambda: {"data": [b"\x00\xff"]},
    "bytearray": lambda: bytearray(b"\x00binary\xff"),
    "bytearray nested": lambda: [bytearray(b"\x00\xff")],
    "memoryview": lambda: memoryview(b"\x00binary\xff"),
    "memoryview nested": lambda: [memoryview(b"\x00\xff")],
    "tuple": lambda: (1, "two", (3.0,)),
    "tuple empty": lambda: (),
    "list": lambda: [1, "two", [3.0]],
    "list empty": list,
    "set": lambda: {1, 2, 3},
    "set nested": lambda: {"s": {1}},
    "set empty": set,
    "frozenset": lambda: frozenset({1, 2}),
    "dict": lambda: {"a": 1, "b": {"c": [None]}},
    "dict empty": dict,
    "dict int keys": lambda: {1: "one", 2: "two"},
    "dict tuple keys": lambda: {(1, 2): "pair"},
    "dict mixed keys": lambda: {"a": 1, None: 2},
    "dict with a class entry": lambda: {"__class__": "some.Thing", "x": 1},
    "datetime": lambda: datetime.datetime(2024, 2, 29, 12, 30, 15, 250000),
    "datetime aware": lambda: datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc),
    "date": lambda: datetime.date(2024, 2, 29),
    "time": lambda: datetime.time(12, 30, 15),
    "timedelta": lambda: datetime.timedelta(days=1, seconds=2.5),
    "uuid": lambda: UUID,
    "uuid nested": lambda: [UUID],
    "Decimal": lambda: decimal.Decimal("1.50"),
    "Decimal nested": lambda: {"d": decimal.Decimal("1.50")},
    "Fraction": lambda: fractions.Fraction(1, 3),
    "array of text": lambda: array.array("u", "text"),
    "array of numbers": lambda: array.array("i", [1, 2, 3]),
    "OrderedDict": lambda: collections.OrderedDict([("b", 1), ("a", 2)]),
    "Counter": lambda: collections.Counter("aab"),
    "defaultdict": lambda: collections.defaultdict(list, {"a": [1]}),
    "deque": lambda: collections.deque([1, 2]),
    "namedtuple": lambda: Pair(1, 2),
    "Enum": lambda: Color.RED,
    "IntEnum": lambda: Level.HIGH,
    "range": lambda: range(3),
    "type": lambda: int,
    "function": lambda: len,
    "object": object,
    "Ellipsis": lambda: ...,
    "dict views": {"a": 1}.keys,
    "dict items": {"a": 1}.items,
    "plain class": Stranger,
    "plain class nested": lambda: [Stranger()],
    "slots": Slotted,
    "getstate dict": DictState,
    "getstate list": ListState,
    "registered class": lambda: Point(1, 2),
    "registered class nested": lambda: [Point(1, 2)],
    "exception": lambda: KeyError("key"),
    "exception with attributes": _error_with_attributes,
    "exception nested": lambda: [ZeroDivisionError("by zero")],
    "OSError": lambda: FileNotFoundError(2, "nothing there", "the file"),
    "UnicodeDecodeError": lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid"),
    "deep": lambda: _deep(50),
}
if sys.version_info >= (3, 11):
    _PLAIN["ExceptionGroup"] = lambda: builtins.ExceptionGroup("several", [ValueError("one")])

VALUES: dict[str, Callable[[Any], Any]] = {
    **{name: (lambda _api, make=make: make()) for name, make in _PLAIN.items()},
    "URI": lambda api: api.URI("PYRO:somebody@localhost:1234"),
    "URI nested": lambda api: [api.URI("PYRO:somebody@localhost:1234")],
    "URI of a name": lambda api: api.URI("PYRONAME:somebody"),
    "URI of a Unix socket": lambda api: api.URI("PYRO:somebody@./u:/tmp/a socket"),
    "URI of tags": lambda api: api.URI("PYROMETA:one,two@localhost"),
    "Proxy": _proxy,
    "Proxy nested": lambda api: {"p": [_proxy(api)]},
    "PyroError": _pyro_error,
}
"""Makers of values, given the library that they are for."""


def shape(value: Any) -> str:
    """A value in words that do not depend on the library, nor on the order of sets."""
    kind = type(value)
    name = kind.__name__
    if kind in (list, tuple, set, frozenset):
        items = map(shape, value)
        return f"{name}({', '.join(items if kind in (list, tuple) else sorted(items))})"
    if kind in (dict, collections.OrderedDict):
        return f"{name}({', '.join(f'{shape(key)}: {shape(item)}' for key, item in value.items())})"
    if name == "Proxy":
        return f"Proxy({value._pyroUri}, {value._pyroHandshake}, {value._pyroSerializer})"
    if name == "URI":
        return f"URI{(value.protocol, sorted(value.object), value.sockname, value.host, value.port)}"
    if isinstance(value, BaseException):
        rest = {key: item for key, item in vars(value).items() if key not in ("_pyroTraceback", "__notes__")}
        return f"{name}({shape(value.args)}, {shape(rest)})"
    return f"{name}({value!r})"
