"""The built-in serializers pass the suite that every serializer has to pass."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st

from pyroplug.contracts import Serializer
from pyroplug.testing import SerializerSuite
from pyroplug.values import ClassRegistry

from .codecs import SERIALIZERS, pyro5_registry
from .test_hostile import DIGITS


class Ours(SerializerSuite):
    wire_ids = range(1, 64)
    name: ClassVar[str]

    @pytest.fixture
    def serializer(self) -> Serializer:
        return SERIALIZERS[self.name]

    @pytest.fixture
    def classes(self) -> ClassRegistry:
        return pyro5_registry()


class TestSerpent(Ours):
    name = "serpent"
    configuration: ClassVar[Any] = {"SERPENT_BYTES_REPR": False}
    types: ClassVar[Any] = {
        "set": st.sets(st.integers() | st.text(), min_size=1)
    }  # an empty one is no literal
    hostile: ClassVar[Any] = {"a number of many digits": DIGITS["serpent"]}


class TestMarshal(Ours):
    name = "marshal"


class TestJson(Ours):
    name = "json"
    hostile: ClassVar[Any] = {"a number of many digits": DIGITS["json"]}


class TestMsgpack(Ours):
    name = "msgpack"

    @pytest.fixture(autouse=True)
    def no_hour_is_left_out(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """It writes naive datetimes as if they were local: in most zones there are some that never were."""
        with monkeypatch.context() as patch:
            patch.setenv("TZ", "UTC")
            time.tzset()
            yield
        time.tzset()

    # It writes the seconds since 1970 as a double, which is microseconds until the year 2106.
    types: ClassVar[Any] = {"datetime": st.datetimes(datetime(1901, 1, 1), datetime(2106, 1, 1))}
    hostile: ClassVar[Any] = {"a number of many digits": DIGITS["msgpack"]}
