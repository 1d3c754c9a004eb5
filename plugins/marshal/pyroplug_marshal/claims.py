"""What marshal data claims beyond what is in it: Python's reader takes that at its word.

Five bytes can claim a tuple of two billion items, for which it takes the memory. A key that is a tuple which
contains itself crashes the interpreter, and one that refers to tuples within tuples takes longer to hash than
anybody lives. Nearly all data is told to be harmless by searches (``harmless``); the rest is gone through.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

from pyroplug.contracts import Buffer

from .harmless import LARGEST, is_evident, is_harmless

__all__ = ["check_claims", "check_items"]

_REFERRED = 0x80
"""This bit of a type code says that later parts may refer to the value."""
_MANY = 1 << 12
"""Bytes of data from which on its first tokens tell how to go on."""
_MOST = 1 << 20
"""How many tuples there may be within one, counted as often as they are referred to."""


def check_claims(data: Buffer) -> None:
    """Make sure that data holds what it claims, no code objects, and refers to itself not all too often.

    :raises ValueError: it does not.
    """
    if type(data) is not bytes:
        data = bytes(data)
    size = len(data)
    if size < _MANY and (is_evident(data) or is_harmless(data, 0, 0)):
        return
    at = claimed = tuples = 0
    if size >= _MANY:
        at, claimed, tuples = _gone_through(data, 0, 0, 0, hurried=size <= LARGEST)
        if not tuples and at < size and is_harmless(data, at, claimed):
            return
    if at < size:
        _, _, tuples = _gone_through(data, at, claimed, tuples)
    if tuples and _refers_to_tuples(data):
        _check_references(data)


# How many bytes a token takes, with its code; those of no fixed size have none here.
_STEPS = [0] * 128
for _code, _step in {"i": 5, "I": 9, "g": 9, "y": 17, "r": 5, **dict.fromkeys("NFTS.0{:", 1)}.items():
    _STEPS[ord(_code)] = _step
_SHORT, _LONG = frozenset(b"zZf"), frozenset(b"sutaA")
_CONTAINERS, _HASHABLE = frozenset(b"([<>)"), frozenset(b"()>")
_SMALL_TUPLE, _DICT, _END, _INTEGER, _REFERENCE, _CODE = b"){0lrc"
_NEVER_KEPT = frozenset(b"0NFTS.r")
"""What cannot be referred to, whatever its code says."""
_RUN = 32
_TOKENS, _LENGTH = 32, 128
"""Tokens of so many bytes each are gone through in less time than a search takes; so many of them tell."""


def check_items(data: bytes) -> int:
    """Go from token to token: all items that are claimed have to be there. An item takes a byte at least.

    It gives the number of tuples that may be referred to.

    :raises ValueError: they are not there, or one of them is a code object.
    """
    return _gone_through(data, 0, 0, 0)[2]


def _gone_through(  # noqa: PLR0912 - calling a function for each token would take twice as long
    data: bytes, at: int, claimed: int, tuples: int, hurried: bool = False
) -> tuple[int, int, int]:
    """Where it ended, how many items were claimed, and how many tuples may be referred to.

    Who is hurried stops where tokens become small.
    """
    size, steps = len(data), _STEPS
    try:
        while True:
            enough = at + _TOKENS * _LENGTH
            for _ in repeat(None, _TOKENS):
                code = data[at] & ~_REFERRED
                step = steps[code]
                if step:
                    at += step
                    if step > 1 and at < size and data[at] & ~_REFERRED == code:
                        at = _after_run(data, at, step)
                elif code in _SHORT:
                    at += 2 + data[at + 1]
                elif code in _CONTAINERS:
                    if code == _SMALL_TUPLE:
                        count = data[at + 1]
                        tuples += count > 0 and data[at] > code
                        claimed += count
                        at += 2
                    else:
                        tuples += code in _HASHABLE and data[at] > code
                        claimed += int.from_bytes(data[at + 1 : at + 5], "little")
                        at += 5
                    if claimed > size:
                        raise ValueError("it claims more items than it holds")
                elif code in _LONG:
                    at += 5 + int.from_bytes(data[at + 1 : at + 5], "little")
                elif code == _INTEGER:
                    at += 5 + 2 * abs(int.from_bytes(data[at + 1 : at + 5], "little", signed=True))
                else:
                    raise ValueError(f"it holds {'a code object' if code == _CODE else 'what nobody sends'}")
            if hurried and at < enough:
                return at, claimed, tuples
    except IndexError:  # it is at its end, or cut off
        return size, claimed, tuples


def _after_run(data: bytes, at: int, step: int) -> int:
    """Where tokens of another kind follow on some of the same kind and size, or earlier."""
    codes, count = bytes((data[at] & ~_REFERRED, data[at] | _REFERRED)), _RUN
    while True:
        codes_there = data[at : at + step * count : step]
        run = len(codes_there) - len(codes_there.lstrip(codes))
        at += step * run
        if run < count:
            return at
        count *= 2


def _tokens(data: bytes) -> Iterator[tuple[int, bool, int]]:
    """Each token's code, whether it may be referred to, and the number that it has, or no number."""
    at, size, steps = 0, len(data), _STEPS
    while at < size:
        code, kept, number = data[at] & ~_REFERRED, data[at] >= _REFERRED, 0
        step = steps[code]
        if not step or code == _REFERENCE:
            number = int.from_bytes(data[at + 1 : at + 5], "little", signed=True)
        if step:
            at += step
        elif code in _SHORT or code == _SMALL_TUPLE:
            number = data[at + 1] if at + 1 < size else 0
            at += 2 + (number if code in _SHORT else 0)
        elif code in _LONG:
            at += 5 + max(0, number)
        elif code == _INTEGER:
            at += 5 + 2 * abs(number)
        else:
            at += 5
        yield code, kept, number


