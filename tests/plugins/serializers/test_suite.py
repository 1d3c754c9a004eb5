"""The built-in serializers pass the suite that every serializer has to pass."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st

from pyroplug.contracts import Serializer
from pyroplug.testing import SerializerSuite

from .codecs import SERIALIZERS

DIGITS = 1 << 18


class Ours(SerializerSuite):
    wire_ids = range(1, 64)
    name: ClassVar[str]

    @pytest.fixture
    def serializer(self) -> Serializer:
        return SERIALIZERS[self.name]


class TestSerpent(Ours):
    name = "serpent"
    configuration: ClassVar[Any] = {"SERPENT_BYTES_REPR": False}
    types: ClassVar[Any] = {
        "set": st.sets(st.integers() | st.text(), min_size=1)
    }  # an empty one is no literal
    hostile: ClassVar[Any] = {"a number of many digits": b"1" * DIGITS}


class TestMarshal(Ours):
    name = "marshal"


class TestJson(Ours):
    name = "json"
    hostile: ClassVar[Any] = {"a number of many digits": b"1" * DIGITS}


class TestMsgpack(Ours):
    name = "msgpack"
    # It writes the seconds since 1970 as a double, which is microseconds until the year 2106.
    types: ClassVar[Any] = {"datetime": st.datetimes(datetime(1901, 1, 1), datetime(2106, 1, 1))}
    hostile: ClassVar[Any] = {
        "a number of many digits": b"\xc9" + DIGITS.to_bytes(4, "big") + b"\x31" + b"1" * DIGITS
    }
