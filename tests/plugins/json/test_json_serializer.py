"""What only the serializer json has: its text, its gaps, its two encoders."""

from __future__ import annotations

import json
from typing import Any

import pyroplug_json.serializer as module
import pytest
from pyroplug_json import JsonSerializer

from pyroplug.errors import SerializeError
from pyroplug.values import ClassRegistry


@pytest.fixture(params=["c", "python"])
def codec(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    if request.param == "python":
        monkeypatch.setattr(module.engine, "c_make_encoder", None)
    return make_codec(ClassRegistry())


def make_codec(classes: ClassRegistry) -> Any:
    return JsonSerializer().codec(None, classes)  # type: ignore[arg-type]


def test_a_call_as_text(codec: Any) -> None:
    data = codec.dumps_call("obj", "echo", (1, "é"), {"k": 2})
    assert data.decode() == '{"object": "obj", "method": "echo", "params": [1, "é"], "kwargs": {"k": 2}}'


@pytest.mark.parametrize(
    "value",
    [
        1,
        -1.5,
        'é🐍\n"\\',
        [],
        {"a": [None, True, {}]},
        float("inf"),
        {1: 2, 1.5: 3, None: 4, False: 5},
        (1, (2,)),
    ],
)
def test_the_text_is_that_of_the_library(codec: Any, value: Any) -> None:
    assert codec.dumps(value).decode() == json.dumps(value, ensure_ascii=False)


def test_half_a_surrogate_pair(codec: Any) -> None:
    value = ["\udc80", "é"]
    data = codec.dumps(value)
    assert data == b'["\\udc80", "\\u00e9"]'
    assert codec.loads(data) == value
    assert codec.loads_call(codec.dumps_call("o", "m", value, {}))[2] == value


@pytest.mark.parametrize("value", [b"x", bytearray(b"x"), memoryview(b"x"), [{"a": b"x"}]])
def test_bytes_are_refused_with_advice(codec: Any, value: Any) -> None:
    for use in (lambda: codec.dumps(value), lambda: codec.dumps_call("o", "m", (value,), {})):
        with pytest.raises(SerializeError, match=r"json cannot carry (bytes|bytearray|memoryview)") as caught:
            use()
        assert "base64" in str(caught.value.hint)


def test_bytes_can_be_registered() -> None:
    classes = ClassRegistry()
    classes.register_class_to_dict(bytes, lambda data: data.hex())
    assert make_codec(classes).dumps([b"\x01"]) == b'["01"]'


def test_white_space_and_other_spellings(codec: Any) -> None:
    for text in (" [1] ", "\n[1]", "[1]\r\n", '{"a":\n1}', "5", " 5", '"x"'):
        assert codec.loads(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"[",
        b"[1,]",
        b"1 2",
        b"{'a': 1}",
        b"\xff",
        b"\xef\xbb\xbf1",
        b"nul",
        b"1" * 5000,
        b"[" * 100_000,
    ],
)
def test_what_is_no_json(codec: Any, data: bytes) -> None:
    for load in (codec.loads, codec.loads_call):
        with pytest.raises(SerializeError):
            load(data)


def test_a_call_needs_its_members(codec: Any) -> None:
    call = {"object": "o", "method": "m", "params": [1], "kwargs": None}
    assert codec.loads_call(codec.dumps({**call, "more": 1})) == ("o", "m", [1], None)
    for name in call:
        with pytest.raises(SerializeError, match="members"):
            codec.loads_call(codec.dumps({key: value for key, value in call.items() if key != name}))
