"""Bytes made of valid ones: damaged at random, or put together anew from parts that are valid by themselves.

Everything comes from one random generator, so that a seed and a number make the same bytes again.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from pyroplug.wire import HEADER_SIZE, PREFIX, Flags, pack_header, unpack_header

__all__ = ["mutated"]

_LARGEST = 1 << 16
_NUMBERS = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
)
_WORDS = (
    *(b"__class__", b"__exception__", b"args", b"attributes", b"builtins.ValueError", b"Pyro5.core.URI"),
    *(b"PYRO\x01\xf6", b"PYRO:", b"PYROMETA:", b"@./u:", b"BLBI", b"CHLG", b"STRM", b"thing", b"echo"),
    *(b"[", b"{", b"(", b"]", b"}", b")", b"'", b'"', b"\\", b",", b":", b"\0", b"\xff", b"\xa9__class__"),
    *(b"\xdd\xff\xff\xff\xff", b"\xdf\0\0\xff\xff", b"\xc9\0\0\0\1\x31", b"\xd8\x30", b"\xd7\xff", b"\xc1"),
    *(
        b"(\xff\xff\xff\x7f",
        b"\xa9\2r\0\0\0\0",
        b"l\xff\xff\0\0",
        b"r\0\0\0\0",
        b"c",
        b"\xe3",
        b"<",
        b">",
        b"0",
    ),
    *(
        b"1e999",
        b"-",
        b"1j",
        b"f'{x}'",
        b"b'\\xff'",
        b"'\\ud800'",
        b"NaN",
        b"Infinity",
        b"null",
        b"None",
        b"0x",
    ),
)


def mutated(data: bytes, others: Sequence[bytes], random: Random, *, framed: bool) -> bytes:
    """One seed, changed a few times, at most 64 KiB of it.

    :param others: valid bytes, of which parts are taken.
    :param framed: after a byte or two these are messages, which are also changed as such.
    """
    for _ in range(1 + int(random.expovariate(0.7))):
        if framed and random.random() < 0.6:
            data = _change_messages(data, others, random)
        else:
            data = random.choice(_CHANGES)(data, others, random)
    return data[:_LARGEST]


# Any bytes -------------------------------------------------------------------------------------------

_Change = Callable[[bytes, Sequence[bytes], Random], bytes]


def _place(data: bytes, random: Random) -> int:
    return random.randint(0, len(data))


def _part(data: bytes, random: Random) -> tuple[int, int]:
    start = _place(data, random)
    return start, min(len(data), start + int(random.expovariate(0.1)))


def _flip(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    made = bytearray(data)
    for _again in range(random.randint(1, 8) if made else 0):
        made[random.randrange(len(made))] ^= 1 << random.randrange(8)
    return bytes(made)


def _set(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    made = bytearray(data)
    if made:
        made[random.randrange(len(made))] = random.randrange(256)
    return bytes(made)


def _cut(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    return data[: _place(data, random)]


def _leave_out(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    start, end = _part(data, random)
    return data[:start] + data[end:]


def _repeat(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    start, end = _part(data, random)
    times = random.choice((2, 2, 3, 10, 300, 3000))
    return (data[:start] + data[start:end] * times)[:_LARGEST] + data[end:]


def _insert_word(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    place, word = _place(data, random), random.choice(_WORDS)
    return data[:place] + word * random.choice((1, 1, 1, 2, 300)) + data[place:]


def _insert_noise(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    place = _place(data, random)
    return data[:place] + random.randbytes(random.randint(1, 20)) + data[place:]


def _lie(data: bytes, _: Sequence[bytes], random: Random) -> bytes:
    """Another number where one may be, in any of the usual widths."""
    number, place = random.choice(_NUMBERS) + random.choice((0, 0, -1)), _place(data, random)
    form = random.choice(("B", "<H", ">H", "<I", ">I"))
    size = struct.calcsize(form)
    return data[:place] + struct.pack(form, number & ((1 << 8 * size) - 1)) + data[place + size :]


def _splice(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    other = random.choice(others)
    return data[: _place(data, random)] + other[_place(other, random) :]


def _take_part(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    other, place = random.choice(others), _place(data, random)
    start, end = _part(other, random)
    return data[:place] + other[start:end] + data[place:]


def _embed(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Another whole in the place of a part."""
    start, end = _part(data, random)
    return data[:start] + random.choice(others) + data[end:]


_CHANGES: tuple[_Change, ...] = (
    *(_flip, _set, _cut, _leave_out, _repeat, _insert_word, _insert_noise, _lie, _splice, _take_part, _embed),
)


# Messages --------------------------------------------------------------------------------------------


def _messages(stream: bytes) -> Iterator[tuple[list[Any], bytes, bytes]]:
    """Headers, annotations and payloads, as long as the bytes are messages."""
    while len(stream) >= HEADER_SIZE and stream.startswith(PREFIX):
        header = list(unpack_header(stream))
        body = HEADER_SIZE + header[6]
        end = body + header[5]
        yield header, stream[HEADER_SIZE:body], stream[body:end]
        stream = stream[end:]


def _change_messages(data: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """The stream with one message changed, or in another order; the lengths are mostly right."""
    at = data.find(PREFIX)
    messages = list(_messages(data[at:])) if at >= 0 else []
    more = random.choice(others)
    messages += list(_messages(more[max(0, more.find(PREFIX)) :]))[: random.choice((0, 0, 1))]
    if not messages:
        return random.choice(_CHANGES)(data, others, random)
    order = random.choice((0, 0, 0, 1, 2, 3))
    if order == 1:
        random.shuffle(messages)
    elif order == 2:
        messages.append(random.choice(messages))
    elif order == 3 and len(messages) > 1:
        messages.pop(random.randrange(len(messages)))
    chosen = random.randrange(len(messages))
    streams = [
        _packed(*(_changed(*each, others, random) if number == chosen else each))
        for number, each in enumerate(messages)
    ]
    return data[: max(at, 0)] + b"".join(streams)


def _changed(
    header: list[Any], chunks: bytes, payload: bytes, others: Sequence[bytes], random: Random
) -> tuple[list[Any], bytes, bytes]:
    header = [*header]
    what = random.randrange(7)
    if what == 0:
        header[1] = random.choice((0, 1, 2, 3, 4, 5, 6, 7, 255))
    elif what == 1:
        header[2] = random.choice((0, 1, 2, 3, 4, 5, 42, 255))
    elif what == 2:
        header[3] ^= 1 << random.randrange(9)
    elif what == 3:
        header[4] = random.choice(_NUMBERS) & 0xFFFF
    elif what == 4:
        key = random.choice((b"BLBI", b"CHLG", b"STRM", b"ITMS", b"ABCD", b"\xff\0\0\0"))
        value = random.choice((b"", b"x" * 40, payload, random.randbytes(9)))[:1000]
        chunks += key + struct.pack("!I", max(0, len(value) + random.choice((0, 0, 0, 1, -1)))) + value
    elif what == 5:
        payload = zlib.compress(random.choice((payload, payload * 50, bytes(1 << 17))))
        payload = payload[: _place(payload, random)] if random.random() < 0.2 else payload
        header[3] |= int(Flags.COMPRESSED)
    else:
        payload = random.choice(_CHANGES)(payload, others, random)
    header[5], header[6] = len(payload), len(chunks)
    if random.random() < 0.05:
        header[random.choice((5, 6))] = random.choice(_NUMBERS)
    return header, chunks, payload


def _packed(header: list[Any], chunks: bytes, payload: bytes) -> bytes:

    return pack_header(*header) + chunks + payload
