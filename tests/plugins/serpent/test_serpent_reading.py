"""What is read is what ``ast.literal_eval`` reads, and what it refuses is refused."""

from __future__ import annotations

import ast
import warnings
from typing import Any

import pytest
import serpent
from hypothesis import example, given
from hypothesis import strategies as st
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
        warnings.simplefilter("ignore")  # of the parser, who finds calls of numbers curious
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
@example("-" * 100_000 + "1")
@example("1" * 5000)
@example(serpent.dumps(RECORD).decode())
def test_the_same_is_read_and_the_same_refused(text: str) -> None:
    assert outcome(read_literal, text) == outcome(ast.literal_eval, text)


@given(st.text("()[]{}',:-+1.ejx# \n\\", max_size=12))
def test_with_any_characters(text: str) -> None:
    assert outcome(read_literal, text) == outcome(ast.literal_eval, text)


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
