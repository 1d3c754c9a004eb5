"""What is read is what ``ast.literal_eval`` reads, and what it refuses is refused."""

from __future__ import annotations

import ast
import contextlib
import math
import re
import time
import tracemalloc
import warnings
from typing import Any

import pytest
import serpent
from hypothesis import example, given
from hypothesis import strategies as st
from pyroplug_serpent import reading
from pyroplug_serpent.reading import read_literal

from benchmarks.workloads import RECORD

NUMBERS = """1 0 -1 +1 --1 -True ~1 1.5 -1.5 -0.0 1e30000 -1e30000 1j -1j 2+3j -2.5-3j 1+1 1j+1 -1+-1j"""
TEXTS = """'a' "a" '' b'a' 'a''b' f'a' f'{1}' u'a' -'a' 'a'"""
OTHERS = """True False None ... x set() set(1) dict() set set(*()) -x ()() *x x.y x[0] not1 (x:=1) lambda:1"""

atoms = st.sampled_from(f"{NUMBERS} {TEXTS} {OTHERS}".split())


def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    lists = st.lists(inner, max_size=3)
    pair = st.tuples(inner, inner).map(":".join) | inner.map("**{}".format)
    return (
        lists.map(",".join).flatmap(
            lambda text: st.sampled_from(["[%s]", "(%s)", "(%s,)", "{%s}", "%s", "set(%s)"]).map(
                lambda form: form % text
            )
        )
        | st.lists(pair, max_size=3).map(",".join).map("{{{}}}".format)
        | st.tuples(st.sampled_from(["-", "+", "~", "*", "not"]), inner).map(" ".join)
        | st.tuples(inner, st.sampled_from("+-*/:; "), inner).map("".join)
        | inner.map("[{} for x in ()]".format)
    )


texts = st.recursive(atoms, joined, max_leaves=8)


def outcome(read: Any, text: str) -> tuple[Any, ...]:
    with warnings.catch_warnings():
        # The parser finds much that is valid curious. Nobody wants to read that for each text of a stranger.
        warnings.simplefilter("error" if read is read_literal else "ignore")
        try:
            return (repr(read(text)),)
        except Exception as error:
            return type(error), str(error).partition(" at 0x")[0]


@given(texts)
@example("")
@example(" \t1")
@example("\n 1")
@example("# only this\n")
@example("{'a': 1, 'a': 2, 1: 3, True: 4, 1.0: 5}")
@example("{[]: 1}")
@example("{{}: 1}")
@example("{(1, []): 1}")
@example("{**{}}")
@example("[[1, {2, (3, -4)}], {'k': {set(), 5}}]")
@example("(1).real")
@example("1\0")
@example("[" * 199 + "]" * 199)
@example("[" * 201 + "]" * 201)
@example("-" * 5000 + "1")
@example("1" * 5000)
@example(serpent.dumps(RECORD).decode())
@example("{1: 2, 3}")
@example("{1, 2: 3}")
@example("{1: 2, 3,}")
@example("{1:}")
@example("{:1}")
@example("[,]")
@example("(1, 2]")
@example("1, 2")
@example("'a' 'b'")
@example("'a\0'")
@example("'a\rb'")
@example("[1\n,\f2]")
@example("# one\n# two\n1")
@example("# one\n 1")
@example("b'\\xff\\u0041'")
@example("b'\u20ac'")
@example("'\\ud800\\U0001f600\\101\\\\\\'\u20ac'")
@example("'\\U00110000'")
@example("'\\400'")
@example("'\\N{DASH}'")
@example("[1_000, 0x1f, 007, 1e5, 1.e5, 1.5e-3, .5, 00.5, 1_0j]")
@example("[(1-0j), -1.5e3-2e5j, (1 + 2j), 1+2]")
def test_the_same_is_read_and_the_same_refused(text: str) -> None:
    check(text)


def check(text: str) -> None:
    found, expected = outcome(read_literal, text), outcome(ast.literal_eval, text)
    with warnings.catch_warnings(record=True) as curious:
        warnings.simplefilter("always")
        with contextlib.suppress(Exception):
            ast.literal_eval(text)
    is_refused = bool(curious) or isinstance(expected[0], type)
    # Not every Python warns of octal escapes that are too large for a byte; and none of what is in a comment.
    is_refused |= bool(re.search(r"\\[4-7][0-7]{2}", text)) or ("#" in text and bool(reading._curious(text)))
    assert found == expected or (is_refused and found[0] in (ValueError, UnicodeEncodeError))


@given(st.text("()[]{}',:-+1.ejx# \n\\", max_size=12))
@example("'\\d'")
@example("'\\777'")
@example("1if")
@example("1#\\:")
@example("[0x1for x in ()]")
@example("1_0and 5")
@example("1.or 5")
def test_with_any_characters(text: str) -> None:
    check(text)


