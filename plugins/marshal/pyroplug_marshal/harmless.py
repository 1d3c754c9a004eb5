"""Data that claims too much nowhere, and refers to nothing that takes long to hash: told by searches.

A type code counts wherever its byte is, in a number or a text as well. Where it does look like a claim, a
copy is read in which all that look so are no type codes: if one was, the reader says so before it gets any
further. What is left is containers that claim 255 items each. The reader nests them 2,000 deep at most: for
a moment that can take four megabytes, no more.
"""

from __future__ import annotations

import re
from itertools import islice

from .interpreter import IS_CPYTHON, may_hold_code, read
from .tokens import HEAVY_TEXT

__all__ = ["LARGEST", "is_evident", "is_harmless"]

LARGEST = (1 << 24) - 1
"""Bytes of the largest data that this is done for."""
_SPARE = 1 << 16
"""So many items more than there are bytes may be claimed: it is half a megabyte for a moment."""
# Lists, and tuples of many items, that claim more than 255, and what they claim: first at a glance, then with
# their places. What others may refer to is in question if it is a tuple that has something in it, a number of
# a thousand digits of 15 bits, or a text of 64 KiB. Searches that begin with one letter take a tenth of the
# time of one for all, and looking for one byte takes next to none.
_CLAIM, _FILLED = rb"(?!.\0\0\0)(?=(...[\0-\x7f]))", rb"(?!\0)"
_Search = tuple[int, "re.Pattern[bytes]"]


def _search(code: int, rest: bytes = b"") -> _Search:
    return code, re.compile(b"(?s)" + re.escape(bytes((code,))) + rest)


_CLAIMING = b"[(\xdb\xa8"
_CLAIMS = tuple(_search(code, _CLAIM) for code in _CLAIMING)
_HEAVY = rb"(?!.[\0-\3]\0\0|.[\xfc-\xff]\xff\xff)(?=...[\0\xff])"
_REFERABLE = (_search(0xA9, _FILLED), _search(0xA8), _search(0xBE), _search(0xBA), _search(0xEC, _HEAVY))
_REFERABLE_TEXTS = tuple(_search(code, rb"(?=..[^\0]\0)") for code in b"\xf3\xf4\xf5\xe1\xc1")
_UNWRITTEN = (_search(0x78), _search(0xF8))
"""Complex numbers as texts: they have a length in their middle, and nobody writes them."""
_lists, _tuples, _kept_lists = (pattern.findall for _, pattern in _CLAIMS[:3])
_kept_tuple = _REFERABLE[0][1].search
_reference, _kept_reference = (re.compile(b"(?s)" + form).search for form in (rb"r...\0", rb"\xf2...\0"))


def is_evident(data: bytes) -> bool:
    """Whether it is harmless at a glance, as most small data is."""
    if 0xA8 in data or 0xBE in data or (0xA9 in data and _kept_tuple(data)):
        return False
    claims = _lists(data) if 0x5B in data else []
    if 0x28 in data:
        claims += _tuples(data)
    if 0xDB in data:
        claims += _kept_lists(data)
    if claims and sum([int.from_bytes(claim, "little") for claim in claims]) > _SPARE:
        return False
    return not may_hold_code(data)


def is_harmless(data: bytes, start: int, claimed: int, heavy: int = 0) -> bool:
    """Whether data has no code object, no claims far beyond its size, and refers to nothing that is heavy.

    Nothing is said of data that may do so.

    :param start: where a token begins. Before that are no code objects.
    :param claimed: items that are claimed before that. They are there.
    :param heavy: how much that takes long to hash, and may be referred to, is before that.
    """
    size = len(data)
    if size > LARGEST or not IS_CPYTHON or may_hold_code(data):
        return False
    at_most = _FEWEST + size // 32  # with more of them, going through the data would take less time
    places = _places(_CLAIMS, data, start, at_most)
    if len(places) >= at_most:
        return False
    suspects = set[int]()
    for place in places:
        count = int.from_bytes(data[place + 1 : place + 5], "little")
        if count > size:
            suspects.add(place)
        else:
            claimed += count
    referable = _heavy_places(data, start, at_most) if not heavy else []
    if (heavy or referable) and not (_reference(data) or _kept_reference(data)):
        heavy, referable = 0, []
    if heavy or claimed > size + _SPARE:
        return False
    if not suspects and not referable:
        return True
    # What claims something at the very end would do so of what comes after the end in the copy.
    suspects.update(place for place in range(max(start, size - 4), size) if data[place] in _CLAIMING)
    suspects.update(referable, _places(_UNWRITTEN, data, start, at_most))
    try:
        return len(suspects) < at_most and _are_no_tokens(data, sorted(suspects))
    except Exception:
        return False


