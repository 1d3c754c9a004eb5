"""The annotation in which challenges travel: what goes in comes out, and strangers' bytes do no harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyroplug.challenges import pack_challenges, unpack_challenges
from pyroplug.errors import ProtocolError

NAMES = st.text(st.characters(codec="utf-8"), max_size=60)


@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=5))
def test_what_goes_in_comes_out(parts: dict[str, bytes]) -> None:
    packed = pack_challenges(dict(parts))
    assert unpack_challenges(packed) == parts
    assert list(unpack_challenges(memoryview(packed))) == list(parts)


@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    try:
        parts = unpack_challenges(data)
    except ProtocolError:
        return
    assert pack_challenges(dict(parts)) == data


@given(st.dictionaries(NAMES, st.binary(max_size=20), min_size=1, max_size=3), st.data())
def test_what_is_cut_off(parts: dict[str, bytes], data: st.DataObject) -> None:
    packed = pack_challenges(dict(parts))
    size = data.draw(st.integers(0, len(packed) - 1))
    try:
        rest = unpack_challenges(packed[:size])
    except ProtocolError:
        return
    assert list(rest.items()) == list(parts.items())[: len(rest)]
    assert len(rest) < len(parts)


def test_a_name_twice() -> None:
    with pytest.raises(ProtocolError, match="malformed"):
        unpack_challenges(pack_challenges({"one": b"1"}) * 2)


@pytest.mark.parametrize(("name", "size"), [("n" * 256, 1), ("é" * 128, 1), ("one", 65536)])
def test_what_is_too_long(name: str, size: int) -> None:
    with pytest.raises(ProtocolError, match="cannot carry"):
        pack_challenges({name: bytes(size)})
    pack_challenges({"n" * 255: bytes(65535)})