def test_deep_values_take_no_more_of_the_stack_than_they_did() -> None:
    text = "{'k':(" * 95 + "1" + ",)}" * 95

    def read_below(frames: int, read: Any) -> bool:
        if frames:
            return read_below(frames - 1, read)
        return outcome(read, text)[0] is not RecursionError

    for frames in range(500, 800, 10):
        if read_below(frames, ast.literal_eval):
            assert read_below(frames, read_literal)


@pytest.mark.parametrize("text", ["__import__('os')", "[open]", "{'a': print()}", "(1, x)"])
def test_nothing_is_looked_up_or_called(text: str) -> None:
    with pytest.raises(ValueError, match="malformed node"):
        read_literal(text)


# Large texts


def in_large(text: str) -> str:
    """The same in a list, with so much beside it that the text is large."""
    return f"[{text},{'0,' * reading.SMALL}]"


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers() | st.tuples(st.integers(), st.text()), inner, max_size=4)
        | st.sets(st.text() | st.integers(), max_size=4)
    ),
    max_leaves=10,
)


@given(values, st.booleans(), st.booleans())
def test_whatever_serpent_writes_is_read_in_large_texts(value: Any, indent: bool, bytes_repr: bool) -> None:
    text = serpent.dumps(value, indent=indent, bytes_repr=bytes_repr).decode()
    expected = ast.literal_eval(text)
    assert repr(reading._read(text)) == repr(expected)
    body = text.partition("\n")[2]
    assert repr(read_literal(in_large(body))[0]) == repr(expected)


@given(texts)
def test_a_large_text_is_refused_or_means_what_it_means_in_python(text: str) -> None:
    large = in_large(text)
    found, expected = outcome(read_literal, large), outcome(ast.literal_eval, large)
    assert found == expected or found[0] in (ValueError, TypeError, UnicodeEncodeError, UnicodeDecodeError)


LARGE = 1 << 18
PRIME = (1 << 61) - 1
"""Integers that differ by a multiple of it have the same hash."""

HOSTILE = {
    "nested": "[" * LARGE,
    "signs": "-" * LARGE + "1",
    "sums": "+1" * (LARGE // 2),
    "digits": "1" * LARGE,
    "digits of two numbers": "1" * (LARGE // 2) + "+" + "1" * (LARGE // 2),
    "hexadecimal": "0x" + "f" * LARGE,
    "underscores": "1" + "_" * LARGE,
    "spaces": "[" + " " * LARGE + "x",
    "comments": "#\n" * (LARGE // 2),
    "format strings": 'f"' + "{x}" * (LARGE // 3) + '"',
    "texts in a row": "'' " * (LARGE // 3),
    "backslashes": "'" + "\\" * LARGE,
    "backslashes and quotes": "'" + "\\'" * (LARGE // 2),
    "escapes that are none": "['\\d'" + ",'\\d'" * (LARGE // 5),
    "names": "[" + "a," * (LARGE // 2),
    "attributes": "a" + ".a" * (LARGE // 2),
    "calls": "a" + "()" * (LARGE // 2),
    "comparisons": "1" + "<1" * (LARGE // 2),
    "choices": "1 if 1 else " * (LARGE // 12),
    "keys with one hash": "{" + ",".join(str(PRIME * number) for number in range(30_000)) + "}",
    "tuples with one hash": "{" + ",".join(f"({PRIME * number},):1" for number in range(30_000)) + "}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_refused_soon_and_take_little(name: str) -> None:
    text = HOSTILE[name]
    began = time.process_time()
    with pytest.raises(ValueError, match=r"\w"):
        read_literal(text)
    assert time.process_time() - began < 1.0
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"\w"):
            read_literal(text)
        assert tracemalloc.get_traced_memory()[1] < 20 * len(text)
    finally:
        tracemalloc.stop()


PORTION = 1 << 17


@pytest.mark.parametrize("item", ["0,", "[],", "(),", "'ab',", "1.5,", "{},", "'\\n',", "set(),"])
def test_what_is_read_takes_memory_for_its_values_and_little_else(item: str) -> None:
    text = f"[{item * (PORTION // len(item))}]"
    tracemalloc.start()
    try:
        value = read_literal(text)
        now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(value) == PORTION // len(item)
    assert most < now + 2 * len(text)


def test_many_keys_are_fine() -> None:
    keys = [*range(-5000, 5000), *(1 << bits for bits in range(64, 2000)), *map(str, range(5000))]
    assert read_literal(repr(dict.fromkeys(keys, 1))) == dict.fromkeys(keys, 1)
    assert read_literal(repr(set(keys))) == set(keys)
    assert math.isinf(read_literal(in_large("-1e30000"))[0])
