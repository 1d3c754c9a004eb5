"""Where texts with a prefix end, among all that UTF-8 can encode."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyroplug_nameserver.storages.texts import after_prefix, check_texts, is_encodable

from pyroplug.contracts import NameRecord
from pyroplug.errors import NamingError

edges = st.sampled_from("\0a\x7f\x80\ud7ff\ue000\uffff\U00010000\U0010fffe\U0010ffff")
texts = st.text(edges | st.characters(codec="utf-8"), max_size=6)


@given(texts, texts)
@example("\ud7ff", "\ue000")
@example("\U0010ffff", "\U0010ffff\U0010ffff")
@example("a\U0010ffff", "b")
def test_the_range_has_all_that_begin_with_it_and_nothing_else(prefix: str, text: str) -> None:
    end = after_prefix(prefix)
    for one in (text, prefix + text, prefix + "\U0010ffff" * 3):
        assert (prefix <= one and (end is None or one < end)) == one.startswith(prefix)
    assert end is None or is_encodable(end)


@given(texts, texts)
def test_python_sorts_text_as_its_bytes_are_sorted(one: str, other: str) -> None:
    """So that a storage may compare bytes."""
    assert (one < other) == (one.encode() < other.encode())


@pytest.mark.parametrize(
    ("record", "what"),
    [
        (NameRecord("a\ud800", "u"), "name"),
        (NameRecord("a", "u\udfff"), "URI"),
        (NameRecord("a", "u", frozenset({"\ud800"})), "tag"),
    ],
)
def test_what_cannot_be_kept(record: NameRecord, what: str) -> None:
    with pytest.raises(NamingError, match=f"the {what} .* cannot be kept.*\nhint: leave out"):
        check_texts(record)


def test_what_can() -> None:
    check_texts(NameRecord("ä\0\U0010ffff", "", frozenset({"", "ö"})))
