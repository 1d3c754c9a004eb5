"""The tokens of marshal data: a type code each, and what comes after it."""

from __future__ import annotations

__all__ = [
    "BYTES_OF_LENGTH",
    "CODE",
    "CONTAINERS",
    "DICT",
    "END",
    "HASHED",
    "HEAVY_INTEGER",
    "HEAVY_TEXT",
    "INTEGER",
    "IS_REFERRED",
    "LONG",
    "NEVER_KEPT",
    "REFERENCE",
    "SHORT",
    "SLICE",
    "SMALL_TUPLE",
    "STEPS",
    "TEXT_COMPLEX",
    "is_heavy",
]

IS_REFERRED = 0x80
"""This bit of a type code says that later parts may refer to the value."""
STEPS = [0] * 128
"""How many bytes a token takes, with its code; those of no fixed size have none here."""
for _code, _step in {"i": 5, "I": 9, "g": 9, "y": 17, "r": 5, **dict.fromkeys("NFTS.0{", 1)}.items():
    STEPS[ord(_code)] = _step
BYTES_OF_LENGTH = 5
"""A type code and a length."""
SHORT, LONG = frozenset(b"zZf"), frozenset(b"sutaA")
CONTAINERS, HASHED = frozenset(b"([<>)"), frozenset(b"()>:")
SMALL_TUPLE, DICT, END, INTEGER, REFERENCE, CODE, TEXT_COMPLEX, SLICE = b"){0lrcx:"
NEVER_KEPT = frozenset(b"0NFTS.r")
"""What cannot be referred to, whatever its code says."""
HEAVY_TEXT, HEAVY_INTEGER = 1 << 16, 1 << 10
"""From so many bytes, or 15-bit digits, on it takes a while to compare or hash them."""


def is_heavy(code: int, number: int) -> bool:
    """Whether a token begins what may take long to hash, or to compare with its like."""
    if code in LONG:
        return number >= HEAVY_TEXT
    if code == INTEGER:
        return abs(number) >= HEAVY_INTEGER
    return code in HASHED and number != 0
