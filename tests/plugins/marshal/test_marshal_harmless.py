"""What is told to be harmless without going through it: never what is not, and most of what is."""

from __future__ import annotations

import itertools
import marshal
import os
import sys
import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_marshal import harmless
from pyroplug_marshal.claims import check_claims
from pyroplug_marshal.harmless import is_evident, is_harmless
from pyroplug_marshal.interpreter import IS_CPYTHON, may_hold_code
from pyroplug_marshal.references import check_references

pytestmark = pytest.mark.skipif(not IS_CPYTHON, reason="other readers are not known that well")

CODES = b"([\xa8\xdb\xa9\xbex\xf8"
"""Bytes that are suspicious wherever they are."""
LIE = (1 << 21).to_bytes(4, "little")
"""So many items take sixteen mebibytes, which is too much, and does no harm here."""
MIB = 1 << 20
RUNS = int(os.environ.get("FUZZ_RUNS", "3000")) // 4


def tokens(random: Random) -> Iterator[bytes]:  # noqa: PLR0912
    """Tokens of all kinds, with suspicious bytes where lengths and values are; some of them lie."""
    while True:
        special = bytes((random.choice(CODES),))
        count = random.choice((0, 1, 2, 3))
        text = random.choice((b"a(b", b"[ab", b"zzz", b"\xa9\2N", b"0NN", b"(" + LIE)) * 90
        kind = random.randrange(14)
        if kind < 3:
            yield random.choice((b"z", b"Z", b"\xfa", b"\xda")) + special + text[: special[0]]
        elif kind == 3:
            high = random.choice((b"\0", special, b"\1"))
            size = int.from_bytes(special + high, "little")
            yield random.choice((b"s", b"u", b"a", b"\xf3")) + special + high + b"\0\0" + (text * 200)[:size]
        elif kind == 4:
            number = random.choice(
                (special + b"\0\0\0", b"\0" + special + b"\0\0", special + b"\1" + LIE[2:])
            )
            yield random.choice((b"i", b"\xe9", b"r", b"\xf2")) + number
        elif kind == 5:
            yield b"g" + (bytes(random.choice((5, 6, 7))) + special + bytes(8))[:8]
        elif kind == 6:
            digits = random.choice((1, 2, special[0]))
            yield b"l" + digits.to_bytes(4, "little") + (special + b"\1") * digits
        elif kind == 7:
            yield b"x" + bytes((len(b"1.5"),)) + b"1.5" + special + (b"1" + bytes(254))[: special[0]]
        elif kind == 8:
            yield random.choice((b"(", b"[", b"\xdb", b"\xa8")) + random.choice(
                (LIE, b"\1\0\0\0", b"\xff\xff\0\0")
            )
        elif kind == 9:
            code = random.choice((b"<", b">", b"\xbe", b"["))
            yield code + random.choice(
                (bytes((count, 0, 0, 0)), special + b"\0\0\0", b"\0" + special + b"\0\0")
            )
        elif kind == 10:
            yield random.choice((b")", b"\xa9")) + random.choice((bytes((count,)), special))
        elif kind == 11:
            yield random.choice((b"{", b"0", b"N"))
        elif kind == 12:
            yield b"r" + bytes((random.randrange(4), 0, 0, 0))
        else:
            yield b"N" * random.choice((1, 40, 91))


def made_up(random: Random) -> bytes:
    data, size = b"", random.choice((100, 300, 5000, 20_000))
    for token in tokens(random):
        data += token
        if len(data) > size:
            break
    cut = random.choice((0, 0, 0, 1, 7))
    return random.choice((b"", b"[\xff\0\0\0", b"[\x14\0\0\0", b"{N")) + data[: len(data) - cut]


def check(data: bytes) -> bool:
    """Whether data is told to be harmless; if it is, it has to be."""
    file = BytesIO(data)
    tracemalloc.start()
    try:
        if not (is_evident(data) or is_harmless(data, 0, 0)):
            return False
        marshal.load(file)
    except (ValueError, EOFError, TypeError):
        pass
    else:
        check_references(data[: file.tell()])
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 6 * MIB + 100 * len(data)
    return True


@pytest.mark.parametrize("seed", range(4))
def test_what_is_not_is_never_told_to_be(seed: int) -> None:
    random = Random(seed)
    told = sum(check(made_up(random)) for _ in range(RUNS))
    assert 0 < told < RUNS


@given(st.lists(st.sampled_from([*CODES, *b"z<{0N\0\1\2r"]), max_size=60).map(bytes))
def test_few_bytes(data: bytes) -> None:
    check(b"[\3\0\0\0" + data)


@pytest.mark.parametrize(
    "value",
    [
        "what is (in parentheses) or may [not] be, of which there is not much in a text " * 9,
        ["b" * size for size in (40, 91, 168, 219, 120)],
        [*range(400)],
        [{"number": number, "price": number * 1.0} for number in range(100)],
        {number: (str(number), float(number)) for number in range(-60, 300)},
        ["\xe9\xe8\xa9" * 5, "the letter r" * 50, "r" * 300, ["r"] * 40],
        [(), (), ()] * 200,
        ["(" + "a" * 300] * 40,
        10**700,
        3.5 + 40j,
    ],
    ids=lambda value: f"{value!r:.20}",
)
def test_what_programs_send(value: Any) -> None:
    data = marshal.dumps([value, 40, "(", 12.0])
    assert is_evident(data) or is_harmless(data, 0, 0)
    check_claims(data)


