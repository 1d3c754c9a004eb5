"""What only the serializer msgpack has: extensions, borrowed packers, number keys."""

from __future__ import annotations

import datetime
import struct
from typing import Any

import msgpack
import Pyro5.serializers
import pyroplug_msgpack.serializer as module
import pytest
from hypothesis import given, strategies
from pyroplug_msgpack import MsgpackSerializer

from pyroplug.errors import SerializeError
from pyroplug.values import ClassRegistry

theirs: Any = Pyro5.serializers.serializers["msgpack"]


@pytest.fixture
def classes() -> ClassRegistry:
    return ClassRegistry()


def make_codec(classes: ClassRegistry | None = None) -> Any:
    return MsgpackSerializer().codec(None, classes or ClassRegistry())  # type: ignore[arg-type]


extended = (
    strategies.complex_numbers(allow_nan=False)
    | strategies.integers(min_value=2**64, max_value=2**200)
    | strategies.integers(min_value=-(2**200), max_value=-(2**63) - 1)
    | strategies.dates()
    | strategies.datetimes(
        min_value=datetime.datetime(1971, 1, 1), max_value=datetime.datetime(2100, 1, 1)
    ).filter(lambda moment: not moment.fold)
)


@given(value=extended)
def test_extensions_are_those_of_pyro5(value: Any) -> None:
    codec = make_codec()
    assert codec.dumps(value) == theirs.dumps(value)
    assert codec.loads(codec.dumps(value)) == theirs.loads(codec.dumps(value))


def ext(code: int, data: bytes) -> bytes:
    return bytes(msgpack.packb(msgpack.ExtType(code, data)))


def test_extensions_as_bytes() -> None:
    codec = make_codec()
    assert codec.dumps(1 + 2j) == ext(0x30, struct.pack("<dd", 1, 2))
    assert codec.dumps(-(2**70)) == ext(0x31, b"-1180591620717411303424")
    assert codec.dumps(datetime.date(2024, 2, 29)) == ext(0x33, (738945).to_bytes(8, "little"))
    assert codec.loads(ext(0x33, (738945).to_bytes(4, "little"))) == datetime.date(2024, 2, 29)


@pytest.mark.parametrize(
    ("code", "data"),
    [
        (0x30, b""),
        (0x30, bytes(8)),
        (0x30, bytes(17)),
        (0x31, b""),
        (0x31, b"1.5"),
        (0x31, b"\xff"),
        (0x31, b"1" * 5000),
        (0x32, bytes(4)),
        (0x32, struct.pack("<d", float("nan"))),
        (0x32, struct.pack("<d", 1e300)),
        (0x33, b""),
        (0x33, bytes(8)),
        (0x33, bytes(5)),
        (0x33, b"\xff" * 4),
        (0x33, b"\x7f" * 8),
        (0x34, b"x"),
        (0x05, b"x"),
    ],
)
def test_malformed_extensions(code: int, data: bytes) -> None:
    codec = make_codec()
    for load in (codec.loads, codec.loads_call):
        with pytest.raises(SerializeError):
            load(ext(code, data))
        with pytest.raises(SerializeError):
            load(msgpack.packb(["__class__", msgpack.ExtType(code, data)]))


def test_a_time_zone_is_refused_with_advice() -> None:
    with pytest.raises(SerializeError, match="time zone") as caught:
        make_codec().dumps([datetime.datetime.now(datetime.timezone.utc)])
    assert "isoformat" in str(caught.value.hint)
    assert str(caught.value).count("hint:") == 1


def test_numbers_of_other_libraries() -> None:
    from numbers import Integral

    class Foreign:
        def __int__(self) -> int:
            return 5

    Integral.register(Foreign)
    assert make_codec().loads(make_codec().dumps([Foreign()])) == [5]


def test_numbers_as_keys() -> None:
    codec = make_codec()
    value = {1: "a", 2.5: "b", None: "c", False: "d"}
    assert codec.loads(codec.dumps(value)) == value
    with pytest.raises(SerializeError, match="unhashable"):
        codec.loads(codec.dumps({(1, 2): 3}))


real_packer = msgpack.Packer


class CountingPacker:
    made: list[Any]

    def __init__(self, **options: Any) -> None:
        self.made.append(self)
        self.packer = real_packer(**options)

    def pack(self, value: Any) -> bytes:
        return bytes(self.packer.pack(value))


@pytest.fixture
def packers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    made: list[Any] = []
    monkeypatch.setattr(module.msgpack, "Packer", type("Packer", (CountingPacker,), {"made": made}))
    return made


def test_packers_are_used_again(packers: list[Any]) -> None:
    codec = make_codec()
    packers.clear()
    for number in range(50):
        codec.dumps(number)
        codec.dumps_call("o", "m", (number,), {})
    assert len(packers) == 1


def test_packers_that_grew_are_let_go(packers: list[Any]) -> None:
    codec = make_codec()
    packers.clear()
    for _ in range(3):
        codec.dumps(bytes(module.KEEP_LIMIT + 1))
        codec.dumps_call("o", "m", (bytes(module.KEEP_LIMIT + 1),), {})
    assert len(packers) == 6


def test_a_failure_leaves_nothing_behind(packers: list[Any]) -> None:
    codec = make_codec()
    for value in ([1, object()], [2, {3: [object()]}]):
        with pytest.raises(SerializeError):
            codec.dumps(value)
        assert codec.dumps([1]) == b"\x91\x01"


def test_packers_do_not_serve_twice_at_once(packers: list[Any], classes: ClassRegistry) -> None:
    class Thing:
        pass

    codec = make_codec(classes)
    classes.register_class_to_dict(Thing, lambda _: codec.dumps(["inner"]))
    packers.clear()
    assert codec.loads(codec.dumps([1, Thing(), 2])) == [1, codec.dumps(["inner"]), 2]
    assert len(packers) == 2


def test_a_library_without_buffer_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    def packer(*, default: Any, use_bin_type: bool) -> Any:
        return real_packer(default=default, use_bin_type=use_bin_type)

    monkeypatch.setattr(module.msgpack, "Packer", packer)
    assert make_codec().dumps([1]) == b"\x91\x01"


def test_an_unknown_class_in_an_exception_does_not_stop_it(classes: ClassRegistry) -> None:
    codec = make_codec(classes)
    unknown = {"__class__": "a.B"}
    error = codec.loads(codec.dumps({"e": ValueError(unknown)}))["e"]
    assert error.args == (unknown,)
    with pytest.raises(SerializeError, match=r"a\.B"):
        codec.loads(codec.dumps({"e": ValueError(unknown), "x": unknown}))
