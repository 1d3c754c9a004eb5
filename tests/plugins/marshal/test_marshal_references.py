"""Data whose references stand for what takes long to hash: it is refused, and what programs send is not."""

from __future__ import annotations

import marshal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from pyroplug_marshal import MarshalSerializer
from pyroplug_marshal.claims import check_claims
from pyroplug_marshal.references import check_references

from pyroplug.errors import SerializeError
from pyroplug.values import ClassRegistry

settings: Any = None
codec = MarshalSerializer().codec(settings, ClassRegistry())


def four(number: int) -> bytes:
    return (number & 0xFFFFFFFF).to_bytes(4, "little")


def list_of(*items: bytes) -> bytes:
    return b"[" + four(len(items)) + b"".join(items)


def reference(number: int) -> bytes:
    return b"r" + four(number)


def keys(number: int, times: int) -> bytes:
    """A dictionary whose keys are all the same."""
    return b"{" + (reference(number) + b"N") * times + b"0"


def chain(length: int, make: Callable[[bytes], bytes]) -> list[bytes]:
    """Values that are within one another, though each of them is an item of a list."""
    return [make(b"N"), *(make(reference(number)) for number in range(length - 1))]


def tuple_of(item: bytes) -> bytes:
    return b"\xa9\1" + item


SHARED = {
    "tuples within tuples": list_of(
        *(tuple_of(b"N") for _ in "t"), *(b"\xa9\2" + reference(n) * 2 for n in range(18)), keys(18, 600)
    ),
    "a wide tuple": list_of(b"\xa8" + four(20_000) + b"N" * 20_000, keys(0, 3_000)),
    "a wide tuple as an item of sets": list_of(
        b"\xa8" + four(20_000) + b"N" * 20_000, *[b"<" + four(1) + reference(0)] * 3_000
    ),
    "a wide frozen set and its like": list_of(
        *(
            code + four(9_000) + b"".join(b"i" + four(number) for number in range(9_000))
            for code in (b"\xbe", b">")
        ),
        keys(0, 20_000),
    ),
    "many digits": list_of(b"\xec" + four(40_000) + b"\1\1" * 40_000, keys(0, 30_000)),
    "many digits, negative": list_of(b"\xec" + four(-40_000) + b"\1\1" * 40_000, keys(0, 30_000)),
    "many digits within a tuple": list_of(tuple_of(b"l" + four(40_000) + b"\1\1" * 40_000), keys(0, 30_000)),
    **{
        f"two equal texts, {code!r}": list_of(
            *[code + four(1 << 20) + b"a" * (1 << 20)] * 2, keys(0, 1), keys(1, 50_000)
        )
        for code in (b"\xe1", b"\xc1", b"\xf3", b"\xf5")
    },
}


@pytest.mark.parametrize("data", SHARED.values(), ids=list(SHARED))
def test_keys_that_take_long_to_hash_are_refused(data: bytes) -> None:
    began = time.process_time()
    with pytest.raises(SerializeError, match="too often"):
        codec.loads(data)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("length", [100_000, 2_100])
def test_tuples_that_only_references_nest_deeply_do_not_crash_the_interpreter(length: int) -> None:
    for key in (keys(length - 1, 1), b"N"):  # who gets such a tuple may use it as a key, too
        data = list_of(*chain(length, tuple_of), key)
        with pytest.raises(SerializeError, match="nested too deeply"):
            codec.loads(data)
    large = chain(length, lambda item: b"\xa8" + four(1) + item)
    with pytest.raises(SerializeError, match="nested too deeply"):
        codec.loads(list_of(*large))


@pytest.mark.parametrize("length", [10, 1_900])
def test_tuples_that_references_nest_are_read(length: int) -> None:
    value = codec.loads(list_of(*chain(length, tuple_of), keys(length - 1, 1)))
    assert value[1] == (value[0],)
    assert value[-1] == {value[-2]: None}


def test_what_ends_the_hashing_of_a_tuple_may_be_nested() -> None:
    makers: tuple[Callable[[bytes], bytes], ...] = (
        lambda item: b"\xdb" + four(1) + item,
        lambda item: b"\xfbN" + item + b"0",
    )
    for make in makers:
        items = chain(20_000, make)
        items[1::2] = [tuple_of(reference(number)) for number in range(0, 20_000, 2)]
        assert len(codec.loads(list_of(*items))) == 20_000


def test_a_crowd_of_open_containers_takes_little_memory() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        check_references(b"\xa9\1" * 100_000)


@pytest.mark.parametrize(
    "value",
    [
        {("a", number): ("b", number) for number in range(3_000)},
        [{pair: 1.5} for pair in [(1, 2), ("x", (3, 4))] * 500],
        [tuple(range(500))] * 60,
        [(1, 2)] * 3 + [tuple((number, number) for number in range(30_000))] * 2,
        [1 << 40_000] * 50 + [{1 << 40_000: 1}] * 50,
        ["x" * 70_000] * 4 + [{"x" * 70_000: number} for number in range(8)],
        [frozenset((number, (number,))) for number in range(500)] * 8,
    ],
    ids=range(7),
)
@pytest.mark.parametrize("version", [0, 1, 2, 3, 4])
def test_what_programs_share_passes(value: Any, version: int) -> None:
    data = marshal.dumps(value, version)
    check_claims(data)
    check_references(data)


@pytest.mark.parametrize("version", [0, 1])
def test_complex_numbers_as_texts(version: int) -> None:
    value = [1.5 - 2j, "x", 3j] * 2_000
    assert codec.loads(marshal.dumps(value, version)) == value


def test_what_ended_the_interpreter_is_refused() -> None:
    """Where the check is at fault, the interpreter ends with a signal."""
    program = "from tests.plugins.marshal import test_marshal_references as t\n" + (
        "for length in (1_000, 300_000):\n"
        "    data = t.list_of(*t.chain(length, t.tuple_of), t.keys(length - 1, 1))\n"
        "    try: t.codec.loads(data)\n"
        "    except t.SerializeError: print('refused')\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "refused\n"), done.stderr
