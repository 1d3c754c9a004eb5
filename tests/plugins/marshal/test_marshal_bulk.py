"""Large byte strings are sent from where they are, and arrive like any others."""

from __future__ import annotations

import marshal
from types import SimpleNamespace
from typing import Any

import pyroplug_marshal.bulk as module
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_marshal import MarshalSerializer

from pyroplug.contracts import joined
from pyroplug.errors import SerializeError
from pyroplug.values import ClassRegistry

LARGE = 1 << 16


def make_codec(classes: ClassRegistry | None = None) -> Any:
    return MarshalSerializer().codec(SimpleNamespace(), classes or ClassRegistry())  # type: ignore[arg-type]


byte_strings = st.builds(lambda size: b"x" * size, st.sampled_from([0, LARGE - 1, LARGE, LARGE + 7]))
values = st.one_of(
    byte_strings,
    byte_strings.map(bytearray),
    byte_strings.map(memoryview),
    st.integers(),
    st.text(max_size=5),
)


def plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, (bytearray, memoryview)) else value


@given(
    args=st.lists(values, max_size=5).map(tuple),
    kwargs=st.dictionaries(st.text(max_size=3), values, max_size=2),
)
def test_calls_arrive(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    codec = make_codec()
    data = joined(codec.dumps_call("o", "m", args, kwargs))
    expected = ("o", "m", [*map(plain, args)], {key: plain(value) for key, value in kwargs.items()})
    assert codec.loads_call(data) == marshal.loads(data) == expected


@given(value=values)
def test_results_arrive(value: Any) -> None:
    codec = make_codec()
    assert codec.loads(joined(codec.dumps(value))) == plain(value)


@pytest.mark.parametrize("make", [bytes, bytearray, lambda size: memoryview(bytearray(size))])
def test_they_are_sent_from_their_own_memory(make: Any) -> None:
    codec, data = make_codec(), make(LARGE)
    for payload in (codec.dumps(data), codec.dumps_call("o", "m", (1, data, data), {})):
        assert isinstance(payload, tuple)
        assert any(part is data for part in payload)


def test_among_what_has_to_be_converted() -> None:
    class Thing:
        pass

    classes = ClassRegistry()
    classes.register_class_to_dict(Thing, lambda _: {"x": 1})
    codec = make_codec(classes)
    payload = codec.dumps_call("o", "m", (Thing(), bytes(LARGE), {"y": Thing()}), {"z": Thing()})
    assert isinstance(payload, tuple)
    expected = ("o", "m", [{"x": 1}, bytes(LARGE), {"y": {"x": 1}}], {"z": {"x": 1}})
    assert codec.loads_call(joined(payload)) == expected
    with pytest.raises(SerializeError):
        codec.dumps_call("o", "m", (bytes(LARGE), object()), {})


def test_views_that_are_no_plain_bytes() -> None:
    codec = make_codec()
    data = bytes(range(256)) * (LARGE // 64)
    for view in (memoryview(data)[::2], memoryview(data).cast("B", (4, LARGE)), memoryview(data)[::-1]):
        assert codec.loads(joined(codec.dumps(view))) == bytes(view)
        assert codec.loads_call(joined(codec.dumps_call("o", "m", (view,), {})))[2] == [bytes(view)]
    released = memoryview(data)
    released.release()
    for dump in (lambda: codec.dumps(released), lambda: codec.dumps_call("o", "m", (released,), {})):
        with pytest.raises(SerializeError):
            dump()


def test_who_knows_the_secret_is_sent_nevertheless() -> None:
    codec, args = make_codec(), (bytes(LARGE), module._MARK)
    assert codec.loads_call(joined(codec.dumps_call("o", "m", args, {})))[2] == [*args]
