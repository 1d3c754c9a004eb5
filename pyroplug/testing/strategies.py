"""What hypothesis draws for tests: values, calls, messages, pieces of a stream, URIs."""

from __future__ import annotations

import datetime
import decimal
import itertools
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pyroplug.wire import Message

__all__ = [
    "SAMPLES",
    "TYPES",
    "Call",
    "calls",
    "chunkings",
    "message_annotations",
    "messages",
    "plain_values",
    "uris",
    "values",
]

# Values ----------------------------------------------------------------------------------------------

_SMALL_ENOUGH = 2**63
_numbers = st.integers(-_SMALL_ENOUGH, _SMALL_ENOUGH - 1)
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_floats = st.floats(allow_nan=False, allow_infinity=False)
_atoms = st.none() | st.booleans() | _numbers | _floats | _texts
_keys = _texts.filter(lambda key: key != "__class__")
# Texts of complex numbers, and literals, say nothing of the signs of zeros.
_complex = st.complex_numbers(allow_nan=False, allow_infinity=False).map(
    lambda number: complex(number.real + 0.0, number.imag + 0.0)
)
_hashable = st.none() | st.booleans() | _numbers | _texts

TYPES: Mapping[str, SearchStrategy[Any]] = {
    "bytes": st.binary(max_size=20),
    "bytearray": st.builds(bytearray, st.binary(max_size=20)),
    "complex": _complex,
    "tuple": st.lists(_atoms, max_size=3).map(tuple),
    "set": st.sets(_hashable, max_size=4),
    "frozenset": st.frozensets(_hashable, max_size=4),
    "integer keys": st.dictionaries(_numbers, _atoms, max_size=4),
    "tuple keys": st.dictionaries(st.tuples(_numbers, _texts), _atoms, max_size=4),
    "datetime": st.datetimes(),
    "aware datetime": st.datetimes(timezones=st.just(datetime.timezone.utc)),
    "date": st.dates(),
    "time": st.times(),
    "timedelta": st.timedeltas(),
    "uuid": st.uuids(),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False),
}
"""The types beyond JSON's that a serializer may say it carries, with values of each.

Keys are those of dictionaries; a datetime is a naive one unless it is called aware.
"""

_MOMENT = datetime.datetime(2024, 2, 29, 12, 30, 15, 123456)

SAMPLES: Mapping[str, Sequence[Any]] = {
    "bytes": [b"", b"text", b"\0\xff"],
    "bytearray": [bytearray(), bytearray(b"\0\xff")],
    "complex": [1 + 2j, complex(0, -1.5)],
    "tuple": [(), (1, "x"), (1, (2, [3]))],
    "set": [set(), {1, 2}, {"x"}],
    "frozenset": [frozenset(), frozenset({1, 2})],
    "integer keys": [{1: 2}, {-1: {0: "x"}}],
    "tuple keys": [{(1, "x"): 2}],
    "datetime": [_MOMENT, _MOMENT.replace(year=4)],
    "aware datetime": [_MOMENT.replace(tzinfo=datetime.timezone.utc)],
    "date": [_MOMENT.date(), datetime.date(1, 1, 1)],
    "time": [_MOMENT.time(), datetime.time()],
    "timedelta": [datetime.timedelta(0), datetime.timedelta(1, 2, 3)],
    "uuid": [uuid.UUID(int=0), uuid.UUID(int=2**127 + 5)],
    "decimal": [decimal.Decimal("1.50"), decimal.Decimal(-3)],
}
"""A few values of each of them, which are typical."""


def plain_values() -> SearchStrategy[Any]:
    """What every format carries: ``None``, truth values, numbers and texts, in lists and dictionaries.

    Whole numbers are of 64 bits, floats finite, and texts have no surrogates in them.
    """
    return values(())


def values(carries: Iterable[str], types: Mapping[str, SearchStrategy[Any]] = TYPES) -> SearchStrategy[Any]:
    """Values of a serializer that carries more than JSON's types, nested in each other.

    :param carries: names of types, as :class:`~pyroplug.contracts.Serializer` has them.
    :param types: where the values of each come from. Raises ``KeyError`` for a type that is not there.
    """
    names = frozenset(carries)
    leaves = st.one_of(_atoms, *(types[name] for name in sorted(names)))
    with_tuples = "tuple" in names

    def nested(inner: SearchStrategy[Any]) -> SearchStrategy[Any]:
        lists = st.lists(inner, max_size=4)
        pairs = st.dictionaries(_keys, inner, max_size=4)
        return lists | pairs | lists.map(tuple) if with_tuples else lists | pairs

    return st.recursive(leaves, nested, max_leaves=12)


# Calls -----------------------------------------------------------------------------------------------


class Call(NamedTuple):
    """What ``dumps_call`` is given."""

    object_id: str
    method: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any] | None


def calls(content: SearchStrategy[Any]) -> SearchStrategy[Call]:
    """Calls with arguments from a strategy; those without keywords have none, or an empty dictionary."""
    return st.builds(
        Call,
        _texts,
        st.sampled_from(["call", "get_value", "x", "größe"]),
        st.lists(content, max_size=3).map(tuple),
        st.none() | st.dictionaries(_keys, content, max_size=3),
    )


# The wire --------------------------------------------------------------------------------------------

_printable = st.characters(min_codepoint=33, max_codepoint=126)
_STATED = 0x42
"""Flags that say how a message is written, and not what is in it."""


def message_annotations() -> SearchStrategy[dict[str, bytes]]:
    """A message's annotations."""
    return st.dictionaries(st.text(_printable, min_size=4, max_size=4), st.binary(max_size=40), max_size=3)


def messages() -> SearchStrategy[Message]:
    """Messages of all types that there can be, also those that mean nothing."""
    return st.builds(
        Message,
        st.integers(0, 255),
        st.integers(0, 255),
        st.integers(0, 0xFFFF).map(lambda flags: flags & ~_STATED),
        st.integers(0, 0xFFFF),
        st.binary(max_size=300),
        message_annotations(),
        st.none() | st.binary(min_size=16, max_size=16),
    )


def chunkings(data: bytes) -> SearchStrategy[Sequence[bytes]]:
    """The pieces in which a stream may arrive: none is empty, and together they are all of it."""
    cuts = st.sets(st.integers(1, len(data) - 1), max_size=8) if len(data) > 1 else st.just(set())
    return cuts.map(lambda places: cut(data, places))


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """A stream's pieces, for the places to cut it at; places beyond its end are wrapped around."""
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if a < b]


# URIs ------------------------------------------------------------------------------------------------

_name_characters = st.sampled_from("abcXYZ019_.-")
_names = st.text(_name_characters, min_size=1, max_size=12)
_hosts = st.from_regex(r"\A[a-z][a-z0-9]{0,10}\Z") | st.ip_addresses().map(
    lambda address: f"[{address}]" if address.version == 6 else str(address)
)
_locations = st.builds(lambda host, port: f"{host}:{port}", _hosts, st.integers(0, 65535)) | st.builds(
    lambda scheme, address: f"./{scheme}:{address}", st.sampled_from(["u", "acme", "x1"]), _names
)


def uris() -> SearchStrategy[str]:
    """Texts of URIs that are right, of all protocols and kinds of location."""
    direct = st.builds(lambda name, place: f"PYRO:{name}@{place}", _names, _locations)
    prefix = st.sampled_from(["PYRONAME", "PYROMETA"])
    looked_up = st.builds(
        lambda prefix, name, place: f"{prefix}:{name}{f'@{place}' if place else ''}",
        *(prefix, _names, st.none() | _locations),
    )
    return direct | looked_up