def _refers_to_tuples(data: bytes) -> bool:
    """Whether any tuple with something in it is referred to: that it may be says nothing."""
    places, count = set[int](), 0
    for code, kept, number in _tokens(data):
        if kept and code not in _NEVER_KEPT:
            if code in _HASHABLE and number:
                places.add(count)
            count += 1
        elif code == _REFERENCE and number in places:
            return True
    return False


def _check_references(data: bytes) -> None:
    """Weigh tuples: how many are in them, counted as often as they are referred to. None is in itself."""
    weights: list[int] = []  # of what may be referred to
    containers: list[list[int]] = []  # type code, items to come, weight, place among those
    for code, kept, number in _tokens(data):
        weight = 0
        if code in _CONTAINERS or code == _DICT:
            containers.append([code, -1 if code == _DICT else number, 1, len(weights) if kept else -1])
        elif code == _REFERENCE and 0 <= number < len(weights):
            weight = weights[number]
            if weight < 0:
                raise ValueError("it refers to a tuple that contains itself")
        if kept and code not in _NEVER_KEPT:
            weights.append(-1 if code in _HASHABLE else 0)  # until it is complete
        if code in _CONTAINERS or code in (_DICT, _END):
            if not containers or (containers[-1][1] and code != _END):
                continue
            weight = _closed(containers, weights)
        _count(containers, weights, weight)
        if not containers:
            return


def _count(containers: list[list[int]], weights: list[int], weight: int) -> None:
    """Note that a value is complete, and with it perhaps what that is in."""
    while containers:
        container = containers[-1]
        container[1] -= 1
        container[2] += weight
        if container[1]:
            return
        weight = _closed(containers, weights)


def _closed(containers: list[list[int]], weights: list[int]) -> int:
    """The weight of the innermost container, which is complete."""
    code, _, weight, place = containers.pop()
    if code not in _HASHABLE:
        weight = 0
    elif weight > _MOST:
        raise ValueError("it refers to tuples within tuples too often")
    if place >= 0:
        weights[place] = weight
    return weight
