"""What only the serializer serpent has: its text, its library's table, its limits."""

from __future__ import annotations

import collections
import enum
import gc
from types import SimpleNamespace
from typing import Any

import pytest
import serpent
from pyroplug_serpent import SerpentSerializer

from pyroplug.errors import SerializeError
from pyroplug.values import ClassRegistry


def make_codec(classes: ClassRegistry | None = None, bytes_repr: bool = False) -> Any:
    settings: Any = SimpleNamespace(SERPENT_BYTES_REPR=bytes_repr)
    return SerpentSerializer().codec(settings, classes or ClassRegistry())


def body(data: bytes) -> bytes:
    header, _, text = data.partition(b"\n")
    assert header == b"# serpent utf-8 python3.2"
    return text


def test_a_call_as_text() -> None:
    data = make_codec().dumps_call("obj", "echo", (1, "x"), {"k": 2})
    assert body(data) == b"('obj','echo',(1,'x'),{'k':2})"


def test_bytes() -> None:
    assert body(make_codec().dumps(b"abc")) == b"{'data': 'YWJj', 'encoding': 'base64'}"
    assert body(make_codec(bytes_repr=True).dumps([b"abc", bytearray(b"x"), memoryview(b"y")])) == (
        b"[b'abc',b'x',b'y']"
    )


class Thing:
    def __init__(self) -> None:
        self.x = 1


def test_the_librarys_table_is_left_alone_and_not_used() -> None:
    def fail(*_: Any) -> None:
        raise AssertionError("the process's table was asked")

    before = dict(serpent._special_classes_registry)
    serpent.register_class(Thing, fail)
    try:
        codec = make_codec()
        assert b"'x':1" in codec.dumps(Thing())
        classes = ClassRegistry()
        classes.register_class_to_dict(Thing, lambda _: {"mine": 1})
        assert body(make_codec(classes).dumps([Thing()])) == b"[{'mine':1}]"
        assert b"mine" not in codec.dumps(Thing())
    finally:
        serpent.unregister_class(Thing)
    assert dict(serpent._special_classes_registry) == before


@pytest.mark.parametrize("enabled", [True, False])
def test_the_garbage_collector_is_left_alone(enabled: bool) -> None:
    codec = make_codec()
    try:
        (gc.enable if enabled else gc.disable)()
        codec.loads(codec.dumps([1]))
        assert gc.isenabled() is enabled
    finally:
        gc.enable()


def test_registered_classes_come_before_the_formats_own_rules() -> None:
    class Colour(enum.Enum):
        RED = 1

    classes = ClassRegistry()
    for cls in (Colour, collections.OrderedDict, UnicodeError):
        classes.register_class_to_dict(cls, lambda obj: {"mine": type(obj).__name__})
    value = [Colour.RED, collections.OrderedDict(), UnicodeError(), {}.keys()]
    assert (
        body(make_codec(classes).dumps(value))
        == b"[{'mine':'Colour'},{'mine':'OrderedDict'},{'mine':'UnicodeError'},[]]"
    )
    assert body(make_codec().dumps(value[:2])) == b"[1,{'__class__':'collections.OrderedDict','items':[]}]"


def test_a_state_of_ones_own_is_written_by_the_library() -> None:
    class State:
        def __getstate__(self) -> Any:
            return {"a": 1}

    data = make_codec().dumps(State())
    assert data == serpent.dumps(State(), module_in_classname=True)
    assert b"'a':1" in data


def test_ordered_dicts_keep_their_order_and_content() -> None:
    codec = make_codec()
    value = collections.OrderedDict([("b", float("nan")), ((1, 2), collections.OrderedDict())])
    back = codec.loads(codec.dumps([value]))[0]
    assert type(back) is collections.OrderedDict
    assert list(back) == ["b", (1, 2)]
    assert type(back[(1, 2)]) is collections.OrderedDict


def test_a_circle_of_ordered_dicts() -> None:
    value: Any = collections.OrderedDict()
    value["self"] = value
    with pytest.raises(SerializeError):
        make_codec().dumps(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# serpent utf-8 python3.2\n",
        "open('x')",
        "__import__('os')",
        "x",
        "[i for i in (1,)]",
        "f'{1}'",
        "1+1",
        "'x'*9",
        "(lambda: 1)()",
        "{[]: 1}",
        "{{}}",
        "1\0",
        "1;2",
        "(" * 300,
        "[" * 250 + "]" * 250,
        "-" * 100_000 + "1",
        "not " * 50_000 + "1",
        "1+" * 20_000 + "1j",
        "1" * 5000,
        "\ufeff1",
        "'\\d'",
    ],
)
def test_only_literals_are_read(text: str) -> None:
    codec = make_codec()
    for load in (codec.loads, codec.loads_call):
        with pytest.raises(SerializeError):
            load(text.encode())


def test_nesting_as_deep_as_the_library_allows() -> None:
    codec = make_codec()
    value: Any = []
    for _ in range(150):
        value = [value]
    assert codec.loads(codec.dumps(value)) == value
    for _ in range(150):
        value = [value]
    with pytest.raises(SerializeError, match="200"):
        codec.dumps(value)


def test_the_setting_is_read_when_the_codec_is_made() -> None:
    settings: Any = SimpleNamespace(SERPENT_BYTES_REPR=True)
    codec = SerpentSerializer().codec(settings, ClassRegistry())
    settings.SERPENT_BYTES_REPR = False
    assert body(bytes(codec.dumps(b"x"))) == b"b'x'"