_FEWEST = 16


def _places(searches: tuple[_Search, ...], data: bytes, start: int, at_most: int) -> list[int]:
    """Where these are, or so many of the places."""
    places: list[int] = []
    for code, pattern in searches:
        if code in data:
            places += [match.start() for match in islice(pattern.finditer(data, start), at_most)]
    return places


def _heavy_places(data: bytes, start: int, at_most: int) -> list[int]:
    """Where something may begin that takes long to hash or compare, and may be referred to."""
    places = _places(_REFERABLE, data, start, at_most)
    return places + _places(_REFERABLE_TEXTS, data, start, at_most) if len(data) > HEAVY_TEXT else places


# Reading without them --------------------------------------------------------------------------------

_BEFORE, _AFTER = b"{N", b"0"
"""A dictionary has it as a value, and whatever else is there would be in it, too."""
_NO_TYPE = 0x81
"""No type code either; where it ends a number of items, that is negative, and refused."""
_NO_TYPES = dict.fromkeys(b"[(x", 1) | dict.fromkeys(b"\xa8\xa9\xba\xbe\xf8", 0xA1) | {0xDB: 0xDD, 0xC1: 0xC2}
_NO_TYPES |= dict.fromkeys(b"\xe1\xec", 0xEE) | dict.fromkeys(b"\xf3\xf4\xf5", 0xF1)
"""What comes in the place of suspects. As numbers they are hardly more, and in UTF-8 they are as valid."""
_NOT_A_TYPE = ("bad marshal data (unknown type code)",)
_OWNERS_OF_FOUR = frozenset(code | kept for code in b"sutaAl([<>" for kept in (0, 0x80))
_OWNERS = _OWNERS_OF_FOUR | frozenset(code | kept for code in b"zZf)x" for kept in (0, 0x80))
"""Type codes after which a length comes."""
_FAR = ((1, 0, _OWNERS), (2, 1 << 12, _OWNERS_OF_FOUR), (3, 1 << 20, _OWNERS_OF_FOUR))
"""How far before a byte of its length a type code may be, in data larger than that. All suspects are numbers
from 40 to 248, and a negative length counts pairs of bytes: in smaller data a length that has one of them
further on is longer than the data is."""
_TRIALS = 8


def _are_no_tokens(data: bytes, suspects: list[int]) -> bool:
    """Whether none of these places, in order, is where a token begins; it raises what the reader raises.

    The reader takes every other byte as it would in the data itself, up to where the first token would begin:
    of what comes before only values change, and no length does.
    """
    trial, trials = bytearray().join((_BEFORE, data, _AFTER)), 0
    for place in [place + len(_BEFORE) for place in suspects]:
        for far, size, owners in _FAR:
            owner = place - far
            if len(data) > size and trial[owner] in owners:
                trials += 1
                if trials > _TRIALS:
                    return False
                if _is_token(trial, owner):
                    break  # so this is a length, which has to remain
        else:
            trial[place] = _NO_TYPES[trial[place]]
    read(trial)
    return True


def _is_token(trial: bytearray, place: int) -> bool:
    """Whether a token begins there, or an earlier one does where none may."""
    start = trial[: place + 1]
    start[place] = _NO_TYPE
    try:
        read(start)
    except EOFError:
        return False
    except ValueError as error:
        if error.args != _NOT_A_TYPE:
            raise
        return True
    return False