def test_lengths_that_look_like_claims_remain() -> None:
    """If one were read as another length, a claim would be within a text."""
    lie = b"(" + LIE
    for before in (
        b"z(" + b"a" * 40,
        b"z[" + b"b" * 91,
        b"\xda\xa8" + b"c" * 168,
        b"s\0\x28\0\0" + bytes(10240),
    ):
        assert check(b"[\2\0\0\0" + before + b"N")
        assert not check(b"[\2\0\0\0" + before + lie)


def test_no_length_hides_what_follows() -> None:
    """Whoever knows what the copy looks like cannot have it end earlier, or somewhere else, than the data."""
    lie = b"(" + LIE
    inner = b"\1" * 256 + b"s" + (10240 - 256).to_bytes(4, "little")
    for data in (
        b"[\2\0\0\0s\0\x28\0\0" + inner + b"\1" * (10240 - len(inner)) + lie,
        b"{Nx\0031.5\x28" + b"10" + b"0" * 38 + lie,
        b"{Nz\x28N0" + b"b" * 38 + lie,
        b"[\1\0\0\0" + b"<\0\x28\0\0N" + b"{0" + lie,
    ):
        assert not check(data)
        assert not check(data + b"N" * 300)


@pytest.mark.parametrize("code", [b"(", b"[", b"\xdb", b"\xa8"])
def test_the_copy_claims_no_more_than_the_data(code: bytes) -> None:
    """Neither where it is cut off, nor where it goes on beyond the data's end."""
    for claim in (b"\xdb0\xdb\xdb", b"\0\0\0\xdb", b"\0\0\0", b"\xff\xff", b"\xff"):
        for after in (b"", b"z\x28" + b"b" * 40, b"\xf8\xdb\0"):
            check(b"[\3\0\0\0z\x28" + b"b" * 40 + code + claim + after)


def test_no_claim_at_the_end_goes_on_beyond_it(monkeypatch: pytest.MonkeyPatch) -> None:
    copies: list[bytes] = []
    monkeypatch.setattr(harmless, "read", lambda copy: copies.append(bytes(copy)))
    for code in b"([\xdb\xa8":
        for rest in range(4):
            is_harmless(b"[\2\0\0\0Nx(" + LIE[::-1] + bytes((code,)) + bytes(rest), 0, 0)
    assert len(copies) == 16
    assert not any(code in copy[7:] for code in b"([\xdb\xa8" for copy in copies)


def test_it_starts_where_tokens_begin() -> None:
    data = b"[\2\0\0\0z\5(\xff\xff\xff\x7fN"
    assert is_harmless(data, 12, 2)
    assert not is_harmless(data[:-1] + b"(\xff\xff\xff\x7f", 12, 2)
    assert not is_harmless(data, 12, 1 << 20)


def test_many_suspects_are_for_others_to_judge() -> None:
    assert not is_harmless(b"(\xff\xff\xff\x7f" * 1000, 0, 0)
    assert not is_harmless(b"[\xff\1\0\0" * 1000, 0, 0)
    text = b"[\0\1\0\0" * 60
    assert not check(b"[\2\0\0\0s" + len(text).to_bytes(4, "little") + text + b"[" + LIE)
    assert not is_harmless(bytes(harmless.LARGEST + 1), 0, 0)


reader_takes_code = pytest.mark.skipif(
    may_hold_code(b"c") is None and sys.version_info >= (3, 13), reason="the reader refuses it"
)


@reader_takes_code
@pytest.mark.parametrize("padding", [0, 300, 5000, 70_000])
def test_code_is_found(padding: int) -> None:
    code = compile("lambda a, b=1, *, c: [a, b, c]", "", "exec")
    data = marshal.dumps(["(", code, b"x" * padding])
    assert may_hold_code(data)
    assert not is_harmless(data, 0, 0)
    with pytest.raises(ValueError, match="code object"):
        check_claims(data)


NUMBERS = (0, 1, 2, 3, 65535, 1 << 16, 1 << 24, (1 << 30) - 1, 1 << 30, (1 << 31) - 2, (1 << 31) - 1, 1 << 31)
"""What a reader that adds them with 32 bits takes for few arguments is among these."""


@reader_takes_code
@pytest.mark.parametrize("code_bytes", ["in it", "referred to"])
def test_code_that_claims_arguments_without_names_is_found(code_bytes: str) -> None:
    data, fields = marshal.dumps(compile("1", "", "exec"), 2), 6 if sys.version_info < (3, 11) else 5
    given = [int.from_bytes(data[at : at + 4], "little") for at in range(1, 1 + 4 * fields, 4)]
    before, rest = b"N", data[1 + 4 * fields :]
    if code_bytes == "referred to":
        end = 5 + int.from_bytes(rest[1:5], "little")
        before, rest = b"\xf3" + rest[1:end], b"r\0\0\0\0" + rest[end:]
    for arguments, keyword_only, flags in itertools.product(NUMBERS, NUMBERS, (0, 3, 12)):
        numbers = (arguments, 0, keyword_only, *given[3:-1], flags)
        code = b"c" + b"".join(number.to_bytes(4, "little") for number in numbers) + rest
        data = b"[\2\0\0\0" + before + code
        if is_read(data):
            assert may_hold_code(data)
            with pytest.raises(ValueError, match="code object"):
                check_claims(data)


def is_read(data: bytes) -> bool:
    try:
        marshal.loads(data)
    except Exception:
        return False
    return True


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the reader refuses it")
def test_texts_are_not_mistaken_for_code() -> None:
    lines = [f"{word} of all cases: such a curious creature's calls" for word in ("cats", "records", "facts")]
    for value in (lines, {line: number for number, line in enumerate(lines)}, dict.fromkeys(lines, 2.0)):
        assert not may_hold_code(marshal.dumps(value))
