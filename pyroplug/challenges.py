"""How challenges travel in a handshake: as one annotation, which whoever knows nothing of it ignores.

A client that can answer says so with its CONNECT: the names of the validators whose challenges it knows. A
server that wants to ask answers CONNECTFAIL with its questions, and leaves the connection open for one more
CONNECT, which brings the responses. The proofs come with the CONNECTOK. The annotation has the same form each
time: names, and some bytes for each.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from .contracts import Buffer
from .errors import ProtocolError

__all__ = ["CHALLENGE_ANNOTATION", "pack_challenges", "unpack_challenges"]

CHALLENGE_ANNOTATION = "CHLG"

_LENGTHS = struct.Struct("!BH")
"""Of the name and of its bytes, before both."""


def pack_challenges(parts: Mapping[str, Buffer]) -> bytes:
    """The annotation's value, for some bytes each of some validators.

    :raises ProtocolError: a name is longer than 255 bytes, or what belongs to it than 65,535.
    """
    packed = []
    for name, data in parts.items():
        text = name.encode("utf-8")
        try:
            packed.append(_LENGTHS.pack(len(text), len(data)))
        except struct.error:
            raise ProtocolError(
                f"a handshake cannot carry {len(data):,} bytes for the validator {name!r:.100}"
            ) from None
        packed += [text, bytes(data)]
    return b"".join(packed)


def unpack_challenges(value: Buffer) -> dict[str, bytes]:
    """What was packed, by the validators' names.

    :raises ProtocolError: it is anything else.
    """
    data, parts, start = bytes(value), dict[str, bytes](), 0
    while start < len(data):
        try:
            named, sized = _LENGTHS.unpack_from(data, start)
            start += _LENGTHS.size
            name = data[start : start + named].decode("utf-8")
        except (struct.error, UnicodeDecodeError):
            raise _malformed() from None
        start += named + sized
        if start > len(data) or name in parts:
            raise _malformed()
        parts[name] = data[start - sized : start]
    return parts


def _malformed() -> ProtocolError:
    return ProtocolError(f"invalid data: the annotation {CHALLENGE_ANNOTATION} is malformed")
